"""Where the speaker stands, what is only a place, and two deeds with one verb."""

import pytest

from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Put all the lights out on the first floor.", "Turn off all the lights on the first floor."),
        ("Switch off the lights down here in the kitchen.", "Turn off the kitchen lights."),
        ("Turn the telly up here in the lounge.", "Turn the telly up."),
        ("The kitchen needs lighting up.", "Light up the kitchen."),
        ("Pull over the lounge curtains.", "Close the lounge curtains."),
        ("Pull the lounge curtains across.", "Close the lounge curtains."),
        ("Give us some air from the desk fan.", "Turn on the desk fan."),
        ("Film night scene.", "Film night."),
        ("Film night scene then turn off the hall light.", "Turn on the film night scene and turn off the hall light."),
        ("Take bread off the shopping list.", "Remove bread from the shopping list."),
        (
            "Switch off the hall light and on the landing light.",
            "Turn off the hall light and turn on the landing light.",
        ),
    ],
)
def test_it_is_the_same_request(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert deeds_of(bare)
    assert deeds_of(whole) == deeds_of(bare), whole.explanation


def test_what_is_turned_on_in_the_same_breath_is_not_turned_off_before(hear):
    heard = hear("british", "kitchen", "Switch off the kitchen lights and on the plinth lights.")
    assert deeds_of(heard) == {
        ("light.turn_off", "light.kitchen_spots", "[]"),
        ("light.turn_on", "light.kitchen_plinth", "[]"),
    }


@pytest.mark.parametrize(
    "sentence",
    ["On the landing.", "Put all the lights out on the album.", "Good night scene.", "Start your film night."],
)
def test_a_place_or_a_greeting_is_no_request(hear, sentence):
    assert not deeds_of(hear("british", "lounge", sentence))
