"""Which sentences call a tool, and which never do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.tools.requests import phrase_of, wants

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
PHRASES = [
    phrase_of("ask the pantry for {item}", "pantry__find"),
    phrase_of("put {count} cans of {item} away", "p__put"),
]


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("What's on my calendar tomorrow?", "agenda", {}),
        ("what do I have on Friday", "agenda", {}),
        ("do I have any appointments today", "agenda", {}),
        ("check my calendar for next week", "agenda", {}),
        ("am I free on Friday afternoon?", "free", {}),
        ("is tomorrow at three still free", "free", {}),
        ("when is my next appointment", "next_event", {}),
        ("book an appointment", "book", {}),
        ("book a dentist appointment tomorrow at three", "book", {"what": "Dentist appointment"}),
        (
            "Can you book me an appointment with Dr. Miller next Tuesday?",
            "book",
            {"what": "Appointment with Dr. Miller"},
        ),
        ("put lunch with Anna in my calendar on friday at noon", "book", {"what": "Lunch with Anna"}),
        ("reserve a table at Luigi's tomorrow evening at eight", "book", {"what": "Table at Luigi's"}),
        ("what's the weather like tomorrow", "weather", {"question": "general"}),
        ("will it rain tonight", "weather", {"question": "rain"}),
        ("do I need an umbrella", "weather", {"question": "rain"}),
        ("how cold will it be tomorrow", "weather", {"question": "temperature"}),
        ("Send a message to Anna saying that I am late", "message", {"to": "anna", "message": "I am late"}),
        ("notify my phone that the washing is done", "message", {"to": "my phone", "message": "the washing is done"}),
        ("send Anna an e-mail saying Dinner is ready", "email", {"to": "anna", "message": "Dinner is ready"}),
        ("please ask the pantry for red lentils", "phrase", {"item": "red lentils"}),
        ("put two cans of chopped tomatoes away", "phrase", {"count": "two", "item": "chopped tomatoes"}),
    ],
)
def test_requests(text, kind, values):
    request = wants(text, NOW, PHRASES)
    assert request is not None
    assert (request.kind, dict(request.values)) == (kind, values)


def test_everything_said_at_once_is_understood():
    text = (
        "book a haircut with Maria on Friday at two for half an hour and my number is five five five double oh one two"
    )
    request = wants(text, NOW)
    assert request.values["phone"] == "five five five double oh one two"
    assert request.values["what"] == "Haircut with Maria"
    assert (str(request.when.day), request.when.clock.hour, request.when.duration_s) == ("2026-06-05", 14, 1800)


NEVER = """
turn on the kitchen light
set a timer for ten minutes
what's the temperature in the bedroom
what's the temperature
is it warm in the kitchen
remind me to book a dentist appointment tomorrow
add milk to the shopping list
send the vacuum to the kitchen
turn on the lights for my meeting
make the bedroom warmer
I read a good book
what a nice day
will you be here tomorrow
schedule the heating for tomorrow at seven
text
is the window open
play the weather girls
what is on
what's on tv tonight
i have an appointment tomorrow
are you free tonight
my weather app is broken
set the scene meeting
tell me a joke about the weather
make it cold
is it cold in here
dim the lights tonight
what are my plans
do not book an appointment
I already booked an appointment with the dentist
she said she would send a message to Anna
how do I send an email
add two minutes to the timer
put the lamp on
what is my name
""".strip().splitlines()


@pytest.mark.parametrize("text", NEVER)
def test_what_is_no_request(text):
    assert wants(text, NOW, PHRASES) is None


def test_no_command_to_a_house_is_taken():
    lines = Path(__file__).parents[1].joinpath("understanding", "commands.txt").read_text().splitlines()
    sentences = [line.partition("|")[0].partition("=>")[0].strip() for line in lines if line and line[0] not in "#["]
    assert len(sentences) > 100
    taken = [one for one in sentences if wants(one, NOW, PHRASES)]
    assert taken == []


@settings(deadline=None)
@given(st.text(max_size=500))
def test_no_text_breaks_it(text):
    wants(text, NOW, PHRASES)
