from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from satellite.errors import IllegalTransitionError, NotWokenError
from satellite.session import GRANT_WINDOW_S, Phase, Session


class AnyHub(RuleBasedStateMachine):
    """Whatever a hub sends: sound needs a call of the last five seconds, on this very link."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.session = Session(lambda: self.now)
        self.online = False
        self.called_at: float | None = None
        self.right = False

    @rule()
    def welcomed(self) -> None:
        self.session.welcomed()
        self.online, self.called_at, self.right = True, None, False

    @rule()
    def lost(self) -> None:
        self.session.lost()
        self.online, self.called_at, self.right = False, None, False

    @rule()
    def muted(self) -> None:
        self.session.muted()
        self.called_at, self.right = None, False

    @rule()
    def called(self) -> None:
        assert self.session.called() == self.online
        if self.online and not self.right:
            self.called_at = self.now

    @rule(seconds=st.sampled_from([0.02, 1.0, 4.9, 5.1, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(state=st.sampled_from(["granted", "denied", "released"]))
    def floor(self, state: str) -> None:
        in_time = self.called_at is not None and self.now - self.called_at <= GRANT_WINDOW_S
        allowed = self.online and (state != "granted" or self.right or in_time)
        if not allowed:
            with pytest.raises(NotWokenError):
                self.session.floor(state)
            return
        begins = self.session.floor(state)
        assert begins == (state == "granted" and not self.right)
        self.right = state == "granted"
        self.called_at = None

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
