from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from satellite.errors import IllegalTransitionError, NotWokenError
from satellite.session import ANSWER_WINDOW_S, FOLLOW_WINDOW_S, GRANT_WINDOW_S, Phase, Session


class AnyHub(RuleBasedStateMachine):
    """Whatever a hub sends: sound needs a reason of this room's own, on this very link."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.follow = True
        self.session = Session(lambda: self.now)
        self.online = False
        self.at: dict[str, float] = {}
        self.right = False

    @initialize(follow=st.booleans())
    def owner(self, follow: bool) -> None:
        self.follow = follow
        self.session = Session(lambda: self.now, follow=follow)

    def within(self, what: str, window_s: float) -> bool:
        return what in self.at and self.now - self.at[what] <= window_s

    @rule()
    def welcomed(self) -> None:
        self.session.welcomed()
        self.online, self.at, self.right = True, {}, False

    @rule()
    def lost(self) -> None:
        self.session.lost()
        self.online, self.at, self.right = False, {}, False

    @rule()
    def muted(self) -> None:
        self.session.muted()
        self.at, self.right = {}, False

    @rule()
    def called(self) -> None:
        assert self.session.called() == self.online
        if self.online:
            self.at["called"] = self.now

    @rule()
    def somebody_speaks(self) -> None:
        self.session.spoken()
        self.at["spoken"] = self.now

    @rule()
    def a_question_is_heard(self) -> None:
        self.session.asked()
        self.at["asked"] = self.now

    @rule(seconds=st.sampled_from([0.02, 1.0, 2.9, 3.1, 4.9, 5.1, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        state=st.sampled_from(["granted", "denied", "released"]), because=st.sampled_from(["called", "moved", "asked"])
    )
    def floor(self, state: str, because: str) -> None:
        reason = self.right or self.within("called", GRANT_WINDOW_S)
        reason |= because == "moved" and self.follow and self.within("spoken", FOLLOW_WINDOW_S)
        reason |= because == "asked" and self.within("asked", ANSWER_WINDOW_S)
        if not (self.online and (state != "granted" or reason)):
            with pytest.raises(NotWokenError):
                self.session.floor(state, because)
            return
        begins = self.session.floor(state, because)
        assert begins == (state == "granted" and not self.right)
        self.right = state == "granted"
        if state != "released":
            self.at.pop("called", None)

    @invariant()
    def sound_only_with_the_right(self) -> None:
        assert (self.session.phase is Phase.TALKING) == self.right


TestAnyHub = AnyHub.TestCase


def test_a_machine_counts_and_refuses() -> None:
    session = Session(lambda: 0.0)
    with pytest.raises(NotWokenError):
        session.floor("granted")
    assert sum(session._machine.refused.values()) == 1
    session.welcomed()
    session.called()
    assert sum(session._machine.counts.values()) == 2
    from satellite.session import Event

    with pytest.raises(IllegalTransitionError):
        session._machine.transition(Event.WELCOMED)


@pytest.fixture
def room() -> tuple[Session, list[float]]:
    now = [100.0]
    session = Session(lambda: now[0])
    session.welcomed()
    return session, now


def test_a_call_that_crossed_the_end_of_a_session_still_gets_its_answer(room) -> None:
    session, now = room
    session.called()
    assert session.floor("granted")
    session.called()  # “Alexa” again, while “released” is on its way
    now[0] += 0.2
    session.floor("released")
    assert session.phase is Phase.CALLING
    assert session.floor("granted")


def test_a_call_that_was_answered_opens_nothing_again(room) -> None:
    session, _ = room
    session.called()
    session.floor("granted")
    session.floor("released")
    with pytest.raises(NotWokenError):
        session.floor("granted")


@pytest.mark.parametrize("because", ["moved", "asked"])
def test_what_this_room_does_not_know_itself_is_no_reason(room, because) -> None:
    session, now = room
    (session.asked if because == "moved" else session.spoken)()
    with pytest.raises(NotWokenError):
        session.floor("granted", because)
    session.spoken()
    session.asked()
    now[0] += FOLLOW_WINDOW_S + ANSWER_WINDOW_S
    with pytest.raises(NotWokenError):
        session.floor("granted", because)
    assert session.phase is Phase.IDLE
