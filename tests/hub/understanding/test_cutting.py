"""Where one clause may end and the next begin; and two requests in one breath are both done, joined or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.cutting import pieces_at_ends, pieces_at_names, pieces_at_verbs, pieces_of
from hub.understanding.parser import Parser
from tests.hub.understanding.conftest import HOUSES, NOW

PARSER = Parser()
HOUSE = HOUSES["british"]
CONTEXT = PARSER.context(HOUSE, "lounge", NOW)
WORDS = st.sampled_from(
    ["turn", "the", "reading", "lamp", "off", "and", "then", "landing", "light", "on", ",", "but", "close", "20%"]
)  # fmt: skip
REQUESTS = {
    "turn the landing light on": {("turn_on", "light.landing")},
    "reading lamp off": {("turn_off", "light.lounge_lamp")},
    "close the lounge curtains": {("close_cover", "cover.lounge_curtains")},
    "lock the back door": {("lock", "lock.back_door")},
    "plinth lights on": {("turn_on", "light.kitchen_plinth")},
    "kettle on": {("turn_on", "switch.kettle")},
    "stop the bathroom extractor fan": {("turn_off", "fan.bathroom")},
}
REASONS = ("it's getting late", "my feet are freezing", "because we're going out", "he's sound asleep")


def done(text):
    understood = PARSER.understand(text, HOUSE, "lounge", NOW)
    return {(a.service, i) for a in (*understood.actions, *understood.pending) for i in a.entity_ids}


@given(st.lists(WORDS, min_size=1, max_size=12).map(" ".join))
def test_a_cut_loses_and_moves_no_word(text):
    words = [w for w in text.split() if w not in (",", "and", "then", "but")]
    for cut in (pieces_of, pieces_at_verbs, pieces_at_ends, lambda said: pieces_at_names(said, CONTEXT)):
        pieces = [w for _, piece in cut(text) for w in piece.split() if w not in (",", "and", "then", "but")]
        assert pieces == words


@pytest.mark.parametrize("joint", [" ", " and ", " then "])
@pytest.mark.parametrize("first", REQUESTS)
@pytest.mark.parametrize("second", REQUESTS)
def test_two_requests_are_both_done(first, second, joint):
    if first != second:
        assert done(f"{first}{joint}{second}") == REQUESTS[first] | REQUESTS[second]


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("second", ["turn the landing light on", "close the lounge curtains", "lock the back door"])
def test_a_reason_between_them_swallows_neither(reason, second):
    assert done(f"reading lamp off {reason} {second}") == REQUESTS["reading lamp off"] | REQUESTS[second]


@pytest.mark.parametrize("habit", ["we always close the lounge curtains", "she told me to lock the back door"])
def test_a_habit_or_another_persons_wish_is_no_second_request(habit):
    assert done(f"reading lamp off {habit}") <= REQUESTS["reading lamp off"]


def test_what_is_left_out_stays_left_out():
    locks = done("turn the landing light on lock everything but the back door")
    assert ("lock", "lock.back_door") not in locks
