"""Somebody begins to speak in another room while the house itself speaks.

Its talker is silent then, so nothing tells him from anybody else but that he comes from nowhere: he stands out from
what the rooms hear of our own voice, in a room where for a while nobody had been heard. Somebody else would call.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np

from hub.rooms.background import Flags
from hub.rooms.following import CALL_COLUMNS
from hub.rooms.listening import Moment
from hub.rooms.posterior import posterior

# Times in columns of 20 ms.
_RULES: Final = ((8, 0.95), (16, 0.8))  # the surer, the sooner
_MOST_COLUMNS: Final = 6
_PAUSE: Final = 40
_TALK: Final = 20
_OVER_OUR_VOICE_DB: Final = 12.0
_OUR_VOICE_KNOWN: Final = 75
_NOBODY_BEFORE: Final = 500
_CANDIDATE: Final = CALL_COLUMNS + 20


class Newcomers:
    """Told every moment."""

    def __init__(self) -> None:
        self._row = -1  # in which somebody speaks
        self._since = self._last = 0
        self._columns = 0  # of speech since then
        self._talked: dict[int, int] = {}  # when somebody was last heard to talk in a row

    def listen(self, moment: Moment, playing_since: int | None, served: Collection[int] = ()) -> None:
        """Remember where somebody speaks.

        Args:
            moment: what is heard.
            playing_since: the instant since which the house speaks, if it does.
            served: rows whose talkers are known.
        """
        if playing_since is not None and moment.instant - playing_since < _OUR_VOICE_KNOWN:
            self._end()  # nobody can tell yet what is our own voice
            return
        best = int(np.argmax(moment.odds))
        ours = playing_since is not None and moment.rise_db[best] < _OVER_OUR_VOICE_DB
        # Where we speak, a talker rises little over us: he is not next door because he stands out more there.
        ours = ours or any(moment.snr_db[row] >= moment.snr_db[best] for row in served)
        if best in served or ours or not moment.speaking[best]:
            best = -1
        if best < 0:
            if moment.instant - self._last > _PAUSE:
                self._end()
        elif best == self._row:
            self._columns += min(moment.instant - self._last, _MOST_COLUMNS)
            self._last = moment.instant
        else:
            self._end()
            self._row, self._since, self._last = best, moment.instant, moment.instant

    def _end(self) -> None:
        if self._row >= 0 and self._columns >= _TALK:
            self._talked[self._row] = self._last
        self._row, self._columns = -1, 0

    def found(self, moment: Moment, television: Flags) -> tuple[int, float] | None:
        """The row of somebody who came from nowhere, and how sure that is; while the house speaks."""
        row = self._row
        if row < 0 or television.any() or row in self.residents(moment.instant):
            return None
        if moment.instant - self._since < CALL_COLUMNS:
            return None
        share = float(posterior(moment.odds)[row])
        sure = any(self._columns >= columns and share > enough for columns, enough in _RULES)
        return (row, share) if sure else None

    def candidate(self, instant: int) -> int | None:
        """The row in which somebody may have just begun to speak: he must not be taken for what is always heard."""
        return self._row if self._row >= 0 and instant - self._since < _CANDIDATE else None

    def residents(self, instant: int) -> set[int]:
        """Rows in which somebody has not just begun to talk: whoever is heard there has not just come in."""
        return {
            row
            for row, last in self._talked.items()
            if (self._since if row == self._row else instant) - last < _NOBODY_BEFORE
        }

    def met(self, row: int, instant: int) -> None:
        """Somebody is known to be here."""
        self._talked[row] = instant

    def forget(self, row: int) -> None:
        """A row belongs to another satellite now."""
        self._talked.pop(row, None)
        if self._row == row:
            self._row = -1
