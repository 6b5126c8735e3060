"""Is somebody speaking? Cheap and always on."""

from __future__ import annotations

from typing import Final

import numpy as np
import pywebrtc_audio
from numpy.typing import NDArray

_ON: Final = 0.6
_OFF: Final = 0.3
_ON_CHUNKS: Final = 2


class SpeechDetector:
    """WebRTC's detector at 16 kHz, with hysteresis.

    Attributes:
        probability: of speech in the newest 10 ms, 0 to 1.
        speaking: from the onset of speech to its end.
    """

    def __init__(self) -> None:
        self.probability = 0.0
        self.speaking = False
        self._detector = pywebrtc_audio.VoiceDetector(sample_rate=16_000)
        self._above = 0

    def hear(self, pcm: NDArray[np.int16]) -> None:
        """Take int16 at 16 kHz, a whole number of 10 ms chunks."""
        for at in range(0, pcm.size, 160):
            chunk = pcm[at : at + 160]
            # Digital silence (a muted microphone) is no speech, whatever the spectral model makes of it.
            self.probability = float(self._detector.process(chunk)) if chunk.any() else 0.0
            self._above = self._above + 1 if self.probability >= _ON else 0
            if self._above >= _ON_CHUNKS:
                self.speaking = True
            elif self.probability < _OFF:
                self.speaking = False
