"""What must never act: negations, reports, conditions, other people, unknown things, noise, hostile input."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.understanding.house import Area, Entity, House
from hub.understanding.parser import Parser

HERE = Path(__file__).parent
NEVER = HERE.joinpath("never.txt").read_text(encoding="utf-8").splitlines()
SLURP = [line.split("\t")[1] for line in HERE.joinpath("slurp_sample.txt").read_text(encoding="utf-8").splitlines()]
DANGEROUS = {"unlock", "open", "alarm_disarm"}
NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
HOUSE = House(
    "small",
    (),
    (Area("kitchen", "Kitchen"), Area("hall", "Hall"), Area("lounge", "Lounge"), Area("garage", "Garage")),
    {
        e.entity_id: e
        for e in (
            Entity(
                "light.kitchen", "Kitchen Light", "kitchen", state="on", capabilities=frozenset({"brightness", "color"})
            ),
            Entity("light.hall", "Hall Lamp", "hall", state="off"),
            Entity("light.hidden", "Red Lamp", "lounge", state="off", exposed=False),
            Entity("cover.garage", "Garage Door", "garage", state="closed", attributes={"device_class": "garage"}),
            Entity("lock.front", "Front Door", "hall", state="locked"),
            Entity("alarm_control_panel.a", "Alarm", "hall", state="armed_away"),
            Entity("media_player.telly", "Telly", "lounge", state="playing", attributes={"volume_level": 0.5}),
            Entity("climate.h", "Heating", "hall", state="heat", attributes={"temperature": 20}),
        )
    },
)
LISTENER = Parser()


@pytest.mark.parametrize("sentence", NEVER)
def test_these_change_nothing(hear, sentence):
    heard = hear("british", "kitchen", sentence)
    assert not heard.actions, heard.explanation
    assert not heard.pending, heard.explanation
    assert heard.reply


@pytest.mark.parametrize("house", ["british", "large", "traps"])
def test_utterances_of_other_worlds_change_nothing(hear, house):
    acting = [text for text in SLURP if hear(house, None, text).actions or hear(house, None, text).pending]
    assert acting == []


@pytest.mark.parametrize(
    ("sentence", "reason", "words"),
    [
        ("Turn on the sauna in the kitchen.", "no_such_device", "There is no sauna in the kitchen."),
        ("Turn on the lights in the atic.", "no_such_area", "no area called atic"),
        ("Turn on the lights in the kitten.", "no_such_area", "Did you mean the kitchen?"),
        ("Turn on the cellar light.", "not_exposed", "expose it to Assist in Home Assistant"),
        ("Make the hall light red.", "cannot_do", "cannot change its colour"),
        ("Set the heating to 45 degrees.", "bad_value", "from 7 to 30 degrees"),
        ("Set the hall light to 150%.", "bad_value", "0 to 100 percent"),
        ("Turn on the lamp.", "ambiguous", "Reading Lamp, Left Bedside Lamp or Right Bedside Lamp"),
        ("Turn off the lights later.", "deferred_unsupported", "time of day"),
        ("Turn on the hall light when it gets dark.", "deferred_unsupported", "condition"),
        ("Set a timer.", "ambiguous", "For how long?"),
        ("Remind me to call my mother.", "ambiguous", "When should I remind you?"),
        ("Lock the front door for ten minutes.", "cannot_do", "not undo that"),
        ("Bleep the wibble.", "not_understood", "did not understand"),
        ("", "empty", "did not hear"), ("...", "empty", "did not hear"), ("🔥", "empty", "did not hear"),
        ("blah " * 500, "too_long", "too long"), ("x" * 500_000, "too_long", "too long"),
    ],
)  # fmt: skip
def test_refusals_say_why(hear, sentence, reason, words):
    heard = hear("british", "kitchen", sentence)
    assert (heard.kind, heard.reason) == ("unknown", reason), heard.explanation
    assert words in heard.reply


@pytest.mark.parametrize("sentence", ["Unlock the front door.", "Open the garage door.", "Disarm the alarm."])
def test_dangerous_is_only_asked(hear, sentence):
    heard = hear("british", "hall", sentence)
    assert (heard.kind, heard.reason, heard.actions) == ("confirm", "dangerous", ())
    assert "spoken yes" in heard.reply


@pytest.mark.parametrize(
    "sentence", ["Onlock the front door.", "Unloch the front dor.", "Oben the garage dore.", "Lok the front dore."]
)
def test_doors_are_never_moved_on_a_guess(hear, sentence):
    heard = hear("british", "hall", sentence)
    assert not heard.actions
    assert not heard.pending


_WORDS = [
    "turn",
    "switch",
    "set",
    "dim",
    "open",
    "close",
    "lock",
    "unlock",
    "on",
    "off",
    "up",
    "down",
    "to",
    "by",
    "the",
    "a",
    "my",
    "in",
    "of",
    "and",
    "but",
    "except",
    "not",
    "no",
    "sorry",
    "i",
    "mean",
    "lights",
    "light",
    "lamp",
    "kitchen",
    "hall",
    "lounge",
    "garage",
    "door",
    "front",
    "heating",
    "21",
    "50%",
    "red",
    "warm",
    "bit",
    "all",
    "everything",
    "upstairs",
    "telly",
    "volume",
    "is",
    "are",
    "what",
    "which",
    "if",
    "when",
    "he",
    "said",
    "play",
    "pause",
    "it",
    "that",
    "there",
    "blue",
    ",",
    ".",
    "?",
    "percent",
    "degrees",
    "half",
    "ten",
    "minutes",
    "alarm",
    "disarm",
    "please",
    "could",
    "you",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=14))
def test_any_order_of_home_words_is_safe(words):
    house = HOUSE
    heard = LISTENER.understand(" ".join(words), house, "kitchen", NOW)
    for action in heard.actions:
        assert action.service not in DANGEROUS
        for entity_id in action.entity_ids:
            entity = house.entities[entity_id]
            assert entity.exposed
            assert not (
                action.service in ("open_cover", "set_cover_position")
                and entity.attributes.get("device_class") == "garage"
            )
    assert (heard.kind == "actions") == bool(heard.actions)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_taken(text):
    heard = LISTENER.understand(text, HOUSE, "kitchen", NOW)
    assert heard.reply or heard.actions


@settings(max_examples=200, deadline=None)
@given(st.lists(st.from_regex(r"[b-df-hj-np-tv-z]{5,9}[aeiou]", fullmatch=True), min_size=1, max_size=8))
def test_random_words_never_act(words):
    heard = LISTENER.understand(" ".join(words), HOUSE, "kitchen", NOW)
    assert not heard.actions


def test_thousands_of_devices_and_hostile_names_are_bounded(houses):
    many = {f"light.l{n}": Entity(f"light.l{n}", f"Lamp {n}", f"a{n % 50}", state="off") for n in range(5000)}
    house = House("huge", (), tuple(Area(f"a{n}", f"Area {n}") for n in range(50)), many)
    listener = Parser()
    listener.understand("Turn on lamp 17.", house, "a1", NOW)
    began = time.perf_counter()
    heard = listener.understand("Turn on lamp 4321 and lamp 17, please.", house, "a1", NOW)
    for text in ("turn on the light and " * 12, "the lamp, no sorry, " * 15, "turn " * 59, "except and but " * 15):
        listener.understand(text, house, "a1", NOW)
    assert time.perf_counter() - began < 10
    assert {i for a in heard.actions for i in a.entity_ids} == {"light.l4321", "light.l17"}


def test_duplicate_names_ask_and_never_guess(hear):
    heard = hear("traps", "salon", "Turn on the twin.")
    assert (heard.kind, heard.reason) == ("unknown", "ambiguous")


def test_other_languages_change_nothing(hear):
    for text in (
        "Schalte das Licht in der Küche ein.",
        "Allume la lumière.",
        "打开灯",
        "قم بتشغيل الضوء",
        "Ligar a luz",
    ):
        assert not hear("british", "kitchen", text).actions


def test_an_empty_house_answers(hear):
    heard = hear(House("empty"), None, "Turn on the lights.")
    assert (heard.kind, heard.reason) == ("unknown", "no_such_device")


def test_an_index_follows_the_revision(houses, hear):
    house = houses["british"]
    light = replace(house.entities["light.hall"], name="Beacon")
    renamed = replace(house, revision=2, entities={**house.entities, "light.hall": light})
    assert not hear(house, "kitchen", "Turn on the beacon.").actions
    assert hear(renamed, "kitchen", "Turn on the beacon.").actions[0].entity_ids == ("light.hall",)
