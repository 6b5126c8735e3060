"""One connection between a hub and a satellite: frames in, frames out, and the rules both must keep.

Callbacks instead of streams: at fifty frames a second and room, a task switch for each frame would cost more than
the frame. Writes go straight to the transport while it takes them and wait in the `Outbox` while it does not.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, cast

from protocol.clock import ClockFilter
from protocol.errors import (
    AuthenticationError,
    BadMessageError,
    LinkClosedError,
    LinkTimeoutError,
    ProtocolError,
    RateLimitedError,
    RoomtoneError,
    UnknownMessageError,
    error_from_wire,
)
from protocol.frames import CONTROL_STREAM, Frame, FrameDecoder, FrameType, encode
from protocol.heartbeat import Heartbeat
from protocol.limits import LinkLimits, LinkStats, TokenBucket
from protocol.messages import AnyMessage, ErrorMessage, Goodbye, Message, decode_message, encode_message
from protocol.outbox import Outbox
from protocol.sequence import SequenceCounter

_LOG: Final = logging.getLogger(__name__)
_TICK_S: Final = 0.25
_READ_BYTES: Final = 16 * 1024
_LAST_WORDS_S: Final = 1.0


class LinkHandler(Protocol):
    """Takes what a link brings. Called on the event loop; must not block."""

    def message_received(self, link: Link, message: AnyMessage) -> None:
        """A control message came; an `ErrorMessage` and a `Goodbye` come like any other."""

    def frame_received(self, link: Link, frame: Frame) -> None:
        """An AUDIO or LEVEL frame came."""

    def link_lost(self, link: Link, error: RoomtoneError) -> None:
        """The link is over, for whatever reason; called once, and nothing comes after it."""


def monotonic_us() -> int:
    """This machine's monotonic clock in microseconds."""
    return time.monotonic_ns() // 1000


class Link(asyncio.BufferedProtocol):
    """One connection. Made by `connect` and `serve`.

    Attributes:
        authenticated: set by the handshake; a link that stays without it is closed after 15 s.
        clock: the peer's clock against ours.
        stats: counters.
        peer: address and port of the other side, for logs.
        peer_certificate_hash: SHA-256 of its TLS certificate; None on the hub, where satellites have none.
    """

    def __init__(self, *, now_us: Callable[[], int] = monotonic_us, limits: LinkLimits | None = None) -> None:
        self.authenticated = False
        self.clock = ClockFilter()
        self.stats = LinkStats()
        self.peer = ""
        self.peer_certificate_hash: bytes | None = None
        self._now_us = now_us
        self._limits = limits or LinkLimits()
        now = now_us()
        self._born_us = self._heard_us = now
        self._frame_rate = TokenBucket(self._limits.frames_per_s, self._limits.frames_burst, now)
        self._control_rate = TokenBucket(self._limits.control_per_s, self._limits.control_burst, now)
        self._decoder = FrameDecoder()
        self._outbox = Outbox()
        self._heartbeat = Heartbeat(self.clock, self._limits.ping_s)
        self._numbers_in = SequenceCounter()
        self._numbers_out = SequenceCounter()
        self._paused = False
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._waiting: deque[AnyMessage | Frame] = deque()
        self._arrived = asyncio.Event()
        self._gone = asyncio.Event()
        self._handler: LinkHandler | None = None
        self._end: RoomtoneError | None = None
        self._last_words: RoomtoneError | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    # --- what the owner calls ---

    @property
    def closed(self) -> bool:
        """Whether the link is over or about to be."""
        return self._end is not None

    def send(self, message: Message) -> None:
        """Send a control message; it is never dropped, but a peer that lets them pile up loses the link.

        Does nothing when the link is closed.
        """
        self._send_stream_0(Frame(FrameType.CONTROL, encode_message(message), time_us=self._now_us()))

    def send_frame(self, frame: Frame) -> None:
        """Send an AUDIO or LEVEL frame; its sequence number is set here. No-op when closed.

        When more than 200 ms of a stream wait, the oldest go and are counted.

        Raises:
            ValueError: stream 0, which belongs to control and clock.
        """
        if frame.stream == CONTROL_STREAM:
            raise ValueError("audio and level frames need a stream of their own")
        if self._end is not None:
            return
        frame = self._numbers_out.number(frame)
        if self._paused or self._outbox:
            self.stats.audio_dropped_out += self._outbox.put_sound(frame)
        else:
            self._write(frame)

    async def receive(self, timeout_s: float) -> AnyMessage:
        """The next control message, for the time before a handler is attached.

        Raises:
            LinkTimeoutError: none came in time; the link stays open.
            RoomtoneError: the link is over; the error says why.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    for item in self._waiting:
                        if not isinstance(item, Frame):
                            self._waiting.remove(item)
                            return item
                    if self._end is not None:
                        raise self._end
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise LinkTimeoutError("The other side did not answer in time.") from None

    def attach(self, handler: LinkHandler) -> None:
        """Give all that came and will come to `handler`, in order; a link already over is reported too."""
        self._handler = handler
        while self._waiting:
            self._deliver(self._waiting.popleft())
        if self._end is not None:
            self._loop.call_soon(self._report_end)

    def close(self, reason: str = "") -> None:
        """Say goodbye and end the link; what waits is still sent, sound is not."""
        if self._end is None:
            self.send(Goodbye(reason=reason[:100]))
            self._finish(LinkClosedError(f"This side closed the connection{': ' if reason else ''}{reason}."))

    def fail(self, error: RoomtoneError) -> None:
        """Tell the peer the error's code and end the link."""
        if self._end is None:
            self.send(ErrorMessage(code=error.code, message=error.sentence[:500], retry=error.retry))
            self._finish(error)

    async def wait_closed(self) -> None:
        """Wait until the connection is gone."""
        await self._gone.wait()

    # --- what the event loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands, TLS included."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=16 * 1024, low=4 * 1024)
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self.peer = f"{host}:{port}"
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        self.peer_certificate_hash = hashlib.sha256(certificate).digest() if certificate else None
        self._tick()
        early, self._early = self._early, []
        for chunk in early:
            self.data_received(chunk)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the signature is asyncio's
        """Where the next bytes go; one buffer for good, because asyncio would make 256 kB for each read."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came into the buffer."""
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._transport is None:  # the first frames may ride on the last bytes of the TLS handshake
            self._early.append(data)
            return
        if self._end is not None:
            return
        self.stats.bytes_in += len(data)
        now = self._heard_us = self._now_us()
        try:
            for frame in self._decoder.feed(data):
                self._take(frame, now)
                if self.closed:
                    return  # whatever follows, nobody wants it any more
        except ProtocolError as error:
            self.fail(error)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """The transport takes bytes again."""
        self._paused = False
        while not self._paused and (frame := self._outbox.take()) is not None:
            self._write(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if self._end is None:
            self._set_end(self._last_words or LinkClosedError(_lost_sentence(exc)))
        self._gone.set()

    # --- inside ---

    def _send_stream_0(self, frame: Frame) -> None:
        if self._end is not None:
            return
        if self._paused or self._outbox or self._transport is None:
            try:
                self._outbox.put_control(frame)
            except LinkClosedError as error:
                self._abort(error)
        else:
            self._write(frame)

    def _write(self, frame: Frame) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if frame.stream == CONTROL_STREAM:  # numbered when written, so that control may overtake nothing of its own
            frame = self._numbers_out.number(frame)
        data = encode(frame)
        self.stats.frames_out += 1
        self.stats.bytes_out += len(data)
        transport.write(data)

    def _take(self, frame: Frame, now: int) -> None:
        self.stats.frames_in += 1
        if not self._frame_rate.take(now):
            raise RateLimitedError("Frames come faster than any microphone makes them.")
        self.stats.audio_dropped_in += self._numbers_in.check(frame)
        kind = frame.type
        if kind in (FrameType.AUDIO, FrameType.LEVEL):
            if frame.stream == CONTROL_STREAM:
                raise BadMessageError("Stream 0 carries no audio.")
            self._deliver(frame)
            return
        if not self._control_rate.take(now):
            raise RateLimitedError("Control messages come faster than any honest peer sends them.")
        if kind == FrameType.CONTROL:
            self._take_control(frame.payload)
        elif kind == FrameType.PING:
            self._send_stream_0(self._heartbeat.answer(frame, now, self._now_us()))
        elif kind == FrameType.PONG:
            self._heartbeat.take(frame, now)
        else:
            self._answer_unknown(UnknownMessageError(f"This version does not know frames of type {int(kind)}."))

    def _take_control(self, payload: bytes) -> None:
        try:
            message = decode_message(payload)
        except UnknownMessageError as error:
            self._answer_unknown(error)
            return
        self._last_words = None
        if isinstance(message, ErrorMessage):
            self._last_words = error_from_wire(message.code, message.message, retry=message.retry)
        elif isinstance(message, Goodbye):
            self._last_words = LinkClosedError(f"The other side closed the connection: {message.reason or 'goodbye'}.")
        self._deliver(message)

    def _answer_unknown(self, error: UnknownMessageError) -> None:
        self.stats.unknown_in += 1
        if self.stats.unknown_in > self._limits.unknown_max:
            raise RateLimitedError("Too many messages of unknown types.")
        self.send(ErrorMessage(code=error.code, message=error.sentence, retry=error.retry))

    def _deliver(self, item: AnyMessage | Frame) -> None:
        if self._handler is None:
            self._hold(item)
            return
        try:
            if isinstance(item, Frame):
                self._handler.frame_received(self, item)
            else:
                self._handler.message_received(self, item)
        except RoomtoneError as error:
            self.fail(error)
        except Exception:  # noqa: BLE001 - a fault of ours costs this link only, and is logged whole
            _LOG.exception("a handler of link %s failed", self.peer)
            self.fail(RoomtoneError("An internal fault ended this connection; the log of this side has the details."))

    def _hold(self, item: AnyMessage | Frame) -> None:
        if len(self._waiting) >= self._limits.waiting_max:
            oldest = next((waiting for waiting in self._waiting if isinstance(waiting, Frame)), None)
            if oldest is None:
                raise RateLimitedError("Too many messages before the handshake was over.")
            self._waiting.remove(oldest)
            self.stats.audio_dropped_in += 1
        self._waiting.append(item)
        self._arrived.set()

    def _tick(self) -> None:
        if self._end is not None:
            return
        now, limits = self._now_us(), self._limits
        if now - self._heard_us > limits.silence_s * 1e6:
            self._abort(LinkTimeoutError("The other side has been silent for too long."))
            return
        if not self.authenticated and now - self._born_us > limits.authentication_s * 1e6:
            self.fail(AuthenticationError("The other side did not prove who it is in time."))
            return
        if not self._paused and self._heartbeat.due(now):  # a ping that waits measures only our own queue
            self._write(self._heartbeat.ping(now))
        self._timer = self._loop.call_later(_TICK_S, self._tick)

    def _finish(self, error: RoomtoneError) -> None:
        self._outbox.drop_sound()
        while (frame := self._outbox.take()) is not None:
            self._write(frame)
        self._set_end(error)
        if self._transport is not None:
            self._transport.close()
            self._timer = self._loop.call_later(_LAST_WORDS_S, self._transport.abort)

    def _abort(self, error: RoomtoneError) -> None:
        if self._end is None:
            self._set_end(error)
            if self._transport is not None:
                self._transport.abort()

    def _set_end(self, error: RoomtoneError) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._end = error
        self._arrived.set()
        if self._handler is not None:
            self._loop.call_soon(self._report_end)

    def _report_end(self) -> None:
        handler, self._handler = self._handler, None
        if handler is not None and self._end is not None:
            handler.link_lost(self, self._end)


def _lost_sentence(exc: Exception | None) -> str:
    return f"The network connection broke ({type(exc).__name__})." if exc else "The other side ended the connection."
