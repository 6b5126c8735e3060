"""Counting samples against the machine's clock: when a sample was heard, and whether the device fell behind. Pure."""

from __future__ import annotations

from typing import Final

from satellite.audio.port import BLOCK_SAMPLES, RATE_HZ

_WINDOW_US: Final = 500_000
_SLIP_US: Final = 30_000
_DRIFT_US: Final = 2_500  # a window: no crystal is so far off, but a virtual device on a busy machine is


class CaptureClock:
    """One line through the arrival times of samples, following the device's own pace.

    Samples arrive late by chance but never early, so the earliest arrivals of half a second are the truth. When even
    those come late at once, sound was lost, or waits in a buffer that nobody will ever empty: the device has slipped.
    What the loudspeaker plays then comes back after another time than before.

    Attributes:
        slipped: whether it has; for the owner to see, who starts the device anew.
    """

    def __init__(self) -> None:
        self.slipped = False
        self._epoch_us: float | None = None  # when sample 0 was, or would have been, heard
        self._settling = True
        self._window_ends_us = 0.0
        self._earliest_us = float("inf")

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
        self._earliest_us, self._window_ends_us = float("inf"), now_us + _WINDOW_US
        return samples

    def tick(self, end_samples: int, now_us: int) -> None:
        """The samples before position `end_samples` have arrived."""
        arrived_us = now_us - end_samples * 1e6 / RATE_HZ
        if self._epoch_us is None or arrived_us < self._epoch_us:
            self._epoch_us = arrived_us
        self._earliest_us = min(self._earliest_us, arrived_us)
        if now_us < self._window_ends_us:
            return
        late_us = self._earliest_us - self._epoch_us
        if self._settling:
            self._epoch_us = arrived_us  # what comes first after the start comes in fits
            self._settling = False
        else:
            self.slipped = self.slipped or late_us > _SLIP_US
            self._epoch_us += min(late_us, _DRIFT_US)
        self._earliest_us, self._window_ends_us = float("inf"), now_us + _WINDOW_US

    def time_us(self, samples: int) -> int:
        """When position `samples` was heard, on the machine's clock."""
        return round((self._epoch_us or 0.0) + samples * 1e6 / RATE_HZ)
