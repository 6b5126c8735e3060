"""Spoken into a satellite: an appointment in a real Home Assistant's calendar, and another program's tool."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from family_calendar import FAMILY, entries, make_calendar
from rest import call

from tests.e2e.conftest import household, person, recogniser  # noqa: F401 (fixtures)
from tests.e2e.household import read_wav

pytestmark = [pytest.mark.assistant, pytest.mark.timeout(600)]

VIENNA = ZoneInfo("Europe/Vienna")
PANTRY = Path(__file__).parents[1] / "hub" / "tools" / "pantry_server.py"
ANSWERS = {
    "On what day?": "Tomorrow.",
    "At what time?": "Eleven in the morning, please.",
    "How long will it take?": "Half an hour.",
    "Shall I": "Yes, please.",
}
ASKED = (
    "Alexa, can you book a haircut tomorrow at nine for one hour?",
    "Please book an appointment with the dentist.",
    "Ask the pantry for red lentils.",
    "Put two cans of beans into the pantry.",
)


class Visitor:
    """Speaks in the kitchen, answers what is asked, and says once more what was not understood."""

    def __init__(self, household, person):  # noqa: F811
        self.household, self.turns = household, []
        self.words = {text: person.say(text) for text in (*ASKED, *ANSWERS.values())}

    def say(self, text):
        """The assistant's reply."""
        for _ in range(2):
            self.household.speak("kitchen", self.words[text])
            self.turns.append(self.household.wait_turns(len(self.turns) + 1, 60)[-1])
            turn, times = self.turns[-1], self.turns[-1]["t_ms"]
            print(f"\n{turn['user']} -> {turn['assistant']}", end="")
            print(f" (transcript {times['transcript'] - times['speech_end']:.0f} ms,", end="")
            print(f" then {times['audio_out'] - times['transcript']:.0f} ms)", end="")
            reply = turn["assistant"]
            if not reply.startswith("Sorry"):
                break
        return reply

    def answer(self, reply):
        """Answer questions until a whole one is read back; that question."""
        asked = []
        while not reply.startswith("Shall I"):
            (question,) = [question for question in ANSWERS if reply.endswith(question)]
            asked.append(question)
            assert len(asked) < 6, asked
            reply = self.say(ANSWERS[question])
        return asked, reply


def test_an_appointment_and_a_servers_tool_are_asked_for_aloud(
    assistant_server,
    household,  # noqa: F811
    person,  # noqa: F811
    recogniser,  # noqa: F811
    tmp_path,
):
    asyncio.run(make_calendar(assistant_server))
    day = (datetime.now(VIENNA) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    nine, eleven = day + timedelta(hours=9), day + timedelta(hours=11)
    lesson = {"start_date_time": nine.isoformat(), "end_date_time": (nine + timedelta(hours=1)).isoformat()}
    call(assistant_server, "calendar", "create_event", FAMILY, summary="Piano lesson", **lesson)
    log = tmp_path / "pantry.log"
    household.config = {
        "home": {"kind": "assistant", "url": assistant_server.url, "token_file": str(assistant_server.token_file)},
        "rooms": {"follow_up_s": 20},
        "tools": {
            "calendar": FAMILY,
            "mcp": [
                {
                    "name": "pantry",
                    "command": [sys.executable, str(PANTRY), str(log)],
                    "allow": ["find", "put"],
                    "phrases": [
                        {"say": "ask the pantry for {item}", "tool": "find"},
                        {"say": "put {count} cans of {item} into the pantry", "tool": "put"},
                    ],
                }
            ],
        },
    }
    visitor = Visitor(household, person)
    household.start_hub()
    household.pair("kitchen")
    household.listen("kitchen", 300.0)

    def booked():
        return [entry for entry in entries(assistant_server, day, day + timedelta(days=1)) if entry[1] >= nine]

    assert visitor.say(ASKED[0]) == "That time is not free: there is Piano lesson at 9 am. I have booked nothing."
    asked, read_back = visitor.answer(visitor.say(ASKED[1]))
    assert {"On what day?", "How long will it take?"} <= set(asked)
    assert read_back == "Shall I book Appointment with the dentist tomorrow at 11 am for thirty minutes?"
    assert [what for what, *_ in booked()] == ["Piano lesson"]
    assert visitor.say("Yes, please.").startswith("I have booked Appointment with the dentist tomorrow at 11 am")
    assert booked()[1:] == [("Appointment with the dentist", eleven, eleven + timedelta(minutes=30))]
    assert visitor.say(ASKED[2]) == "There are 3 of red lentils."
    assert visitor.say(ASKED[3]) == "Shall I use put with item beans and count 2?"
    assert log.read_text() == "find red lentils\n"
    assert visitor.say("Yes, please.") == "Now there are 2 of beans."
    assert log.read_text() == "find red lentils\nput 2 beans\n"
    household.send_satellites_away()
    assert household.turns() == visitor.turns
    heard = recogniser(read_wav(household.report_dir / "kitchen" / "speaker.wav")).lower()
    print(f"\nheard: {heard}")
    for word in ("piano", "dentist", "booked", "lentils"):
        assert word in heard
