"""Taking our own loudspeaker out of the microphone."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from satellite.audio.port import Pcm
from satellite.dsp.barge_in import BargeIn
from satellite.dsp.delay import Realigner
from satellite.dsp.kalman import KalmanFilter
from satellite.dsp.residual import Residual

_SMOOTHING: Final = 0.7
_QUIET_POWER: Final = 10.0  # about -80 dBFS
_KNOWN_BLOCKS: Final = 125  # 2.5 s of sound: until then an echo may be one that has not been found yet
_ECHO_BLOCKS: Final = 40  # so long after it was played a sound may come back, and go on in the room


class EchoCanceller(Protocol):
    """Blocks of the same 20 ms in, the room without us out."""

    @property
    def talked_over(self) -> bool:
        """Whether somebody talks while the loudspeaker sounds; false where this canceller cannot tell."""

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """Both int16[480] at 24 kHz; so is the answer."""

    def realign(self) -> None:
        """From the next block on, `far` comes back after another time than before."""


class TwoStage:
    """A Kalman filter, and behind it a filter that knows what the first leaves of the echo. 2 ms of delay.

    Who talks over the loudspeaker stays as loud as he is: within 1 dB where he is no more than 10 dB under the echo.
    """

    def __init__(self) -> None:
        self._realigner, self._linear, self._residual = Realigner(), KalmanFilter(), Residual()
        self._barge_in = BargeIn()
        self._playing_blocks = self._played_blocks = 0

    @property
    def talked_over(self) -> bool:
        """Whether somebody talks while the loudspeaker sounds; false until its echo is known."""
        return self._barge_in.talking

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """Cancel."""
        self._playing_blocks = _ECHO_BLOCKS if far.any() else max(0, self._playing_blocks - 1)
        self._played_blocks += bool(far.any())
        heard = near.astype(np.float32) / 32768.0
        played, jumped = self._realigner.take(heard, far.astype(np.float32) / 32768.0)
        if jumped:
            self._begin_anew()
        split = self._linear.process(heard, played)
        rest = self._residual.take(split, talking=self._barge_in.talking)
        known = self._played_blocks >= _KNOWN_BLOCKS
        self._barge_in.hear(self._residual.excess_db, playing=known and self._playing_blocks > 0)
        clean: Pcm = np.rint(np.clip(rest * 32768.0, -32768, 32767)).astype(np.int16)
        return clean

    def realign(self) -> None:
        """Begin anew: an old filter only adds an echo of its own after a jump, and a new one has learnt in a second."""
        self._realigner.reset()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._linear.reset()
        self._residual.reset()
        self._played_blocks = 0


class Off:
    """For a headset, or a speakerphone that cancels by itself."""

    talked_over = False

    def process(self, near: Pcm, far: Pcm) -> Pcm:  # noqa: ARG002 - the port's shape
        """Nothing."""
        return near

    def realign(self) -> None:
        """Nothing to align."""


class EchoActivity:
    """How much of what the microphone heard was our own loudspeaker, 0 to 1, from what the canceller took away."""

    def __init__(self) -> None:
        self._near = self._clean = 0.0
        self._playing_blocks = 0

    def update(self, near: Pcm, far: Pcm, clean: Pcm) -> float:
        """One block; an echo may come back up to half a second after it was played."""
        self._playing_blocks = 25 if far.any() else max(0, self._playing_blocks - 1)
        self._near = _SMOOTHING * self._near + (1 - _SMOOTHING) * _power(near)
        self._clean = _SMOOTHING * self._clean + (1 - _SMOOTHING) * _power(clean)
        if not self._playing_blocks or self._near < _QUIET_POWER:
            return 0.0
        return min(1.0, max(0.0, 1.0 - self._clean / self._near))


def _power(pcm: Pcm) -> float:
    samples = pcm.astype(np.float32)
    return float(samples @ samples) / samples.size
