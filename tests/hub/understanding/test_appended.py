"""More for the timer or the list that was spoken of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.appended import on_timer
from hub.understanding.focus import Mention
from hub.understanding.house import Action


def timer(seconds, **data):
    action = Action("timer", "start", (), {"duration": seconds, **data})
    return Mention((action,), (), "kitchen", f"set a timer for {seconds}s", 1)


@given(st.integers(1, 90), st.sampled_from([(1, 50), (60, 10), (3600, 2)]))
def test_more_is_in_the_unit_of_the_timer(amount, unit):
    size, count = unit
    assert f"add {amount * size}s to the timer" in list(on_timer(f"add {amount} more", timer(size * count)))


@given(st.integers(1, 7200), st.integers(1, 7200))
def test_another_length_takes_the_place_of_the_first(first, second):
    assert f"set a timer for {second}s" in list(on_timer(f"make it {second}s", timer(first)))


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_it_is_the_timer_by_its_name(verb):
    assert list(on_timer(f"{verb} it", timer(600, name="pasta"))) == [f"{verb} the pasta timer"]
    assert list(on_timer(f"{verb} it", timer(600))) == [f"{verb} the timer"]


@pytest.mark.parametrize("said", ["add salt", "pause the telly", "make it red", "more", ""])
def test_other_words_are_for_no_timer(said):
    assert list(on_timer(said, timer(600))) == []


def test_without_a_timer_there_is_nothing_to_add_to():
    lamp = Mention((Action("light", "turn_on", ("light.lamp",)),), ("light.lamp",), "kitchen", "lamp on", 1)
    assert list(on_timer("add 5 more", lamp)) == []
    assert list(on_timer("pause it", lamp)) == []


@pytest.mark.parametrize(
    ("then", "service", "data"),
    [
        ("Stick five more on.", "add", {"duration": 300}),
        ("Actually make it twelve.", "start", {"duration": 720}),
        ("Pause it for a second.", "pause", {}),
    ],
)
def test_a_timer_is_changed_by_talking_on(talking, then, service, data):
    talk = talking("british", mode="user")
    talk.user("kitchen", "Set a timer for ten minutes.")
    acts = [action for decision in talk.user("kitchen", then) for action in getattr(decision, "actions", ())]
    assert (acts[-1].service, {k: acts[-1].data[k] for k in data}) == (service, data)


@pytest.mark.parametrize(
    ("then", "service", "item"),
    [("And butter too.", "add_item", "butter"), ("Take the eggs off.", "remove_item", "eggs")],
)
def test_a_list_is_gone_on_with(talking, then, service, item):
    talk = talking("british", mode="user")
    talk.user("kitchen", "Add eggs to the shopping list.")
    acts = [action for decision in talk.user("kitchen", then) for action in getattr(decision, "actions", ())]
    assert [(a.service, a.data["item"]) for a in acts] == [(service, item)]
