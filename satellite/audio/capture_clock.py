"""Counting samples against the machine's clock: when a sample was heard, and whether the device fell behind. Pure."""

from __future__ import annotations

from typing import Final

from satellite.audio.port import BLOCK_SAMPLES, RATE_HZ

_WINDOW_US: Final = 200_000
_WINDOW_TICKS: Final = 20
_SLIP_US: Final = 30_000
_WAITING_US: Final = 60_000  # at best, in a window: three times what a device needs that keeps up
_DRIFT_US: Final = 1_000  # a window: no crystal is so far off, but a virtual device on a busy machine is


class CaptureClock:
    """One line through the arrival times of samples, following the device's own pace.

    Samples arrive late by chance but never early, so the earliest arrivals of 0.2 s are the truth. When even
    those come late at once, sound was lost; or it waits in a buffer that nobody will ever empty, and would delay every
    answer from then on: the device has slipped.

    Attributes:
        slipped: whether it has; for the owner to see, who starts the device anew.
    """

    def __init__(self) -> None:
        self.slipped = False
        self._epoch_us: float | None = None  # when sample 0 was, or would have been, heard
        self._settling = True
        self._window_ends_us = 0.0
        self._ticks = 0
        self._earliest_us = float("inf")
        self._least_waiting_us = float("inf")

    def resume(self, samples: int, now_us: int) -> int:
        """A device begins to deliver now; the position of its first sample.

        It is a whole number of blocks, not before `samples`, and keeps pace with the machine's clock over the pause.
        """
        if self._epoch_us is not None:
            passed = (now_us - self._epoch_us) * RATE_HZ / 1e6
            samples = max(samples, -int(-passed // BLOCK_SAMPLES) * BLOCK_SAMPLES)
        self.slipped = False
        self._settling = True
        self._epoch_us = now_us - samples * 1e6 / RATE_HZ
        self._open_window(now_us)
        return samples

    def tick(self, end_samples: int, now_us: int, waiting_us: float) -> int:
        """The samples before position `end_samples` have arrived; the device says how long the first of them waited.

        Returns:
            How many samples were lost before the next one: a whole number of blocks, nearly always 0.
        """
        arrived_us = now_us - end_samples * 1e6 / RATE_HZ
        if self._epoch_us is None or arrived_us < self._epoch_us:
            self._epoch_us = arrived_us
        self._earliest_us = min(self._earliest_us, arrived_us)
        self._least_waiting_us = min(self._least_waiting_us, waiting_us)
        self._ticks += 1
        if now_us < self._window_ends_us or self._ticks < _WINDOW_TICKS:
            return 0
        late_us, waiting_us = self._earliest_us - self._epoch_us, self._least_waiting_us
        self._open_window(now_us)
        if self._settling:
            self._epoch_us = arrived_us  # what comes first after the start comes in fits
            self._settling = False
        elif late_us <= _SLIP_US:
            self._epoch_us += min(late_us, _DRIFT_US)
        elif waiting_us > _WAITING_US:
            self.slipped = True
        else:
            lost = round(late_us * RATE_HZ / 1e6 / BLOCK_SAMPLES) * BLOCK_SAMPLES
            self._epoch_us += late_us - lost * 1e6 / RATE_HZ
            return lost
        return 0

    def _open_window(self, now_us: int) -> None:
        self._earliest_us = self._least_waiting_us = float("inf")
        self._window_ends_us = now_us + _WINDOW_US
        self._ticks = 0

    def time_us(self, samples: int) -> int:
        """When position `samples` was heard, on the machine's clock."""
        return round((self._epoch_us or 0.0) + samples * 1e6 / RATE_HZ)
