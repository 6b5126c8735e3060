"""The door for satellites: TLS, proof of identity, and from frames to what the rooms understand."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.errors import PortInUseError
from hub.rooms.port import RoomEvents
from protocol.connection import Link
from protocol.errors import (
    BadMessageError,
    CodecError,
    LinkClosedError,
    RateLimitedError,
    RoomtoneError,
    UnknownDeviceError,
)
from protocol.frames import Frame, FrameFlag, FrameType
from protocol.handshake import HubDoor, hub_accept
from protocol.link import LinkServer, serve
from protocol.messages import AnyMessage, ErrorMessage, Goodbye, Message, MuteState, Playback, Rang, Stop, Wake
from protocol.opus import FRAME_SAMPLES, OpusDecoder, OpusEncoder
from protocol.records import MEASUREMENT_BYTES, Measurement, decode_levels, unpack_measurements
from protocol.security import Identity

_LOG = logging.getLogger(__name__)

DOWN_STREAM: Final = 1
# A person cannot call more often than this; a door that slams in a loop can.
_WAKES, _WAKES_WITHIN_MS = 5, 2000.0
# A hole in the uplink up to this long is concealed; a longer one is a new beginning.
_CONCEAL_FRAMES: Final = 5
# Nothing that arrives now happened longer ago: the links of the house are never that far behind.
_OLDEST_MS: Final = 10_000.0
# A satellite's answer to a floor that it does not want: nobody there has called, as far as it knows.
_REFUSES_FLOOR: Final = "not_woken"


class ReplacedError(LinkClosedError):
    """The same satellite connected again; the newer connection is the true one."""

    code = "replaced"


class SatelliteLine:
    """One satellite that has proved itself: the rooms' `Line` and the link's handler."""

    def __init__(
        self,
        link: Link,
        *,
        device_id: str,
        area_id: str,
        name: str,
        events: RoomEvents,
        now_ms: Callable[[], float],
        features: frozenset[str] = frozenset(),
        rang: Callable[[str, Rang], None] = lambda _device_id, _rang: None,
    ) -> None:
        self.features = features
        self._rang = rang
        self.device_id = device_id
        self.area_id = area_id
        self.name = name
        self.link = link
        self.refused_audio = 0
        self.bad_audio = 0
        self._events = events
        self._now_ms = now_ms
        self._encoder: OpusEncoder | None = None
        self._decoder: OpusDecoder | None = None
        self._expected: int | None = None
        self._uplink_open = False
        self._wakes: deque[float] = deque(maxlen=_WAKES)

    # --- the rooms' side --------------------------------------------------------------------------------------------

    def send(self, message: Message) -> None:
        """Send a control message; on a link that is gone it goes nowhere, and `link_lost` tells."""
        if not self.link.closed:
            self.link.send(message)

    def send_audio(self, pcm: NDArray[np.int16], *, generation: int, samples: int, last: bool) -> None:
        """Encode and send 20 ms."""
        if self.link.closed:
            return
        if self._encoder is None:
            self._encoder = OpusEncoder()
        flags = FrameFlag.LAST if last else FrameFlag.NONE
        packet = self._encoder.encode(pcm)
        time_us = round(self._now_ms() * 1000.0)
        self.link.send_frame(Frame(FrameType.AUDIO, packet, flags, DOWN_STREAM, generation, 0, samples, time_us))

    def to_hub_ms(self, satellite_us: int) -> float:
        """The satellite's clock in the hub's monotonic milliseconds, never in the future and never long past."""
        now_ms = self._now_ms()
        clock = self.link.clock
        if not clock.synchronised:
            return now_ms
        return max(now_ms - _OLDEST_MS, min(now_ms, clock.to_local_us(satellite_us) / 1000.0))

    @property
    def clock_error_ms(self) -> float:
        """How far `to_hub_ms` may be off; 200 ms while the clocks are not in step yet."""
        clock = self.link.clock
        return clock.error_us / 1000.0 if clock.synchronised and math.isfinite(clock.error_us) else 200.0

    def open_uplink(self) -> None:
        """Decode this satellite's audio from now on, with a codec that knows nothing of an earlier session."""
        self._decoder = OpusDecoder()
        self._expected = None
        self._uplink_open = True

    def close_uplink(self) -> None:
        """Refuse its audio again."""
        self._uplink_open = False
        self._decoder = None

    # --- the link's side --------------------------------------------------------------------------------------------

    def message_received(self, link: Link, message: AnyMessage) -> None:
        """A control message of the satellite."""
        match message:
            case Wake():
                self._woke(link, message)
            case Playback():
                self._events.playback(self, message)
            case Stop():
                self._events.stop_asked(self)
            case MuteState(muted=muted):
                self._events.muted(self, muted=muted)
            case Rang():
                self._rang(self.device_id, message)
            case ErrorMessage(code=code):
                _LOG.warning("satellite %s reports %s", self.device_id[:8], code)
                if code == _REFUSES_FLOOR:
                    self._events.floor_refused(self)
            case Goodbye():
                pass  # the end of the link follows and is what counts
            case _:
                link.fail(BadMessageError(f"A satellite in session does not send “{message.type}”."))

    def frame_received(self, link: Link, frame: Frame) -> None:
        """A binary frame of the satellite."""
        try:
            if frame.type == FrameType.LEVEL:
                batch = decode_levels(frame.payload, frame.flags)
                self._events.levels(self, batch, frame.samples, frame.time_us)
            elif frame.type == FrameType.AUDIO:
                self._audio(frame)
        except RoomtoneError as error:
            link.fail(error)

    def link_lost(self, link: Link, error: RoomtoneError) -> None:  # noqa: ARG002 (the link's contract)
        """The connection is over."""
        self._uplink_open = False
        self._events.satellite_down(self, error)

    def _woke(self, link: Link, wake: Wake) -> None:
        now_ms = self._now_ms()
        if len(self._wakes) == _WAKES and now_ms - self._wakes[0] < _WAKES_WITHIN_MS:
            link.send(
                ErrorMessage(code=RateLimitedError.code, message="Too many calls; this one was ignored.", retry=True)
            )
            return
        self._wakes.append(now_ms)
        try:
            measurements = tuple(unpack_measurements(wake.measurements)) if wake.measurements else ()
        except BadMessageError as error:
            link.fail(error)
            return
        self._events.woke(self, wake, measurements)

    def _audio(self, frame: Frame) -> None:
        if len(frame.payload) <= MEASUREMENT_BYTES:
            raise BadMessageError("An uplink audio frame holds a measurement and an Opus packet.")
        decoder = self._decoder
        if not self._uplink_open or decoder is None:
            self.refused_audio += 1  # frames in flight while the floor was taken away
            return
        measurement = Measurement.unpack(frame.payload[:MEASUREMENT_BYTES])
        samples, preroll = frame.samples, bool(frame.flags & FrameFlag.PREROLL)
        if self._expected is not None and samples > self._expected:
            missing = (samples - self._expected) // FRAME_SAMPLES
            for index in range(min(missing, _CONCEAL_FRAMES)):
                at = samples - (min(missing, _CONCEAL_FRAMES) - index) * FRAME_SAMPLES
                early_us = (samples - at) * 1_000_000 // 24_000
                at_us = max(0, frame.time_us - early_us)
                self._events.audio(self, decoder.conceal(), measurement, at, at_us, preroll=preroll)
        received = frame.payload[MEASUREMENT_BYTES:]
        packet: bytes | None = received
        try:
            pcm = decoder.decode(received)
        except CodecError:
            self.bad_audio += 1
            pcm, packet = decoder.conceal(), None
        self._expected = samples + FRAME_SAMPLES
        self._events.audio(self, pcm, measurement, samples, frame.time_us, packet=packet, preroll=preroll)


class SatelliteServer:
    """Listens, lets in who can prove itself, and keeps one line for each satellite."""

    def __init__(
        self,
        identity: Identity,
        door: HubDoor,
        events: RoomEvents,
        *,
        area_of: Callable[[str], str],
        now_ms: Callable[[], float],
    ) -> None:
        self._identity = identity
        self._door = door
        self._events = events
        self._area_of = area_of
        self._now_ms = now_ms
        self._server: LinkServer | None = None
        self.on_rang: Callable[[str, Rang], None] = lambda _device_id, _rang: None
        """Told when a timer rings on a satellite, or has stopped."""
        self.lines: dict[str, SatelliteLine] = {}

    async def start(self, host: str, port: int) -> int:
        """Open the port (0: any free one) and return it.

        Raises:
            PortInUseError: somebody else has it.
        """
        try:
            self._server = await serve(host, port, ssl=self._identity.server_context(), on_link=self._on_link)
        except OSError as error:
            raise PortInUseError(
                f"Port {port} cannot be opened ({error.strerror}). Stop the other program or choose another: --port."
            ) from error
        return self._server.port

    async def _on_link(self, link: Link) -> None:
        try:
            accepted = await hub_accept(link, self._door)
        except RoomtoneError as error:
            _LOG.info("a satellite at %s was refused: %s", link.peer, error.code)
            raise  # the server tells the peer and closes
        if accepted.paired:
            return  # it comes back with its new key
        # Again after each wait: a third connection of the same satellite, or its revocation, may have come meanwhile.
        while (older := self.lines.get(accepted.device_id)) is not None:
            older.link.fail(ReplacedError("The same satellite connected again."))
            await older.link.wait_closed()
            self._forget(older)
        if self._door.device_key(accepted.device_id) is None:
            raise UnknownDeviceError("This satellite's pairing was revoked.")
        line = SatelliteLine(
            link,
            device_id=accepted.device_id,
            area_id=self._area_of(accepted.device_id),
            name=accepted.name,
            events=self._events,
            now_ms=self._now_ms,
            features=accepted.features,
            rang=lambda device_id, message: self.on_rang(device_id, message),  # noqa: PLW0108 - set after this
        )
        self.lines[line.device_id] = line
        self._events.satellite_up(line)
        link.attach(line)
        await link.wait_closed()
        self._forget(line)

    def _forget(self, line: SatelliteLine) -> None:
        if self.lines.get(line.device_id) is line:
            del self.lines[line.device_id]

    def disconnect(self, device_id: str, error: RoomtoneError) -> None:
        """Throw a satellite out (its key was revoked)."""
        line = self.lines.get(device_id)
        if line is not None:
            line.link.fail(error)

    async def close(self) -> None:
        """Say goodbye to all and close the port."""
        for line in tuple(self.lines.values()):
            line.link.close("hub_stopping")
        if self._server is not None:
            await self._server.close()
        await asyncio.sleep(0)
