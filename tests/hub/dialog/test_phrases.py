"""From a text in the making to phrases for a voice."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dialog.phrases import CODE_LEFT_OUT, Phrases
from hub.dialog.speakable import speakable


def phrases_of(text, places=()):
    ends = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    phrases = Phrases()
    given_out = [phrase for start, end in pairwise(ends) for phrase in phrases.feed(text[start:end])]
    return given_out + phrases.close()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It is so. It was so.", ["It is so.", "It was so."]),
        ("Dr. Smith and J. R. Oh paid 3.14 dollars. Why?", ["Dr. Smith and J. R. Oh paid 3.14 dollars.", "Why?"]),
        ("See fig. 3 or no. 4 for that. Done.", ["See fig. 3 or no. 4 for that.", "Done."]),
        (
            "There are 1,000 of them, e.g. cats, at 5 p.m. each day.",
            ["There are 1,000 of them, for example cats,", "at 5 p.m. each day."],
        ),
        ("He said “no.” Then he left…  and came back.", ["He said “no.”", "Then he left… and came back."]),
        ("Well, yes.", ["Well, yes."]),
        (
            "The light of the sun is bent by the air, and blue bends most.",
            ["The light of the sun is bent by the air,", "and blue bends most."],
        ),
        ("The numbers that I like best are 1, 2, 3 and 4.", ["The numbers that I like best are 1, 2, 3 and 4."]),
        ("# Plan\n1. Buy eggs\n2. Boil **them**\n\n- eat", ["Plan.", "Buy eggs.", "Boil them.", "eat."]),
        ("Look:\n```python\nprint('hi. there')\n```\nThat is all.", ["Look:", CODE_LEFT_OUT, "That is all."]),
        ("Look:\n```python\nprint('never closed')", ["Look:", CODE_LEFT_OUT]),
        ("", []),
        (" \n\n---\n***\n", []),
    ],
)  # fmt: skip
def test_where_it_is_cut(text, wanted):
    assert phrases_of(text) == wanted
    assert phrases_of(text, range(len(text))) == wanted


def test_a_sentence_without_end_is_cut_between_words():
    phrases = phrases_of("and so on " * 200)
    assert all(len(phrase) <= 285 for phrase in phrases)
    assert " ".join(phrases).removesuffix(".").split() == ("and so on " * 200).split()


def test_half_a_sentence_that_was_cut_off_is_not_said_unless_there_is_nothing_else():
    phrases = Phrases()
    assert phrases.feed("One is whole. And two is") == ["One is whole."]
    assert phrases.close(cut=True) == []
    alone = Phrases()
    assert alone.feed("Two is") == []
    assert alone.close(cut=True) == ["Two is."]


@given(
    st.text(alphabet="abcXYZ .,;:!?\n*`#_()[]|-12345", max_size=400),
    st.lists(st.integers(0, 400), max_size=30),
)
def test_the_phrases_do_not_depend_on_the_pieces(text, places):
    assert phrases_of(text, places) == phrases_of(text)


@given(st.lists(st.from_regex(r"[A-Z][a-z]{2,8}( [a-z]{2,9}){0,30}[.!?]", fullmatch=True), max_size=8))
def test_plain_sentences_lose_no_word(sentences):
    text = " ".join(sentences)
    assert " ".join(phrases_of(text)).split() == text.split()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("See [the page](https://a.org/x) at https://www.example.org/a/b?c=1.", "See the page at example dot org."),
        ("**Bold**, *soft*, `snake_case` and snake_case_too", "Bold, soft, snake case and snake_case_too"),
        ("2*3 = 6, x^2 and y³, $z$ costs $5", "2 times 3 equals 6, x squared and y cubed, z costs $5"),
        ("\\frac{a}{b} \\times \\sqrt{2} ≈ 1", "a over b times the square root of 2 about 1"),
        ("Salt &amp; pepper 🎉 at 20 °C <br> now", "Salt and pepper at 20 °C now"),
        ("| a | b |", "a, b"),
        ("|---|---|", ""),
        ("a -> b, 3 < 4", "a to b, 3 is less than 4"),
        ("i.e. this vs. that, ~5", "that is this versus that, about 5"),
        ("🎉🎉", ""),
    ],
)
def test_signs_are_read_as_words(text, wanted):
    assert speakable(text) == wanted


@given(st.text(max_size=300))
def test_nothing_unspeakable_is_left(text):
    spoken = speakable(text)
    assert not re.search(r"[*`#{}\\<>\[\]\x00-\x1f]|https?://", spoken)
    assert spoken == "" or any(char.isalnum() for char in spoken)
