"""The sound before the house speaks unasked: two falling notes, synthesised."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 24_000
_NOTES_HZ: Final = (880.0, 698.46)  # A5, F5
_NOTE_S: Final = 0.28
_PAUSE_S: Final = 0.12
_PEAK: Final = 0.16


@lru_cache(maxsize=1)
def announcement_chime() -> NDArray[np.int16]:
    """About 0.7 s with the pause after it, int16 at 24 kHz, -16 dBFS at its peak."""
    time_s = np.arange(round(_NOTE_S * RATE_HZ)) / RATE_HZ
    envelope = np.minimum(1.0, time_s / 0.005) * np.exp(-time_s / 0.11) * np.minimum(1.0, (_NOTE_S - time_s) / 0.005)
    notes = [(np.sin(2 * np.pi * hz * time_s) + 0.2 * np.sin(4 * np.pi * hz * time_s)) * envelope for hz in _NOTES_HZ]
    pause = np.zeros(round(_PAUSE_S * RATE_HZ))
    made = (np.concatenate([*notes, pause]) * _PEAK / 1.2 * 32767).astype(np.int16)
    made.setflags(write=False)
    return made
