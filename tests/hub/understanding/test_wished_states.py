"""A device and the state it is wanted in, in other words than an order: "I need the door unlocked"."""

import pytest

from hub.understanding.house import Area, Entity, House
from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Get the reading lamp switched on.", "Turn on the reading lamp."),
        ("Have the festoon lights turned off.", "Turn off the festoon lights."),
        ("Get the lights switched off in the kitchen.", "Turn off the lights in the kitchen."),
        ("What I'd like is the reading lamp at a third.", "Set the reading lamp to a third."),
        ("What I need is for you to close the kitchen blind.", "Close the kitchen blind."),
        ("I need the front door unlocked.", "Unlock the front door."),
        ("I'd like the front door locked.", "Lock the front door."),
        ("I want the kitchen blind lowered.", "Close the kitchen blind."),
        ("Let's have the kitchen blind up.", "Open the kitchen blind."),
        ("I want the reading lamp dimmed a bit.", "Dim the reading lamp a bit."),
        ("Shut the reading lamp off in the lounge.", "Turn off the reading lamp in the lounge."),
        ("Right close the kitchen blind.", "Close the kitchen blind."),
        ("Film night.", "Activate film night."),
    ],
)
def test_a_wished_state_is_asked_for(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert deeds_of(bare)
    assert deeds_of(whole) == deeds_of(bare)


def test_a_scene_by_its_bare_name_stands_beside_a_request(hear):
    done = deeds_of(hear("british", "kitchen", "Film night please and close the kitchen blind while you're at it."))
    blind = deeds_of(hear("british", "kitchen", "Close the kitchen blind."))
    assert blind < done
    assert {entity_id for _, entity_id, _ in done - blind} == {"scene.film_night"}


def test_a_light_at_the_end_of_a_name_is_no_part_of_a_color(hear):
    lamp = Entity("light.bay", "Bay Window Light", "lounge", capabilities=frozenset({"brightness", "color"}))
    house = House("bay", (), (Area("lounge", "Lounge"),), {"light.bay": lamp})
    for said in ("I want the bay window light blue.", "Make the bay window light blue."):
        assert [a.data for a in hear(house, "lounge", said).actions] == [{"color_name": "blue"}]


@pytest.mark.parametrize(
    "said",
    ["What I'd like is a holiday.", "I need the problem unlocked.", "Let's have the neighbours up.",
     "I'd like to hear some advice.", "Have the car turned around."],
)  # fmt: skip
def test_what_is_wished_of_no_device_does_nothing(hear, said):
    assert not deeds_of(hear("british", "lounge", said))
