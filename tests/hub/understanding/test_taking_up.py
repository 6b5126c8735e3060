"""What a clause of the assistant takes up of the request: each deed once, and only what the user's words support."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.understanding.clause_stance import ACTING
from hub.understanding.decisions import Moment
from hub.understanding.judging import Request
from hub.understanding.parser import Parser
from hub.understanding.stance import stance_of
from hub.understanding.taking_up import TakingUp
from tests.hub.understanding.conftest import HOUSES

NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
HOUSE = HOUSES["british"]
PARSER = Parser()
ASKED = (
    "turn off the hall light",
    "turn on the reading lamp and close the lounge curtains",
    "unlock the front door",
    "what is the weather",
)
SAID = (
    "turning off the hall light",
    "i am turning on the reading lamp",
    "closing the lounge curtains",
    "i will unlock the front door",
    "turning on the kettle",
    "the hall light is off",
)


def moment(at_s: float) -> Moment:
    return Moment(HOUSE, NOW, at_s, round(at_s / 0.08))


def request(words: str, turn: int, *, final: bool = True) -> Request:
    return Request(words, PARSER.understand(words, HOUSE, "lounge", NOW), "lounge", turn, final)


def say(taking_up: TakingUp, words: str, at_s: float):
    stance = stance_of(words)
    found = taking_up.find(stance, moment(at_s))
    return taking_up.decide(stance, found, moment(at_s), last=True) if stance.kind in ACTING else []


def deeds(readies):
    return [(a.service, i) for r in readies for a in (*r.actions, *r.dangerous) for i in a.entity_ids]


@pytest.fixture
def taking_up():
    return TakingUp(PARSER)


def test_a_promise_of_what_was_asked_for_is_ready_at_once_and_once(taking_up):
    taking_up.hear_request(request("turn off the hall light", 1), moment(1))
    assert deeds(say(taking_up, "turning off the hall light", 2)) == [("turn_off", "light.hall")]
    assert taking_up.all_done
    assert say(taking_up, "i have turned off the hall light", 3) == []


def test_what_needs_a_yes_is_ready_only_as_dangerous(taking_up):
    taking_up.hear_request(request("unlock the front door", 1), moment(1))
    (ready,) = say(taking_up, "unlocking the front door", 2)
    assert (ready.actions, deeds([ready])) == ((), [("unlock", "lock.front_door")])


def test_a_promise_waits_for_late_words_of_the_user(taking_up):
    taking_up.hear_request(request("", 1, final=False), moment(1))
    assert say(taking_up, "turning off the hall light", 1.2) == []
    late = taking_up.hear_request(request("turn off the hall light", 1), moment(1.5))
    assert deeds(late) == [("turn_off", "light.hall")]


def test_but_not_for_ever(taking_up):
    taking_up.hear_request(request("", 1, final=False), moment(1))
    say(taking_up, "turning off the hall light", 1.2)
    taking_up.late.expire(moment(30))
    assert taking_up.hear_request(request("turn off the hall light", 1), moment(30)) == []


def test_with_nobody_to_be_heard_the_promise_alone_is_ready(taking_up):
    taking_up.hear_nothing(moment(1), "lounge")
    assert deeds(say(taking_up, "turning off the hall light", 2)) == [("turn_off", "light.hall")]


class TakingUpForWhile(RuleBasedStateMachine):
    """Requests and clauses in any order."""

    def __init__(self):
        super().__init__()
        self.taking_up = TakingUp(PARSER)
        self.turn, self.at_s = 0, 1.0
        self.ready: Counter[tuple[int, str, str]] = Counter()
        self.asked: set[tuple[int, str, str]] = set()

    def _note(self, readies):
        for one in readies:
            self.ready.update({(one.turn, *deed) for deed in deeds([one])})
            assert not [a for a in one.actions if a.service == "unlock"]

    @rule(words=st.sampled_from(ASKED), final=st.booleans())
    def the_user_speaks(self, words, final):
        self.turn, self.at_s = self.turn + 1, self.at_s + 5
        heard = request(words, self.turn, final=final)
        self.asked |= {(self.turn, a.service, i) for a in heard.actions for i in a.entity_ids}
        self._note(self.taking_up.hear_request(heard, moment(self.at_s)))

    @precondition(lambda self: self.turn)
    @rule(words=st.sampled_from(SAID))
    def the_assistant_speaks(self, words):
        self.at_s += 0.5
        self._note(say(self.taking_up, words, self.at_s))

    @invariant()
    def no_deed_is_ready_twice_in_a_turn(self):
        assert all(count == 1 for count in self.ready.values())

    @invariant()
    def only_what_was_asked_for_is_ready(self):
        assert set(self.ready) <= self.asked


TakingUpForWhile.TestCase.settings = settings(max_examples=25, stateful_step_count=8, deadline=None)
TestTakingUpForWhile = TakingUpForWhile.TestCase
