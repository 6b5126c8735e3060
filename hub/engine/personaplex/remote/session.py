"""A conversation with the reference server, as the port has it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.engine.dialogue import Dialogue
from hub.engine.personaplex.faults import EngineStoppedError
from hub.engine.personaplex.gate import level_db
from hub.engine.personaplex.ogg_opus import OggOpusReader, OggOpusWriter
from hub.engine.personaplex.port import FRAME_MS
from hub.engine.personaplex.remote.link import RemoteLink
from hub.engine.personaplex.remote.request import RemoteOptions
from hub.engine.personaplex.remote.text import Pieces
from hub.engine.personaplex.remote.uplink import Uplink
from hub.engine.personaplex.serving.codec import FrameCutter, PacketDecoder, to_int16
from hub.engine.personaplex.unasked import UnaskedSpeech
from hub.engine.personaplex.wire import EngineWireError, Kind
from hub.engine.port import CannotSayError, EngineError, EngineEvent, Exchange, Lagging, SessionLost, TextOut
from protocol.errors import CodecError
from protocol.opus import FRAME_SAMPLES, OpusEncoder

_LOG = logging.getLogger(__name__)

_TICK_S: Final = 0.02
_BITRATE: Final = 32_000
_QUIET_DB: Final = -45.0
_PAUSE_MS: Final = 1000.0
# A burst, such as a satellite's two seconds from before its wake word, is no lag; this long a delay is.
_LATE_MS: Final = 240.0
_LATE_AFTER_MS: Final = 2000.0
_TELL_EVERY_MS: Final = 1000.0

Piece = bytes | NDArray[np.int16]
Connect = Callable[[Sequence[Exchange]], Awaitable[RemoteLink]]


class _Lag:
    """When a delay is told, and when its end."""

    def __init__(self) -> None:
        self._since_ms: float | None = None
        self._told_ms: float | None = None

    def due(self, late_ms: float, now_ms: float) -> bool:
        """Whether to tell it now."""
        if late_ms < _LATE_MS:
            told, self._since_ms, self._told_ms = self._told_ms, None, None
            return told is not None
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        if now_ms - self._since_ms < _LATE_AFTER_MS:
            return False
        if self._told_ms is not None and now_ms - self._told_ms < _TELL_EVERY_MS:
            return False
        self._told_ms = now_ms
        return True


class RemoteSession:
    """Implements `EngineSession`: a satellite's Opus packets go to the server as they are.

    Args:
        options: how patiently.
        connect: begins a session of the server with the turns so far in its prompt.
        history: turns from before this session.
        on_event: the conversation.
        on_over: told once when the session has been lost or closed.
        now_ms: a monotonic clock.

    Attributes:
        renewals: how often it began again, before the model would forget its prompt.
    """

    autonomous = True

    def __init__(
        self,
        options: RemoteOptions,
        connect: Connect,
        history: Sequence[Exchange],
        on_event: Callable[[EngineEvent], None],
        *,
        on_over: Callable[[RemoteSession], None],
        now_ms: Callable[[], float],
    ) -> None:
        self._options = options
        self._connect = connect
        self._on_event = on_event
        self._on_over = on_over
        self._now_ms = now_ms
        self._unasked = UnaskedSpeech(self._emit)
        self._dialogue = Dialogue(history)
        self._uplink: Uplink[Piece] = Uplink(now_ms())
        self._encoder = OpusEncoder(bitrate=_BITRATE, expected_loss_pct=0)
        self._more = asyncio.Event()
        self._lag = _Lag()
        self._frame = 0
        self._begun_ms = self._linked_ms = self._fed_ms = self._loud_ms = now_ms()
        self._link: RemoteLink | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = False
        self.renewals = 0

    async def open(self) -> None:
        """Begin.

        Raises:
            EngineError: as `RemoteLink.open`.
        """
        self._link = await self._connect(self._dialogue.exchanges)
        self._begun_ms = self._fed_ms = self._now_ms()
        self._task = asyncio.create_task(self._run(self._link), name="remote-session")

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:  # noqa: ARG002 - pieces are counted, not placed
        """Hear 20 ms of the user, as the satellite encoded it where a packet is given."""
        if self._over or pcm.size != FRAME_SAMPLES:
            return
        self._fed_ms = self._now_ms()
        quiet = level_db(pcm) < _QUIET_DB
        if not quiet:
            self._loud_ms = self._fed_ms
        self._uplink.push(pcm if packet is None else packet, quiet=quiet)
        self._more.set()

    def say(self, text: str) -> int:  # noqa: ARG002 - whatever it is
        """Not possible: the server's model cannot be told what to say."""
        raise CannotSayError("A PersonaPlex server cannot be told what to say; the other voice says it.")

    def interrupt(self) -> None:
        """Let no more out of what it is saying. The model itself stops when it hears the user."""
        if self._unasked.running:
            self._unasked.cut()

    def listen_only(self, *, on: bool) -> None:
        """While on, nothing of what the model says is let out; it cannot be kept from talking."""
        self._unasked.mute(on=on)

    def user_said(self, text: str) -> None:
        """For the prompt, when the session begins again."""
        self._dialogue.asked(text)

    async def close(self) -> None:
        """End the conversation."""
        over, self._over = self._over, True
        if not over:
            self._on_over(self)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._link is not None:
            await self._link.close()

    # --- life ---------------------------------------------------------------------------------------------------------

    async def _run(self, link: RemoteLink) -> None:
        try:
            while True:
                try:
                    await self._converse(link)
                finally:
                    await link.close()
                self._unasked.end(interrupted=True)
                self.renewals += 1
                link = self._link = await self._connect(self._dialogue.exchanges)
        except EngineError as fault:
            self._lose(fault)
        except CodecError as fault:
            self._lose(EngineWireError(fault.sentence))
        except Exception:  # noqa: BLE001 (logged; a defect of ours must not leave a session that seems to run)
            _LOG.exception("a session with the voice server broke")
            self._lose(EngineError("The conversation ended by a defect; the log says where."))

    async def _converse(self, link: RemoteLink) -> None:
        """Talk over one connection until it is time to begin again; raises what ends the session."""
        self._linked_ms = self._now_ms()
        self._uplink.restart(self._linked_ms)
        reading = asyncio.create_task(self._read(link), name="remote-reader")
        writing = asyncio.create_task(self._write(link), name="remote-writer")
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
            for task in (reading, writing):
                if task.done():
                    task.result()
        finally:
            reading.cancel()
            writing.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)

    def _lose(self, error: EngineError) -> None:
        self._unasked.end(error=error)
        self._emit(SessionLost(error))
        if not self._over:  # a listener may have closed it
            self._over = True
            self._on_over(self)

    def _emit(self, event: EngineEvent) -> None:
        if isinstance(event, TextOut):
            self._dialogue.answered(event.piece)
        if not self._over:
            self._on_event(event)

    # --- to the server ------------------------------------------------------------------------------------------------

    async def _write(self, link: RemoteLink) -> None:
        """Send audio as it is due; returns when the session is to begin again."""
        ogg = OggOpusWriter(serial=secrets.randbits(32))
        await link.send(Kind.AUDIO, ogg.header())
        silence = np.zeros(FRAME_SAMPLES, np.int16)
        while not self._renewal_due():
            for piece in self._uplink.take(self._now_ms()):
                packet = (
                    piece if isinstance(piece, bytes) else self._encoder.encode(silence if piece is None else piece)
                )
                await link.send(Kind.AUDIO, ogg.page([packet], FRAME_SAMPLES))
            self._tell_lag()
            self._more.clear()
            with contextlib.suppress(TimeoutError):  # silence may be due
                async with asyncio.timeout(_TICK_S):
                    await self._more.wait()

    def _renewal_due(self) -> bool:
        """Whether to begin again now; raises when the conversation has lasted for too long."""
        now_ms, options = self._now_ms(), self._options
        if now_ms - self._begun_ms >= options.max_session_s * 1000:
            raise EngineStoppedError("The conversation reached the longest time that engine.max_session_s allows.")
        if now_ms - self._fed_ms >= options.idle_s * 1000:
            raise EngineStoppedError("Nothing has come from the user for engine.idle_s; the conversation ended.")
        age_ms = now_ms - self._linked_ms
        pause = not self._unasked.running and now_ms - self._loud_ms >= _PAUSE_MS
        return age_ms >= options.renew_by_s * 1000 or (pause and age_ms >= options.renew_s * 1000)

    def _tell_lag(self) -> None:
        late_ms = self._uplink.late_ms
        if self._lag.due(late_ms, self._now_ms()):
            given_up = (self._uplink.dropped + self._uplink.skipped) * FRAME_SAMPLES * 1000 // (24_000 * FRAME_MS)
            self._emit(Lagging(late_ms if late_ms >= _LATE_MS else 0.0, given_up))

    # --- from the server ----------------------------------------------------------------------------------------------

    async def _read(self, link: RemoteLink) -> None:
        ogg, decoder, cutter, pieces = OggOpusReader(), PacketDecoder(), FrameCutter(), Pieces()
        damaged = 0
        while True:
            kind, payload = await link.receive()
            if kind == Kind.AUDIO:
                for packet in ogg.feed(payload):
                    try:
                        pcm = decoder.decode(packet)
                    except CodecError:
                        damaged += 1
                        _LOG.warning("the voice server sent %d packets that are no Opus", damaged)
                        continue
                    for frame in cutter.cut(pcm):
                        self._uplink.answered(FRAME_MS, self._now_ms())
                        self._unasked.audio(to_int16(frame), self._frame)
                        self._frame += 1
            elif kind == Kind.TEXT and (piece := pieces.read(payload)):
                self._unasked.text(piece, self._frame)  # the text of a frame is sent before its sound
            elif kind == Kind.ERROR:
                _LOG.warning("the voice server reports an error")
