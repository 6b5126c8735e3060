"""Tools by voice in the demo home: asked, filled, read back, done once, and said truly."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from hub.config_tools import BUILT_IN, RecipientSettings
from hub.home.demo import DemoHome
from hub.home.errors import HomeTimeoutError
from hub.home.none import NoHome
from hub.tools.built_in import built_in_tools
from hub.tools.calendar import Calendar
from hub.tools.desk import ToolDesk
from hub.tools.messages import Messages
from hub.tools.port import BadArgumentsError, ToolError, ToolResult
from hub.tools.registry import Registry, Tool
from hub.tools.requests import phrase_of
from hub.tools.weather import Weather

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
PEOPLE = (
    RecipientSettings(name="anna's phone", service="notify.demo_phone"),
    RecipientSettings(name="anna", service="notify.demo_phone", email="anna@example.org"),
)


class Desk:
    """A desk with a home, and a person who speaks to it."""

    def __init__(self, home, deeds, **changes) -> None:
        self.home, self.clock, self.turn = home, 100.0, 0
        self.registry = Registry()
        calendar = Calendar(home, entity_id=None, now=lambda: NOW)
        weather = Weather(home, entity_id=None, now=lambda: NOW)
        messages = Messages(home, PEOPLE)
        tools = built_in_tools(
            changes.pop("allow", BUILT_IN),
            calendar=calendar, weather=weather, messages=messages, deeds=deeds, now=lambda: NOW,
        )  # fmt: skip
        self.registry = Registry(tools)
        self.desk = ToolDesk(
            self.registry,
            calendar=calendar, weather=weather, messages=messages, now=lambda: NOW, now_s=lambda: self.clock,
            for_house=lambda text, _area: "light" in text, **changes,
        )  # fmt: skip

    async def say(self, text, area="kitchen", trace=None):
        self.turn += 1
        return await self.desk.heard(text, area_id=area, trace=trace or f"t{self.turn}")

    async def events(self, days=30):
        span = {"start_date_time": NOW.isoformat(), "end_date_time": (NOW + timedelta(days=days)).isoformat()}
        answer = await self.home.ask("calendar", "get_events", {"entity_id": "calendar.family", **span})
        return [event["summary"] for event in answer["calendar.family"]["events"]]


@pytest.fixture
async def make(hub):
    made = []

    def make_(home=None, **changes):
        made.append(Desk(home or DemoHome(wall_clock=lambda: NOW), hub.deeds, **changes))
        return made[-1]

    yield make_
    for one in made:
        await one.desk.close()


async def test_a_booking_over_several_turns(make):
    desk = make(asks=("phone",))
    assert (await desk.say("Book an appointment with the plumber")).sentence == "On what day?"
    assert desk.desk.waiting("kitchen")
    assert not desk.desk.waiting("bedroom")
    assert (await desk.say("tomorrow at eleven")).sentence == "How long will it take?"
    assert (await desk.say("half an hour")).sentence == "What is the phone number?"
    reply = await desk.say("five five five double oh one two")
    assert reply.asks
    assert reply.sentence == (
        "Shall I book Appointment with the plumber tomorrow at 11 am for thirty minutes, phone number 5 5 5, 0 0 1 2?"
    )
    assert "Appointment with the plumber" not in await desk.events()
    done = await desk.say("yes please")
    assert done.sentence == "I have booked Appointment with the plumber tomorrow at 11 am for thirty minutes."
    assert (done.carry, done.error, done.asks) == (done.sentence, None, False)
    assert "Appointment with the plumber" in await desk.events()
    assert await desk.say("yes please") is None


async def test_no_silence_and_other_words_book_nothing(make):
    desk = make()
    before = await desk.events()
    for answer in ("no", "hmm maybe", "turn on the light"):
        await desk.say("book a haircut tomorrow at eleven for an hour")
        reply = await desk.say(answer)
        assert reply is None if "light" in answer else reply.sentence == "All right, I have not booked it."
    await desk.say("book a haircut tomorrow at eleven for an hour")
    desk.clock += 61
    assert await desk.say("yes") is None
    assert await desk.events() == before


async def test_the_free_time_is_checked_before_anything_is_read_back(make):
    reply = await make().say("book a haircut tomorrow at nine for an hour")
    assert (reply.error, reply.asks) == ("not_free", False)
    assert reply.sentence == "That time is not free: there is Dentist at 9 am. I have booked nothing."


async def test_questions_about_the_calendar(make):
    desk = make()
    assert (await desk.say("what's on my calendar tomorrow")).sentence == (
        "Tomorrow: Dentist at 9 am and Swimming lesson at 3 pm."
    )
    assert (await desk.say("am I free tomorrow at eleven")).sentence == "Yes, you are free tomorrow at 11 am."
    assert (await desk.say("am I free tomorrow afternoon")).sentence == (
        "Not all of it, tomorrow there is Swimming lesson at 3 pm."
    )
    assert (await desk.say("when is my next appointment")).sentence == "Next is Dentist, tomorrow at 9 am."
    assert (await desk.say("what do I have on friday")).sentence == "There is nothing in the calendar on Friday."


async def test_questions_about_the_weather(make):
    desk = make()
    now = (await desk.say("what's the weather like")).sentence
    assert now == "Outside it is cloudy and 8 degrees now."
    for text in ("what's the weather tomorrow", "will it rain tonight", "how cold will it be on friday"):
        reply = await desk.say(text)
        assert reply.error is None, reply
    far = await desk.say("will it rain in three weeks")
    assert far.error == "no_forecast"


async def test_a_message_is_read_back_and_sent_once(make):
    desk = make()
    reply = await desk.say("send a message to Anna's phone saying dinner is ready")
    assert reply.sentence == "Shall I send the message “dinner is ready” to anna's phone?"
    assert not desk.home.answers.messages
    sent = await asyncio.gather(*(desk.say("yes", trace="same") for _ in range(4)))
    assert {one.sentence for one in sent} == {"I have sent the message to anna's phone."}
    assert list(desk.home.answers.messages) == ["dinner is ready"]
    assert (await desk.say("send an email to Bob saying hello")).error == "unknown_recipient"


async def test_a_lost_answer_is_neither_repeated_nor_denied(make):
    class Lossy(DemoHome):
        async def ask(self, domain, service, data, *, answers=True):
            answer = await super().ask(domain, service, data, answers=answers)
            if service == "create_event":
                raise HomeTimeoutError("No answer.")
            return answer

    desk = make(Lossy(wall_clock=lambda: NOW))
    await desk.say("book a haircut tomorrow at eleven for an hour")
    assert (await desk.say("yes")).sentence.startswith("I have booked Haircut")
    assert (await desk.events()).count("Haircut") == 1


async def test_without_a_house_it_is_said(make):
    reply = await make(NoHome()).say("what's on my calendar today")
    assert reply.sentence.startswith("No home is connected")


async def test_a_tool_that_is_not_allowed_is_not_there(make):
    desk = make(allow=("weather",))
    assert await desk.say("book a haircut tomorrow at eleven") is None
    assert not desk.desk.takes_words("am I free tomorrow", "kitchen")
    assert [spec["function"]["name"] for spec in desk.desk.specs()] == ["weather"]


async def test_a_model_may_look_but_a_person_decides(make):
    desk = make()
    span = {"start": "2026-06-02T00:00", "end": "2026-06-03T00:00"}
    looked = await desk.desk.call("calendar_events", span, key="1")
    assert [event["summary"] for event in looked.data["events"]] == ["Dentist", "Swimming lesson"]
    wish = {"summary": "Haircut", "start": "2026-06-02T11:00", "end": "2026-06-02T12:00"}
    asked = await desk.desk.call("calendar_book", wish, key="2", area_id="kitchen")
    assert asked.sentence == "Shall I book Haircut tomorrow at 11 am for one hour?"
    assert "Haircut" not in await desk.events()
    assert (await desk.say("yes")).sentence.startswith("I have booked Haircut")
    assert "Haircut" in await desk.events()
    with pytest.raises(ToolError):
        await desk.desk.call("calendar_book", wish, key="3")
    for wrong in ({"summary": "x"}, wish | {"end": "2026-06-02T10:00"}):
        with pytest.raises(BadArgumentsError):
            await desk.desk.call("calendar_book", wrong, key="4", area_id="kitchen")
    with pytest.raises(BadArgumentsError):
        await desk.desk.call("calendar_events", {"start": "now"}, key="5")


async def test_a_servers_tool_by_its_phrase(make):
    desk, calls = make(), []

    async def run(arguments):
        calls.append(dict(arguments))
        return ToolResult("Done.")

    schema = {"type": "object", "properties": {"item": {"type": "string"}, "count": {"type": "integer"}}}
    schema["required"] = ["item", "count"]
    desk.registry.offer("pantry", [Tool("pantry__find", "Find.", schema | {"required": ["item"]}, run),
                                   Tool("pantry__put", "Put.", schema, run, changes=True)])  # fmt: skip
    desk.desk.set_phrases(
        [phrase_of("ask the pantry for {item}", "pantry__find"), phrase_of("put {item} away", "pantry__put")]
    )
    assert (await desk.say("Ask the pantry for red lentils.")).sentence == "Done."
    assert (await desk.say("put beans away")).sentence == "What is the count?"
    assert (await desk.say("two")).sentence == "Shall I use put with item beans and count 2?"
    assert (await desk.say("yes")).sentence == "Done."
    assert calls == [{"item": "red lentils"}, {"item": "beans", "count": 2}]


async def test_who_is_interrupted_loses_the_sentence_and_not_the_booking(make):
    desk = make()
    await desk.say("book a haircut tomorrow at eleven for an hour")
    turn = asyncio.create_task(desk.say("yes", trace="cut"))
    await asyncio.sleep(0)
    turn.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await turn
    assert (await desk.say("yes", trace="cut")).sentence.startswith("I have booked")
    assert (await desk.events()).count("Haircut") == 1


async def test_a_hundred_turns_in_a_row_none_lost_and_none_doubled(make):
    desk = make()
    wanted = []
    for number in range(50):
        day = (NOW + timedelta(days=7 + number // 5)).date()
        name = f"Lesson Q{chr(65 + number // 26)}{chr(65 + number % 26)}"
        text = f"put {name} in my calendar on the {day.day}th of {day:%B} at {11 + number % 5} for half an hour"
        trace = f"turn {number}"
        first = await asyncio.gather(desk.say(text, trace=f"{trace} a"), desk.say(text, trace=f"{trace} a"))
        assert first[0] is first[1]
        assert first[0].asks, first[0]
        done = await asyncio.gather(*(desk.say("yes", trace=f"{trace} b") for _ in range(3)))
        assert done[0].error is None, done[0]
        wanted.append(name)
    booked = await desk.events(days=60)
    assert sorted(one for one in booked if one.startswith("Lesson Q")) == sorted(wanted)
