"""Names and verbs as a recogniser writes them: put right where one reading alone sounds like it, and nowhere else."""

from datetime import UTC, datetime

import pytest

from hub.understanding.decisions import Moment, Said
from hub.understanding.focus import NOTHING
from hub.understanding.house import Area, Entity, House
from hub.understanding.parser import Parser
from hub.understanding.requests import Before, Reader
from hub.understanding.sounds import distance, sounds_of

_AREAS = (Area("cabin", "Cabin"), Area("boathouse", "Boathouse"), Area("veranda", "Veranda"))
_DEVICES = (
    ("light.gable", "Gable Spotlights", "cabin"),
    ("light.wicker", "Wicker Pendant", "veranda"),
    ("light.marigold", "Marigold", "cabin"),
    ("switch.winch", "Winch Heater", "boathouse"),
    ("switch.samovar", "Samovar", "cabin"),
    ("cover.skylight", "Skylight Shutters", "cabin"),
    ("lock.oak", "Oak Door", "cabin"),
    ("vacuum.rustle", "Russell", "cabin"),
    ("todo.provisions", "Provisions List", None),
    ("light.basin", "Basin Lamp", "cabin"),
    ("light.mason", "Mason Lamp", "cabin"),
)
HOUSE = House("lake", (), _AREAS, {i: Entity(i, name, area, state="on") for i, name, area in _DEVICES})
READER = Reader(Parser())


def heard(text, *, final=True):
    moment = Moment(HOUSE, datetime(2026, 3, 1, 18, 0, tzinfo=UTC), 0.0)
    return READER.read(Said(text, "cabin"), Before(NOTHING), moment, final=final)


def deeds(text, **how):
    return [(action.domain, action.service, action.entity_ids) for action in heard(text, **how).actions]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("turn off the winch heat her", "turn off the winch heater"),
        ("gable spotlight son", "gable spotlights on"),
        ("gable spotlight soff", "gable spotlights off"),
        ("wicker pen dent on", "wicker pendant on"),
        ("sam over on", "samovar on"),
        ("marry gold off", "marigold off"),
        ("sky light shudders down", "skylight shutters down"),
        ("send russel home", "send russell home"),
        ("lock the oak door", "lock the oak door"),
        ("lock the oak or", "lock the oak door"),
        ("set a time her for six minutes", "set a timer for six minutes"),
        ("add rye flower to the provision sist", "add rye flower to the provisions list"),
    ],
)  # fmt: skip
def test_what_sounds_like_one_request_is_that_request(written, said):
    assert deeds(said)
    assert deeds(written) == deeds(said)


@pytest.mark.parametrize(
    "written",
    ["unlock the oak or",  # what lets people in is never guessed
     "look the oak door",
     "dock the boat", "start the meeting", "close the road", "turn on the charm", "play the winch song",
     "the heat her words gave off", "my son is off", "she has a marry gold ring"],
)  # fmt: skip
def test_what_may_be_several_things_or_nothing_of_the_house_does_nothing(written):
    assert deeds(written) == []


def test_two_names_as_near_as_each_other_are_anybodys_guess():
    guess = Parser().guess("jason lamp on", HOUSE, "cabin", datetime(2026, 3, 1, 18, 0, tzinfo=UTC))
    assert guess is None


def test_words_that_still_come_are_not_guessed():
    assert deeds("turn off the winch heat her", final=False) == []


@pytest.mark.parametrize(
    ("one", "other", "another"),
    [("knight", "night", "kite"), ("paws", "pause", "parse"), ("bertha", "birther", "berlin"), ("gait", "gate", "go")],
)  # fmt: skip
def test_homophones_are_nearer_than_words_that_look_alike(one, other, another):
    assert distance(sounds_of(one), sounds_of(other)) == 0
    assert distance(sounds_of(one), sounds_of(another)) > 0


def test_distance_is_the_same_both_ways():
    for one in ("lantern", "heater", "orchid", "thermostat"):
        for other in ("lanterns", "eater", "awkward", "dishwasher"):
            there, back = distance(sounds_of(one), sounds_of(other)), distance(sounds_of(other), sounds_of(one))
            assert abs(there - back) < 0.5
