"""Words that sound the same are told apart by what stands beside them, and left alone where nothing tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.homophones import put_right


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("clothes the curtains", "close the curtains"),
        ("can you clothes the curtains", "can you close the curtains"),
        ("turn of the lamp", "turn off the lamp"),
        ("turn on the fan and turn of the lamp", "turn on the fan and turn off the lamp"),
        ("make the lamp read, please", "make the lamp red, please"),
        ("turn the lamp blew.", "turn the lamp blue."),
        ("dim it buy ten percent", "dim it by ten percent"),
        ("set a timer for too minutes", "set a timer for two minutes"),
        ("set the lamp to ate percent", "set the lamp to eight percent"),
        ("leave the fan on four twenty minutes", "leave the fan on for twenty minutes"),
        ("take milk of the shopping list", "take milk off the shopping list"),
        ("paws the music", "pause the music"),
        ("plays sum jazz", "play some jazz"),
        ("cancel the pizza time her", "cancel the pizza timer"),
    ],
)
def test_what_was_said(heard, said):
    assert put_right(heard) == said


@pytest.mark.parametrize(
    "text",
    [
        "wash the clothes",
        "the lamp that i read by",
        "the wind blew",
        "he ate four eggs",
        "buy ten eggs",
        "it was a piece of the list",
        "a turn of the key",
        "sum up the news",
        "clothes the garage door",
        "harm the alarm",
        "loc the front door",
    ],
)
def test_what_is_left_alone(text):
    assert put_right(text) == text


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text):
    assert isinstance(put_right(text), str)
