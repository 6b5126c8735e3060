"""Sequence numbers: one count for each direction and stream, modulo 2**32, beginning at 0."""

from __future__ import annotations

from typing import Final

from protocol.errors import SequenceError
from protocol.frames import CONTROL_STREAM, Frame

_MODULUS: Final = 2**32


class SequenceCounter:
    """One direction of a link."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}  # at most one entry for each of the 256 streams

    def number(self, frame: Frame) -> Frame:
        """The frame with the next number of its stream."""
        sequence = self._next.get(frame.stream, 0)
        self._next[frame.stream] = (sequence + 1) % _MODULUS
        return frame._replace(sequence=sequence)

    def check(self, frame: Frame) -> int:
        """How many frames of this stream the sender dropped before this one.

        Raises:
            SequenceError: the frame came twice or out of order, or a control frame is missing.
        """
        expected = self._next.get(frame.stream, 0)
        gap = (frame.sequence - expected) % _MODULUS
        if gap >= _MODULUS // 2 or (gap and frame.stream == CONTROL_STREAM):
            raise SequenceError(f"Frame {frame.sequence} of stream {frame.stream} came instead of {expected}.")
        self._next[frame.stream] = (frame.sequence + 1) % _MODULUS
        return gap
