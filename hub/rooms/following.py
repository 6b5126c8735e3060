"""Whether the talker of a session has gone to another room: he, and not a second person who speaks there.

Who walks while he speaks grows faint where he was, and what is still heard of him there is the same voice. Who was last
heard on his way out may be met elsewhere at once. Who was last heard where he always was needs time to walk; whoever
speaks elsewhere before that, or has been talking there for a while, is somebody else. And a voice that comes out of
silence may be that of somebody who calls: the session goes to it only when a wake word that began with it would have
been heard. No word is lost by waiting, because a satellite gives its last two seconds along.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.rooms.arrival import alike
from hub.rooms.background import Flags
from hub.rooms.ears import Cue, Ears
from hub.rooms.listening import Moment, by_arrival
from hub.rooms.posterior import NOTHING, Floats, posterior
from protocol.records import SNR_LOW_DB

Instants = NDArray[np.int64]

# Times in columns of 20 ms.
NEVER: Final = -1_000_000
# Evidence for another room adds up until it is enough: the surer, the sooner, and a syllable's doubt is no new start.
_DOUBT_NAT: Final = 0.5
_LEAN_NAT: Final = (-2.0, 2.5)
_MOST_COLUMNS: Final = 6
_ENOUGH: Final = 6.0  # nats times columns
_SURE: Final = 0.6
_SURE_AFTER_PAUSE: Final = 0.85  # the first syllable says less about the room
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
# A walker who breathes is heard through the door on either side of his breath.
_BREATHES_COLUMNS: Final = 15
# Nobody gets into another room, and to its satellite, in less.
_WALK_COLUMNS: Final = 60
# A wake word that began with a voice has been reported by then.
CALL_COLUMNS: Final = 42
# Voices with shorter gaps go on.
_BREATH_COLUMNS: Final = 25
# He leaves while his loudest in the first of these falls, and is on his way for the second.
_LEAVING_COLUMNS: Final = 30
_LEAVES_COLUMNS: Final = 50
# Less than this tells no two voices apart, and is no talk.
_FEWEST_COLUMNS: Final = 12
_TALK_COLUMNS: Final = 25
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
    spoke: int = 0  # when he was last heard himself, and not somebody whose voice comes in from elsewhere
    leaves: Instants = field(default_factory=lambda: np.zeros(0, np.int64))  # when he last seemed to go to each row
    since: Instants = field(default_factory=lambda: np.zeros(0, np.int64))  # when the voice in each other row began,
    until: Instants = field(default_factory=lambda: np.zeros(0, np.int64))  # and when it was last heard
    looked: int = 0
    leaning: Floats = field(default_factory=lambda: np.zeros(0))  # to each row
    moved_at: int = NEVER
    waits: tuple[int, int, float] | None = None  # a row, since when a voice is there, and how surely it is his
    strangers: dict[int, int] = field(default_factory=dict)  # rows, and when somebody else was last heard there

    def grow(self, rows: int) -> None:
        """Satellites have come."""
        more = rows - len(self.since)
        if more > 0:
            self.leaves = np.append(self.leaves, np.full(more, NEVER))
            self.since = np.append(self.since, np.full(more, NEVER))
            self.until = np.append(self.until, np.full(more, NEVER))

    def leaves_for(self, row: int) -> bool:
        """Whether he was on his way to a row when he was last heard."""
        return row < len(self.leaves) and self.spoke - int(self.leaves[row]) <= _LEAVES_COLUMNS


class Following:
    """One entry for each session."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._sessions: dict[str, _Held] = {}
        self._before: dict[str, _Held] = {}  # as it was before it moved

    def hold(self, session: str, row: int, instant: int) -> None:
        """A session has the floor in this room, whatever was known of it before."""
        self._sessions[session] = _Held(row, spoke=instant, moved_at=instant)
        self._before.pop(session, None)

    def put_back(self, session: str, row: int, instant: int) -> None:
        """A session could not go where its talker is heard; here he is silent."""
        held = self._before.pop(session, None)
        if held is None or held.row != row:
            held = _Held(row, spoke=instant - _QUIET_AFTER - 1)
        held.moved_at, held.waits = instant, None
        self._sessions[session] = held

    def release(self, session: str) -> None:
        """It ended."""
        self._sessions.pop(session, None)
        self._before.pop(session, None)

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
        """Whether the talker himself is heard where he is."""
        held = self._sessions.get(session)
        return held is not None and not self._silent(held, moment)

    def left_for(self, session: str, row: int, since: int) -> bool:
        """Whether the talker was on his way to a row when he was last heard, and that was before `since`."""
        held = self._sessions.get(session)
        return held is not None and held.leaves_for(row) and held.spoke <= since + _QUIET_AFTER

    def moves(self, moment: Moment, television: Flags, residents: Collection[int] = ()) -> list[Moved]:
        """Who has moved by this moment; `residents`: rows in which others have been talking for a while."""
        found: list[Moved] = []
        for session, held in self._sessions.items():
            odds = moment.odds.copy()
            others = [row for row in self.rows if row != held.row]
            # What is heard best where others are served is they, also where it comes through to.
            elsewhere = np.arange(len(odds)) != held.row
            odds[elsewhere & (television | (odds <= odds[others].max(initial=-np.inf)))] = NOTHING
            self._listen(held, moment)
            best = int(np.argmax(odds))
            if best == held.row and held.spoke == moment.instant:
                self._at_home(held, moment)
            self._look_for_strangers(held, odds, moment)
            share = self._lean(held, odds, best, moment)
            stands_out = not television.any() or moment.rise_db[best] > BESIDE_TELEVISION_RISE_DB
            if best != held.row and share > _SURE and held.leaning[best] > _ENOUGH and stands_out:
                self._heard_elsewhere(held, best, share, moment, stranger=best in residents)
            if held.waits is not None and self._is_time(held, others, moment):
                row, _, share = held.waits
                found.append(Moved(session, held.row, row, share))
                self._before[session], self._sessions[session] = held, self._arrived(row, moment)
        return found

    def _heard_elsewhere(self, held: _Held, row: int, share: float, moment: Moment, *, stranger: bool) -> None:
        """Find out whether a voice in another row is the talker's, and how long to wait for it to call."""
        since, now = int(held.since[row]), moment.instant
        if self._is_stranger(held, row, moment) or not self._arriving(row, moment):
            return
        pause = since - held.spoke
        if pause <= _BREATHES_COLUMNS and not held.leaves_for(row):
            if self._fades(held, row, moment):
                held.waits = (row, now - CALL_COLUMNS, share)
        elif held.leaves_for(row) and share > _SURE_AFTER_PAUSE:
            held.waits = (row, now - CALL_COLUMNS, share)
        elif (pause >= _WALK_COLUMNS and not stranger) or self._fades(held, row, moment):
            held.waits = (row, since, share)

    def _is_time(self, held: _Held, others: list[int], moment: Moment) -> bool:
        """Whether who waits may go; who is heard where he was has not left."""
        row, since, _ = held.waits or (held.row, 0, 0.0)
        if row in others or held.spoke > max(since, int(held.since[row])) or self._is_stranger(held, row, moment):
            held.waits = None
            return False
        return moment.instant - held.moved_at >= _REFRACTORY and moment.instant - since >= CALL_COLUMNS

    @staticmethod
    def _is_stranger(held: _Held, row: int, moment: Moment) -> bool:
        return moment.instant - held.strangers.get(row, -_STRANGER_COLUMNS) < _STRANGER_COLUMNS

    def _listen(self, held: _Held, moment: Moment) -> None:
        """Tell the talker from voices that come in from elsewhere."""
        held.grow(len(moment.odds))
        now, own = moment.instant, held.row
        elsewhere = moment.speaking & (moment.odds > moment.odds[own])
        held.since[elsewhere & (now - held.until > _BREATH_COLUMNS)] = now
        held.until[elsewhere] = now
        nearest = int(np.argmax(np.where(moment.speaking, moment.odds, -np.inf)))
        if moment.speaking[own] and (nearest == own or self._speaks_himself(held, nearest, moment)):
            held.spoke = now
            held.leaves[self._leaving(held, moment)] = now
        soon = (now - held.since[nearest] > _TALK_COLUMNS) and held.since[nearest] - held.spoke < _WALK_COLUMNS
        if elsewhere[nearest] and soon and not held.leaves_for(nearest) and self._unlike(held, nearest, moment):
            held.strangers[nearest] = now

    def _speaks_himself(self, held: _Held, nearest: int, moment: Moment) -> bool:
        """Whether what his room hears is as loud as he is, and not what is heard better elsewhere."""
        enough = moment.instant - held.since[nearest] >= _FEWEST_COLUMNS
        return bool(enough) and not self._fainter(held, moment) and self._unlike(held, nearest, moment)

    def _unlike(self, held: _Held, other: int, moment: Moment) -> bool:
        columns = min(_SAME_VOICE_COLUMNS, int(moment.instant - held.since[other]))
        return alike(self._ears, held.row, other, moment.instant, columns) < _OTHER_VOICE

    def _leaving(self, held: _Held, moment: Moment) -> Flags:
        """The rows that he seems to go to: he is fainter than usual here, and louder there."""
        rows = len(moment.odds)
        if held.usual_db is None or len(held.elsewhere_db) != rows:
            return np.zeros(rows, np.bool_)
        cells, true = self._ears.window(moment.instant, _LEAVING_COLUMNS)
        loudest_db = cells[Cue.SNR].max(axis=1, where=true, initial=SNR_LOW_DB)
        fall_db = held.usual_db - float(loudest_db[held.row])
        towards: Flags = fall_db + loudest_db - held.elsewhere_db > _FALL_AND_RISE_DB
        return towards & (fall_db > _FALL_AT_LEAST_DB) | (fall_db > _FALL_DB)

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
        known = self._is_stranger(held, rival, moment)
        fallen = held.usual_db is None or moment.snr_db[held.row] < held.usual_db - _FALL_AT_LEAST_DB
        if not known and (fallen or not moment.speaking[held.row]):
            return
        if known or self._alike(held.row, rival, moment) < _OTHER_VOICE:
            held.strangers[rival] = moment.instant

    def _alike(self, one: int, other: int, moment: Moment) -> float:
        return alike(self._ears, one, other, moment.instant, _SAME_VOICE_COLUMNS)

    def _fades(self, held: _Held, other: int, moment: Moment) -> bool:
        """Whether what is heard elsewhere is heard here as well, fainter than he was."""
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
