"""Whether two rooms hear the same voice, and in which of them it is earlier.

From levels every 20 ms one would expect no more than 20 ms. But the reverberation behind a door delays the whole
envelope by tens of milliseconds, and where clocks agree even two metres more of air and reverberation show. Both say
that the talker is in the other room.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hub.rooms.ears import COLUMN_MS, Cue, Ears

_STEP_MS: Final = 4.0
_FARTHEST_MS: Final = 40.0
_SHIFTS_MS: Final = np.arange(-_FARTHEST_MS, _FARTHEST_MS + _STEP_MS, _STEP_MS)
# Loudness rather than power: one loud vowel must not decide alone.
_EXPONENT: Final = 0.6
_FEWEST: Final = 8  # reported columns


class Likeness(NamedTuple):
    """How two rooms heard the same stretch.

    Attributes:
        lag_ms: by how much the second room is later, -40 to 40.
        correlation: of their envelopes at that lag; 0 where there is too little to compare.
    """

    lag_ms: float
    correlation: float


def compare(ears: Ears, one: int, other: int, last: int, columns: int) -> Likeness:
    """Compare the envelopes of two rows over the columns that end with `last`."""
    rows = [one, other]
    cells, true = ears.window(last, columns)
    level_db, known = cells[Cue.LEVEL][rows].astype(np.float64), true[rows]
    if known.sum(axis=1).min() < _FEWEST:
        return Likeness(0.0, 0.0)
    loudness = 10.0 ** (level_db / 20.0 * _EXPONENT)
    times_ms = np.arange(last - columns + 1, last + 1) * COLUMN_MS + ears.phase_ms[rows][:, None]
    begin, end = times_ms[:, 0].max() + _FARTHEST_MS, times_ms[:, -1].min() - _FARTHEST_MS
    grid_ms = np.arange(begin, end, _STEP_MS)
    if grid_ms.size < 2 * _FEWEST:
        return Likeness(0.0, 0.0)
    first = np.interp(grid_ms, times_ms[0][known[0]], loudness[0][known[0]])
    shifted = np.interp((grid_ms + _SHIFTS_MS[:, None]).ravel(), times_ms[1][known[1]], loudness[1][known[1]]).reshape(
        _SHIFTS_MS.size, grid_ms.size
    )
    first = first - first.mean()
    shifted -= shifted.mean(axis=1, keepdims=True)
    energy = np.sqrt((first @ first) * np.einsum("ij,ij->i", shifted, shifted))
    correlation: NDArray[np.float64] = (shifted @ first) / np.maximum(energy, 1e-12)
    best = int(np.argmax(correlation))
    return Likeness(_peak_ms(correlation, best), float(correlation[best]))


def _peak_ms(correlation: NDArray[np.float64], best: int) -> float:
    """The maximum between the steps, by a parabola."""
    if not 0 < best < correlation.size - 1:
        return float(_SHIFTS_MS[best])
    left, middle, right = correlation[best - 1 : best + 2]
    curve = left - 2.0 * middle + right
    offset = 0.0 if curve >= 0 else 0.5 * (left - right) / curve
    return float(_SHIFTS_MS[best] + _STEP_MS * offset)
