"""The linear stage of echo cancelling: a Kalman filter in the frequency domain, in partitions of 10 ms.

It learns how the loudspeaker sounds at the microphone and takes just that away: who talks over the loudspeaker passes
through unharmed. Each bin of each partition carries the variance of its own error, so that the filter learns quickly
what it does not know and keeps what it knows while somebody talks (Enzner and Vary 2006; Kuech et al. 2014).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]

HOP_SAMPLES: Final = 240
PARTITIONS: Final = 20  # 200 ms
_FFT_SAMPLES: Final = 2 * HOP_SAMPLES
_BINS: Final = HOP_SAMPLES + 1
# A room changes slowly: per hop, so much of the squared filter is kept.
_KEPT: Final = 0.9995
_FIRST_VARIANCE: Final = 0.1
_NEAR_SMOOTHING: Final = 0.9
_HALF: Final = 0.5  # the error is half a frame: its other half is zero by construction
_TURNS: Final = 2
_TINY: Final = 1e-10


class Split(NamedTuple):
    """The microphone's sound, taken apart.

    Attributes:
        rest: everything that is not `echo`; as much as was put in.
        echo: what the loudspeaker made of it.
        doubt: power that `rest` may still hold of the echo because the filter knows its own error, as the square of
            the spectrum of one hop, float32[241], 50 Hz apart, mean over the hops.
    """

    rest: Signal
    echo: Signal
    doubt: Signal


class KalmanFilter:
    """Takes the echo of `far` out of `near`; no delay of its own."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the room."""
        shape = (PARTITIONS, _BINS)
        self._filter = np.zeros(shape, np.complex64)
        self._variance = np.full(shape, _FIRST_VARIANCE, np.float32)
        self._near_power = np.full(_BINS, _TINY, np.float32)
        self._turn = 0
        self._far = np.zeros((PARTITIONS, _BINS), np.complex64)
        self._before = np.zeros(HOP_SAMPLES, np.float32)
        self._silent_hops = PARTITIONS + 1

    def process(self, near: Signal, far: Signal) -> Split:
        """Take a whole number of hops of both, as fractions of full scale."""
        hops = [
            self._hop(near[at : at + HOP_SAMPLES], far[at : at + HOP_SAMPLES])
            for at in range(0, near.size, HOP_SAMPLES)
        ]
        rest, echo, doubt = zip(*hops, strict=True)
        return Split(np.concatenate(rest), np.concatenate(echo), np.mean(doubt, axis=0))

    def _hop(self, near: Signal, far: Signal) -> Split:
        self._silent_hops = 0 if far.any() else self._silent_hops + 1
        if self._silent_hops > PARTITIONS:  # the room has fallen silent: nothing to take away, nothing to learn
            self._before = far
            return Split(near, np.zeros(HOP_SAMPLES, np.float32), np.zeros(_BINS, np.float32))
        self._far[1:] = self._far[:-1].copy()
        self._far[0] = np.fft.rfft(np.concatenate((self._before, far)))
        self._before = far
        echo = np.fft.irfft(np.einsum("ij,ij->j", self._far, self._filter))[HOP_SAMPLES:].astype(np.float32)
        rest = near - echo
        return Split(rest, echo, self._learn(rest))

    def _learn(self, rest: Signal) -> Signal:
        error = np.fft.rfft(rest, _FFT_SAMPLES)
        # Zeros behind instead of before: the same spectrum but for a shift by half a frame, which is a sign.
        error[1::2] *= -1
        power = error.real**2 + error.imag**2
        self._near_power += (1 - _NEAR_SMOOTHING) * (power - self._near_power)
        # Whatever this hop alone says of somebody talking holds at once: an onset must not spoil the filter.
        near = np.maximum(self._near_power, power)
        far_power = self._far.real**2 + self._far.imag**2
        uncertain: Signal = _HALF * np.einsum("ij,ij->j", far_power, self._variance)
        step = self._variance / (uncertain + near + _TINY)
        self._filter += np.conj(self._far) * (step * error)
        # A partition is as long as a hop, and what goes beyond is wrapped around: every second is put right in turn.
        self._turn = (self._turn + 1) % _TURNS
        taps = np.fft.irfft(self._filter[self._turn :: _TURNS], axis=1)
        taps[:, HOP_SAMPLES:] = 0.0
        self._filter[self._turn :: _TURNS] = np.fft.rfft(taps, axis=1)
        power_of_filter = self._filter.real**2 + self._filter.imag**2
        self._variance *= _KEPT * (1.0 - _HALF * step * far_power)
        self._variance += (1.0 - _KEPT) * power_of_filter
        return uncertain
