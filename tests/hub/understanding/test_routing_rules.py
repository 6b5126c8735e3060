"""The rules before the classifier: errands and what is of the house stay, whatever long words stand in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.routing import route

things = st.sampled_from(["flour", "the blue paint", "batteries", "a birthday card", "two lemons"])
lists = st.sampled_from(["shopping list", "list", "chores list", "packing list"])
long_verbs = st.sampled_from(["explain", "analyse", "summarise", "outline", "evaluate"])
subjects = st.sampled_from(["the french revolution", "how vaccines work", "plato and aristotle", "inflation in europe"])
courtesies = st.sampled_from(["", "please ", "could you ", "hey can you please ", "okay so "])


def of(text):
    return route(text, understood=False).kind


@given(courtesies, st.sampled_from(["add", "put", "write", "jot", "scribble"]), things, lists)
def test_what_is_written_on_a_list_is_an_errand(courtesy, verb, thing, name):
    assert of(f"{courtesy}{verb} {thing} on the {name}") == "local"


@given(
    things, st.sampled_from(["add", "stick", "pop", "chuck", "note", "get"]), st.sampled_from(["it", "that", "them"])
)
def test_whatever_came_before_it(thing, verb, pronoun):
    assert of(f"given that we have run out of {thing} {verb} {pronoun} on the list") == "local"


@given(
    st.sampled_from(["no wait", "scratch that", "never mind", "forget it", "actually no"]),
    st.sampled_from(["set it to ten", "play some jazz", "turn on the fan", "close the blind", "remind me at six"]),
)
def test_a_change_of_mind_is_an_errand(change, deed):
    assert of(f"explain quantum physics {change} {deed}") == "local"


@given(courtesies, long_verbs, subjects)
def test_a_long_word_about_the_world_is_for_the_expert(courtesy, verb, subject):
    assert of(f"{courtesy}{verb} {subject}") == "expert"


@given(
    courtesies, long_verbs,
    st.sampled_from(["my shopping list", "the chores", "the timers", "my calendar", "whether the gate is locked",
                     "what you just did"]),
)  # fmt: skip
def test_the_same_word_about_this_house_is_not(courtesy, verb, subject):
    assert of(f"{courtesy}{verb} {subject}") == "local"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("explain why the porch light is still on", "local"),
        ("explain why the sky is still dark in winter", "expert"),
        ("who left the garage open", "local"),
        ("explain that again please", "local"),
        ("explain that theorem to me step by step", "expert"),
        ("draft me a reminder about the bins", "local"),
        ("draft a letter to my landlord about the damp", "expert"),
        ("think of a number between one and ten", "local"),
        ("i spy with my little eye", "local"),
        ("summarise that", "local"),
        ("why not", "local"),
    ],
)
def test_the_house_and_the_world_side_by_side(text, wanted):
    assert of(text) == wanted
