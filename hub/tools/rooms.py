"""Speaking to other rooms as a tool: announcements and calls, through the house that speaks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Protocol

from pydantic import BaseModel, Field

from hub.home.areas import find_area
from hub.home.port import Home
from hub.tools.port import ToolError, ToolResult
from hub.tools.registry import AREA, Tool, typed_tool
from hub.tools.words import listed
from hub.understanding.house import Area
from protocol.errors import RoomtoneError, UnknownAreaError

ANNOUNCE, INTERCOM, HANG_UP = "announce", "intercom", "hang_up"
MAX_MESSAGE: Final = 400
_ANNOUNCE_S: Final = 120.0
_Room = Annotated[str, Field(min_length=1, max_length=100)]


class Outcome(Protocol):
    """What came of an announcement in a room."""

    @property
    def name(self) -> str:
        """Of the room."""

    @property
    def error(self) -> RoomtoneError | None:
        """What was in the way; None where it was heard."""


class House(Protocol):
    """The house that speaks, as the tools use it."""

    async def announce(self, text: str, area_ids: Sequence[str] | None = None, *, but: str = "") -> Sequence[Outcome]:
        """Say something in rooms (None: in all) except one."""

    def call_after_turn(self, from_id: str, to_id: str) -> None:
        """Connect two rooms as soon as the turn is over in which somebody in the first has asked for it."""

    def hang_up(self, area_id: str | None = None) -> object:
        """End the call of an area."""


class _AnnounceArguments(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=MAX_MESSAGE, pattern=r"\S")]
    rooms: Annotated[list[_Room], Field(max_length=50, description="Left out: every room.")] = []


class _CallArguments(BaseModel):
    room: _Room


class _NoArguments(BaseModel):
    pass


def room_names(home: Home) -> Mapping[str, str]:
    """What rooms are called, in lower case, and the name that stands for each."""
    areas = home.house.areas
    aliases = {alias.lower(): area.name for area in areas for alias in area.aliases}
    return aliases | {area.name.lower(): area.name for area in areas}


class RoomTools:
    """What the tools do.

    Args:
        home: whose rooms are named.
        house: who speaks; asked for when it is needed, since it is made after the tools.
    """

    def __init__(self, home: Home, house: Callable[[], House]) -> None:
        self._home, self._house = home, house

    def tools(self) -> list[Tool]:
        """For the registry."""
        return [
            typed_tool(
                ANNOUNCE,
                "Say something aloud in other rooms.",
                _AnnounceArguments,
                self._announce,
                changes=True,
                timeout_s=_ANNOUNCE_S,
            ),
            typed_tool(
                INTERCOM,
                "Connect this room with another one, so that people can talk.",
                _CallArguments,
                self._call,
                changes=True,
            ),
            typed_tool(
                HANG_UP, "End the call between this room and another one.", _NoArguments, self._hang_up, changes=True
            ),
        ]

    def _area(self, name: str) -> Area:
        try:
            return find_area(self._home.house, name)
        except UnknownAreaError:
            raise ToolError(f"I know no room called {name[:60]}.") from None

    async def _announce(self, given: _AnnounceArguments) -> ToolResult:
        wanted = [self._area(name).id for name in given.rooms]
        with _spoken():
            outcomes = await self._house().announce(given.text, wanted or None, but="" if wanted else AREA.get())
        return _told(outcomes)

    async def _call(self, given: _CallArguments) -> ToolResult:
        here, there = AREA.get(), self._area(given.room)
        if not here:
            raise ToolError("A call needs a room that it comes from.")
        with _spoken():
            self._house().call_after_turn(here, there.id)
        return ToolResult(f"Calling {there.name}.")

    async def _hang_up(self, _given: _NoArguments) -> ToolResult:
        with _spoken():
            self._house().hang_up(AREA.get() or None)
        return ToolResult("The call is over.")


@contextlib.contextmanager
def _spoken() -> Iterator[None]:
    """What is in the way is said."""
    try:
        yield
    except RoomtoneError as error:
        raise ToolError(error.sentence) from error


def _told(outcomes: Sequence[Outcome]) -> ToolResult:
    """What is true about an announcement, for the ear; quiet rooms are told as such."""
    heard = [one.name for one in outcomes if one.error is None]
    missed = [one for one in outcomes if one.error is not None]
    data: dict[str, Any] = {
        "heard_in": heard,
        "not_heard_in": {one.name: one.error.code for one in missed if one.error is not None},
    }
    if not heard:
        why = " ".join(dict.fromkeys(one.error.sentence for one in missed if one.error is not None))
        raise ToolError(f"Nobody has heard it. {why}"[:300])
    if not missed:
        return ToolResult("I have told everyone." if len(heard) > 2 else f"I have said it in {listed(heard)}.", data)
    return ToolResult(f"I have said it in {listed(heard)}, but not in {listed([one.name for one in missed])}.", data)
