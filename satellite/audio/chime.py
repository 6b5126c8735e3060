"""The sound of being heard: two short notes, synthesised."""

from __future__ import annotations

import numpy as np

from satellite.audio.port import RATE_HZ, Pcm

# A pause this long after the wake word is somebody waiting to be asked; without one soon, the request is being said.
_PAUSE_FRAMES = 12  # 240 ms
_SOON_FRAMES = 40  # 800 ms

_NOTES_HZ = (659.26, 987.77)  # E5, B5
_NOTE_S = 0.09
_PEAK = 0.12


def chime() -> Pcm:
    """About 0.2 s, int16 at 24 kHz, -18 dBFS at its peak."""
    time_s = np.arange(round(_NOTE_S * RATE_HZ)) / RATE_HZ
    envelope = np.minimum(1.0, time_s / 0.005) * np.exp(-time_s / 0.05) * np.minimum(1.0, (_NOTE_S - time_s) / 0.005)
    notes = [np.sin(2 * np.pi * hz * time_s) * envelope for hz in _NOTES_HZ]
    return (np.concatenate(notes) * _PEAK * 32767).astype(np.int16)


_BELL_HZ = (1318.51, 1046.5, 1318.51, 1046.5)  # E6, C6
_BELL_NOTE_S = 0.2
_BELL_PEAK = 0.3


def bell() -> Pcm:
    """A timer's ring of 0.8 s, int16 at 24 kHz, -10 dBFS at its peak: four notes that carry through a kitchen."""
    time_s = np.arange(round(_BELL_NOTE_S * RATE_HZ)) / RATE_HZ
    envelope = np.minimum(1.0, time_s / 0.005) * np.exp(-time_s / 0.08)
    envelope *= np.minimum(1.0, (_BELL_NOTE_S - time_s) / 0.005)
    notes = [
        (np.sin(2 * np.pi * hz * time_s) + 0.3 * np.sin(4 * np.pi * hz * time_s)) / 1.3 * envelope for hz in _BELL_HZ
    ]
    return (np.concatenate(notes) * _BELL_PEAK * 32767).astype(np.int16)


class PoliteChime:
    """Decides when to chime, so that it never sounds into a request said in one breath with the wake word.

    A chime over the user's words would cost some of them: echo cancelling takes away more than the echo.
    """

    def __init__(self) -> None:
        self._left = 0
        self._quiet = 0

    def wanted(self) -> None:
        """The floor was granted."""
        self._left, self._quiet = _SOON_FRAMES, 0

    def dropped(self) -> None:
        """The session is over."""
        self._left = 0

    def due(self, *, speech: bool) -> bool:
        """Take the next live frame of 20 ms; whether to chime now. True at most once a grant."""
        if self._left == 0:
            return False
        self._left -= 1
        self._quiet = 0 if speech else self._quiet + 1
        if self._quiet < _PAUSE_FRAMES:
            return False
        self._left = 0
        return True
