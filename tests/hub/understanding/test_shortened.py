"""Owners that stand for what they own."""

from __future__ import annotations

import pytest

from hub.understanding.house import Entity
from hub.understanding.shortened import in_full

DEVICES = [Entity("light.jo", "Jo's Lamp"), Entity("light.sam", "Sam\u2019s Lamp"), Entity("fan.desk", "Desk Fan")]


@pytest.mark.parametrize(
    ("words", "full"),
    [
        ("jo's is off", "jo's lamp is off"),
        ("turn sam's on", "turn sam's lamp on"),
        ("sam's and jo's", "sam's lamp and jo's lamp"),
        ("jo's lamp is off", "jo's lamp is off"),
        ("jo's radio is on", "jo's radio is on"),
        ("anna's is on", "anna's is on"),
        ("the desk fan is on", "the desk fan is on"),
    ],
)
def test_an_owner_stands_for_the_thing(words, full):
    assert in_full(words, DEVICES) == full


def test_of_two_things_of_one_owner_none_is_meant():
    assert in_full("jo's is off", [*DEVICES, Entity("fan.jo", "Jo's Fan")]) == "jo's is off"
