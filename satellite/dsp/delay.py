"""How long after it was played a sound comes back, where that is later than the echo canceller listens for."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from satellite.audio.port import BLOCK_SAMPLES, RATE_HZ
from satellite.dsp.kalman import Signal

LONGEST_S: Final = 0.6
# The canceller hears 200 ms: what begins in its first 120 ms leaves room for the room.
_WITHIN_BLOCKS: Final = 6
_EARLY_BLOCKS: Final = 1
_DECIMATION: Final = 4
_BLOCK: Final = BLOCK_SAMPLES // _DECIMATION
_LOOK_BLOCKS: Final = 50  # 1 s
_LOOK_EVERY_BLOCKS: Final = 25
_LAG_MAX: Final = round(LONGEST_S * RATE_HZ / _DECIMATION)
_ACTIVE_POWER: Final = 1e-7  # -70 dBFS
# A true peak of the correlation stands so far over the mean of all; speech against other speech makes about 5.
_PEAK: Final = 9.0
_SAME_LAG: Final = 30  # 5 ms


class Realigner:
    """Delays what was played by whole blocks, so that the canceller finds its echo."""

    def __init__(self) -> None:
        self.delay_blocks = 0
        self._played: deque[Signal] = deque(maxlen=round(LONGEST_S * 50) + 1)
        self.reset()

    def reset(self) -> None:
        """The echo comes back after another time from now on."""
        self._near: deque[Signal] = deque(maxlen=_LOOK_BLOCKS)
        self._far: deque[Signal] = deque(maxlen=_LOOK_BLOCKS + round(LONGEST_S * 50))
        self._since = 0
        self._lag_before: int | None = None

    def take(self, near: Signal, far: Signal) -> tuple[Signal, bool]:
        """A block of both; what the canceller is to take for `far`, and whether that has just jumped."""
        self._played.append(far)
        jumped = self._look(near, far)
        if self.delay_blocks >= len(self._played):
            return np.zeros(BLOCK_SAMPLES, np.float32), jumped
        return self._played[-1 - self.delay_blocks], jumped

    def _look(self, near: Signal, far: Signal) -> bool:
        self._near.append(_decimated(near))
        self._far.append(_decimated(far))
        self._since += 1
        if self._since < _LOOK_EVERY_BLOCKS or len(self._far) < (self._far.maxlen or 0):
            return False
        self._since = 0
        lag = self._lag()
        before, self._lag_before = self._lag_before, lag
        if lag is None or before is None or abs(lag - before) > _SAME_LAG:
            return False
        begins = lag // _BLOCK
        if self.delay_blocks <= begins < self.delay_blocks + _WITHIN_BLOCKS:
            return False
        wanted = 0 if begins < _WITHIN_BLOCKS else begins - _EARLY_BLOCKS
        jumped = wanted != self.delay_blocks
        self.delay_blocks = wanted
        return jumped

    def _lag(self) -> int | None:
        """Samples (6 kHz) from a sound's playing to its return; None when that is not clear."""
        near = np.concatenate(self._near)
        far = np.concatenate(self._far)
        if np.mean(far**2) < _ACTIVE_POWER or np.mean(near**2) < _ACTIVE_POWER:
            return None
        size = far.size + near.size
        cross = np.fft.rfft(near, size) * np.conj(np.fft.rfft(far, size))
        cross /= np.abs(cross) + 1e-12  # phase alone: sharp in any room
        correlation = np.fft.irfft(cross, size)
        # `near` is the end of `far`: without delay it would be found so far behind the beginning.
        behind = far.size - near.size
        lags = np.abs(correlation[(np.arange(_LAG_MAX) - behind) % size])
        best = int(lags.argmax())
        return best if lags[best] > _PEAK * lags.mean() else None


def _decimated(pcm: Signal) -> Signal:
    means: NDArray[np.float32] = pcm.reshape(-1, _DECIMATION).mean(axis=1)
    return means
