"""Which words hold the voice back, and which of them nobody but the house may answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dialog.hold import COMMAND_HOLD_MS, HOLD_MS, LIKELY_HOLD_MS, Hold, HoldCounts, Words
from hub.dialog.likely import asks_about_house, may_be_for_house
from hub.understanding.house import House
from hub.understanding.parser import Parser

QUESTIONS = json.loads((Path(__file__).parents[2] / "vectors/hearing/delays.json").read_text())["questions"]


@pytest.fixture
async def actor(cast):
    return cast.voices.actor


async def test_every_recorded_question_is_suspected_before_a_quick_voice_begins(actor):
    for taken in QUESTIONS:
        before = [text for at_ms, _, text in taken["told"] if at_ms < 150]
        assert any(actor.may_be_for_house(text, "kitchen") for text in before), taken["question"]


@pytest.mark.parametrize(
    "text",
    [
        "Is the",
        "Are the kur",
        "What's the",
        "Did you",
        "Turn on",
        "the bedroom",
        "My lamp",
        "Albright is the dead",
        "Has",
    ],
)
async def test_these_may_be_for_the_house(actor, text):
    assert actor.may_be_for_house(text, "kitchen")


@pytest.mark.parametrize(
    "text",
    ["I slept so well", "How are you", "Tell me a story", "What do you think about jazz", "Do you like dogs", "", "Mm"],
)
async def test_these_are_talk(actor, text):
    assert not actor.may_be_for_house(text, "kitchen")


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("is the alarm arm?", True),
        ("do you know whether the frond door is lost", True),
        ("is it cold in the bedroom then", True),
        ("did I leave the oven lamp burning", True),
        ("is the moon full tonight", False),
        ("the alarm was so loud this morning", False),
        ("is it true that a lamp was found in the tomb of a king who lived long ago", False),
        ("do you know a song about a door", False),
        ("is the climate changing", False),
    ],
)
async def test_questions_that_nobody_understands_are_told_from_talk(actor, text, asks):
    assert actor.asks_about_house(text, "kitchen") is asks


@given(st.text(max_size=300))
def test_any_words_get_an_answer(text):
    context = Parser().context(House("none"), None, datetime(2026, 11, 21, tzinfo=UTC))
    assert may_be_for_house(text, context) in (True, False)
    assert asks_about_house(text, context) in (True, False)


@pytest.mark.parametrize(
    ("guesses", "limit_ms"),
    [
        ((), HOLD_MS),
        (("other",), HOLD_MS),
        (("likely", "other"), LIKELY_HOLD_MS),
        (("likely", "command"), COMMAND_HOLD_MS),
        (("command", "other"), LIKELY_HOLD_MS),
        (("house", "command"), LIKELY_HOLD_MS),
    ],
)
def test_a_turn_once_suspected_waits_for_its_transcript(guesses, limit_ms):
    hold = Hold("s", HoldCounts())
    hold.spoke(1000.0)
    hold.hold(1000.0)
    for guess in guesses:
        hold.transition(hold.guess(guess))
    hold.transition(Words.HELD)
    assert not hold.is_over(1000.0 + limit_ms - 1.0)
    assert hold.is_over(1000.0 + limit_ms)
    hold.decided()
    assert hold.is_over(1000.0 + HOLD_MS)
