"""Whether the talker of a session has gone to another room: he, and not a second person who speaks there.

A walker grows faint where he was, and what is still heard of him there is the same voice. A second person's levels have
nothing to do with those of the first. Without either sign the session stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hub.rooms.arrival import alike
from hub.rooms.background import Flags
from hub.rooms.ears import Cue, Ears
from hub.rooms.listening import Moment, by_arrival
from hub.rooms.posterior import NOTHING, Floats, posterior

# Times in columns of 20 ms.
# Evidence for another room adds up until it is enough: the surer, the sooner, and a syllable's doubt is no new start.
_DOUBT_NAT: Final = 0.5
_LEAN_NAT: Final = (-2.0, 2.5)
_MOST_COLUMNS: Final = 6
_ENOUGH: Final = 6.0  # nats times columns
_SURE: Final = 0.6
_REFRACTORY: Final = 28
# Who walks grows fainter where he was. Where he comes near at the same time, less of it is enough.
_FALL_DB: Final = 6.0
_FALL_AT_LEAST_DB: Final = 2.5
_FALL_AND_RISE_DB: Final = 10.0
_FORGET_SHARE: Final = 0.03
_ARRIVING_DB: Final = 7.0
_ARRIVING_COLUMNS: Final = 50
_QUIET_AFTER: Final = 15
_ARRIVAL_COLUMNS: Final = 28
_SAME_VOICE: Final = 0.6
_SAME_VOICE_ON_THE_WAY: Final = 0.75
_SAME_VOICE_COLUMNS: Final = 46
# Who speaks elsewhere while the talker speaks on where he was is somebody else, and stays it for some seconds.
_OTHER_VOICE: Final = 0.35
_OTHER_NAT: Final = 2.0
_STRANGER_COLUMNS: Final = 200
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
    usual_db: float | None = None  # the SNR of the talker where he is
    elsewhere_db: Floats = field(default_factory=lambda: np.zeros(0))  # and in each row meanwhile
    spoke: int = 0
    looked: int = 0
    leaning: Floats = field(default_factory=lambda: np.zeros(0))  # to each row
    moved_at: int = -1_000_000
    strangers: dict[int, int] = field(default_factory=dict)  # rows, and when somebody else was last heard there


class Following:
    """One entry for each session."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._sessions: dict[str, _Held] = {}

    def hold(self, session: str, row: int, instant: int) -> None:
        """A session has the floor in this room, whatever was known of it before."""
        self._sessions[session] = _Held(row, spoke=instant, moved_at=instant)

    def put_back(self, session: str, row: int, instant: int) -> None:
        """A session could not go where its talker is heard; here he is silent."""
        self._sessions[session] = _Held(row, spoke=instant - _QUIET_AFTER - 1, moved_at=instant)

    def release(self, session: str) -> None:
        """It ended."""
        self._sessions.pop(session, None)

    def row_of(self, session: str) -> int | None:
        """Where a session is."""
        held = self._sessions.get(session)
        return None if held is None else held.row

    @property
    def sessions(self) -> list[str]:
        """All of them."""
        return list(self._sessions)

    @property
    def rows(self) -> list[int]:
        """Where all of them are."""
        return [held.row for held in self._sessions.values()]

    def live(self, session: str, moment: Moment) -> bool:
        """Whether the talker is still heard as he was."""
        held = self._sessions.get(session)
        return held is not None and not self._silent(held, moment) and not self._fainter(held, moment)

    def stays(self, session: str, moment: Moment) -> bool:
        """Whether the talker is heard as loud as ever: he has gone nowhere, whoever calls elsewhere."""
        held = self._sessions.get(session)
        return (
            held is not None
            and held.usual_db is not None
            and self._loudest_db(held.row, moment) > held.usual_db - _FALL_AT_LEAST_DB
            and not self._silent(held, moment)
        )

    def moves(self, moment: Moment, television: Flags) -> list[Moved]:
        """Who has moved by this moment."""
        found: list[Moved] = []
        for session, held in self._sessions.items():
            odds = moment.odds.copy()
            others = [row for row in self.rows if row != held.row]
            # What is heard best where others are served is they, also where it comes through to.
            elsewhere = np.arange(len(odds)) != held.row
            odds[elsewhere & (television | (odds <= odds[others].max(initial=-np.inf)))] = NOTHING
            if moment.speaking[held.row]:
                held.spoke = moment.instant
            best = int(np.argmax(odds))
            if best == held.row:
                self._at_home(held, moment)
            self._look_for_strangers(held, odds, moment)
            share = self._lean(held, odds, best, moment)
            rested = moment.instant - held.moved_at >= _REFRACTORY
            stands_out = not television.any() or moment.rise_db[best] > BESIDE_TELEVISION_RISE_DB
            sure = best != held.row and share > _SURE and held.leaning[best] > _ENOUGH
            if sure and rested and stands_out and self._has_left(held, best, moment):
                found.append(Moved(session, held.row, best, share))
                self._sessions[session] = self._arrived(best, moment)
        return found

    @staticmethod
    def _arrived(row: int, moment: Moment) -> _Held:
        now = moment.instant
        return _Held(row, float(moment.snr_db[row]), spoke=now, looked=now, moved_at=now)

    def _lean(self, held: _Held, odds: Floats, best: int, moment: Moment) -> float:
        """Add up what speaks for other rooms; returns how likely the best is, which by either cue may be a whim."""
        columns, held.looked = min(moment.instant - held.looked, _MOST_COLUMNS), moment.instant
        by_order = by_arrival(self._ears, odds, moment.instant, _ARRIVAL_COLUMNS) if best != held.row else odds
        lead = np.minimum(odds - odds[held.row], by_order - by_order[held.row])
        leaning = np.zeros(len(odds))
        leaning[: len(held.leaning)] = held.leaning
        lean = np.where(moment.speaking, np.clip(lead - _DOUBT_NAT, *_LEAN_NAT), _LEAN_NAT[0])
        held.leaning = np.maximum(0.0, leaning + columns * lean)
        return float(min(posterior(odds)[best], posterior(by_order)[best]))

    @staticmethod
    def _at_home(held: _Held, moment: Moment) -> None:
        if not moment.speaking[held.row]:
            return
        own_db = float(moment.snr_db[held.row])
        usual_db = own_db if held.usual_db is None else held.usual_db
        held.usual_db = max(own_db, usual_db + _FORGET_SHARE * (own_db - usual_db))
        if len(held.elsewhere_db) != len(moment.snr_db):
            held.elsewhere_db = moment.snr_db.copy()
        held.elsewhere_db = held.elsewhere_db + _FORGET_SHARE * (moment.snr_db - held.elsewhere_db)

    def _look_for_strangers(self, held: _Held, odds: Floats, moment: Moment) -> None:
        rivals = np.where(np.arange(len(odds)) == held.row, -np.inf, odds)
        rival = int(np.argmax(rivals))
        if not moment.speaking[rival] or rivals[rival] < odds[held.row] - _OTHER_NAT:
            return
        known = moment.instant - held.strangers.get(rival, -_STRANGER_COLUMNS) < _STRANGER_COLUMNS
        fallen = held.usual_db is None or moment.snr_db[held.row] < held.usual_db - _FALL_AT_LEAST_DB
        if not known and (fallen or not moment.speaking[held.row]):
            return
        if known or self._alike(held.row, rival, moment) < _OTHER_VOICE:
            held.strangers[rival] = moment.instant

    def _alike(self, one: int, other: int, moment: Moment) -> float:
        return alike(self._ears, one, other, moment.instant, _SAME_VOICE_COLUMNS)

    def _has_left(self, held: _Held, other: int, moment: Moment) -> bool:
        stranger = moment.instant - held.strangers.get(other, -_STRANGER_COLUMNS) < _STRANGER_COLUMNS
        if stranger or not self._arriving(other, moment):
            return False
        if self._silent(held, moment):
            return True
        if self._fainter(held, moment):
            return self._alike(held.row, other, moment) > _SAME_VOICE
        return self._goes_to(held, other, moment) and self._alike(held.row, other, moment) > _SAME_VOICE_ON_THE_WAY

    @staticmethod
    def _goes_to(held: _Held, other: int, moment: Moment) -> bool:
        if held.usual_db is None or other >= len(held.elsewhere_db):
            return False
        fall_db = held.usual_db - float(moment.snr_db[held.row])
        rise_db = float(moment.snr_db[other] - held.elsewhere_db[other])
        return fall_db > _FALL_AT_LEAST_DB and fall_db + rise_db > _FALL_AND_RISE_DB

    def _arriving(self, row: int, moment: Moment) -> bool:
        """Whether a room hears its loudest now. When somebody ends, the most reverberant room hears him longest."""
        return float(moment.snr_db[row]) > self._loudest_db(row, moment) - _ARRIVING_DB

    def _loudest_db(self, row: int, moment: Moment) -> float:
        cells, true = self._ears.window(moment.instant, _ARRIVING_COLUMNS)
        return float(cells[Cue.SNR, row].max(where=true[row], initial=-np.inf))

    @staticmethod
    def _silent(held: _Held, moment: Moment) -> bool:
        return moment.instant - held.spoke > _QUIET_AFTER

    @staticmethod
    def _fainter(held: _Held, moment: Moment) -> bool:
        return held.usual_db is not None and float(moment.snr_db[held.row]) < held.usual_db - _FALL_DB
