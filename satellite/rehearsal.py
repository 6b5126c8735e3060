"""What satellites would send, without a device, a loudspeaker or a hub: `python -m satellite.rehearsal`.

Sound of any number of rooms comes in on stdin, and the frames that their satellites would put on the wire go out on
stdout. Everything between is the satellite's own chain, but for the wake word detector, whose findings come in with the
sound. Both streams are binary, big-endian, and in lockstep:

    in   `B` block: room u16, number of the block u64, time of capture f64 (seconds on the satellite's clock), wake
         score f32 (below 0: none), far u8; then 320 samples of int16 (little-endian, 16 kHz) of the microphone and,
         if far is 1, as many of what the loudspeaker was given
         `G` gate: room u16, open u8: the floor was granted to this room, or taken back
         `S` sync: everything before it is answered, then the answers end
    out  frame: room u16, length u32, one frame of the protocol, whose times are 1000 s later than the clock given (a
         clock may be behind, and no time on the wire is negative); room 65535 with length 0 ends the answers to a sync
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from protocol.frames import AUDIO_STREAM, CONTROL_STREAM, LEVEL_STREAM, Frame, FrameType, encode
from protocol.link import monotonic_us
from protocol.messages import Wake, encode_message
from satellite.audio.player import Player
from satellite.audio.port import BLOCK_SAMPLES, Block, Pcm
from satellite.dsp.chain import Call, Chain, Flow, Halt, Sound
from satellite.dsp.echo import TwoStage
from satellite.dsp.wake import Detection, WakeDetector

BLOCK: Final = struct.Struct(">HQdfB")
GATE: Final = struct.Struct(">HB")
ANSWER: Final = struct.Struct(">HI")
END_OF_ANSWERS: Final = 0xFFFF
CLOCK_ZERO_S: Final = 1000.0
_IN_SAMPLES: Final = 320
_TAPS: Final = 16
_SILENCE: Final = np.zeros(BLOCK_SAMPLES, np.int16)


def _interpolation() -> NDArray[np.float32]:
    """16 kHz to 24 kHz as a matrix of 336 x 480: a windowed sinc of 16 taps in three phases, 0.5 ms late."""
    taps = np.arange(3 * _TAPS) - 1.5 * _TAPS + 0.5
    kernel = np.sinc(taps / 3.0) * np.hanning(3 * _TAPS + 2)[1:-1]
    matrix = np.zeros((_TAPS + _IN_SAMPLES, BLOCK_SAMPLES), np.float32)
    # Of the threefold rate every second sample is kept: outputs 3m, 3m+1, 3m+2 have the phases 0, 2, 1.
    for output in range(BLOCK_SAMPLES):
        phase, first = ((0, 1), (2, 1), (1, 2))[output % 3]
        weights = kernel[phase::3][::-1]
        first += output // 3 * 2
        matrix[first : first + _TAPS, output] = weights / weights.sum()
    return matrix


_INTERPOLATION: Final = _interpolation()


class _To24k:
    """16 kHz to 24 kHz, block by block."""

    def __init__(self) -> None:
        self._tail = np.zeros(_TAPS, np.float32)

    def take(self, pcm: NDArray[np.int16] | None) -> Pcm:
        """320 samples to 480; None is silence."""
        if pcm is None and not self._tail.any():
            return _SILENCE
        sound = np.concatenate([self._tail, np.zeros(_IN_SAMPLES, np.int16) if pcm is None else pcm])
        self._tail = sound[-_TAPS:].astype(np.float32)
        return np.clip(np.rint(sound @ _INTERPOLATION), -32768, 32767).astype(np.int16)


class _Told(WakeDetector):
    """Knows no word, and finds what it is told."""

    def __init__(self) -> None:
        super().__init__(())
        self.next: float | None = None
        self._newest = 0.0

    @property
    def score(self) -> float:
        return self._newest

    def hear(self, room: NDArray[np.int16], own: NDArray[np.int16]) -> Detection | None:  # noqa: ARG002 (the chain gives the sound)
        found, self.next = self.next, None
        self._newest = 0.0 if found is None else found
        return None if found is None else Detection("wake", found)


class RehearsedRoom:
    """One satellite: blocks in, frames out."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._wake = _Told()
        player = Player(lambda _: None, monotonic_us)
        self._chain = Chain(player, TwoStage(), self._wake, self._sent)
        self._near, self._far = _To24k(), _To24k()
        self._sequences = [0, 0, 0]

    def gate(self, *, opened: bool) -> None:
        """The floor was granted or taken back."""
        if opened:
            self._chain.open_gate()
        else:
            self._chain.close_gate()

    def hear(
        self, near: NDArray[np.int16], far: NDArray[np.int16] | None, seq: int, captured_s: float, wake: float | None
    ) -> None:
        """20 ms at 16 kHz of the microphone, and of the loudspeaker where it plays; the `seq`-th block of this room."""
        samples, time_us = seq * BLOCK_SAMPLES, round((captured_s + CLOCK_ZERO_S) * 1e6)
        self._wake.next = wake
        self._chain.process(Block(self._near.take(near), self._far.take(far), samples, time_us))

    def _sent(self, item: Sound | Call | Flow | Halt) -> None:
        if isinstance(item, Call):
            payload = encode_message(Wake.model_validate(item._asdict()))
            frame = Frame(FrameType.CONTROL, payload, stream=CONTROL_STREAM, time_us=item.time_us)
        elif isinstance(item, Sound):
            stream = LEVEL_STREAM if item.type == FrameType.LEVEL else AUDIO_STREAM
            frame = Frame(item.type, item.payload, item.flags, stream, samples=item.samples, time_us=item.time_us)
        else:
            return
        self._sequences[frame.stream] += 1
        self._send(encode(frame._replace(sequence=self._sequences[frame.stream] - 1)))


def block_samples(raw: bytes) -> NDArray[np.int16]:
    """Bytes of the wire to samples."""
    return np.frombuffer(raw, "<i2").astype(np.int16, copy=False)


def rehearse(lines: BinaryIO, out: BinaryIO) -> None:
    """Answer until `lines` ends."""
    rooms: dict[int, RehearsedRoom] = {}

    def room_of(number: int) -> RehearsedRoom:
        if number not in rooms:

            def send(frame: bytes) -> None:
                out.write(ANSWER.pack(number, len(frame)))
                out.write(frame)

            rooms[number] = RehearsedRoom(send)
        return rooms[number]

    while kind := lines.read(1):
        if kind == b"B":
            number, seq, captured_s, score, far = BLOCK.unpack(lines.read(BLOCK.size))
            near = block_samples(lines.read(2 * _IN_SAMPLES))
            played = block_samples(lines.read(2 * _IN_SAMPLES)) if far else None
            room_of(number).hear(near, played, seq, captured_s, score if score >= 0 else None)
        elif kind == b"G":
            number, opened = GATE.unpack(lines.read(GATE.size))
            room_of(number).gate(opened=bool(opened))
        else:
            out.write(ANSWER.pack(END_OF_ANSWERS, 0))
            out.flush()


if __name__ == "__main__":
    rehearse(sys.stdin.buffer, sys.stdout.buffer)
