"""The reason that is told after a request, and what only sounds like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.reasons import UNFINISHED, reason_cut, reason_cuts

WORDS = st.sampled_from(
    ["turn", "the", "lamp", "off", "it", "is", "my", "eyes", "hurt", "because", "so", "we", "can", "sleep", "now", "on",
     "they", "left", "said", "and", "until", "i", "am", "cold", "there", "guests", ",", "title"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("turn the lamp off it hurts my eyes", "turn the lamp off"),
        ("turn the lamp off , we are going to bed", "turn the lamp off"),
        ("open the blinds because i want to see the snow", "open the blinds"),
        ("close the window so that the cat can not get out", "close the window"),
        ("put the heater on my feet are freezing", "put the heater on"),
        ("dim the lamp to 20% the baby is asleep", "dim the lamp to 20%"),
        ("lock the door there is somebody outside", "lock the door"),
    ],
)
def test_the_request_stands_before_its_reason(text, request_):
    assert reason_cut(text) == request_


@pytest.mark.parametrize(
    "text",
    [
        "turn the lamp off",
        "turn it off if it rains",  # a condition
        "turn the lamp off he said",  # somebody's words
        "lights out said my mother",
        "turn the",
        "",
    ],
)
def test_what_is_no_reason_is_left(text):
    assert reason_cut(text) is None


def test_a_name_is_not_cut_in_two():
    assert "turn off the reading" not in list(reason_cuts("turn off the reading lamp is a bad title"))


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_a_request_is_a_beginning_of_the_text_and_whole(text):
    cuts = list(reason_cuts(text))
    for cut in cuts:
        assert cut in text
        assert len(cut) < len(text)
        assert not UNFINISHED.search(cut)
    assert len(cuts) <= text.count(" ")


@pytest.mark.parametrize("words", ["somebody is after leaving", "turn on the", "he left", "because"])
def test_what_must_go_on_is_unfinished(words):
    assert UNFINISHED.search(words)
