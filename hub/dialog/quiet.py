"""Do-not-disturb: the hours of the settings, and what a person has switched since.

In a quiet room nobody is spoken to unasked: announcements, questions and calls from other rooms are refused there.
Timers ring all the same, and whoever calls the assistant is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

from hub.config_sounds import QuietSettings
from hub.events import EventBus, QuietSwitched
from hub.understanding.house import Area
from protocol.errors import RoomtoneError

_DAY_MIN: Final = 24 * 60


class QuietHoursError(RoomtoneError):
    """The room wants to be left alone now."""

    code = "quiet_hours"
    retry = True


@dataclass(frozen=True, slots=True)
class Switched:
    """What a person has switched in a room. `until_at`: seconds since the epoch; None: until it is switched again."""

    area_id: str
    quiet: bool
    until_at: float | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Whether a room is quiet now.

    Attributes:
        by: the settings' hours, or a person; empty where neither has a say.
        until: when that ends by itself, in the house's zone; None: not by itself.
    """

    quiet: bool
    by: Literal["", "hours", "person"] = ""
    until: datetime | None = None

    def to_json(self) -> dict[str, str | bool | None]:
        """For status, API and command line."""
        until = None if self.until is None else self.until.isoformat(timespec="minutes")
        return {"quiet": self.quiet, "by": self.by, "until": until}


class QuietRows(Protocol):
    """Where what was switched is kept."""

    def load(self) -> Iterable[Switched]:
        """All of it."""

    def keep(self, switched: Switched) -> None:
        """Keep this in place of what was kept for the room."""

    def forget(self, area_id: str) -> None:
        """Nothing is switched in the room any more."""


class QuietHours:
    """Which rooms are quiet.

    Args:
        hours: the settings'.
        rows: where switches are kept; they outlive this.
        area: a room by its id; None where the house does not know it.
        now: the time in the house's zone.
        bus: told of every switch.
    """

    def __init__(
        self,
        hours: Sequence[QuietSettings],
        rows: QuietRows,
        *,
        area: Callable[[str], Area | None],
        now: Callable[[], datetime],
        bus: EventBus,
    ) -> None:
        self._hours, self._rows = hours, rows
        self._area, self._now, self._bus = area, now, bus
        self._switched: Mapping[str, Switched] = {one.area_id: one for one in rows.load()}

    def of(self, area_id: str) -> Quiet:
        """Whether a room is quiet now."""
        now = self._now()
        switched = self._switched.get(area_id)
        if switched is not None:
            if switched.until_at is None:
                return Quiet(switched.quiet, "person")
            until = datetime.fromtimestamp(switched.until_at, now.tzinfo)
            if now < until:
                return Quiet(switched.quiet, "person", until)
        end = self._end_of_hours(area_id, now)
        return Quiet(quiet=False) if end is None else Quiet(quiet=True, by="hours", until=None if end == now else end)

    def refuse_if_quiet(self, area_id: str, name: str) -> None:
        """Raise where a room is quiet.

        Args:
            area_id: of the room.
            name: of the room, as people call it.

        Raises:
            QuietHoursError: it is.
        """
        now = self.of(area_id)
        if now.quiet:
            until = f" until {now.until:%H:%M}" if now.until is not None else ""
            raise QuietHoursError(f"{name} is not to be disturbed{until}.")

    def switch(self, area_id: str, *, quiet: bool, until: datetime | None = None) -> Quiet:
        """Make a room quiet, or not; without `until` it stays so until it is switched again.

        Within the hours of the settings, "not quiet" holds until these hours are over: the next night is quiet again.

        Raises:
            StoreError: it cannot be kept.
        """
        now = self._now()
        end = self._end_of_hours(area_id, now)
        if quiet:
            self._keep(Switched(area_id, quiet=True, until_at=None if until is None else until.timestamp()))
        elif end is None:
            self._rows.forget(area_id)
            self._switched = {one: kept for one, kept in self._switched.items() if one != area_id}
        else:
            self._keep(Switched(area_id, quiet=False, until_at=None if end == now else end.timestamp()))
        state = self.of(area_id)
        self._bus.publish(QuietSwitched(area_id, state.quiet, None if state.until is None else state.until.isoformat()))
        return state

    def _keep(self, switched: Switched) -> None:
        self._rows.keep(switched)
        self._switched = {**self._switched, switched.area_id: switched}

    def _end_of_hours(self, area_id: str, now: datetime) -> datetime | None:
        """When the settings' hours that run now are over; `now` itself where they never are; None outside them."""
        area = self._area(area_id)
        spans = [one.minutes for one in self._hours if is_for(one.areas, area_id, area)]
        minute = first = now.hour * 60 + now.minute
        passed = 0
        while (end := _end_of(spans, minute)) is not None:
            passed += (end - minute) % _DAY_MIN or _DAY_MIN
            minute = end % _DAY_MIN
            if passed >= _DAY_MIN:
                return now
        if minute == first and not passed:
            return None
        start = now.replace(second=0, microsecond=0, tzinfo=None)
        return (start + timedelta(minutes=passed)).replace(tzinfo=now.tzinfo)


def _end_of(spans: Iterable[tuple[int, int]], minute: int) -> int | None:
    """Where the hours end that cover a minute of the day, the longest of them; None where none does."""
    ends = [end for start, end in spans if (start <= minute < end if start < end else minute >= start or minute < end)]
    return max(ends, key=lambda end: (end - minute) % _DAY_MIN or _DAY_MIN) if ends else None


def is_for(names: Sequence[str], area_id: str, area: Area | None) -> bool:
    """Whether an entry of the settings that names rooms is for this one; an entry without names is for every room."""
    words = {area_id.casefold()}
    if area is not None:
        words |= {word.casefold() for word in (area.name, *area.aliases)}
    return not names or any(name.casefold() in words for name in names)


def next_time(clock: str, now: datetime) -> datetime:
    """The next time that a clock in the house shows `HH:MM`.

    Raises:
        ValueError: no clock shows that.
    """
    wanted = datetime.strptime(clock, "%H:%M").replace(tzinfo=UTC).time()
    first = datetime.combine(now.date(), wanted, now.tzinfo)
    return first if first > now else datetime.combine(now.date() + timedelta(days=1), wanted, now.tzinfo)
