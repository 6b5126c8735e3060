"""The jitter buffer: packets in as the network brings them, one out every 20 ms.

It waits as long as the network of the last half minute needed, 40 to 200 ms. Pure: the time is told to it.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Final, NamedTuple

FRAME_SAMPLES: Final = 480
FRAME_S: Final = 0.020
TARGET_MIN: Final = 2  # frames: 40 ms
TARGET_MAX: Final = 10  # 200 ms
TARGET_START: Final = 3  # 60 ms
CAPACITY: Final = 75  # 1.5 s
CONCEAL_MAX: Final = 3  # 60 ms
_WINDOW_S: Final = 30.0
_SHRINK_EVERY_S: Final = 5.0


class Kind(Enum):
    """What to play next."""

    NOTHING = "nothing"  # no generation sounds
    WAIT = "wait"  # it fills up: silence
    PACKET = "packet"  # decode it
    RECOVER = "recover"  # lost; the packet that comes after it carries a copy
    CONCEAL = "conceal"  # lost or late: continue what was


class Pull(NamedTuple):
    """20 ms to play; `packet` belongs to PACKET and RECOVER. `fades` marks the last concealment before silence."""

    kind: Kind
    packet: bytes = b""
    fades: bool = False


class JitterBuffer:
    """The packets of one generation after the other; the delay that was learnt stays.

    Attributes:
        dropped: packets given up because more than 1.5 s waited.
        late: packets whose turn was over when they came.
        underruns: how often it ran dry in the middle of a generation.
        position: samples of the generation that have been pulled or skipped.
        target: frames to hold before playing.
    """

    def __init__(self) -> None:
        self.dropped = self.late = self.underruns = 0
        self.target = TARGET_START
        self._lateness: deque[tuple[float, float]] = deque(maxlen=round(_WINDOW_S / FRAME_S))
        self._shrink_at_s = 0.0
        self.clear()

    def clear(self) -> None:
        """Forget every packet; ready for the next generation."""
        self.position = 0
        self._packets: dict[int, bytes] = {}
        self._last: int | None = None
        self._first_s: float | None = None
        self._first_index = 0
        self._playing = False
        self._concealed = 0

    @property
    def depth(self) -> int:
        """Packets waiting."""
        return len(self._packets)

    @property
    def over(self) -> bool:
        """Whether the last packet of the generation was pulled."""
        return self._last is not None and self.position // FRAME_SAMPLES > self._last

    def push(self, samples: int, packet: bytes, *, last: bool, now_s: float) -> None:
        """Take a packet whose first sample is `samples` in its generation."""
        index = samples // FRAME_SAMPLES
        if last:
            self._last = index
        if index * FRAME_SAMPLES < self.position:
            self.late += 1
            return
        if self._first_s is None:
            self._first_s, self._first_index = now_s, index
        lateness_s = now_s - self._first_s - (index - self._first_index) * FRAME_S
        self._lateness.append((now_s, max(0.0, lateness_s)))
        self._packets[index] = packet
        while len(self._packets) > CAPACITY:
            oldest = min(self._packets)
            del self._packets[oldest]
            self.position = (oldest + 1) * FRAME_SAMPLES
            self.dropped += 1
        self._adapt(now_s)

    def _adapt(self, now_s: float) -> None:
        while self._lateness and self._lateness[0][0] < now_s - _WINDOW_S:
            self._lateness.popleft()
        ordered = sorted(late for _, late in self._lateness) or [0.0]
        p95_s = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        wanted = min(TARGET_MAX, max(TARGET_MIN, round(p95_s / FRAME_S + 0.499) + 1))
        if wanted > self.target:
            self.target = wanted
            self._shrink_at_s = now_s + _SHRINK_EVERY_S
        elif self._shrink_at_s == 0.0:
            self._shrink_at_s = now_s + _SHRINK_EVERY_S
        elif wanted < self.target and now_s >= self._shrink_at_s:
            self.target -= 1
            self._shrink_at_s = now_s + _SHRINK_EVERY_S

    def pull(self, now_s: float) -> Pull:
        """What to play in the next 20 ms."""
        if self.over or (self._first_s is None and not self._packets):
            return Pull(Kind.NOTHING)
        if not self._playing and not self._may_start(now_s):
            return Pull(Kind.WAIT)
        self._playing = True
        index = self.position // FRAME_SAMPLES
        packet = self._packets.pop(index, None)
        if packet is not None:
            self._concealed = 0
            self.position += FRAME_SAMPLES
            return Pull(Kind.PACKET, packet)
        if self._packets:
            return self._bridge(index)
        return self._run_dry(now_s)

    def _may_start(self, now_s: float) -> bool:
        if not self._packets:
            return False
        waited_s = now_s - (self._first_s if self._first_s is not None else now_s)
        return self._last is not None or len(self._packets) >= self.target or waited_s >= self.target * FRAME_S

    def _bridge(self, index: int) -> Pull:
        # TLS loses nothing: the sender dropped these frames, so they will never come.
        following = min(self._packets)
        if following - index > CONCEAL_MAX - self._concealed:
            self.position = following * FRAME_SAMPLES
            self._concealed = 0
            return Pull(Kind.PACKET, self._pop_at_position())
        self._concealed += 1
        self.position += FRAME_SAMPLES
        if following == index + 1:
            return Pull(Kind.RECOVER, self._packets[following])
        return Pull(Kind.CONCEAL)

    def _pop_at_position(self) -> bytes:
        packet = self._packets.pop(self.position // FRAME_SAMPLES)
        self.position += FRAME_SAMPLES
        return packet

    def _run_dry(self, now_s: float) -> Pull:
        # What is missing comes late, not never: its place in the generation is kept.
        if self._concealed == 0:
            self.underruns += 1
            self.target = min(TARGET_MAX, self.target + 1)
            self._shrink_at_s = now_s + _SHRINK_EVERY_S
        if self._concealed >= CONCEAL_MAX:
            self._playing = False
            self._first_s = None
            self._concealed = 0
            self._first_s = now_s
            self._first_index = self.position // FRAME_SAMPLES
            return Pull(Kind.WAIT)
        self._concealed += 1
        return Pull(Kind.CONCEAL, fades=self._concealed == CONCEAL_MAX)
