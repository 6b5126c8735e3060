"""A simulated room: what the loudspeaker plays comes back to the microphone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satellite.audio.port import BLOCK_SAMPLES, RATE_HZ


class Room:
    """Block convolution with an impulse response: uniformly partitioned overlap-save, no delay of its own."""

    def __init__(self, response: NDArray[np.float32], delay_ms: float) -> None:
        """Prepare for `response` (24 kHz), heard `delay_ms` after it was played."""
        taps = np.concatenate([np.zeros(round(delay_ms * RATE_HZ / 1000)), response.astype(np.float64)])
        count = -(-taps.size // BLOCK_SAMPLES)
        parts = np.pad(taps, (0, count * BLOCK_SAMPLES - taps.size)).reshape(count, BLOCK_SAMPLES)
        self._filter = np.fft.rfft(parts, 2 * BLOCK_SAMPLES, axis=1).astype(np.complex64)
        self._history = np.zeros_like(self._filter)  # ring of spectra, newest at _at
        self._at = 0
        self._before = np.zeros(BLOCK_SAMPLES, np.float32)
        self._silent_blocks = count + 1

    def echo(self, played: NDArray[np.float32]) -> NDArray[np.float32]:
        """What arrives at the microphone while float[480] `played` is being played."""
        self._silent_blocks = 0 if played.any() else self._silent_blocks + 1
        if self._silent_blocks > len(self._filter) + 1:  # the room has fallen silent
            return np.zeros(BLOCK_SAMPLES, np.float32)
        self._at = (self._at - 1) % len(self._filter)
        self._history[self._at] = np.fft.rfft(np.concatenate([self._before, played]))
        self._before = played.copy()
        newest_first = np.roll(self._history, -self._at, axis=0)
        spectrum = np.einsum("ij,ij->j", newest_first, self._filter)
        return np.fft.irfft(spectrum, 2 * BLOCK_SAMPLES)[BLOCK_SAMPLES:].astype(np.float32)
