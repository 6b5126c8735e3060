"""From what satellites send to the room that is served: registry, arbiter and attention, joined.

The dialog tells it which sessions there are; it says who is to be served next and whose talker has moved.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from hub.rooms.arbiter import Arbiter, Call, Decision, Denial
from hub.rooms.following import Moved
from hub.rooms.port import Presence
from hub.rooms.posterior import Floats
from hub.rooms.registry import Registry, Room

# The room in which somebody is served keeps it through pauses of this length, when others are served elsewhere.
_PAUSE_MS: Final = 700.0
# A detector that hears better seldom stays silent; where the utterance began is where its word is.
_NOT_CALLED_NAT: Final = 2.0
_GUESSED_NAT: Final = 0.7
_CALLED_TOO_NAT: Final = 3.5
_SENSE_MS: Final = 250.0
_UTTERANCES: Final = 16


@dataclass(frozen=True, slots=True)
class Handover:
    """The talker of a session is in another room now."""

    session: str
    before: Room | None
    room: Room
    probability: float

    @property
    def why(self) -> str:
        """In one line, for a person."""
        came = "" if self.before is None else f", coming from {self.before.area_id}"
        return f"{self.room.area_id}: the talker is heard here now{came} ({self.probability:.0%} sure)"


class Reception:
    """Pure: times in, decisions out."""

    def __init__(self, registry: Registry, arbiter: Arbiter, presence: Presence | None = None) -> None:
        """Join them; `presence`: what else the house knows."""
        self.registry = registry
        self._arbiter = arbiter
        self._presence = presence
        self._sensed_ms = float("-inf")
        self._sessions: dict[str, float] = {}  # and when somebody was last heard in it
        self._front: str | None = None
        self._overheard: deque[tuple[str, frozenset[str], float, float]] = deque(maxlen=_UTTERANCES)

    def opened(self, session: str, room: Room, now_ms: float) -> None:
        """A session has the floor of a room."""
        self.registry.attention.hold(session, room.row)
        self._sessions[session] = now_ms
        if self._front is None or not self.registry.attention.live(self._front):
            self._front = session

    def placed(self, session: str, room: Room) -> None:
        """A session is in this room now, whatever was said of it before."""
        self.registry.attention.hold(session, room.row)

    def stays(self, session: str, room: Room) -> None:
        """A session could not go where `step` said, and is still in this room."""
        self.registry.attention.put_back(session, room.row)

    def closed(self, session: str) -> None:
        """It ended."""
        self.registry.attention.release(session)
        self._sessions.pop(session, None)
        if self._front == session:
            self._front = next(iter(self._sessions), None)

    def session_in(self, room: Room) -> str | None:
        """The session that is in a room."""
        return next((s for s in self._sessions if self.registry.attention.following.row_of(s) == room.row), None)

    def sessions(self) -> list[tuple[str, Room]]:
        """Every session and its room."""
        rows = ((session, self.registry.attention.following.row_of(session)) for session in self._sessions)
        found = ((session, self.registry.by_row(row)) for session, row in rows if row is not None)
        return [(session, room) for session, room in found if room is not None]

    def superseded(self, room: Room, decision: Decision) -> list[tuple[str, Room]]:
        """Sessions whose talker has called from another room: he was last heard on his way there.

        That he is silent where he was, or that his room has heard the call, says nothing: so it is when somebody else
        calls next door. Who has walked there in silence begins anew.
        """
        attention, called_ms = self.registry.attention, decision.winner.fired_ms
        return [
            (session, other)
            for session, other in self.sessions()
            if other is not room and attention.left_for(session, room.row, called_ms)
        ]

    def owns(self, session: str, begun_ms: float, ended_ms: float, now_ms: float) -> bool:
        """Whether what a session's room has heard was said in it, and not to another session that hears it better.

        Several rooms may hear one sentence; once it has an owner, it keeps him.
        """
        row = self.registry.attention.following.row_of(session)
        if row is None or len(self._sessions) < 2:
            return True
        for of, others, begun, ended in reversed(self._overheard):
            if min(ended, ended_ms) - max(begun, begun_ms) > 0.5 * (ended_ms - begun_ms) and session in {of, *others}:
                return session == of
        attention = self.registry.attention
        odds = attention.heard(begun_ms, ended_ms, now_ms).odds
        same = {
            one: float(odds[room.row])
            for one, room in self.sessions()
            if one == session or attention.same_voice(row, room.row, ended_ms)
        }
        owner = max(same, key=lambda one: same[one])
        self._overheard.append((owner, frozenset(same) - {owner}, begun_ms, ended_ms))
        return owner == session

    def quiet_ms(self, session: str, now_ms: float) -> float:
        """How long nobody was heard in the room of a session."""
        return now_ms - self._sessions[session]

    @property
    def callers(self) -> frozenset[str]:
        """The devices whose calls are being collected."""
        return self._arbiter.callers

    @property
    def deadline_ms(self) -> float | None:
        """When `due` has something to say; None when nobody has called."""
        return self._arbiter.deadline_ms

    def withdraw(self, room: Room) -> None:
        """A satellite left, or takes its call back."""
        self._arbiter.withdraw(room.line.device_id)

    def call(self, call: Call, now_ms: float) -> Decision | Denial | None:
        """Take a call; the answer is for a call that is not collected."""
        self._sense(now_ms)
        devices = {call.device_id, *self._arbiter.callers}
        others = self.registry.others_hearing(devices, now_ms)
        playing = self.registry.attention.plays_now(now_ms)
        return self._arbiter.call(
            call,
            now_ms=now_ms,
            others_hearing=others,
            another=lambda winner: not playing and self._differ(call, winner),
        )

    def _differ(self, call: Call, winner: Call) -> bool:
        """Whether two calls are of two people."""
        one, other = self.registry.by_device(call.device_id), self.registry.by_device(winner.device_id)
        if one is None or other is None or one is other or call.odds is None or winner.odds is None:
            return False
        loud = call.odds > winner.odds - _CALLED_TOO_NAT
        return loud and self.registry.attention.other_voice(one.row, other.row, call.fired_ms)

    def due(self, now_ms: float) -> Decision | None:
        """The decision that is ripe."""
        return self._arbiter.due(now_ms)

    def places(self, decision: Decision, now_ms: float) -> list[Room]:
        """Where the callers are, the first of them first.

        Mostly the winner's room alone. A room whose detector missed the word may have heard it better. And while
        somebody else is being listened to, he was first: two voices are told apart by their envelopes.
        """
        winner = self.registry.by_device(decision.winner.device_id)
        begun_ms, ended_ms = decision.winner.begun_ms, decision.winner.fired_ms
        if winner is None or begun_ms is None:
            return [] if winner is None else [winner]
        attention = self.registry.attention
        odds = attention.heard(begun_ms, ended_ms, now_ms).odds
        called = {decision.winner.device_id, *(call.device_id for call in decision.losers)}
        best, most = winner, float("-inf")
        for room in self.registry:
            known = room.line.device_id in called or room.row in attention.following.rows
            likely = float(odds[room.row]) - _NOT_CALLED_NAT * (not known)
            likely += _GUESSED_NAT * (room.row == attention.guess)
            if likely > most:
                best, most = room, likely
        playing = attention.plays_now(now_ms)  # over our own voice no two rooms sound alike
        served = best is not winner and best.row in attention.following.rows and not playing
        if served and not attention.same_voice(best.row, winner.row, ended_ms):
            best = winner  # somebody is served there, and it was not he who called
        first = None if attention.guess is None else self.registry.by_row(attention.guess)
        if first is None or first is best or attention.same_voice(first.row, best.row, ended_ms):
            first = None
        attention.confirmed(best.row if first is None else first.row)
        if first is not None:
            return [first, best]
        if playing:
            return [best]
        others = (self.registry.by_device(call.device_id) for call in decision.losers)
        second = next((room for room in others if room and self._is_another(room, best, odds, ended_ms)), None)
        return [best] if second is None else [best, second]

    def _is_another(self, room: Room, best: Room, odds: Floats, ended_ms: float) -> bool:
        """Whether two people have called at once, and this is the other's room."""
        near = room is not best and odds[room.row] > odds[best.row] - _CALLED_TOO_NAT
        return near and self.registry.attention.other_voice(room.row, best.row, ended_ms)

    def step(self, now_ms: float) -> tuple[Handover, ...]:
        """Look at what was reported until now."""
        attention = self.registry.attention
        self._sense(now_ms)
        moved = attention.step(now_ms)
        moment = attention.moment
        if moment is not None and not attention.plays_now(now_ms):
            for session in self._sessions:
                row = attention.following.row_of(session)
                if row is not None and moment.speaking[row] and attention.live(session):
                    self._sessions[session] = now_ms
        self._come_forward(now_ms)
        return tuple(found for move in moved if (found := self._handover(move)) is not None)

    def _sense(self, now_ms: float) -> None:
        if self._presence is not None and now_ms - self._sensed_ms >= _SENSE_MS:
            self._sensed_ms = now_ms
            for room in self.registry:
                self.registry.attention.expect(room.row, self._presence.log_odds(room.area_id))

    def _handover(self, move: Moved) -> Handover | None:
        room, before = self.registry.by_row(move.row), self.registry.by_row(move.before)
        if room is None or not room.follows or room.line.device_id in self.callers:
            if before is not None:
                self.stays(move.session, before)
            return None
        return Handover(move.session, before, room, move.probability)

    def _come_forward(self, now_ms: float) -> None:
        front = self._front
        if front is None or self.quiet_ms(front, now_ms) < _PAUSE_MS:
            return
        speaking = [s for s in self._sessions if self.quiet_ms(s, now_ms) < _PAUSE_MS]
        if speaking:
            self._front = speaking[0]

    @property
    def attended(self) -> Room | None:
        """The room that the house attends to: that of the session in which somebody speaks, else a guess."""
        attention = self.registry.attention
        row = attention.guess if self._front is None else attention.following.row_of(self._front)
        return None if row is None else self.registry.by_row(row)
