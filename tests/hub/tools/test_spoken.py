from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.tools.spoken import phone_words, spoken_name, spoken_phone


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("it's oh six six four double seven one two three", "066477123"),
        ("plus four three six six four one two three", "+43664123"),
        ("My number is 555 0123.", "5550123"),
        ("triple five twenty three one", "555231"),
        ("0664-123-4567", "06641234567"),
        ("call me maybe", None),
        ("one two three", None),
        ("double", None),
        ("555 0123 tomorrow", None),
        ("1" * 16, None),
    ],
)
def test_telephone_numbers(text, number):
    assert spoken_phone(text) == number


@settings(deadline=None)
@given(st.text("0123456789", min_size=5, max_size=15), st.booleans())
def test_a_number_that_is_read_back_is_heard_again(digits, plus):
    number = f"+{digits}" if plus else digits
    assert spoken_phone(phone_words(number)) == number


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Anna Smith", "Anna Smith"),
        ("s m i t h", "Smith"),
        ("S. M. I. T. H.", "Smith"),
        ("my name is anna smith spelled s m y t h", "Anna Smyth"),
        ("b as in bravo, e, double n", "Benn"),
        ("it's Jean-Luc O'Neill", "Jean-Luc O'Neill"),
        ("a", None),
        ("turn on the light in the kitchen please now", None),
        ("42", None),
    ],
)
def test_names(text, name):
    assert spoken_name(text) == name


@settings(deadline=None)
@given(st.text(max_size=400))
def test_no_text_breaks_them(text):
    number, name = spoken_phone(text), spoken_name(text)
    assert number is None or 5 <= len(number.lstrip("+")) <= 15
    assert name is None or 2 <= len(name) <= 320
