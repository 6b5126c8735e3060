"""The machine's clocks, moved by the event loop: whatever asks what time it is in this process gets virtual time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tests.virtual_time import VirtualLoop

# Half past five on a Saturday afternoon.
BEGIN_UNIX_S: Final = 1_795_282_200.0


def take_over_clocks(loop: VirtualLoop) -> None:
    """From now on every clock of the standard library that the product reads shows the loop's time.

    This is for good: it is meant for a process that does nothing else.
    """
    begin_s = loop.time()

    def seconds() -> float:
        return loop.time()

    def wall_s() -> float:
        return BEGIN_UNIX_S + loop.time() - begin_s

    def nanoseconds() -> int:
        return round(loop.time() * 1e9)

    time.monotonic, time.monotonic_ns, time.time = seconds, nanoseconds, wall_s
    time.clock_gettime = lambda _clock: seconds()


def satellite_clock(loop: VirtualLoop, offset_s: float, drift_ppm: float) -> Callable[[], int]:
    """A clock of its own, in microseconds: begun at another time, and a little fast or slow."""
    begin_s = loop.time()

    def now_us() -> int:
        since_s = loop.time() - begin_s
        return round((offset_s + since_s * (1.0 + drift_ppm * 1e-6)) * 1e6)

    return now_us
