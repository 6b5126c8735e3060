"""Words of a home that ask nothing of it: where somebody is, what a word is, what is theirs, what any such thing is."""

import pytest

from hub.understanding.gates import judge
from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    "said",
    ["Stop at the lights.", "Pump up your stairs.", "On the landing there's a", "Turn on the reading lamp and the",
     "The magic word is not turn the radio on, it's please.", "The password is lights off."],
)  # fmt: skip
def test_nothing_is_done(hear, said):
    assert not deeds_of(hear("british", "kitchen", said))


@pytest.mark.parametrize("said", ["What is a heat pump?", "How does a thermostat work?", "How hot is a sauna?"])
def test_any_of_its_kind_is_not_the_one_of_this_house(hear, said):
    assert not hear("british", "kitchen", said).asked


@pytest.mark.parametrize("said", ["Is there a light on?", "How warm is it in here?", "What is the thermostat set to?"])
def test_the_one_of_this_house_is_still_answered(hear, said):
    assert hear("british", "lounge", said).kind == "answer"


def test_what_breaks_off_behind_a_small_word_is_cut_short():
    assert judge("on the landing there is a", question_mark=False).why == "cut short"
    assert judge("turn on the light in the hall", question_mark=False).kind == "open"
