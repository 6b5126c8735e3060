"""Taking our own loudspeaker out of the microphone."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import pywebrtc_audio

from satellite.audio.port import RATE_HZ, Pcm

_SMOOTHING: Final = 0.7
_QUIET_POWER: Final = 10.0  # about -80 dBFS


class EchoCanceller(Protocol):
    """Blocks of the same 20 ms in, the room without us out."""

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """Both int16[480] at 24 kHz; so is the answer."""

    def realign(self) -> None:
        """From the next block on, `far` comes back after another time than before."""


class Aec3:
    """WebRTC's AEC3, without noise suppression and gain control: both would hide the talker. About 9 ms of delay."""

    def __init__(self) -> None:
        # The processor with one stage switched on, because its stage alone does not take 24 kHz.
        self._canceller = pywebrtc_audio.AudioProcessor(sample_rate=RATE_HZ, echo_cancellation=True)

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """Cancel; the two 10 ms halves of a block are taken one after the other inside."""
        clean: Pcm = self._canceller.process(near, far)
        return clean

    def realign(self) -> None:
        """Begin anew: measured, the old filter leaks for seconds after a jump, a new one holds 25 dB at once."""
        self._canceller.reset()


class Off:
    """For a headset, or a speakerphone that cancels by itself."""

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
