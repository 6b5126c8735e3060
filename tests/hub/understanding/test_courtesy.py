"""Politeness, dialect and figures of speech around a request: none of it changes what is asked."""

import pytest

from hub.understanding.courtesy import without_courtesy
from hub.understanding.normalise import normalise


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
