"""A remark about another room tells where the request beside it is meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.understanding.parser import Parser
from hub.understanding.whereabouts import told_of

NOW = datetime(2026, 4, 7, 15, 5, tzinfo=UTC)


@pytest.fixture
def context(houses):
    return Parser().context(houses["british"], "kitchen", NOW)


@pytest.mark.parametrize(
    "remark", ["it is dark in the lounge", "it feels chilly in the lounge", "the lounge is too dark"]
)
def test_the_room_that_was_told_of(context, remark):
    assert told_of(remark, "turn the lights on", context).area_id == "lounge"


@pytest.mark.parametrize(
    ("remark", "asked"),
    [
        ("it is dark in the lounge", "turn the landing lights on"),  # it names its own
        ("it is dark in here", "turn the lights on"),
        ("the baby is asleep in the lounge", "turn the music down"),  # who is there, not how it is
        ("it is dark in the cave", "turn the lights on"),
        ("it is dark upstairs", "turn the lights on"),
    ],
)
def test_the_room_it_is_said_in(context, remark, asked):
    assert told_of(remark, asked, context) is context
