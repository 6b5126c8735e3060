"""Whether the talker of a session has gone to another room: he, and not a second person who speaks there.

A walker grows faint where he was, and what is still heard of him there is the same voice. A second person's levels have
nothing to do with those of the first. Without either sign the session stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hub.rooms.arrival import compare
from hub.rooms.background import Flags
from hub.rooms.ears import Cue, Ears
from hub.rooms.listening import Moment, by_arrival
from hub.rooms.posterior import NOTHING, posterior

# Times in columns of 20 ms.
# The surer, the sooner.
_AFTER_SILENCE: Final = ((6, 0.95), (10, 0.75))
_WHILE_SPEAKING: Final = ((6, 0.95), (12, 0.85))
_REFRACTORY: Final = 28
_FALL_DB: Final = 6.0
_FORGET_SHARE: Final = 0.03
_ARRIVING_DB: Final = 7.0
_ARRIVING_COLUMNS: Final = 50
_QUIET_AFTER: Final = 15
_ARRIVAL_COLUMNS: Final = 28
_SAME_VOICE: Final = 0.6
_SAME_VOICE_COLUMNS: Final = 46
# In a home with a television only what stands out is believed without a wake word.
BESIDE_TELEVISION_RISE_DB: Final = 10.0


@dataclass(frozen=True, slots=True)
class Moved:
    """The talker of a session is heard in another room now; `before` and `row` are rows of `Ears`."""

    session: str
    before: int
    row: int
    probability: float


@dataclass(slots=True)
class _Held:
    row: int
    follows: bool = True
    usual_db: float | None = None  # the SNR of the talker where he is
    spoke: int = 0
    rival: int = -1
    rival_since: int = 0
    moved_at: int = -1_000_000


class Following:
    """One entry for each session."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._sessions: dict[str, _Held] = {}

    def hold(self, session: str, row: int, instant: int, *, follows: bool = True) -> None:
        """A session has the floor in this room; `follows`: whether it may go along with its talker."""
        self._sessions[session] = _Held(row, follows=follows, spoke=instant, moved_at=instant)

    def release(self, session: str) -> None:
        """It ended."""
        self._sessions.pop(session, None)

    def row_of(self, session: str) -> int | None:
        """Where a session is."""
        held = self._sessions.get(session)
        return None if held is None else held.row

    @property
    def rows(self) -> list[int]:
        """Where all of them are."""
        return [held.row for held in self._sessions.values()]

    def live(self, session: str, moment: Moment) -> bool:
        """Whether the talker is still heard as he was."""
        held = self._sessions.get(session)
        return held is not None and not self._silent(held, moment) and not self._fainter(held, moment)

    def moves(self, moment: Moment, television: Flags) -> list[Moved]:
        """Who has moved by this moment."""
        found: list[Moved] = []
        for session, held in self._sessions.items():
            odds = moment.odds.copy()
            odds[[row for row in self.rows if row != held.row]] = NOTHING
            odds[television & (np.arange(len(odds)) != held.row)] = NOTHING
            best = int(np.argmax(odds))
            if moment.speaking[held.row]:
                held.spoke = moment.instant
            if best == held.row or not moment.speaking[best]:
                self._at_home(held, moment)
                continue
            if held.rival != best:
                held.rival, held.rival_since = best, moment.instant
            # Either alone may be a whim of two satellites in one large room.
            by_order = by_arrival(self._ears, odds, moment.instant, _ARRIVAL_COLUMNS)
            share = float(min(posterior(odds)[best], posterior(by_order)[best]))
            stands_out = not television.any() or moment.rise_db[best] > BESIDE_TELEVISION_RISE_DB
            age, rested = moment.instant - held.rival_since, moment.instant - held.moved_at >= _REFRACTORY
            rules = _AFTER_SILENCE if self._silent(held, moment) else _WHILE_SPEAKING
            sure = any(age >= after and share > enough for after, enough in rules)
            if held.follows and sure and rested and stands_out and self._has_left(held, best, moment):
                found.append(Moved(session, held.row, best, share))
                held.row, held.usual_db, held.rival = best, float(moment.snr_db[best]), -1
                held.moved_at = held.spoke = moment.instant
        return found

    @staticmethod
    def _at_home(held: _Held, moment: Moment) -> None:
        held.rival = -1
        if moment.speaking[held.row]:
            own_db = float(moment.snr_db[held.row])
            usual_db = own_db if held.usual_db is None else held.usual_db
            held.usual_db = max(own_db, usual_db + _FORGET_SHARE * (own_db - usual_db))

    def _has_left(self, held: _Held, other: int, moment: Moment) -> bool:
        if not self._arriving(other, moment):
            return False
        if self._silent(held, moment):
            return True
        if not self._fainter(held, moment):
            return False
        return compare(self._ears, held.row, other, moment.instant, _SAME_VOICE_COLUMNS).correlation > _SAME_VOICE

    def _arriving(self, row: int, moment: Moment) -> bool:
        """Whether a room hears its loudest now. When somebody ends, the most reverberant room hears him longest."""
        cells, true = self._ears.window(moment.instant, _ARRIVING_COLUMNS)
        loudest_db = float(cells[Cue.SNR, row].max(where=true[row], initial=-np.inf))
        return float(moment.snr_db[row]) > loudest_db - _ARRIVING_DB

    @staticmethod
    def _silent(held: _Held, moment: Moment) -> bool:
        return moment.instant - held.spoke > _QUIET_AFTER

    @staticmethod
    def _fainter(held: _Held, moment: Moment) -> bool:
        return held.usual_db is not None and float(moment.snr_db[held.row]) < held.usual_db - _FALL_DB
