"""Timers and lists: whichever way one asks, the same minutes, the same name and the same things come out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.understanding.house import Entity, House
from hub.understanding.parser import Parser

LISTS = House(
    "lists",
    (),
    (),
    {
        e.entity_id: e
        for e in (
            Entity("todo.shop", "Shopping List", state="2"),
            Entity("todo.garden", "Garden Jobs", aliases=("jobs list",), state="1"),
            Entity("media_player.snug", "Snug Telly", state="playing", attributes={"volume_level": 0.4}),
        )
    },
)
PARSER = Parser()
NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
few = settings(max_examples=15)
names = st.sampled_from(["pasta", "eggs", "sourdough", "washing", "roast potatoes", "nap"])
lengths = st.integers(2, 59)
things = st.lists(
    st.sampled_from(["leeks", "cat litter", "oat milk", "stamps", "bin bags", "cheddar", "light bulbs", "olive oil"]),
    min_size=1, max_size=3, unique=True,
)  # fmt: skip


def hear(sentence):
    return PARSER.understand(sentence, LISTS, None, NOW)


def only(sentence):
    heard = hear(sentence)
    assert len(heard.actions) == 1, (sentence, heard)
    action = heard.actions[0]
    return f"{action.domain}.{action.service}", dict(action.data)


@few
@given(names, lengths)
@pytest.mark.parametrize(
    "way",
    [
        "set a {n} timer for {m} minutes", "start a {m} minute {n} timer", "timer for {m} minutes for the {n}",
        "count down {m} minutes for the {n}", "give me {m} minutes for the {n}", "{m} minutes for the {n} please",
        "stick {m} minutes on the clock for the {n}", "{n} timer {m} minutes", "time the {n} for {m} minutes",
        "can i have a {m} minute {n} timer", "put {m} minutes on for the {n} would you",
    ],
)  # fmt: skip
def test_every_way_starts_the_same_timer(way, name, length):
    said = way.format(n=name, m=length)
    assert only(said) == ("timer.start", {"duration": length * 60, "name": name})


@few
@given(lengths)
@pytest.mark.parametrize(
    "way",
    [
        "wake me up in {m} minutes", "give me a shout in {m} minutes", "let me know when {m} minutes are up",
        "nudge me in {m} minutes", "set an alarm for {m} minutes", "a {m} minute timer",
        "bung {m} minutes on the timer",
    ],
)  # fmt: skip
def test_every_way_starts_a_timer_without_a_name(way, length):
    assert only(way.format(m=length)) == ("timer.start", {"duration": length * 60})


@few
@given(names, st.sampled_from(["bin", "ditch", "scrap", "cancel", "forget about", "knock off", "get rid of", "stop"]))
def test_every_way_ends_the_same_timer(name, verb):
    assert only(f"{verb} the {name} timer") == ("timer.cancel", {"name": name})


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("another five minutes on the pasta timer", ("timer.add", {"duration": 300, "name": "pasta"})),
        ("five more minutes on the timer", ("timer.add", {"duration": 300})),
        ("make the timer ten minutes longer", ("timer.add", {"duration": 600})),
        ("make the pasta timer two minutes shorter", ("timer.add", {"duration": -120, "name": "pasta"})),
        ("hold the timer there", ("timer.pause", {})),
        ("kill every timer you've got running", ("timer.cancel_all", {})),
    ],
)
def test_ways_of_changing_a_timer(said, wanted):
    assert only(said) == wanted


@pytest.mark.parametrize(
    "said",
    ["give me a minute", "i need five minutes", "call me in ten minutes", "ten minutes is plenty", "i want two minutes",
     "we have ten minutes left", "the timer on the cooker is broken", "wake me when it's over"],
)  # fmt: skip
def test_talk_of_minutes_starts_nothing(said):
    assert not hear(said).actions


@few
@given(things)
@pytest.mark.parametrize(
    ("way", "service"),
    [
        ("add {i} to the shopping list", "add_item"), ("chuck {i} on the shopping list", "add_item"),
        ("{i} on the shopping list please", "add_item"), ("shopping list add {i}", "add_item"),
        ("we're out of {i} pop them on the shopping list", "add_item"), ("i need {i} on the shopping list", "add_item"),
        ("we're running low on {i} so add some to the shopping list", "add_item"),
        ("take {i} off the shopping list", "remove_item"), ("scrub {i} off the shopping list", "remove_item"),
        ("get rid of {i} from the shopping list", "remove_item"),
        ("take {i} off the shopping list we've got some", "remove_item"),
    ],
)  # fmt: skip
def test_every_way_writes_the_same_things(way, service, items):
    heard = hear(way.format(i=" and ".join(items)))
    made = [(a.service, a.entity_ids, dict(a.data)) for a in heard.actions]
    assert made == [(service, ("todo.shop",), {"item": item}) for item in items]


@pytest.mark.parametrize(
    ("said", "item"),
    [
        ("garden jobs add prune the roses", "prune the roses"),
        ("put mend the fence on garden jobs", "mend the fence"),
        ("jobs list add mow the lawn", "mow the lawn"),
        ("new job sweep the path on the jobs list", "sweep the path"),
    ],
)
def test_a_list_by_any_of_its_names(said, item):
    heard = hear(said)
    assert [(a.entity_ids, dict(a.data)) for a in heard.actions] == [(("todo.garden",), {"item": item})]


@pytest.mark.parametrize(
    "said",
    ["my aunt is on the list", "what's on the shopping list", "is there milk on the shopping list",
     "put it on the list",
     "he's top of the list", "the shopping list is far too long", "they were on the shopping list already",
     "santa's got a naughty list"],
)  # fmt: skip
def test_talk_of_lists_writes_nothing(said):
    assert not hear(said).actions


@pytest.mark.parametrize("why", ["nobody bought any", "nobody remembered it", "nobody has any left"])
@pytest.mark.parametrize("between", [" ", ", "])
def test_why_it_is_put_on_the_list_takes_nothing_back(why, between):
    assert only(f"Put oat milk on the shopping list{between}{why}.") == ("todo.add_item", {"item": "oat milk"})
