"""How much louder one microphone is than another, learnt from the days that they spend in one home.

A talker in room A is heard so much louder there than in room B; a talker in B the other way round. Air and doors are
the same in both directions, so half of the sum of both differences is what the microphones themselves differ by. With
that known, plain level tells rooms apart where the noise floors mislead: a quiet room beside an open door, two
satellites in one large room.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hub.rooms.background import Flags, Floats

# Utterances in each of both rooms before a pair is trusted, and how many of them are remembered.
_TRUSTED: Final = 5
_REMEMBERED: Final = 40
# Log odds for a dB, and never more than so much: people also turn their backs.
_NAT_PER_DB: Final = 0.2
_LIMIT_NAT: Final = 2.0
_CLOSE_NAT: Final = 3.0


class Gains:
    """Pairs of rows of `Ears`. `mean_db[a, b]`: how much louder in a than in b, when somebody spoke in a."""

    def __init__(self, rows: int) -> None:
        self.mean_db = np.zeros((rows, rows))
        self.count = np.zeros((rows, rows), np.int64)

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        more = rows - len(self.count)
        if more > 0:
            self.mean_db = np.pad(self.mean_db, ((0, more), (0, more)))
            self.count = np.pad(self.count, ((0, more), (0, more)))

    def forget(self, row: int) -> None:
        """A row belongs to another satellite now."""
        self.count[row] = self.count[:, row] = 0

    def learn(self, row: int, level_db: Floats, heard: Flags) -> None:
        """Somebody has spoken in `row`, and `heard` are the rooms whose level (dBFS) is his."""
        others = heard.copy()
        others[row] = False
        count = np.minimum(self.count[row] + others, _REMEMBERED)
        step = np.where(others, (level_db[row] - level_db - self.mean_db[row]) / np.maximum(count, 1), 0.0)
        self.mean_db[row] += step
        self.count[row] = np.where(others, count, self.count[row])

    def difference_db(self, one: int, other: int) -> float | None:
        """By how much the microphone of `one` is louder than that of `other`; None while that is not known."""
        if min(self.count[one, other], self.count[other, one]) < _TRUSTED:
            return None
        return float(self.mean_db[one, other] - self.mean_db[other, one]) / 2.0

    def by_level(self, odds: Floats, level_db: Floats) -> Floats:
        """The same odds after comparing the levels of rooms that are close to the best, as if all gains were equal."""
        best = int(np.argmax(odds))
        judged = odds
        for rival in np.flatnonzero(odds > odds[best] - _CLOSE_NAT).tolist():
            difference_db = None if rival == best else self.difference_db(best, rival)
            if difference_db is not None:
                judged = judged.copy() if judged is odds else judged
                louder_db = float(level_db[best] - level_db[rival]) - difference_db
                judged[rival] -= min(_LIMIT_NAT, max(-_LIMIT_NAT, _NAT_PER_DB * louder_db))
        return judged
