"""Pings: when they are due, and what their answers say about the peer's clock. No I/O."""

from __future__ import annotations

from collections import deque
from typing import Final

from protocol.clock import ClockFilter
from protocol.errors import BadMessageError
from protocol.frames import Frame, FrameType

_PONG_BYTES: Final = 16
_QUICK_PINGS: Final = 4  # one at each look, so that a new link soon has a clock
_UNANSWERED_MAX: Final = 8


class Heartbeat:
    """The pings of one link."""

    def __init__(self, clock: ClockFilter, ping_s: float) -> None:
        self._clock = clock
        self._every_us = ping_s * 1e6
        self._unanswered: deque[int] = deque(maxlen=_UNANSWERED_MAX)
        self._sent = 0
        self._sent_us = 0

    def due(self, now_us: int) -> bool:
        """Whether the next ping should be sent."""
        return self._sent < _QUICK_PINGS or now_us - self._sent_us >= self._every_us

    def ping(self, now_us: int) -> Frame:
        """The next ping, to be written at once."""
        self._sent += 1
        self._sent_us = now_us
        self._unanswered.append(now_us)
        return Frame(FrameType.PING, b"", time_us=now_us)

    def answer(self, ping: Frame, received_us: int, now_us: int) -> Frame:
        """The pong to a peer's ping."""
        payload = ping.time_us.to_bytes(8, "big") + received_us.to_bytes(8, "big")
        return Frame(FrameType.PONG, payload, time_us=now_us)

    def take(self, pong: Frame, received_us: int) -> None:
        """Learn from the peer's pong.

        Raises:
            BadMessageError: it answers none of our pings.
        """
        sent_us = int.from_bytes(pong.payload[:8], "big")
        if len(pong.payload) != _PONG_BYTES or sent_us not in self._unanswered:
            raise BadMessageError("A pong answers none of the pings sent.")
        self._unanswered.remove(sent_us)
        self._clock.add(sent_us, int.from_bytes(pong.payload[8:], "big"), pong.time_us, received_us)
