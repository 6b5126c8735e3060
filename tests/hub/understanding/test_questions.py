"""State questions: answered from the states, and never acting."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.understanding.house import Area, Entity, House

_LINES = Path(__file__).with_name("questions.txt").read_text(encoding="utf-8").splitlines()
CASES = [line for line in _LINES if " => " in line and not line.startswith("#")]


@pytest.mark.parametrize("line", CASES)
def test_the_answer_is_true(hear, line):
    question, _, gold = line.partition(" => ")
    where, _, sentence = question.partition(": ")
    house, _, area = where.partition("/")
    heard = hear(house, area, sentence)
    assert not heard.actions
    assert not heard.pending
    assert heard.kind == "answer", heard.explanation
    assert heard.asked
    if gold.startswith("="):
        assert heard.reply == gold[1:]
    else:
        assert gold in heard.reply


@pytest.mark.parametrize(
    ("sentence", "reason", "words"),
    [
        ("Is the cellar light on?", "not_exposed", "Settings > Voice assistants > Expose"),
        ("Is the sauna on?", "no_such_device", "no sauna"),
        ("What is the humidity in the garage?", "no_such_device", "no humidity"),
        ("Who won the cup?", "not_understood", "did not understand"),
        ("Is it going to snow tomorrow?", "not_understood", "did not understand"),
    ],
)
def test_what_cannot_be_answered_is_said(hear, sentence, reason, words):
    heard = hear("british", "kitchen", sentence)
    assert (heard.kind, heard.reason) == ("unknown", reason)
    assert words in heard.reply


@pytest.mark.parametrize(
    ("sentence", "words", "ends"),
    [
        ("What time is it?", "15:05", False), ("What's the date today?", "7 April 2025", False),
        ("What day is it?", "Monday", False), ("Hello!", "Hello", False), ("Who are you?", "Roomtone", False),
        ("Thank you.", "welcome", True), ("Goodbye.", "All right", True), ("Never mind.", "All right", True),
    ],
)  # fmt: skip
def test_small_talk(hear, sentence, words, ends):
    heard = hear("british", "kitchen", sentence)
    assert (heard.kind, heard.reason, heard.ends_conversation) == ("answer", "small_talk", ends)
    assert words in heard.reply


def test_a_motion_sensor_is_neither_open_nor_closed(hear):
    house = House(
        "garage",
        (),
        (Area("garage", "Garage"),),
        {
            e.entity_id: e
            for e in (
                Entity("cover.door", "Garage Door", "garage", (), "closed", {"device_class": "garage"}),
                Entity("binary_sensor.motion", "Garage Motion", "garage", (), "off", {"device_class": "motion"}),
            )
        },
    )
    heard = hear(house, "garage", "Is the garage closed?")
    assert (heard.reply, heard.asked) == ("Yes, the garage door is closed.", ("cover.door",))
