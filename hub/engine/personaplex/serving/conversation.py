"""What both protocols share: one client's connection from its upgrade to its close, with limits and one owner."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import WSMessage, WSMsgType, web

from hub.engine.personaplex.port import ModelLostError
from hub.engine.personaplex.serving.outgoing import Outgoing
from hub.engine.personaplex.serving.row import Ended, RowEvent
from hub.engine.personaplex.serving.ticker import Seat, Ticker
from hub.engine.personaplex.wire import CloseCode
from hub.engine.port import EngineBusyError, EngineError

_LOG = logging.getLogger(__name__)
_OVER: Final = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Limits of one session; 0 is none.

    Attributes:
        idle_s: without a message from the client.
        max_session_s: in all.
    """

    idle_s: float = 120.0
    max_session_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ends. `gone`: the client has left, there is nobody to tell."""

    close: int
    sentence: str
    code: str = EngineError.code
    retry: bool = False
    gone: bool = False

    @classmethod
    def by(cls, error: EngineError, close: int | None = None) -> Ending:
        """The end that an error means."""
        if close is None:
            close = CloseCode.POLICY
            if isinstance(error, EngineBusyError):
                close = CloseCode.TRY_LATER
            elif isinstance(error, ModelLostError):
                close = CloseCode.ENGINE_LOST
        return cls(close, error.sentence, error.code, error.retry)


class EndConversationError(Exception):
    """Raised by a reader to end its connection."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.sentence)
        self.ending = ending


class Conversation(ABC):
    """One client. Subclasses know its protocol."""

    def __init__(self, websocket: web.WebSocketResponse, outgoing: Outgoing, ticker: Ticker) -> None:
        self._websocket = websocket
        self._ticker = ticker
        self._seat: Seat | None = None
        self._end: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.out = outgoing

    async def run(self, limits: SessionLimits) -> Ending:
        """Serve the client until it leaves or has to."""
        reader = asyncio.create_task(self._read(limits.idle_s or None), name="engine-reader")
        slow = asyncio.create_task(self.out.too_slow.wait(), name="engine-slow")
        try:
            async with asyncio.timeout(limits.max_session_s or None):
                await asyncio.wait((reader, slow, self._end), return_when=asyncio.FIRST_COMPLETED)
            ending = self._why(reader)
        except TimeoutError:
            ending = Ending(CloseCode.MAX_DURATION, "The longest time of a session is over.", retry=True)
        finally:
            for task in (reader, slow):
                task.cancel()
            if self._seat is not None:
                self._seat.close()
            await asyncio.gather(reader, slow, return_exceptions=True)
        if not ending.gone:
            self.farewell(ending)
        await self.out.close(ending.close, ending.sentence)
        return ending

    def end(self, ending: Ending) -> None:
        """End the connection; the first reason counts."""
        if not self._end.done():
            self._end.set_result(ending)

    def on_events(self, events: Sequence[RowEvent]) -> None:
        """What the row did, on the event loop's thread."""
        for event in events:
            if isinstance(event, Ended):
                self.end(Ending.by(event.error))
                return
            self.on_event(event)

    @abstractmethod
    def on_event(self, event: RowEvent) -> None:
        """One thing the row did."""

    @abstractmethod
    async def on_message(self, message: WSMessage) -> None:
        """One text or binary message of the client.

        Raises:
            EndConversationError: it ends the connection.
            EngineError: the same, with the close code that the error means.
        """

    @abstractmethod
    def farewell(self, ending: Ending) -> None:
        """Queue what the protocol says before a close."""

    def _why(self, reader: asyncio.Task[None]) -> Ending:
        if self._end.done():
            return self._end.result()
        if self.out.too_slow.is_set():
            return Ending(CloseCode.TOO_SLOW, "The client did not read what was sent to it in time.", retry=True)
        fault = reader.exception()
        return Ending(CloseCode.POLICY, "", gone=True) if fault is None else _meaning(fault)

    async def _read(self, idle_s: float | None) -> None:
        while True:
            message = await self._websocket.receive(timeout=idle_s)
            if message.type in _OVER:
                return
            with contextlib.suppress(ConnectionResetError):  # the next receive tells that the client has gone
                await self.on_message(message)


def _meaning(fault: BaseException) -> Ending:
    match fault:
        case EndConversationError():
            return fault.ending
        case EngineError():
            return Ending.by(fault)
        case TimeoutError():
            return Ending(CloseCode.IDLE, "Nothing came from the client for too long.", retry=True)
        case _:
            _LOG.error("a connection ended by a defect", exc_info=fault)
            return Ending(CloseCode.TRY_LATER, "The engine could not handle this session.", retry=True)
