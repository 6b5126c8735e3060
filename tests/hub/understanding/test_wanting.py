"""A device that is only named after what is wrong: asked for where it mends that, or where somebody says please."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.understanding.house import Area, Entity, House
from hub.understanding.parser import Parser

NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
HOUSE = House(
    "wanting",
    (),
    (Area("den", "Den"),),
    {
        e.entity_id: e
        for e in (
            Entity("light.arc", "Arc Lamp", "den", state="off"),
            Entity("climate.den", "Stove", "den", ("log burner",), "off", {"hvac_modes": ["off", "heat"]}),
            Entity("switch.blanket", "Electric Blanket", "den", state="off"),
            Entity("switch.printer", "Printer", "den", state="off"),
            Entity("fan.breeze", "Breeze Fan", "den", state="off"),
            Entity("light.hidden", "Secret Lamp", "den", state="off", exposed=False),
        )
    },
    "Europe/London",
    1,
)
PARSER = Parser()


def heard(text):
    understood = PARSER.understand(text, HOUSE, "den", NOW)
    return [(a.service, *a.entity_ids) for a in (*understood.actions, *understood.pending)]


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("It's freezing in here, the log burner.", "climate.den"),
        ("I'm really cold, electric blanket.", "switch.blanket"),
        ("It's too dark in here, the arc lamp.", "light.arc"),
        ("The den is roasting, the breeze fan.", "fan.breeze"),
        ("My report is finished, the printer please.", "switch.printer"),
        ("It's nippy tonight, electric blanket please.", "switch.blanket"),
    ],
)
def test_what_mends_it_is_turned_on(text, device):
    assert heard(text) == [("turn_on", device)]


@pytest.mark.parametrize(
    "text",
    [
        "It's freezing in here, the printer.",  # mends nothing
        "It's freezing in here, the printer please.",
        "It's too hot in here, the log burner please.",  # the other way
        "My report is finished, the printer.",  # nobody asks
        "It's not cold in here, the log burner.",
        "He said it's cold, the log burner.",
        "If it's cold, the log burner.",
        "It was freezing yesterday, the log burner.",
        "Is it cold, the log burner?",
        "It's freezing in here, the log burner is broken.",
        "It's dark in here, the secret lamp.",
        "It's dark in here, the floor lamp.",
        "Cold, the log burner is.",
    ],
)
def test_and_nothing_else_is(text):
    assert heard(text) == []
