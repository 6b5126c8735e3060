"""Whatever happens in whatever order: only legal steps, and a delay that grows while there is no proof of health."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.engine.breaker import FIRST_DELAY_S, LONGEST_DELAY_S, PROVEN_S, Breaker, Circuit


def test_who_fails_soon_again_waits_longer_and_who_was_well_waits_little():
    now = [0.0]
    breaker = Breaker("voice", now_s=lambda: now[0])
    delays = []
    for _ in range(9):
        assert breaker.fail()
        delays.append(breaker.retry_in_s)
        now[0] += breaker.retry_in_s
        assert breaker.probe()
        assert breaker.recover()
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    now[0] += PROVEN_S
    assert breaker.fail()
    assert breaker.retry_in_s == FIRST_DELAY_S


class BreakerMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now_s = 0.0
        self.breaker = Breaker("voice", now_s=lambda: self.now_s)
        self.fails_in_a_row = 0

    @rule(seconds=st.sampled_from([0.1, 1.0, 29.0, 31.0, 100.0]))
    def time_passes(self, seconds):
        self.now_s += seconds

    @rule()
    def it_fails(self):
        before, delay = self.breaker.state, self.breaker.retry_in_s
        opened = self.breaker.fail()
        assert opened is (before is not Circuit.OPEN)
        if not opened:
            assert self.breaker.retry_in_s == delay  # a failure reported twice prolongs nothing

    @rule()
    def it_is_asked(self):
        before = self.breaker.state
        assert self.breaker.probe() is (before is Circuit.OPEN)

    @rule()
    def it_answers(self):
        before = self.breaker.state
        assert self.breaker.recover() is (before is Circuit.HALF_OPEN)

    @invariant()
    def it_is_asked_again_before_long(self):
        assert 0.0 <= self.breaker.retry_in_s <= LONGEST_DELAY_S
        if self.breaker.state is not Circuit.OPEN:
            assert self.breaker.retry_in_s == 0.0


BreakerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBreaker = BreakerMachine.TestCase
