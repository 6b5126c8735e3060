"""Services that are called for their answer: calendars, forecasts, messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.home.assistant import AssistantHome
from hub.home.demo import DemoHome
from hub.home.errors import BadValueError, NotExposedError, ServiceNotFoundError, UnknownEntityError
from hub.home.none import NoHome
from hub.home.port import HomeError, HomeUnreachableError

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
async def home(scripted, token_file):
    scripted.states["calendar.family"] = {"entity_id": "calendar.family", "state": "off", "attributes": {}}
    scripted.states["calendar.secret"] = {"entity_id": "calendar.secret", "state": "off", "attributes": {}}
    scripted.exposed.add("calendar.family")
    home = AssistantHome(url=scripted.url, token_file=token_file)
    await home.start()
    yield home
    await home.close()


async def test_the_response_of_a_service_comes_back(home, scripted):
    asked = []

    async def answer(socket, number, message):
        asked.append(message)
        await scripted.result(socket, number, {"context": {}, "response": {"calendar.family": {"events": []}}})

    scripted.script["call_service"] = answer
    data = {"entity_id": "calendar.family", "start_date_time": "x", "end_date_time": "y"}
    assert await home.ask("calendar", "get_events", data) == {"calendar.family": {"events": []}}
    assert await home.ask("notify", "phone", {"message": "hello"}, answers=False) is not None
    assert asked[0]["return_response"] is True
    assert asked[0]["service_data"] == data
    assert "return_response" not in asked[1]


async def test_what_is_not_shared_is_not_asked_either(home):
    with pytest.raises(NotExposedError):
        await home.ask("calendar", "get_events", {"entity_id": "calendar.secret"})
    with pytest.raises(UnknownEntityError):
        await home.ask("calendar", "get_events", {"entity_id": ["calendar.none"]})


@pytest.mark.parametrize(
    ("domain", "data"),
    [("light", {"entity_id": "light.desk"}), ("calendar", {"entity_id": "light.desk"}), ("todo", {"area_id": "den"})],
)
async def test_no_device_is_switched_by_asking(home, scripted, domain, data):
    with pytest.raises(BadValueError):
        await home.ask(domain, "turn_on", data)
    assert not [call for call in scripted.calls if call.get("domain") == domain]


async def test_a_house_that_is_gone_says_so(home, scripted):
    await scripted.stop()
    with pytest.raises(HomeUnreachableError):
        await home.ask("weather", "get_forecasts", {"type": "daily"})


async def test_no_house_has_nothing_to_ask():
    with pytest.raises(HomeError) as caught:
        await NoHome().ask("calendar", "get_events", {})
    assert caught.value.code == "no_home"


async def test_the_demo_home_keeps_a_calendar():
    home = DemoHome(wall_clock=lambda: NOON)
    tomorrow = NOON + timedelta(days=1)
    day = {"entity_id": "calendar.family", "start_date_time": NOON.isoformat()}
    day["end_date_time"] = (NOON + timedelta(days=2)).isoformat()
    before = await home.ask("calendar", "get_events", day)
    assert [event["summary"] for event in before["calendar.family"]["events"]] == ["Dentist", "Swimming lesson"]
    new = {"entity_id": "calendar.family", "summary": "Tea", "start_date_time": tomorrow.isoformat()}
    new["end_date_time"] = (tomorrow + timedelta(hours=1)).isoformat()
    assert await home.ask("calendar", "create_event", new, answers=False) == {}
    after = (await home.ask("calendar", "get_events", day))["calendar.family"]["events"]
    assert [event["summary"] for event in after] == ["Dentist", "Tea", "Swimming lesson"]
    with pytest.raises(BadValueError):
        await home.ask("calendar", "create_event", new | {"end_date_time": new["start_date_time"]})
    with pytest.raises(BadValueError):
        await home.ask("calendar", "get_events", day | {"end_date_time": "2026-06-03T12:00:00"})


async def test_the_demo_home_has_weather_and_a_telephone():
    home = DemoHome(wall_clock=lambda: NOON)
    week = (await home.ask("weather", "get_forecasts", {"entity_id": "weather.home", "type": "daily"}))["weather.home"]
    assert len(week["forecast"]) == 7
    assert all(day["templow"] < day["temperature"] for day in week["forecast"])
    await home.ask("notify", "demo_phone", {"message": "The washing is done."}, answers=False)
    assert list(home.answers.messages) == ["The washing is done."]
    with pytest.raises(ServiceNotFoundError):
        await home.ask("notify", "pager", {"message": "x"}, answers=False)
