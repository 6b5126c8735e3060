"""One session with the engine process over its own WebSocket extension (`wire`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

import aiohttp
import numpy as np
from aiohttp import WSMsgType
from numpy.typing import NDArray

from hub.engine.personaplex import wire
from hub.engine.personaplex.faults import EngineDownError, EngineSilentError, closed, refusal
from hub.engine.personaplex.port import FRAME_SAMPLES
from hub.engine.port import EngineError

_LOG = logging.getLogger(__name__)

OPEN_S: Final = 5.0
# A running session gets a frame every 80 ms. One that gets none for so long has lost its engine.
SILENT_S: Final = 3.0
_SEND_S: Final = 2.0
_CLOSE_S: Final = 1.0

# A satellite's two seconds from before its wake word come in one burst and must fit; more than that is stale.
WAITING_FRAMES: Final = 120
WAITING_MESSAGES: Final = 64
_FEED_SAMPLES: Final = 480


class EngineClient:
    """A running session. `on_message` and `on_audio` are called by the reader, in the order of the wire.

    Attributes:
        opened: what the engine answered.
        dropped_frames: 20 ms pieces of the user that were given up because the engine did not take them.
    """

    def __init__(
        self,
        websocket: aiohttp.ClientWebSocketResponse,
        opened: wire.Opened,
        *,
        on_message: Callable[[wire.ServerMessage], None],
        on_audio: Callable[[int, NDArray[np.int16]], None],
        on_lost: Callable[[EngineError], None],
        silent_s: float = SILENT_S,
    ) -> None:
        self.opened = opened
        self.dropped_frames = 0
        self._websocket = websocket
        self._on_message = on_message
        self._on_audio = on_audio
        self._on_lost = on_lost
        self._silent_s = silent_s
        self._audio: deque[tuple[int, bytes]] = deque()
        self._messages: deque[str] = deque()
        self._more = asyncio.Event()
        self._index = 0
        self._over = False
        self._tasks = (
            asyncio.create_task(self._read(), name="engine-reader"),
            asyncio.create_task(self._write(), name="engine-writer"),
        )

    @classmethod
    async def open(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        opening: wire.Open,
        *,
        on_message: Callable[[wire.ServerMessage], None],
        on_audio: Callable[[int, NDArray[np.int16]], None],
        on_lost: Callable[[EngineError], None],
        open_s: float = OPEN_S,
        silent_s: float = SILENT_S,
    ) -> EngineClient:
        """Connect and take a place.

        Args:
            http: who owns the sockets.
            url: `ws://HOST:PORT/api/chat`.
            opening: voice and prompt.
            on_message: told every control message after `opened`.
            on_audio: told frame number and int16 [1920] of every frame.
            on_lost: told once why the session ended, unless it was closed here. No other call comes after it.
            open_s: deadline for the answer.
            silent_s: longest silence of the engine in a running session.

        Raises:
            EngineBusyError: every place is taken.
            EngineError: refused, not reachable or not in time.
        """
        websocket: aiohttp.ClientWebSocketResponse | None = None
        try:
            async with asyncio.timeout(open_s):
                websocket = await http.ws_connect(
                    url,
                    protocols=(wire.SUBPROTOCOL,),
                    max_msg_size=wire.MAX_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
                opened = await _ask(websocket, opening)
        except BaseException as fault:
            if websocket is not None:
                await websocket.close()
            if isinstance(fault, TimeoutError):
                raise EngineSilentError(f"The voice engine did not answer within {open_s:g} seconds.") from fault
            if isinstance(fault, (aiohttp.ClientError, OSError)):
                raise EngineDownError("The voice engine is not reachable; it is being started again.") from fault
            raise
        return cls(websocket, opened, on_message=on_message, on_audio=on_audio, on_lost=on_lost, silent_s=silent_s)

    def feed(self, pcm: NDArray[np.int16]) -> None:
        """Send 20 ms, int16 [480]. Never blocks: when too much waits, the oldest is dropped and counted."""
        index, self._index = self._index, self._index + 1
        if self._over or pcm.size != _FEED_SAMPLES:
            return
        if len(self._audio) >= WAITING_FRAMES:
            self._audio.popleft()
            self.dropped_frames += 1
        self._audio.append((index, pcm.astype("<i2").tobytes()))
        self._more.set()

    def send(self, message: wire.ClientMessage) -> None:
        """Send a control message, before audio that waits.

        Raises:
            EngineError: the session is over, or the engine takes nothing.
        """
        if self._over:
            raise EngineDownError("The conversation with the voice engine is over.")
        if len(self._messages) >= WAITING_MESSAGES:
            error = EngineSilentError("The voice engine takes no more messages.")
            self._lose(error)
            raise error
        self._messages.append(message.model_dump_json())
        self._more.set()

    async def close(self) -> None:
        """End the session; no call comes after this."""
        self._over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._websocket.close()

    def _lose(self, error: EngineError) -> None:
        if self._over:
            return
        self._over = True
        self._audio.clear()
        self._messages.clear()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._on_lost(error)

    async def _write(self) -> None:
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                while self._messages or self._audio:
                    async with asyncio.timeout(_SEND_S):
                        if self._messages:
                            await self._websocket.send_str(self._messages.popleft())
                        else:
                            await self._websocket.send_bytes(wire.pack_audio(*self._audio.popleft()))
        except TimeoutError:
            self._lose(EngineSilentError("The voice engine has stopped to take audio."))
        except (aiohttp.ClientError, OSError):
            self._lose(closed(self._websocket.close_code))

    async def _read(self) -> None:
        try:
            while True:
                async with asyncio.timeout(self._silent_s):
                    message = await self._websocket.receive()
                if message.type is WSMsgType.BINARY:
                    index, payload = wire.unpack_audio(message.data)
                    if len(payload) != FRAME_SAMPLES * 2:
                        raise wire.EngineWireError(f"A frame of the voice engine has {len(payload)} bytes.")  # noqa: TRY301 - one place tells every loss
                    self._on_audio(index, np.frombuffer(payload, "<i2").astype(np.int16, copy=False))
                elif message.type is WSMsgType.TEXT:
                    self._on_message(wire.parse_server(message.data))
                else:
                    self._lose(closed(self._websocket.close_code))
                    return
        except TimeoutError:
            self._lose(EngineSilentError(f"The voice engine has been silent for {self._silent_s:g} seconds."))
        except EngineError as fault:
            self._lose(fault)
        except Exception:  # noqa: BLE001 (logged; a listener's defect must not leave a session that seems to run)
            _LOG.exception("a message of the voice engine could not be handled")
            self._lose(EngineError("The conversation ended by a defect; the log says where."))
        finally:
            with contextlib.suppress(aiohttp.ClientError, OSError):  # the connection may be the fault itself
                await self._websocket.close()


async def _ask(websocket: aiohttp.ClientWebSocketResponse, opening: wire.Open) -> wire.Opened:
    """Ask for a place; the answer is that it was given."""
    if websocket.protocol != wire.SUBPROTOCOL:
        raise wire.EngineWireError(f"What answers as the voice engine does not speak {wire.SUBPROTOCOL}.")
    await websocket.send_str(opening.model_dump_json())
    while True:
        message = await websocket.receive()
        if message.type is not WSMsgType.TEXT:
            if message.type is WSMsgType.BINARY:
                raise wire.EngineWireError("The voice engine sent audio before it had opened the session.")
            raise closed(websocket.close_code)
        answer = wire.parse_server(message.data)
        if isinstance(answer, wire.Opened):
            return answer
        if isinstance(answer, wire.Refused):
            raise refusal(answer.code, answer.message)
