"""Fragments about what was just done: all the way the other way, a judgement first, "it" of a timer and of a list."""

import pytest

from hub.understanding.decisions import Act


def _done(talk, area, *said):
    acts = [d for text in said[:-1] for d in talk.user(area, text)] and [
        d for d in talk.user(area, said[-1]) if isinstance(d, Act)
    ]
    return [(f"{a.domain}.{a.service}", a.entity_ids, a.data) for act in acts for a in act.actions]


@pytest.mark.parametrize(
    ("first", "then", "service"),
    [
        ("Open the kitchen blind.", "Okay all the way down again.", "cover.close_cover"),
        ("Close the kitchen blind.", "Right close it again.", "cover.close_cover"),
        ("Brighten the reading lamp.", "Too bright, down again.", "light.turn_on"),
    ],
)
def test_the_same_device_goes_the_way_that_is_said(talking, first, then, service):
    done = _done(talking("british", mode="user"), "kitchen", first, then)
    assert [name for name, _, _ in done] == [service]


def test_more_for_it_is_more_for_the_timer_of_that_name(talking):
    done = _done(talking("british", mode="user"), "kitchen", "Ten minute pasta timer.", "Add two minutes to it.")
    assert done == [("timer.add", (), {"duration": 120, "name": "pasta"})]


def test_off_the_list_comes_what_was_just_written(talking):
    done = _done(talking("british", mode="user"), "kitchen", "Add oats to the shopping list.", "Take that off again.")
    assert [(name, data) for name, _, data in done] == [("todo.remove_item", {"item": "oats"})]
