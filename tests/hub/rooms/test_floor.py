from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.rooms.floor import Floors

SESSIONS = st.sampled_from(["s1", "s2", "s3"])
AREAS = st.sampled_from(["kitchen", "hallway"])


class FloorsMachine(RuleBasedStateMachine):
    """Against a model: a plain mapping of session to area."""

    def __init__(self):
        super().__init__()
        self.floors = Floors()
        self.wanted: set[str] = set()
        self.held: dict[str, str] = {}

    @rule(session=SESSIONS)
    def want(self, session):
        self.floors.want(session)
        if session not in self.held:
            self.wanted.add(session)

    @rule(session=SESSIONS, area=AREAS)
    def grant(self, session, area):
        allowed = session in self.wanted and area not in self.held.values()
        assert self.floors.grant(session, area) is allowed
        if allowed:
            self.wanted.discard(session)
            self.held[session] = area

    @rule(session=SESSIONS, area=AREAS)
    def move(self, session, area):
        others = [held for other, held in self.held.items() if other != session]
        allowed = session in self.held and area not in others
        assert self.floors.move(session, area) is allowed
        if allowed:
            self.held[session] = area

    @rule(session=SESSIONS)
    def release(self, session):
        self.floors.release(session)
        self.held.pop(session, None)
        self.wanted.discard(session)

    @invariant()
    def one_area_one_session(self):
        assert len(self.floors) == len(self.held)
        assert len(set(self.held.values())) == len(self.held)
        for session, area in self.held.items():
            assert self.floors.session_in(area) == session
            assert self.floors.area_of(session) == area


TestFloors = FloorsMachine.TestCase
