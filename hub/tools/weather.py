"""The weather, from an entity of the house: now by its state, later by its forecast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from hub.home.port import Home, HomeError
from hub.tools.port import ToolError, ToolResult, ToolUnavailableError
from hub.tools.shared_entity import shared_entity
from hub.tools.words import capital, day_words

Question = Literal["general", "rain", "temperature", "wind"]
MAX_ROWS: Final = 400
_SKY: Final = {
    "clear-night": "clear", "cloudy": "cloudy", "exceptional": "exceptional", "fog": "foggy", "hail": "hail",
    "lightning": "thunderstorms", "lightning-rainy": "thunderstorms with rain", "partlycloudy": "partly cloudy",
    "pouring": "heavy rain", "rainy": "rain", "snowy": "snow", "snowy-rainy": "sleet", "sunny": "sunny",
    "windy": "windy", "windy-variant": "windy and cloudy",
}  # fmt: skip
_WET: Final = frozenset({"rainy", "pouring", "lightning-rainy", "snowy-rainy", "hail", "snowy"})
_WORST: Final = (
    "pouring", "lightning-rainy", "hail", "snowy", "snowy-rainy", "rainy", "lightning", "fog", "windy", "windy-variant",
    "cloudy", "partlycloudy", "sunny", "clear-night",
)  # fmt: skip
_LIKELY: Final = 50
_NOUNS: Final = frozenset({"hail", "lightning", "lightning-rainy", "pouring", "rainy", "snowy", "snowy-rainy"})


class NoForecastError(ToolError):
    """The forecast does not reach that far."""

    code = "no_forecast"


class Weather:
    """The weather of the house.

    Args:
        home: whose entity it is.
        entity_id: which; None takes the first one that is exposed.
        now: the aware time in the house's zone.
    """

    def __init__(self, home: Home, *, entity_id: str | None, now: Callable[[], datetime]) -> None:
        self._home = home
        self._entity_id = entity_id
        self._now = now

    def entity(self) -> str:
        """The weather's entity id.

        Raises:
            ToolUnavailableError: there is none that may be used.
        """
        missing = "No weather is shared with me; share a forecast in Home Assistant's voice settings."
        return shared_entity(self._home, "weather", self._entity_id, missing=missing)

    def current(self, question: Question) -> ToolResult:
        """The weather at this moment.

        Raises:
            ToolError: there is none.
        """
        entity = self._home.house.entities[self.entity()]
        if entity.state in ("unavailable", "unknown"):
            raise ToolUnavailableError("The weather does not answer right now.")
        warmth = _degrees(entity.attributes.get("temperature"))
        data = {"condition": entity.state, "temperature": warmth}
        sky = _sky_words(entity.state)
        if question == "rain":
            wet = entity.state in _WET
            return ToolResult(f"{'Yes' if wet else 'No'}, outside {_is(entity.state)} {sky} now.", data)
        if question == "temperature" and warmth is not None:
            return ToolResult(f"It is {warmth} degrees outside.", data)
        speed, unit = entity.attributes.get("wind_speed"), entity.attributes.get("wind_speed_unit")
        if question == "wind" and isinstance(speed, (int, float)):
            return ToolResult(f"The wind blows at {speed:g} {_unit(unit)}.", {**data, "wind_speed": speed})
        heat = f" and {warmth} degrees" if warmth is not None else ""
        return ToolResult(f"Outside {_is(entity.state)} {sky}{heat} now.", data)

    async def forecast(self, start: datetime, end: datetime, question: Question, *, hours: bool) -> ToolResult:
        """The weather to come between two moments; `hours`: of a part of a day, so by the hour where that is known.

        Raises:
            ToolError: the forecast does not reach there.
            HomeError: the house does not answer.
        """
        entity_id = self.entity()
        rows = await self._rows(entity_id, "hourly", start, end) if hours else []
        if not rows:
            midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
            rows = await self._rows(entity_id, "daily", midnight, max(end, midnight.replace(hour=23, minute=59)))
        if not rows:
            raise NoForecastError("The forecast does not reach that far.")
        return self._told(rows, start, question)

    async def _rows(self, entity_id: str, kind: str, start: datetime, end: datetime) -> list[Mapping[str, Any]]:
        try:
            answer = await self._home.ask("weather", "get_forecasts", {"entity_id": entity_id, "type": kind})
        except HomeError as error:
            if kind == "daily" or error.retry:
                raise
            return []  # many forecasts know days only, and the house refuses to say more
        held = answer.get(entity_id)
        rows = held.get("forecast") if isinstance(held, Mapping) else None
        found = []
        for row in rows[:MAX_ROWS] if isinstance(rows, list) else ():
            at = _moment(row.get("datetime"), start) if isinstance(row, Mapping) else None
            if at is not None and start <= at < end:
                found.append(row)
        return found

    def _told(self, rows: list[Mapping[str, Any]], start: datetime, question: Question) -> ToolResult:
        when = day_words(start.date(), self._now().date())
        skies = [str(row.get("condition")) for row in rows]
        worst = min(skies, key=lambda sky: _WORST.index(sky) if sky in _WORST else len(_WORST))
        warmths = [
            value for row in rows for key in ("temperature", "templow") if (value := _degrees(row.get(key))) is not None
        ]
        chances = [value for row in rows if (value := _degrees(row.get("precipitation_probability"))) is not None]
        chance = max(chances, default=None)
        data = {"condition": worst, "temperatures": warmths, "rain_percent": chance, "day": start.date().isoformat()}
        span = (
            f"{min(warmths)} to {max(warmths)} degrees"
            if warmths and min(warmths) != max(warmths)
            else (f"{warmths[0]} degrees" if warmths else "")
        )
        if question == "rain":
            return ToolResult(_rain(when, worst, chance), data)
        if question == "temperature" and span:
            return ToolResult(f"It will be {span} {when}.", data)
        heat = f" with {span}" if span else ""
        wet = f"; rain is {chance} percent likely" if chance is not None and chance >= _LIKELY else ""
        return ToolResult(f"{capital(when)} it will be {_sky_words(worst, ahead=True)}{heat}{wet}.", data)


def _rain(when: str, worst: str, chance: int | None) -> str:
    if chance is None:
        return f"{'Yes' if worst in _WET else 'No'}, the forecast {when} is {_sky_words(worst)}."
    if chance >= _LIKELY:
        return f"Yes, rain is likely {when}: {chance} percent."
    return f"Probably not: rain is {chance} percent likely {when}."


def _sky_words(sky: str, *, ahead: bool = False) -> str:
    words = _SKY.get(sky, sky.replace("-", " "))
    if sky in _NOUNS and ahead:
        return {"rainy": "rainy", "pouring": "very rainy", "snowy": "snowy"}.get(sky, f"a day of {words}")
    return words


def _is(sky: str) -> str:
    return "there is" if sky in _NOUNS else "it is"


def _degrees(value: object) -> int | None:
    return round(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _unit(unit: object) -> str:
    known = {"km/h": "kilometres an hour", "mph": "miles an hour", "m/s": "metres a second", "kn": "knots"}
    return known.get(str(unit), str(unit or ""))


def _moment(value: object, near: datetime) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found.astimezone(near.tzinfo) if found.tzinfo else found.replace(tzinfo=near.tzinfo)
