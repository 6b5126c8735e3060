"""When a turn may end early: a whole request that nobody is likely to go on with."""

import pytest

from hub.understanding.parser import Parser


@pytest.mark.parametrize(
    "text",
    ["Turn on the kitchen lights.", "Turn off the reading lamp", "Turn off the lights in here.", "Lights off.",
     "Dim the hall light to 20%", "Turn the heating up a bit", "Turn it up.", "Louder.", "Pause the music.",
     "What's the temperature in the lounge?", "Is the kitchen window open?", "Film night.", "Lock the back door.",
     "Add milk to the shopping list.", "Turn on the kitchen lights, please.",
     "Turn off every light in the house.", "Set the heating to 21."],
)  # fmt: skip
def test_nobody_is_likely_to_go_on(houses, text):
    assert Parser().is_complete(text, houses["british"], "kitchen")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Turn on the lights", "in the lounge"),
        ("Turn off all the lights", "downstairs"),
        ("Turn the lights off", "upstairs"),
        ("Turn everything off", "in the kitchen"),
        ("Close the blinds", "in the conservatory"),
        ("Dim the reading lamp", "to 30 percent"),
        ("Turn down the heating", "by 2 degrees"),
        ("What's the temperature", "in the lounge"),
        ("Which lights are on", "upstairs"),
        ("Are any windows open", "downstairs"),
    ],
)
def test_a_place_or_a_value_may_follow(houses, hear, text, rest):
    assert hear("british", "kitchen", text).kind in ("actions", "answer")
    assert not Parser().is_complete(text, houses["british"], "kitchen")
    assert Parser().is_complete(f"{text} {rest}", houses["british"], "kitchen")
