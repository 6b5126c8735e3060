"""Politeness, dialect and figures of speech around a request: none of it changes what is asked."""

import pytest

from hub.understanding.courtesy import without_courtesy
from hub.understanding.normalise import normalise
from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    "said",
    [
        "Would you ever turn the lamp on?",
        "Go on then, turn the lamp on.",
        "Would you mind awfully turning the lamp on?",
        "Could I trouble you to turn the lamp on?",
        "Any chance you could turn the lamp on?",
        "Do me a favour, turn the lamp on.",
        "You'll turn the lamp on, won't you?",
        "Turn the lamp on if you wouldn't mind.",
        "Turn the lamp on there like a good man.",
        "Turn the lamp on for a sec.",
        "Y'all turn the lamp on.",
        "Turn the lamp on, shall we?",
        "Turn the lamp on before... please and thanks.",
    ],
)
def test_the_request_is_left(said):
    assert without_courtesy(normalise(said)[0]).removesuffix(" before").startswith("turn the lamp on")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Turn on the lamp over there.", "turn on the lamp over there"),
        ("Turn the lamp off ten minutes from now.", "turn the lamp off 600s from now"),
        ("Mute the radio for a minute.", "mute the radio for 60s"),
        ("Pause the radio for a minute.", "pause the radio"),
    ],
)
def test_what_tells_which_or_how_long_stays(said, left):
    assert without_courtesy(normalise(said)[0]) == left


def test_it_comes_to_an_end():
    text = "please " * 200
    assert len(without_courtesy(text)) <= len(text)


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Might I trouble you for the reading lamp?", "I'd like the reading lamp on."),
        ("Could I bother you for the reading lamp, please?", "I'd like the reading lamp on."),
        ("You might as well turn the festoon lights on.", "Turn the festoon lights on."),
        ("Could ya switch off the hall light real quick?", "Switch off the hall light."),
        ("Hall light off ya.", "Hall light off."),
        ("Open the kitchen blind, rise and shine!", "Open the kitchen blind."),
        ("Hall light off and make it snappy.", "Hall light off."),
        ("Turn the telly down a bit like a dear thing.", "Turn the telly down a bit."),
        ("Lock the back door behind them.", "Lock the back door."),
        ("Turn off the reading lamp, not the other one.", "Turn off the reading lamp."),
        ("Turn on the desk fan, not mine.", "Turn on the desk fan."),
        ("Hall light off in ten minutes and not a minute later.", "Hall light off in ten minutes."),
        ("Ugh, not this song, skip it.", "Skip it."),
    ],
)
def test_a_courtesy_or_a_hurry_changes_nothing(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert deeds_of(bare)
    assert deeds_of(whole) == deeds_of(bare), whole.explanation


@pytest.mark.parametrize(
    "sentence",
    [
        "The reading lamp is not mine.",
        "That's not the other one.",
        "Might I ask you what time it is?",
        "Not this song.",
        "Make it snappy.",
        "The magic word is turn off the hall light.",
    ],
)
def test_a_courtesy_alone_asks_for_nothing(hear, sentence):
    assert not deeds_of(hear("british", "lounge", sentence))
