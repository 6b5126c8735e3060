"""A form that is filled by talking: whatever is said, only a yes to what was read back leads on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.tools.slots import ANSWER_S, Form, Phase, Slot

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SLOTS = (
    Slot("what", "text", "What is it for?"),
    Slot("date", "date", "On what day?"),
    Slot("time", "time", "At what time?"),
    Slot("phone", "phone", "What is the phone number?"),
)


def form(**values):
    made = Form(SLOTS, lambda v: f"Shall I book {v['what']} with {v['phone']}?", "Not booked.", dict(values))
    return made, made.begin(0.0)


def say(made, *texts, at=1.0):
    step = None
    for text in texts:
        step = made.hear(text, now=NOW, now_s=at)
    return step


def test_missing_things_are_asked_one_by_one_and_all_is_read_back():
    made, step = form()
    assert step.sentence == "What is it for?"
    assert say(made, "a haircut").sentence == "On what day?"
    assert say(made, "tomorrow at three").sentence == "What is the phone number?"
    step = say(made, "five five five double oh one two")
    assert (step.phase, step.sentence) == (Phase.CONFIRMING, "Shall I book a haircut with 5550012?")
    assert say(made, "Yes, please.").phase is Phase.READY
    assert str(made.values["date"]), made.values["time"].hour == ("2026-06-02", 15)


@pytest.mark.parametrize(
    "answer", ["no", "no thanks", "wait", "not yet", "turn on the light", "yes but at four", "", "yesterday"]
)
def test_anything_but_a_yes_books_nothing(answer):
    made, _ = form(what="x", date=NOW.date(), time=NOW.time(), phone="55555")
    assert say(made, answer).phase is Phase.DROPPED
    assert say(made, "yes").phase is Phase.DROPPED


@pytest.mark.parametrize("word", ["cancel", "never mind", "Stop it.", "forget it", "leave it please"])
def test_it_can_be_taken_back_at_every_step(word):
    made, _ = form()
    assert say(made, word).phase is Phase.DROPPED
    made, _ = form(what="x", date=NOW.date(), time=NOW.time(), phone="55555")
    assert say(made, word).phase is Phase.DROPPED


def test_an_answer_that_comes_too_late_is_none():
    made, _ = form(what="x", date=NOW.date(), time=NOW.time(), phone="55555")
    assert made.expired(ANSWER_S + 1)
    assert say(made, "yes", at=ANSWER_S + 1).phase is Phase.DROPPED


def test_nobody_is_asked_for_ever():
    made, _ = form(what="x")
    steps = [say(made, "purple") for _ in range(3)]
    assert [step.phase for step in steps] == [Phase.ASKING, Phase.ASKING, Phase.DROPPED]
    assert steps[0].sentence == "I did not get that. On what day?"
    assert not steps[-1].understood


class Talk(RuleBasedStateMachine):
    """Any answers in any order, at any pace."""

    @initialize(known=st.sets(st.sampled_from(["what", "date", "time", "phone"])))
    def begin(self, known):
        values = {"what": "x", "date": NOW.date(), "time": NOW.time(), "phone": "55555"}
        self.clock = 0.0
        self.form, self.step = form(**{name: values[name] for name in known})
        self.asked_back = self.step.phase is Phase.CONFIRMING
        self.yes = False

    @rule(
        text=st.sampled_from(
            ["yes", "no", "cancel", "tomorrow", "at three", "555 0123", "a haircut", "blah", "ok do it"]
        ),
        pause_s=st.floats(0, 80),
    )
    def speak(self, text, pause_s):
        before = self.form.phase
        known = dict(self.form.values)
        late = pause_s > ANSWER_S
        self.clock += pause_s
        self.step = self.form.hear(text, now=NOW, now_s=self.clock)
        agreed = text in ("yes", "ok do it") and before is Phase.CONFIRMING and not late
        assert (self.step.phase is Phase.READY) <= agreed
        assert all(self.form.values[name] == value for name, value in known.items())
        if before in (Phase.READY, Phase.DROPPED):
            assert self.step.phase is Phase.DROPPED

    @invariant()
    def only_a_whole_form_is_read_back(self):
        if self.form.phase in (Phase.CONFIRMING, Phase.READY):
            assert {"what", "date", "time", "phone"} <= self.form.values.keys()


TestTalk = Talk.TestCase
TestTalk.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_words_break_it(text):
    made, _ = form(what="x")
    assert say(made, text).phase in Phase
    made, _ = form(what="x", date=NOW.date(), time=NOW.time(), phone="55555")
    assert say(made, text).phase in (Phase.READY, Phase.DROPPED)
