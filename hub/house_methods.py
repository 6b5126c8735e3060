"""What people and programs may ask the house to say, by name: the same for the command line and for the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hub.config_engine import no_boolean
from hub.dialog.house_speaks import MAX_TEXT, HouseSpeaks
from hub.dialog.quiet import Quiet, next_time
from hub.home.areas import find_area
from hub.home.port import Home
from hub.server.control import BadRequestError
from hub.understanding.house import Area

MAX_CHOICES: Final = 20
_Area = Annotated[str, Field(min_length=1, max_length=100)]
_Choice = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
_Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"\S")]
_Seconds = Annotated[float, BeforeValidator(no_boolean), Field(gt=0, le=60, allow_inf_nan=False)]
_Wanted = TypeVar("_Wanted", bound=BaseModel)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Announce(_Request):
    text: _Text
    areas: Annotated[tuple[_Area, ...], Field(max_length=100)] = ()
    urgent: bool = False


class _Ask(_Request):
    text: _Text
    area: _Area
    choices: Annotated[tuple[_Choice, ...], Field(max_length=MAX_CHOICES)] = ()
    timeout_s: _Seconds = 8.0


class _Intercom(_Request):
    from_area: _Area
    to_area: _Area


class _HangUp(_Request):
    area: _Area | None = None


class _Quiet(_Request):
    area: _Area
    state: Literal["on", "off"] | None = None
    until: Annotated[str, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$")] | None = None

    @model_validator(mode="after")
    def _until_is_for_quiet(self) -> _Quiet:
        if self.until is not None and self.state == "off":
            raise ValueError("“until” goes with “on”")
        return self


class HouseMethods:
    """The methods of the house that speaks.

    Args:
        home: whose areas are named.
        house: who speaks.
        now: the time in the house's zone.
    """

    def __init__(self, home: Home, house: HouseSpeaks, *, now: Callable[[], datetime]) -> None:
        self._home, self._house, self._now = home, house, now

    def table(self) -> Mapping[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]:
        """Name to method."""
        return {
            "announce": self.announce,
            "ask": self.ask,
            "intercom": self.intercom,
            "hang_up": self.hang_up,
            "quiet": self.quiet,
        }

    async def announce(self, params: dict[str, Any]) -> dict[str, Any]:
        """Say `text` in `areas` (left out: in all) at once; answers when every loudspeaker is done, area by area."""
        asked = _read(_Announce, params)
        areas = [self._area(name).id for name in asked.areas]
        outcomes = await self._house.announce(asked.text, areas or None, urgent=asked.urgent)
        return {"areas": [one.to_json() for one in outcomes], "played": all(one.error is None for one in outcomes)}

    async def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask `text` in `area`, and answer with what was said there, and which of `choices` that is."""
        asked = _read(_Ask, params)
        area = self._area(asked.area)
        answer = await self._house.ask(asked.text, area.id, choices=asked.choices, timeout_s=asked.timeout_s)
        return {"area": area.id, "answer": answer.text, "choice": answer.choice}

    async def intercom(self, params: dict[str, Any]) -> dict[str, Any]:
        """Connect `from_area` and `to_area`; answers when they hear each other."""
        asked = _read(_Intercom, params)
        areas = self._area(asked.from_area), self._area(asked.to_area)
        call = await self._house.intercoms.call(areas[0].id, areas[1].id)
        return {"call": call.call, "areas": [area.id for area in areas], "names": [area.name for area in areas]}

    async def hang_up(self, params: dict[str, Any]) -> dict[str, Any]:
        """End the call of `area`, or every call."""
        asked = _read(_HangUp, params)
        area_id = None if asked.area is None else self._area(asked.area).id
        return {"ended": [list(areas) for areas in self._house.intercoms.hang_up(area_id)]}

    async def quiet(self, params: dict[str, Any]) -> dict[str, Any]:
        """Whether `area` is not to be disturbed; with `state` or `until` it is switched first."""
        asked = _read(_Quiet, params)
        area = self._area(asked.area)
        quiet: Quiet
        if asked.state is None and asked.until is None:
            quiet = self._house.quiet.of(area.id)
        else:
            until = None if asked.until is None else next_time(asked.until, self._now())
            quiet = self._house.quiet.switch(area.id, quiet=asked.state != "off", until=until)
        return {"area": area.id, "name": area.name, **quiet.to_json()}

    def _area(self, name: str) -> Area:
        return find_area(self._home.house, name)


def _read(model: type[_Wanted], params: Mapping[str, Any]) -> _Wanted:
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:80]
        raise BadRequestError(f"{f'“{where}” does not fit' if where else 'The request'}: {first['msg']}.") from None
