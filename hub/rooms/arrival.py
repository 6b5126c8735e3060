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
_AUDIBLE_DB: Final = 20.0


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
    pair = _aligned(ears, one, other, last, columns)
    if pair is None:
        return Likeness(0.0, 0.0)
    first, shifted = (10.0 ** (level_db / 20.0 * _EXPONENT) for level_db in pair)
    correlation = _correlate(first - first.mean(), shifted - shifted.mean(axis=1, keepdims=True))
    best = int(np.argmax(correlation))
    return Likeness(_peak_ms(correlation, best), float(correlation[best]))


def alike(ears: Ears, one: int, other: int, last: int, columns: int) -> float:
    """Whether two rows heard the same voice: the correlation of their levels in dB at the best lag, -1 to 1.

    The slow part is taken out: of somebody who walks from one to the other, one hears more and more, the other less.
    """
    pair = _aligned(ears, one, other, last, columns)
    if pair is None:
        return 0.0
    first, shifted = (_moving(level_db) for level_db in pair)
    return float(_correlate(first, shifted).max())


def _aligned(
    ears: Ears, one: int, other: int, last: int, columns: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Levels of the first row, and of the second at every lag [lag, instant], every 4 ms; None if there are too few."""
    rows = [one, other]
    cells, true = ears.window(last, columns)
    level_db, known = cells[Cue.LEVEL][rows].astype(np.float64), true[rows]
    if known.sum(axis=1).min() < _FEWEST:
        return None
    times_ms = np.arange(last - columns + 1, last + 1) * COLUMN_MS + ears.phase_ms[rows][:, None]
    begin, end = times_ms[:, 0].max() + _FARTHEST_MS, times_ms[:, -1].min() - _FARTHEST_MS
    grid_ms = np.arange(begin, end, _STEP_MS)
    if grid_ms.size < 2 * _FEWEST:
        return None
    first = np.interp(grid_ms, times_ms[0][known[0]], level_db[0][known[0]])
    shifted = np.interp((grid_ms + _SHIFTS_MS[:, None]).ravel(), times_ms[1][known[1]], level_db[1][known[1]])
    return first, shifted.reshape(_SHIFTS_MS.size, grid_ms.size)


def _moving(level_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels without what is far below the loudest, without their mean and without their slope."""
    loud = np.maximum(level_db, level_db.max(axis=-1, keepdims=True) - _AUDIBLE_DB)
    loud -= loud.mean(axis=-1, keepdims=True)
    slope = np.linspace(-1.0, 1.0, loud.shape[-1])
    flat: NDArray[np.float64] = loud - (loud @ slope)[..., None] / (slope @ slope) * slope
    return flat


def _correlate(first: NDArray[np.float64], shifted: NDArray[np.float64]) -> NDArray[np.float64]:
    energy = np.sqrt((first @ first) * np.einsum("ij,ij->i", shifted, shifted))
    correlation: NDArray[np.float64] = (shifted @ first) / np.maximum(energy, 1e-12)
    return correlation


def _peak_ms(correlation: NDArray[np.float64], best: int) -> float:
    """The maximum between the steps, by a parabola."""
    if not 0 < best < correlation.size - 1:
        return float(_SHIFTS_MS[best])
    left, middle, right = correlation[best - 1 : best + 2]
    curve = left - 2.0 * middle + right
    offset = 0.0 if curve >= 0 else 0.5 * (left - right) / curve
    return float(_SHIFTS_MS[best] + _STEP_MS * offset)
