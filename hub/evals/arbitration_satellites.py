"""The satellites of a scene: a process that runs their chains, and the line on which each of them is connected.

The hub meets them on the wire alone: sound goes into the process, frames of the protocol come out.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections import deque
from typing import IO, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from protocol.frames import Frame, FrameDecoder
from protocol.messages import FOLLOW_FEATURE, Floor, Message

_BLOCK: Final = struct.Struct(">HQdfB")
_GATE: Final = struct.Struct(">HB")
_ANSWER: Final = struct.Struct(">HI")
_END_OF_ANSWERS: Final = 0xFFFF
_NO_WAKE: Final = -1.0
# The process adds it to every time: none on the wire is negative, and a clock that is behind begins before zero.
CLOCK_ZERO_S: Final = 1000.0
# A one-way path bounds a clock from one side only. The least of so many delays is near the true one; what is left of
# a spread of 80 ms shrinks with their number.
_DELAYS: Final = 1500
_JITTER_MS: Final = 80.0


class MicBlock(NamedTuple):
    """20 ms of a room.

    Attributes:
        seq: counts the blocks of the room.
        captured_s: on the satellite's own clock.
        pcm: what the microphone heard, 320 samples of int16 at 16 kHz.
        played: what the loudspeaker was given meanwhile; None while it is silent.
        wake: the score of a wake word that is found here.
    """

    seq: int
    captured_s: float
    pcm: bytes
    played: bytes | None
    wake: float | None


class Satellites(Protocol):
    """All satellites of a scene."""

    def hear(self, room: int, block: MicBlock) -> None:
        """Sound of a room."""

    def gate(self, room: int, *, opened: bool) -> None:
        """The floor was granted to a room or taken back."""

    def sync(self) -> list[tuple[int, Frame]]:
        """The frames that went out since the last time."""

    def close(self) -> None:
        """End them."""


class SatelliteProcess:
    """`python -m satellite.rehearsal`, in lockstep."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "satellite.rehearsal"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._in, self._out = _piped(self._process.stdin), _piped(self._process.stdout)

    def hear(self, room: int, block: MicBlock) -> None:
        """Hand on a block."""
        seq, captured_s, pcm, played, wake = block
        head = _BLOCK.pack(room, seq, captured_s, _NO_WAKE if wake is None else wake, played is not None)
        self._in.write(b"B" + head + pcm + (played or b""))

    def gate(self, room: int, *, opened: bool) -> None:
        """Open or close."""
        self._in.write(b"G" + _GATE.pack(room, opened))

    def sync(self) -> list[tuple[int, Frame]]:
        """Wait until everything was processed."""
        self._in.write(b"S")
        self._in.flush()
        frames: list[tuple[int, Frame]] = []
        while True:
            room, length = _ANSWER.unpack(self._out.read(_ANSWER.size))
            if room == _END_OF_ANSWERS:
                return frames
            frames.extend((room, frame) for frame in FrameDecoder().feed(self._out.read(length)))

    def close(self) -> None:
        """It ends when its input does."""
        self._in.close()
        self._process.wait(timeout=10)
        self._out.close()


def _piped(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("a process was started without its pipes")
    return stream


class SceneLine:
    """The rooms' `Line` to one satellite of a scene: what the hub sends to it moves its gate."""

    def __init__(self, room: int, satellites: Satellites) -> None:
        self.device_id = self.area_id = self.name = f"room{room:02}"
        self.features = frozenset({FOLLOW_FEATURE})
        self._room = room
        self._satellites = satellites
        self._delays_ms: deque[float] = deque(maxlen=_DELAYS)
        self._least_ms = 0.0

    def arrived(self, captured_s: float, arrival_s: float) -> None:
        """A frame came: its delay bounds the offset of the satellite's clock."""
        delay_ms = (arrival_s - captured_s) * 1000.0
        if len(self._delays_ms) == _DELAYS or not self._delays_ms:
            self._delays_ms.append(delay_ms)
            self._least_ms = min(self._delays_ms)
        else:
            self._delays_ms.append(delay_ms)
            self._least_ms = min(self._least_ms, delay_ms)

    def to_hub_ms(self, satellite_us: int) -> float:
        """The satellite's clock in the hub's milliseconds, as if the fastest frame had taken no time."""
        return satellite_us / 1000.0 - CLOCK_ZERO_S * 1000.0 + self._least_ms

    @property
    def clock_error_ms(self) -> float:
        """What the least of so many delays may still hide."""
        return _JITTER_MS / max(1, len(self._delays_ms))

    def send(self, message: Message) -> None:
        """A floor opens or closes the gate; a scene has no ear for anything else."""
        if isinstance(message, Floor) and message.state != "denied":
            self._satellites.gate(self._room, opened=message.state == "granted")

    def send_audio(self, pcm: NDArray[np.int16], *, generation: int, samples: int, last: bool) -> None:
        """Nobody listens to the assistant in a scene."""

    def open_uplink(self) -> None:
        """Nothing to open: measurements are read from every frame."""

    def close_uplink(self) -> None:
        """Nothing to close."""
