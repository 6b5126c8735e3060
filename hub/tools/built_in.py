"""The built-in tools as a language model sees them, in the registry's form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from hub.config_tools import BuiltIn
from hub.tools.calendar import Booking, Calendar
from hub.tools.deeds import HubDeeds
from hub.tools.messages import MAX_MESSAGE, Messages
from hub.tools.port import BadArgumentsError, ToolError, ToolResult
from hub.tools.registry import AREA, Tool, typed_tool
from hub.tools.weather import Weather
from hub.understanding.house import Action

BOOK, SEND = "calendar_book", "send_message"
_Text = Annotated[str, Field(min_length=1, max_length=200)]
_MAX_DAYS = 62


class _Span(BaseModel):
    start: datetime = Field(description="ISO 8601, local time of the house unless it names a zone.")
    end: datetime = Field(description="ISO 8601, after start.")


class BookArguments(BaseModel):
    """What `calendar_book` takes."""

    summary: _Text = Field(description="What the appointment is.")
    start: datetime = Field(description="ISO 8601, local time of the house unless it names a zone.")
    end: datetime = Field(description="ISO 8601, after start.")
    location: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=500)] = ""


class SendArguments(BaseModel):
    """What `send_message` takes."""

    to: _Text = Field(description="A name out of the household's list.")
    message: Annotated[str, Field(min_length=1, max_length=MAX_MESSAGE)]
    email: bool = Field(default=False, description="Whether it must be e-mail.")


class WeatherArguments(BaseModel):
    """What `weather` takes; without a start it is the weather now."""

    start: datetime | None = Field(None, description="ISO 8601; left out: now.")
    end: datetime | None = Field(None, description="ISO 8601; left out: the rest of that day.")
    question: Literal["general", "rain", "temperature", "wind"] = "general"
    hours: bool = Field(default=False, description="Whether it is about a part of a day.")


class _TimerArguments(BaseModel):
    seconds: Annotated[float, Field(gt=0, le=366 * 86_400)]
    name: Annotated[str, Field(max_length=100)] = ""


class _ItemArguments(BaseModel):
    item: _Text
    list: Annotated[str, Field(max_length=100)] = ""


class _NameArguments(BaseModel):
    name: Annotated[str, Field(max_length=100)] = ""


def localised(moment: datetime, now: datetime) -> datetime:
    """The same moment in the zone of the house; one without a zone is meant in it."""
    return moment.astimezone(now.tzinfo) if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def booking_of(given: BookArguments, now: datetime) -> Booking:
    """The appointment that the arguments mean.

    Raises:
        BadArgumentsError: it ends before it begins, or lasts longer than a month.
    """
    start, end = localised(given.start, now), localised(given.end, now)
    if not 0 < (end - start).total_seconds() <= 31 * 86_400:
        raise BadArgumentsError("An appointment must end after it begins, and within a month.")
    return Booking(given.summary, start, end, given.location, given.description)


def built_in_tools(
    allow: Iterable[BuiltIn],
    *,
    calendar: Calendar,
    weather: Weather,
    messages: Messages,
    deeds: HubDeeds,
    now: Callable[[], datetime],
    rooms: Iterable[Tool] = (),
) -> list[Tool]:
    """The tools that the settings allow; `rooms` are those that speak to other rooms."""
    groups: dict[BuiltIn, list[Tool]] = {
        "calendar": _calendar_tools(calendar, now),
        "weather": [_weather_tool(weather, now)],
        "messages": [_message_tool(messages)],
        "timers": _timer_tools(deeds),
        "lists": _list_tools(deeds),
        "rooms": list(rooms),
    }
    return [tool for name in dict.fromkeys(allow) for tool in groups[name]]


def _calendar_tools(calendar: Calendar, now: Callable[[], datetime]) -> list[Tool]:
    async def events(given: _Span) -> ToolResult:
        start, end = localised(given.start, now()), localised(given.end, now())
        if not 0 < (end - start).total_seconds() <= _MAX_DAYS * 86_400:
            raise BadArgumentsError("The end must come after the start, and within two months.")
        return await calendar.agenda(start, end, days=max(1, (end - start).days))

    async def book(given: BookArguments) -> ToolResult:
        return await calendar.book(booking_of(given, now()))

    return [
        typed_tool("calendar_events", "What is in the household's calendar in a span of time.", _Span, events),
        typed_tool(BOOK, "Make an appointment, if the time is free.", BookArguments, book, changes=True),
    ]


def _weather_tool(weather: Weather, now: Callable[[], datetime]) -> Tool:
    async def forecast(given: WeatherArguments) -> ToolResult:
        if given.start is None:
            return weather.current(given.question)
        start = localised(given.start, now())
        end = localised(given.end, now()) if given.end else start.replace(hour=23, minute=59)
        return await weather.forecast(start, end, given.question, hours=given.hours)

    return typed_tool("weather", "The weather at home, now or to come.", WeatherArguments, forecast)


def _message_tool(messages: Messages) -> Tool:
    async def send(given: SendArguments) -> ToolResult:
        return await messages.send(messages.recipient(given.to, email=given.email), given.message)

    return typed_tool(SEND, "Send a message or e-mail to one of the household.", SendArguments, send, changes=True)


def _timer_tools(deeds: HubDeeds) -> list[Tool]:
    async def start(given: _TimerArguments) -> ToolResult:
        return _deed(deeds, "timer", "start", {"duration": given.seconds, "name": given.name})

    async def cancel(given: _NameArguments) -> ToolResult:
        return _deed(deeds, "timer", "cancel", {"name": given.name})

    async def tell(given: _NameArguments) -> ToolResult:
        told = [{"name": one.name, "remaining_s": round(one.remaining_s)} for one in deeds.timers()]
        return ToolResult(deeds.describe("timer", name=given.name), {"timers": told})

    return [
        typed_tool("set_timer", "Start a timer.", _TimerArguments, start),
        typed_tool("cancel_timer", "Cancel a timer; without a name the one that runs.", _NameArguments, cancel),
        typed_tool("timers", "How much time the timers have left.", _NameArguments, tell),
    ]


def _list_tools(deeds: HubDeeds) -> list[Tool]:
    async def add(given: _ItemArguments) -> ToolResult:
        return _deed(deeds, "todo", "add_item", {"item": given.item, "list": given.list})

    async def read(given: _NameArguments) -> ToolResult:
        return ToolResult(deeds.describe("list", name=given.name))

    return [
        typed_tool(
            "add_to_list", "Put something on a list; on the shopping list if none is named.", _ItemArguments, add
        ),
        typed_tool("read_list", "What stands on a list.", _NameArguments, read),
    ]


def _deed(deeds: HubDeeds, domain: str, service: str, data: dict[str, object]) -> ToolResult:
    result = deeds.carry_out(Action(domain, service, (), data), AREA.get())
    if result.error is not None:
        raise ToolError(result.sentence)
    return ToolResult(result.sentence)
