from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.server.pairing import TRIES, WINDOW_S, PairingDesk


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def desk(clock):
    codes = iter(["111111", "222222", "333333"])
    return PairingDesk(now_s=clock, make_code=lambda: next(codes))


def test_a_code_lives_two_minutes():
    clock = Clock()
    pairing = desk(clock)
    assert pairing.code is None
    assert pairing.open("kitchen", "Kitchen") == "111111"
    clock.now = WINDOW_S - 0.1
    assert pairing.code == "111111"
    clock.now = WINDOW_S
    assert pairing.code is None
    assert pairing.status.state == "expired"


def test_five_wrong_guesses_close_the_window():
    pairing = desk(Clock())
    pairing.open("kitchen", "Kitchen")
    for _ in range(TRIES - 1):
        pairing.failed()
    assert pairing.code is not None
    pairing.failed()
    assert pairing.code is None
    assert pairing.status.state == "used_up"


def test_a_code_pairs_one_satellite():
    pairing = desk(Clock())
    pairing.open("kitchen", "Kitchen")
    pairing.done("pi")
    assert pairing.code is None
    assert pairing.status.device_name == "pi"


def test_what_comes_too_late_changes_nothing_and_is_counted():
    clock = Clock()
    pairing = desk(clock)
    pairing.open("kitchen", "Kitchen")
    clock.now = WINDOW_S
    pairing.done("pi")
    assert pairing.status.state == "expired"
    assert pairing.status.device_name == ""
    assert pairing.counts.refused.total() == 1
    for _ in range(2 * TRIES):
        pairing.failed()
    assert pairing.status.tries_left == TRIES


class DeskMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.desk = PairingDesk(now_s=self.clock)
        self.opened_at: float | None = None
        self.guesses = 0

    @rule()
    def open(self):
        code = self.desk.open("kitchen", "Kitchen")
        assert len(code) == 6
        assert code.isdigit()
        self.opened_at, self.guesses = self.clock.now, 0

    @rule(seconds=st.floats(0, 70))
    def wait(self, seconds):
        self.clock.now += seconds

    @rule()
    def guess(self):
        if self.desk.code is not None:
            self.desk.failed()
            self.guesses += 1

    @rule()
    def succeed(self):
        if self.desk.code is not None:
            self.desk.done("pi")
            self.opened_at = None

    @invariant()
    def never_open_longer_or_for_more_tries_than_promised(self):
        if self.desk.code is not None:
            assert self.opened_at is not None
            assert self.clock.now - self.opened_at < WINDOW_S
            assert self.guesses < TRIES


TestDesk = DeskMachine.TestCase
