"""How far the peer's clock is from ours, from the four times of each ping.

Each ping bounds the offset from both sides: it arrived after it was sent, and the pong came back after it left.
A delay spike only makes one bound loose; it can never pull the answer. The line (offset and drift) that keeps
the greatest distance from all bounds of the last two minutes is the estimate; the outermost lines that keep all
bounds give its error.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

WINDOW: Final = 64  # pings, about two minutes
_SYNCHRONISED_AFTER: Final = 3
_DRIFTS: Final = np.arange(-300, 301, 10) * 1e-6  # two crystals are never further apart
_DRIFT_COST_US: Final = 1e6  # a drift of 1 ppm must win 1 us of distance: noise alone is no drift
_JUMP_US: Final = 2_000.0


class ClockFilter:
    """Offset and drift of a remote monotonic clock. All times are integers in microseconds."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        # local time in the middle, least offset, greatest offset, round trip
        self._bounds: deque[tuple[int, int, int, int]] = deque(maxlen=WINDOW)
        self._offset_us = 0
        self._drift = 0.0
        self._error_us = 0
        self._at_us = 0

    def add(self, sent_us: int, remote_received_us: int, remote_sent_us: int, received_us: int) -> None:
        """Take one ping. Times that contradict themselves (a round trip below zero) are ignored.

        Args:
            sent_us: local time when the ping left.
            remote_received_us: remote time when it came.
            remote_sent_us: remote time when the pong left.
            received_us: local time when it came back.
        """
        round_trip = (received_us - sent_us) - (remote_sent_us - remote_received_us)
        if round_trip < 0 or remote_sent_us < remote_received_us or received_us < sent_us:
            return
        middle = (sent_us + received_us) // 2
        self._bounds.append((middle, remote_sent_us - received_us, remote_received_us - sent_us, round_trip))
        if not self._fit():
            # Nothing but a jump of one of the clocks contradicts the bounds; what was before it is void.
            newest = self._bounds[-1]
            self._bounds.clear()
            self._bounds.append(newest)
            self._fit()

    def _fit(self) -> bool:
        at, base, _, _ = self._bounds[-1]
        local = np.array([b[0] - at for b in self._bounds], dtype=np.float64)
        least = np.array([b[1] - base for b in self._bounds], dtype=np.float64)
        greatest = np.array([b[2] - base for b in self._bounds], dtype=np.float64)
        tilt = np.outer(_DRIFTS, local)  # (drifts, pings)
        low = (least - tilt).max(axis=1)
        high = (greatest - tilt).min(axis=1)
        distance = (high - low) / 2
        best = int(np.argmax(distance - np.abs(_DRIFTS) * _DRIFT_COST_US))
        if distance[best] < -_JUMP_US:
            return False
        self._drift = float(_DRIFTS[best])
        middle = float(low[best] + high[best]) / 2
        self._offset_us = base + round(middle)
        possible = distance >= min(0.0, float(distance[best]))
        reach = max(float(high[possible].max() - middle), float(middle - low[possible].min()))
        self._error_us = max(0, round(reach))
        self._at_us = at
        return True

    @property
    def offset_us(self) -> int:
        """Remote minus local time at the newest ping; 0 before the first."""
        return self._offset_us

    @property
    def drift_ppm(self) -> float:
        """How much faster the remote clock runs."""
        return self._drift * 1e6

    @property
    def error_us(self) -> int:
        """Bound of the error of `offset_us`, whatever the asymmetry of the path was."""
        return self._error_us

    @property
    def rtt_us(self) -> int:
        """Shortest round trip of the window; 0 before the first ping."""
        return min((b[3] for b in self._bounds), default=0)

    @property
    def synchronised(self) -> bool:
        """Whether enough pings agree for times of different rooms to be compared."""
        return len(self._bounds) >= _SYNCHRONISED_AFTER

    def to_local_us(self, remote_us: int) -> int:
        """The local time at which the remote clock showed `remote_us`."""
        local = remote_us - self._offset_us
        return local - round(self._drift * (local - self._at_us))
