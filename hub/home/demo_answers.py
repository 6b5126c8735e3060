"""What the demo home answers when it is asked: its calendar, its weather, and messages that go nowhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from hub.home.errors import BadValueError, ServiceNotFoundError

CALENDAR: Final = "calendar.family"
WEATHER: Final = "weather.home"
PHONE: Final = "demo_phone"
MAX_EVENTS: Final = 500
_SKIES: Final = ("partlycloudy", "rainy", "sunny", "cloudy", "pouring", "sunny", "windy")
_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class _Event:
    start: datetime
    end: datetime
    summary: str
    description: str = ""
    location: str = ""

    def to_json(self) -> dict[str, str]:
        told = {"start": self.start.isoformat(), "end": self.end.isoformat(), "summary": self.summary}
        extra = {"description": self.description, "location": self.location}
        return told | {key: value for key, value in extra.items() if value}


class DemoAnswers:
    """A small family calendar, a week of weather, and a telephone.

    Args:
        wall_clock: the aware time now, in the demo's zone.

    Attributes:
        messages: what was sent to the telephone, newest last.
    """

    def __init__(self, wall_clock: Callable[[], datetime]) -> None:
        self.messages: deque[str] = deque(maxlen=50)
        self._now = wall_clock
        midnight = datetime.combine(wall_clock().date(), time(), wall_clock().tzinfo)
        self._events = [
            _Event(
                midnight + timedelta(days, hours=hour), midnight + timedelta(days, hours=hour, minutes=minutes), name
            )
            for days, hour, minutes, name in (
                (1, 9, 30, "Dentist"),
                (1, 15, 60, "Swimming lesson"),
                (3, 19, 120, "Dinner with the neighbours"),
            )
        ]

    def answer(self, domain: str, service: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The response of a service, empty for one that has none.

        Raises:
            ServiceNotFoundError: there is none of this name.
            BadValueError: the data do not fit.
        """
        name = f"{domain}.{service}"
        if name == "calendar.get_events":
            return {CALENDAR: {"events": self._between(_time(data, "start_date_time"), _time(data, "end_date_time"))}}
        if name == "calendar.create_event":
            self._create(data)
            return {}
        if name == "weather.get_forecasts":
            return {WEATHER: {"forecast": self._forecast(hourly=data.get("type") == "hourly")}}
        if name == f"notify.{PHONE}":
            self.messages.append(_text(data, "message"))
            return {}
        raise ServiceNotFoundError(f"Action {name} not found")

    def _between(self, start: datetime, end: datetime) -> list[dict[str, str]]:
        found = [event for event in self._events if event.start < end and event.end > start]
        return [event.to_json() for event in sorted(found, key=lambda event: event.start)]

    def _create(self, data: Mapping[str, Any]) -> None:
        start, end = _time(data, "start_date_time"), _time(data, "end_date_time")
        if end <= start:
            raise BadValueError("Expected a positive duration for an event.")
        if len(self._events) >= MAX_EVENTS:
            raise BadValueError("The demo's calendar is full.")
        description, location = str(data.get("description", "")), str(data.get("location", ""))
        self._events.append(_Event(start, end, _text(data, "summary"), description, location))

    def _forecast(self, *, hourly: bool) -> list[dict[str, Any]]:
        now = self._now()
        first = (
            now.replace(minute=0, second=0, microsecond=0)
            if hourly
            else datetime.combine(now.date(), time(12), now.tzinfo)
        )
        rows = []
        for step in range(24 if hourly else _DAYS):
            at = first + (timedelta(hours=step) if hourly else timedelta(days=step))
            sky = _SKIES[at.timetuple().tm_yday % len(_SKIES)]
            wet = sky in ("rainy", "pouring")
            warmth = 6.0 + at.timetuple().tm_yday % 5
            row = {
                "datetime": at.isoformat(),
                "condition": sky,
                "temperature": warmth + (3.0 if 10 <= at.hour <= 18 else 0.0),
                "precipitation_probability": 80 if wet else 10,
                "wind_speed": 28.0 if sky == "windy" else 12.0,
            }
            rows.append(row if hourly else row | {"templow": warmth - 4.0})
        return rows


def _time(data: Mapping[str, Any], key: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(data[key]))
    except (KeyError, ValueError):
        raise BadValueError(f"expected a time for dictionary value @ data['{key}']") from None
    if found.tzinfo is None:
        raise BadValueError(f"expected a time with its zone for dictionary value @ data['{key}']")
    return found


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadValueError(f"required key not provided @ data['{key}']")
    return value
