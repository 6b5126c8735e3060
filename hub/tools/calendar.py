"""Home Assistant's calendars: what is on, whether a time is free, and an appointment of one's own.

A booking is looked for in the calendar afterwards, and only what was found there is said to be booked. So a call whose
answer was lost is neither repeated nor denied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from hub.home.errors import HomeTimeoutError
from hub.home.port import Home, HomeUnreachableError
from hub.tools.port import ToolError, ToolResult, ToolUnavailableError
from hub.tools.shared_entity import shared_entity
from hub.tools.words import capital, count_words, day_words, duration_words, listed, moment_words, time_words

MAX_EVENTS: Final = 200
_READ_OUT: Final = 5
_LOOKS: Final = (0.0, 0.3, 1.0)
"""Seconds to wait before each look for a new booking; a calendar on the network needs its time."""


class NotFreeError(ToolError):
    """Something else is on at that time."""

    code = "not_free"


class NotBookedError(ToolError):
    """The calendar took the booking, or not, but it does not stand there."""

    code = "not_booked"


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a calendar; `all_day` ones go from midnight to midnight."""

    summary: str
    start: datetime
    end: datetime
    all_day: bool = False
    location: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """An appointment to be made."""

    summary: str
    start: datetime
    end: datetime
    location: str = ""
    description: str = ""


class Calendar:
    """One calendar of the house.

    Args:
        home: whose calendar it is.
        entity_id: which; None takes the first one that is exposed.
        now: the aware time in the house's zone.
    """

    def __init__(self, home: Home, *, entity_id: str | None, now: Callable[[], datetime]) -> None:
        self._home = home
        self._entity_id = entity_id
        self._now = now

    def entity(self) -> str:
        """The calendar's entity id.

        Raises:
            ToolUnavailableError: there is none that may be used.
        """
        missing = "No calendar is shared with me; share one in Home Assistant's voice settings."
        return shared_entity(self._home, "calendar", self._entity_id, missing=missing)

    async def events(self, start: datetime, end: datetime) -> list[Event]:
        """What overlaps a span of time, in order.

        Raises:
            ToolError: there is no calendar.
            HomeError: the house does not answer.
        """
        entity_id = self.entity()
        span = {"start_date_time": start.isoformat(), "end_date_time": end.isoformat()}
        answer = await self._home.ask("calendar", "get_events", {"entity_id": entity_id, **span})
        held = answer.get(entity_id)
        rows = held.get("events") if isinstance(held, Mapping) else None
        zone = self._now().tzinfo
        found = [_event(row, zone) for row in rows[:MAX_EVENTS]] if isinstance(rows, list) else []
        return sorted(
            (event for event in found if event is not None and event.start < end and event.end > start),
            key=lambda event: event.start,
        )

    async def agenda(self, start: datetime, end: datetime, *, days: int = 1) -> ToolResult:
        """What is on, as a sentence."""
        events = await self.events(start, end)
        data = {"events": [_to_json(event) for event in events]}
        when = _span_words(start, days, self._now())
        if not events:
            return ToolResult(f"There is nothing in the calendar {when}.", data)
        shown = [self._event_words(event, with_day=days > 1) for event in events[:_READ_OUT]]
        more = [f"{count_words(len(events) - _READ_OUT)} more"] if len(events) > _READ_OUT else []
        return ToolResult(f"{capital(when)}: {listed([*shown, *more])}.", data)

    async def next_event(self) -> ToolResult:
        """The next thing that begins, within a month."""
        now = self._now()
        coming = [event for event in await self.events(now, now + timedelta(days=31)) if event.start >= now]
        if not coming:
            return ToolResult("There is nothing in the calendar for the next month.", {"events": []})
        event = coming[0]
        sentence = f"Next is {event.summary}, {self._event_time(event, with_day=True)}."
        return ToolResult(sentence, {"events": [_to_json(event)]})

    async def availability(self, start: datetime, end: datetime, *, clock: bool) -> ToolResult:
        """Whether a span is free; `clock`: it is one that was named by the hour."""
        events = await self.events(start, end)
        busy = [event for event in events if not event.all_day]
        now = self._now()
        when = moment_words(start, now) if clock else _span_words(start, max(1, (end - start).days), now)
        data = {"free": not busy, "events": [_to_json(event) for event in events]}
        if not events:
            return ToolResult(f"Yes, you are free {when}.", data)
        shown = listed([self._event_words(event, with_day=False) for event in events[:_READ_OUT]])
        if not busy:
            return ToolResult(f"You have no appointments {when}; the calendar says {shown}.", data)
        return ToolResult(f"{'No' if clock else 'Not all of it'}, {when} there is {shown}.", data)

    async def conflicts(self, start: datetime, end: datetime) -> str:
        """What is in the way of an appointment, in words; empty when the time is free."""
        busy = [event for event in await self.events(start, end) if not event.all_day]
        return listed([self._event_words(event, with_day=False) for event in busy[:_READ_OUT]])

    async def book(self, booking: Booking) -> ToolResult:
        """Make an appointment, unless it stands there already, and look whether it does.

        Raises:
            NotFreeError: something else is on.
            NotBookedError: it cannot be found in the calendar afterwards.
            ToolError: there is no calendar.
            HomeError: the house refuses.
        """
        if booking.start <= self._now():
            raise ToolError("That time is already over.")
        there = await self.events(booking.start, booking.end)
        if not any(_same(event, booking) for event in there):
            busy = [event for event in there if not event.all_day]
            if busy:
                shown = listed([self._event_words(event, with_day=False) for event in busy[:_READ_OUT]])
                raise NotFreeError(f"That time is not free any more: there is {shown}.")
            await self._create(booking)
        when = moment_words(booking.start, self._now())
        length = duration_words((booking.end - booking.start).total_seconds())
        return ToolResult(
            f"I have booked {booking.summary} {when} for {length}.",
            {
                "booked": {
                    "summary": booking.summary,
                    "start": booking.start.isoformat(),
                    "end": booking.end.isoformat(),
                }
            },
        )

    async def _create(self, booking: Booking) -> None:
        extra = {"location": booking.location, "description": booking.description}
        data = {
            "entity_id": self.entity(),
            "summary": booking.summary,
            "start_date_time": booking.start.isoformat(),
            "end_date_time": booking.end.isoformat(),
            **{key: value for key, value in extra.items() if value},
        }
        lost: Exception | None = None
        try:
            await self._home.ask("calendar", "create_event", data, answers=False)
        except (HomeTimeoutError, HomeUnreachableError) as error:
            lost = error  # it may have been made all the same
        for wait_s in _LOOKS:
            await asyncio.sleep(wait_s)
            try:
                events = await self.events(booking.start, booking.end)
            except (HomeTimeoutError, HomeUnreachableError, ToolUnavailableError) as error:
                lost = error
                continue
            if any(_same(event, booking) for event in events):
                return
        raise NotBookedError(
            "I lost the connection to the calendar and do not know whether it is booked; please look."
            if lost is not None
            else "The calendar took the booking, but it does not show there; please look."
        )

    def _event_words(self, event: Event, *, with_day: bool) -> str:
        return f"{event.summary} {self._event_time(event, with_day=with_day)}"

    def _event_time(self, event: Event, *, with_day: bool) -> str:
        day = f"{day_words(event.start.date(), self._now().date())} " if with_day else ""
        return f"{day}{'all day' if event.all_day else f'at {time_words(event.start)}'}".strip()


def _event(row: object, zone: Any) -> Event | None:
    if not isinstance(row, Mapping):
        return None
    start, end = _moment(row.get("start"), zone), _moment(row.get("end"), zone)
    if start is None or end is None:
        return None
    summary = str(row.get("summary") or "something without a name")[:200]
    return Event(summary, start, end, len(str(row.get("start"))) == len("2026-06-01"), str(row.get("location") or ""))


def _moment(value: object, zone: Any) -> datetime | None:
    try:
        if isinstance(value, str) and len(value) == len("2026-06-01"):
            return datetime.combine(date.fromisoformat(value), time(), zone)
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found.astimezone(zone) if found.tzinfo else found.replace(tzinfo=zone)


def _same(event: Event, booking: Booking) -> bool:
    return (
        event.summary.casefold() == booking.summary.casefold()
        and event.start == booking.start
        and event.end == booking.end
    )


def _to_json(event: Event) -> dict[str, Any]:
    told = {"summary": event.summary, "start": event.start.isoformat(), "end": event.end.isoformat()}
    return {**told, "all_day": event.all_day, **({"location": event.location} if event.location else {})}


def _span_words(start: datetime, days: int, now: datetime) -> str:
    if days <= 1:
        return day_words(start.date(), now.date())
    first = "today" if start.date() == now.date() else day_words(start.date(), now.date()).removeprefix("on ")
    last = day_words((start + timedelta(days=days - 1)).date(), now.date()).removeprefix("on ")
    return f"from {first} to {last}"
