"""Turns in the light of what is in the air: an offer, a question, the last deed; each for one turn and a while."""

from __future__ import annotations

import pytest

from hub.understanding.decisions import Act, Tell
from hub.understanding.parser import Parser
from hub.understanding.requests import Reading
from hub.understanding.turns import is_for_house
from hub.understanding.understood import Understanding
from tests.hub.understanding.conftest import HOUSES, NOW


def services(decisions):
    return [f"{a.domain}.{a.service}" for d in decisions if isinstance(d, Act) for a in d.actions]


def test_an_offer_is_taken_by_a_yes(talking):
    talk = talking("british", mode="both")
    talk.user("lounge", "We're going to watch a film.")
    talk.assistant("Would you like me to start film night?")
    assert services([*talk.user("lounge", "Yes please."), *talk.assistant("Okay."), *talk.wait(4)]) == ["scene.turn_on"]


def test_an_offer_is_good_for_one_turn(talking):
    talk = talking("british", mode="both")
    talk.user("lounge", "We're going to watch a film.")
    talk.assistant("Would you like me to start film night?")
    talk.user("lounge", "What is the weather like?")
    talk.assistant("It's raining.")
    assert services([*talk.user("lounge", "Yes please."), *talk.assistant("Okay."), *talk.wait(4)]) == []


def test_an_offer_ages(talking):
    talk = talking("british", mode="both")
    talk.user("lounge", "We're going to watch a film.")
    talk.assistant("Would you like me to start film night?")
    talk.wait(120)
    assert services([*talk.user("lounge", "Yes please."), *talk.wait(4)]) == []


def test_a_question_of_the_house_is_answered_by_what_was_missing(talking):
    talk = talking("british", mode="user")
    asked = talk.user("kitchen", "Set a timer.")
    assert [d.reason for d in asked if isinstance(d, Tell)] == ["ambiguous"]
    assert services(talk.user("kitchen", "Ten minutes.")) == ["timer.start"]


def test_but_not_once_something_else_was_said(talking):
    talk = talking("british", mode="user")
    talk.user("kitchen", "Set a timer.")
    talk.user("kitchen", "Turn on the kettle.")
    assert services(talk.user("kitchen", "Ten minutes.")) == []


def test_a_deed_that_was_not_meant_is_as_before(talking):
    talk = talking("british", mode="user")
    talk.user("lounge", "Turn on the reading lamp.")
    talk.user("lounge", "No, I meant the plinth lights.")
    states = {i: talk.household.house.entities[i].state for i in ("light.lounge_lamp", "light.kitchen_plinth")}
    assert states == {"light.lounge_lamp": "off", "light.kitchen_plinth": "on"}


@pytest.mark.parametrize(
    ("words", "house"),
    [
        ("Goodbye.", True),
        ("What time is it?", True),
        ("Is the front door locked?", True),
        ("Turn on the sauna in the kitchen.", True),
        ("Hello there.", False),
        ("Tell me about the moon.", False),
    ],
)
def test_who_answers_a_turn_that_asks_for_no_deed(words, house):
    understood = Parser().understand(words, HOUSES["british"], "kitchen", NOW)
    assert is_for_house(Reading("plain", understood, words)) is house


@pytest.mark.parametrize("kind", ["declined", "rejected"])
def test_a_no_is_left_to_the_voice(kind):
    assert not is_for_house(Reading(kind, Understanding("unknown", reason="ambiguous"), ""))


def test_what_cannot_be_taken_back_waits_until_a_voice_that_talks_beside_comes_to_it(talking):
    talk = talking("british", mode="both")
    talk.user("hall", "Run leaving the house.")
    decided = talk.assistant("Gosh, is it really that time of the day already? Well, I'm running Leaving the House.")
    assert [type(decision) for decision in decided] == [Act]
    assert services(decided) == ["script.turn_on"]
