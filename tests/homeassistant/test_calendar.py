"""Bookings in a real Home Assistant's local calendar, by voice as the desk hears it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from family_calendar import FAMILY, make_calendar

from hub.store import STORE_NAME, Store
from hub.tools.agenda import Agenda
from hub.tools.agenda_store import AgendaStore
from hub.tools.built_in import built_in_tools
from hub.tools.calendar import Calendar
from hub.tools.deeds import HubDeeds
from hub.tools.desk import ToolDesk
from hub.tools.messages import Messages
from hub.tools.registry import Registry
from hub.tools.weather import Weather
from hub.tools.words import moment_words

pytestmark = [pytest.mark.assistant, pytest.mark.timeout(600)]
VIENNA = ZoneInfo("Europe/Vienna")


@pytest.fixture
async def desk(assistant_server, home, tmp_path):
    await make_calendar(assistant_server)
    async with asyncio.timeout(30):
        while not (FAMILY in home.house.entities and home.house.entities[FAMILY].exposed):
            await asyncio.sleep(0.1)

    def now():
        return datetime.now(VIENNA)

    clock = asyncio.get_running_loop().time
    with Store(tmp_path / "state" / STORE_NAME) as store:
        rows = AgendaStore(store)
        agenda = Agenda(rows, now_s=clock, wall_s=lambda: now().timestamp(), new_id=lambda: "0" * 16)
        deeds = HubDeeds(
            rows, agenda, device_in=lambda _area: "", zone=lambda: VIENNA, wall_s=lambda: now().timestamp(),
            now_ms=lambda: clock() * 1000,
        )  # fmt: skip
        parts = {
            "calendar": Calendar(home, entity_id=FAMILY, now=now),
            "weather": Weather(home, entity_id=None, now=now),
            "messages": Messages(home, ()),
        }
        registry = Registry(built_in_tools(("calendar", "weather"), **parts, deeds=deeds, now=now))
        made = ToolDesk(registry, **parts, now=now, now_s=clock, for_house=lambda _text, _area: False)
        yield made
        await made.close()


async def events(home, days=60):
    start = datetime.now(VIENNA)
    calendar = Calendar(home, entity_id=FAMILY, now=lambda: start)
    return await calendar.events(start, start + timedelta(days=days))


async def say(desk, text, trace):
    return await desk.heard(text, area_id="kitchen", trace=trace)


async def test_a_booking_by_voice_stands_in_the_calendar(desk, home):
    reply = await say(desk, "Book a haircut tomorrow at four pm for half an hour", "1")
    assert reply.sentence == "Shall I book Haircut tomorrow at 4 pm for thirty minutes?"
    assert not [event for event in await events(home) if event.summary == "Haircut"]
    assert (await say(desk, "yes", "2")).sentence == "I have booked Haircut tomorrow at 4 pm for thirty minutes."
    (found,) = [event for event in await events(home) if event.summary == "Haircut"]
    assert (found.start.hour, found.end - found.start) == (16, timedelta(minutes=30))
    again = await say(desk, "book a lesson tomorrow at four pm for an hour", "3")
    assert again.error == "not_free"
    assert "Haircut at 4 pm" in again.sentence
    assert (await say(desk, "am I free tomorrow at four pm", "4")).sentence.startswith("No, tomorrow at 4 pm there is")
    assert "Haircut at 4 pm" in (await say(desk, "what's on my calendar tomorrow", "5")).sentence


async def test_the_forecast_of_a_real_house(desk):
    assert (await say(desk, "what's the weather like", "w1")).error is None
    assert (await say(desk, "what's the weather tomorrow", "w2")).error is None


async def test_a_hundred_turns_in_a_row_none_lost_and_none_doubled(desk, home):
    wanted, failed = [], 0
    for number in range(50):
        name = f"Lesson Q{chr(65 + number // 26)}{chr(65 + number % 26)}"
        start = (datetime.now(VIENNA) + timedelta(days=7 + number // 5)).replace(
            hour=12 + number % 5, minute=0, second=0, microsecond=0
        )
        when = moment_words(start, datetime.now(VIENNA))
        text = f"put {name} in my calendar {when} for half an hour"
        asked = await asyncio.gather(*(say(desk, text, f"{number} a") for _ in range(2)))
        done = await asyncio.gather(*(say(desk, "yes", f"{number} b") for _ in range(3)))
        assert asked[0] is asked[1]
        if asked[0].asks and done[0].error is None:
            wanted.append((name, start))
        else:
            failed += 1
    there = sorted((event.summary, event.start) for event in await events(home) if event.summary.startswith("Lesson Q"))
    assert there == sorted(wanted)
    assert failed <= 2
