"""Words and numbers as recognisers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.courtesy import without_courtesy
from hub.understanding.lexicon import singular, value_of
from hub.understanding.normalise import name_key, normalise, plain_words
from hub.understanding.numbers import join_numbers
from hub.understanding.tagger import sound_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("21°", "21°"), ("21 degrees", "21°"), ("twenty-one degrees Celsius", "21°"), ("70 degrees Fahrenheit", "70°f"),
        ("50%", "50%"), ("fifty percent", "50%"), ("fifty per cent", "50%"), ("5% percent", "5%"),
        ("a hundred percent", "100%"),
        ("one hundred and five", "105"), ("nineteen and a half degrees", "19.5°"), ("nineteen point five", "19.5"),
        ("two thousand seven hundred kelvin", "2700k"), ("minus five degrees", "-5°"), ("half an hour", "1800s"),
        ("an hour and a half", "5400s"), ("2 minutes and 30 seconds", "150s"), ("a couple of minutes", "120s"),
        ("the left one", "the left one"), ("to one", "to 1"), ("one degree", "1°"), ("seventy-five", "75"),
        ("10 pm", "10:00pm"), ("half past seven", "7:30"),
        ("quarter to eight", "7:45"),
        ("at ten to six", "at 5:50"), ("at seven thirty pm", "at 7:30pm"), ("five more minutes", "300s more"),
    ],
)  # fmt: skip
def test_numbers(said, plain):
    assert normalise(said)[0] == plain


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Turn on the T.V.", "turn on the tv"), ("Turn on the telly!", "turn on the tv"),
        ("What\u2019s on?", "what is on"),
        ("Um, turn, uh, on the the light", "turn , on the light"), ("DON'T", "do not"), ("Emma's lamp", "emmas lamp"),
        ("colour", "color"), ("Lights — off", "lights , off"),
    ],
)  # fmt: skip
def test_words(said, plain):
    assert normalise(said)[0] == plain


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("please turn on the light", "turn on the light"), ("could you turn on the light please", "turn on the light"),
        ("hey can you please turn on the light for me", "turn on the light"), ("would you mind turning on the light",
        "turn on the light"),
        ("ok now turn on the light thank you", "turn on the light"), ("please", "please"),
    ],
)  # fmt: skip
def test_courtesy_comes_off(said, asked):
    assert without_courtesy(said) == asked


def test_a_question_mark_is_told():
    assert normalise("Lights on?")[1]
    assert not normalise("Lights on.")[1]


def test_names_meet_speech():
    assert name_key("Lamp Two") == name_key("lamp 2")
    assert name_key("Emma\u2019s T.V.") == name_key("emmas television")


def test_values():
    assert value_of("50%").number == 50
    assert value_of("half").number == 50
    assert (value_of("warm white").kind, value_of("warm white").number) == ("kelvin", 2700)
    assert (value_of("light blue").kind, value_of("light blue").word) == ("color", "light blue")
    assert value_of("the sauna") is None


def test_misheard_words_sound_alike():
    assert sound_of("chandelier") == sound_of("shandyleer")
    assert sound_of("lamp") == sound_of("lamb")
    assert sound_of("kitchen") != sound_of("garden")


@given(st.lists(st.text(max_size=12), max_size=30))
def test_joining_numbers_never_fails_and_never_grows(words):
    words = [word for word in words if word]
    assert len(join_numbers(words)) <= len(words)


@given(st.text(max_size=200))
def test_plain_words_are_stable(text):
    once = " ".join(plain_words(text))
    assert once == once.lower() or not once.isascii()


@given(st.integers(0, 9999))
def test_digits_stay_what_they_are(number):
    assert join_numbers([str(number)]) == [str(number)]


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_singular_is_idempotent_enough(word):
    assert len(singular(word)) <= len(word)
