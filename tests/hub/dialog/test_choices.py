"""What was answered, of what was offered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.dialog.choices import choice_of

YES_NO = ["yes", "no"]
DRINKS = ["coffee", "green tea", "tea", "nothing"]


@pytest.mark.parametrize(
    ("text", "choices", "choice"),
    [
        ("Yes please.", YES_NO, "yes"),
        ("yeah, that would be nice", YES_NO, "yes"),
        ("Nope.", YES_NO, "no"),
        ("not now", YES_NO, "no"),
        ("go ahead", YES_NO, "yes"),
        ("I'd like the green tea, please", DRINKS, "green tea"),
        ("Tea!", DRINKS, "tea"),
        ("toffee please", DRINKS, "coffee"),
        ("not the coffee, the green tea", DRINKS, "green tea"),
        ("coffee or tea", DRINKS, None),
        ("the weather is lovely", DRINKS, None),
        ("maybe later", YES_NO, None),
        ("", YES_NO, None),
        ("yes", [], None),
        ("the living room", ["Living Room", "Kitchen"], "Living Room"),
        ("chicken", ["Living Room", "Kitchen"], "Kitchen"),
        ("pizza", ["pizza", "pasta"], "pizza"),
        ("past her", ["pizza", "pasta"], "pasta"),
    ],
)
def test_choices(text, choices, choice):
    assert choice_of(text, choices) == choice


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_text_leads_to_an_offered_choice_or_to_none(text, choices):
    assert choice_of(text, choices) in {None, *choices}


@given(st.sampled_from(["please", "thanks", "I think", "um"]), st.sampled_from(DRINKS))
def test_a_courtesy_changes_nothing(courtesy, drink):
    assert choice_of(f"{drink} {courtesy}", DRINKS) == drink
    assert choice_of(f"{courtesy}, {drink}", DRINKS) == drink
