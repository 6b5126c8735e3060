"""Which room the house attends to: the one somebody has just begun to speak in, and the one he has walked to.

Runs on scalars alone, every 20 to 40 ms while somebody speaks. Before anybody was called this is a guess, which lets
the wake word be answered without waiting; in a session it decides the hand-over. Rooms are rows of `Ears`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Final

import numpy as np

from hub.machine import Machine
from hub.rooms.arbiter import Loudspeaker
from hub.rooms.arrival import alike
from hub.rooms.background import Background, Flags
from hub.rooms.ears import COLUMN_MS, Cue, Ears
from hub.rooms.following import BESIDE_TELEVISION_RISE_DB, Following, Moved
from hub.rooms.gains import Gains
from hub.rooms.listening import LONGEST, Moment, Stretch, by_arrival, common_instant, listen_back, look
from hub.rooms.newcomers import Newcomers
from hub.rooms.own_voice import OwnVoice
from hub.rooms.posterior import Floats, posterior

# Times in columns of 20 ms where not named otherwise.
_EVERY: Final = 2
_STEP_MS: Final = 19.0
_STEP_IN_SILENCE_MS: Final = 59.0
_SILENT_AFTER: Final = 18
# The surer, the sooner: columns since the onset was seen, and what must be left of doubt.
_COMMIT: Final = ((4, 0.95), (6, 0.85), (8, 0.60), (12, 0.0))
_COMMIT_BESIDE_TELEVISION: Final = ((8, 0.97),)
# Whoever is being served goes on speaking where he was, unless something says otherwise.
_STAY_NAT: Final = 1.0
# The first syllables are compared together with the silence before them.
_ONSET: Final = 12
# Rooms this far behind the best caller cannot win any more, whatever they still report.
_OUTDONE_NAT: Final = 3.0
# What a call must rise over the house's own voice, over the television of the same room, or in a room beside it.
_CALL_OVER_LEAK_DB: Final = 6.0
_CALL_OVER_TELEVISION_DB: Final = 5.5
_CALL_BESIDE_TELEVISION_DB: Final = 8.0
_SAME_VOICE: Final = 0.6
_OTHER_VOICE: Final = 0.3
# What gains are learnt from: utterances that are long enough, where they stand well over the noise.
_LEARNT_FROM: Final = 25
_LEARNT_SNR_DB: Final = 8.0
# Talk that nobody could place, or that nobody called us for, becomes a part of the house.
_UNDECIDED: Final = 40
_UNCALLED: Final = 125
_GUESS_MS: Final = 4000.0


class Talk(Enum):
    """What the house as a whole hears."""

    SILENCE = "silence"
    UNDECIDED = "undecided"  # somebody speaks, and it is not clear where
    ATTENDED = "attended"
    IGNORED = "ignored"  # somebody speaks, but not to us


TALK: Final = {
    Talk.SILENCE: frozenset({Talk.UNDECIDED, Talk.ATTENDED}),
    Talk.UNDECIDED: frozenset({Talk.SILENCE, Talk.ATTENDED, Talk.IGNORED}),
    Talk.ATTENDED: frozenset({Talk.SILENCE, Talk.ATTENDED, Talk.IGNORED}),
    Talk.IGNORED: frozenset({Talk.SILENCE, Talk.UNDECIDED, Talk.ATTENDED}),
}


class Attention:
    """Sessions are told with `hold` and `release`; `step` says who has moved.

    Attributes:
        ears: what was reported.
        background: what the rooms sound like anyway.
        gains: what the microphones differ by.
        following: where the sessions are.
        newcomers: who begins to speak while the house itself speaks.
        own_voice: where the house itself speaks, and how loud that is heard.
        moment: what was heard when last looked; None before the first report.
        guess: the row in which somebody speaks, before or beside any session.
    """

    def __init__(self, ears: Ears) -> None:
        self.ears = ears
        self.background = Background(len(ears.used))
        self.gains = Gains(len(ears.used))
        self.following = Following(ears)
        self.newcomers = Newcomers()
        self.own_voice = OwnVoice()
        self._expected = np.zeros(len(ears.used))
        self.moment: Moment | None = None
        self.guess: int | None = None
        self._talk = Machine("talk in the house", Talk.SILENCE, TALK)
        self._was_playing = False
        self._playing_since = 0
        self._onset = self._heard = self._decided = self._last = 0
        self._stepped_ms = -1e9
        self._at_start = False

    # --- what the rest of the hub knows -----------------------------------------------------------------------------

    @property
    def talk(self) -> Talk:
        """What the house as a whole hears."""
        return self._talk.state

    def hold(self, session: str, row: int) -> None:
        """A session has the floor in this room, whatever was known of it before."""
        self.following.hold(session, row, self._last)

    def put_back(self, session: str, row: int) -> None:
        """A session could not go where its talker is heard; here he is silent."""
        self.following.put_back(session, row, self._last)

    def release(self, session: str) -> None:
        """It ended."""
        self.following.release(session)

    def live(self, session: str) -> bool:
        """Whether the talker of a session is heard where he is."""
        return self.moment is not None and self.following.live(session, self.moment)

    def left_for(self, session: str, row: int, called_ms: float) -> bool:
        """Whether the talker of a session was last heard on his way to a room from which somebody has called."""
        return self.following.left_for(session, row, int(called_ms // COLUMN_MS))

    def plays(self, row: int, now_ms: float, *, playing: bool) -> None:
        """The loudspeaker of a room begins or stops."""
        self.own_voice.plays(row, now_ms, playing=playing)

    def plays_now(self, now_ms: float) -> bool:
        """Whether the house's own voice is in the air."""
        return self.own_voice.in_air(now_ms)

    def expect(self, row: int, nats: float) -> None:
        """By other means than ears somebody is likelier, or less likely, to be in this room."""
        if row >= len(self._expected):
            self._expected = np.concatenate([self._expected, np.zeros(row + 1 - len(self._expected))])
        self._expected[row] = nats

    def _prior(self) -> Floats:
        prior = np.zeros(len(self.ears.used))
        prior[: len(self._expected)] = self._expected[: len(prior)]
        return prior

    def forget(self, row: int) -> None:
        """A satellite left."""
        self.own_voice.forget(row)
        self.expect(row, 0.0)
        self.newcomers.forget(row)
        if self.guess == row:
            self.guess = None
        if row < len(self.background.usual_db):
            self.background.forget(row)
            self.gains.forget(row)

    def rivals(self, rows: list[int]) -> set[int]:
        """Rows that may yet turn out to be nearer to the talker than the best of these."""
        if self.moment is None or not rows:
            return set(np.flatnonzero(self.ears.used).tolist())
        odds = self.moment.odds
        return set(np.flatnonzero(odds > max(odds[row] for row in rows) - _OUTDONE_NAT).tolist()) - set(rows)

    # --- a call -----------------------------------------------------------------------------------------------------

    def heard(self, begun_ms: float, ended_ms: float, now_ms: float) -> Stretch:
        """How every room heard a stretch of time."""
        self.ears.settle(now_ms)
        self.background.grow(len(self.ears.used))
        self.gains.grow(len(self.ears.used))
        sources = self.own_voice.sources(ended_ms)
        stretch = listen_back(
            self.ears,
            self.background,
            self.gains,
            begun_ms=begun_ms,
            ended_ms=ended_ms,
            own_db=self.own_voice.at_most_db(sources, len(self.ears.used)) if sources else None,
        )
        return replace(stretch, odds=stretch.odds + self._prior())

    def loudspeaker(self, stretch: Stretch) -> Loudspeaker | None:
        """The loudspeaker that a call came from: where it is strongest, nothing rose over its usual din."""
        others_voice = stretch.over_own_db >= _CALL_OVER_LEAK_DB
        if not others_voice.any():
            return Loudspeaker.OURS
        source = int(np.argmax(np.where(others_voice, stretch.raw, -np.inf)))
        television = self.background.established[source] and not stretch.paused[source]
        if television and stretch.rise_db[source] < _CALL_OVER_TELEVISION_DB:
            others = np.delete(stretch.rise_db, source)
            if not others.size or others.max() < _CALL_BESIDE_TELEVISION_DB:
                return Loudspeaker.TELEVISION
        return None

    def same_voice(self, one: int, other: int, until_ms: float) -> bool:
        """Whether two rooms heard the same person until a moment ago."""
        return alike(self.ears, one, other, int(until_ms // COLUMN_MS), LONGEST) > _SAME_VOICE

    def other_voice(self, one: int, other: int, until_ms: float) -> bool:
        """Whether two rooms heard different people until a moment ago; over our own voice nobody can say that."""
        return (
            not self.plays_now(until_ms)
            and alike(self.ears, one, other, int(until_ms // COLUMN_MS), LONGEST) < _OTHER_VOICE
        )

    def confirmed(self, row: int) -> None:
        """A wake word was answered here: whoever goes on talking here has not just come in."""
        self.newcomers.met(row, self._last)
        if self._talk.state is Talk.SILENCE:
            self._talk.transition(Talk.UNDECIDED)
            self._onset = self._heard = self._last
        self._attend(row)

    # --- every 20 to 40 ms ------------------------------------------------------------------------------------------

    def step(self, now_ms: float) -> tuple[Moved, ...]:
        """Take in what was reported until now; called more often than it is worth, it does nothing."""
        silent = self._talk.state is Talk.SILENCE and not self.ears.speech_waits
        if now_ms - self._stepped_ms < (_STEP_IN_SILENCE_MS if silent else _STEP_MS):
            return ()
        self._stepped_ms = now_ms
        self.ears.settle(now_ms)
        self.background.grow(len(self.ears.used))
        self.gains.grow(len(self.ears.used))
        instant = common_instant(self.ears)
        frames = min(instant - self._last, 50)
        if frames < _EVERY:
            return ()
        self._last = instant
        playing = self.plays_now(now_ms)
        if playing and not self._was_playing:
            self.background.begin_leak()
            self._playing_since = instant
        self._was_playing = playing
        moment = look(self.ears, self.background, instant, playing=playing)
        moment = self.moment = replace(moment, odds=moment.odds + self._prior())
        if playing:
            self.background.follow_leak(moment.snr_db, frames, self.newcomers.candidate(instant))
        else:
            self.background.follow(moment.snr_db, self._unattended(), frames)
        self._follow_talk(moment)
        self.own_voice.listen(moment.snr_db, frames)
        self.newcomers.listen(moment, self._playing_since if playing else None, self.following.rows)
        if playing:
            return self._came_over_our_voice(moment)
        if self._talk.state is Talk.UNDECIDED:
            self._decide(moment)
        residents = self.newcomers.residents(instant)
        moved = tuple(self.following.moves(moment, self.background.television, residents))
        if moved and self._talk.state is Talk.ATTENDED:
            self.guess = moved[-1].row
        return moved

    def _came_over_our_voice(self, moment: Moment) -> tuple[Moved, ...]:
        found, sessions = self.newcomers.found(moment, self.background.television), self.following.sessions
        # Of several conversations nobody can say whose talker this is.
        if found is None or len(sessions) != 1 or found[0] in self.following.rows:
            return ()
        session, before = sessions[0], self.following.rows[0]
        self.following.hold(session, found[0], self._last)
        return (Moved(session, before, *found),)

    def _unattended(self) -> Flags:
        """Rooms whose din is worth learning: who is listened to is heard in all of them, so then only televisions."""
        state, since = self._talk.state, self._last - self._onset
        if state is Talk.UNDECIDED and since < _UNDECIDED:
            return ~self.background.known
        if state is not Talk.ATTENDED or (not self.following.rows and since > _UNCALLED):
            return np.ones(len(self.ears.used), np.bool_)
        rows = self.background.television.copy()
        if self.guess is not None:
            rows[self.guess] = False
        rows[self.following.rows] = False
        return rows

    def _follow_talk(self, moment: Moment) -> None:
        speaking = bool(moment.speaking.any())
        if speaking:
            self._heard = moment.instant
        if self._talk.state is Talk.SILENCE:
            if speaking:
                self._onset = moment.instant
                self._talk.transition(Talk.UNDECIDED)
        elif self._talk.state is Talk.IGNORED and self._somebody_new(moment):
            self._onset = moment.instant
            self._talk.transition(Talk.UNDECIDED)
        elif not speaking and moment.instant - self._heard >= _SILENT_AFTER:
            self._learn_gains()
            self._talk.transition(Talk.SILENCE)
            self.guess = None
        elif (
            self._talk.state is Talk.ATTENDED
            and not self.following.rows
            and (moment.instant - self._decided) * COLUMN_MS > _GUESS_MS
        ):
            self._talk.transition(Talk.IGNORED)
            self.guess = None
            if not self._was_playing:
                self.background.accept(moment.snr_db)

    def _learn_gains(self) -> None:
        """An utterance has ended whose room is known: how loud was it elsewhere?"""
        row, columns = self.guess, min(LONGEST, self._heard - self._onset)
        if row is None or columns < _LEARNT_FROM or self.background.television.any():
            return
        cells, true = self.ears.window(self._heard, columns)
        loud = true & (cells[Cue.SNR] > _LEARNT_SNR_DB)
        level_db = (cells[Cue.LEVEL] * loud).sum(axis=1, dtype=np.float64) / np.maximum(loud.sum(axis=1), 1)
        heard = loud.sum(axis=1) > columns // 2
        if heard[row]:
            self.gains.learn(row, level_db, heard)

    def _somebody_new(self, moment: Moment) -> bool:
        """Whether somebody speaks where so far nobody did, while others are being ignored."""
        beside = moment.speaking & ~self.background.television & self.background.known
        return bool((moment.rise_db[beside] > BESIDE_TELEVISION_RISE_DB).any())

    def _decide(self, moment: Moment) -> None:
        background = self.background
        if not background.known[self.ears.used].any():
            self._at_start = True
            return
        if self._at_start:
            # Whoever spoke before the rooms were known may be a television that was always on.
            self._at_start = False
            self._talk.transition(Talk.IGNORED)
            background.suspect(int(np.argmax(np.where(self.ears.used, background.usual_db, -np.inf))))
            return
        age = moment.instant - self._onset
        odds = self.gains.by_level(moment.odds, moment.level_db)
        odds = by_arrival(self.ears, odds, moment.instant, min(LONGEST, age + _ONSET))
        if self.following.rows:
            odds = odds.copy()
            odds[self.following.rows] += _STAY_NAT
        shares = posterior(odds)
        best = int(np.argmax(shares))
        rules: tuple[tuple[int, float], ...] = _COMMIT
        if background.television.any():
            rules = _COMMIT_BESIDE_TELEVISION
            if background.television[best] or moment.rise_db[best] < BESIDE_TELEVISION_RISE_DB:
                return
        if any(age >= after and shares[best] > sure for after, sure in rules):
            self._attend(best)

    def _attend(self, row: int) -> None:
        self._talk.transition(Talk.ATTENDED)
        self.guess, self._decided = row, self._last
