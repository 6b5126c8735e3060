"""Actions that the hub carries out itself: timers, reminders, its own lists, and whatever is to happen later."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from hub.tools.agenda import Agenda, AgendaError
from hub.tools.agenda_store import AgendaStore, Pending
from hub.tools.lists import Lists
from hub.tools.port import ToolError
from hub.tools.timers import Timers
from hub.tools.words import duration_words, moment_words
from hub.understanding.house import Action, ActionResult, Timer
from protocol.errors import RoomtoneError

_REMEMBERED: Final = 500
_LATER: Final = frozenset({"delay", "at"})


class HubDeeds:
    """`Deeds` on the hub's own store.

    Args:
        rows: the store's tables.
        agenda: what is pending in it.
        device_in: the satellite of an area; empty when none is there.
        zone: the house's time zone.
        wall_s: seconds since the epoch.
        now_ms: the hub's monotonic milliseconds.
    """

    def __init__(
        self,
        rows: AgendaStore,
        agenda: Agenda,
        *,
        device_in: Callable[[str], str],
        zone: Callable[[], tzinfo],
        wall_s: Callable[[], float],
        now_ms: Callable[[], float],
    ) -> None:
        self._agenda = agenda
        self._timers = Timers(agenda, device_in=device_in, zone=zone, wall_s=wall_s)
        self._lists = Lists(rows)
        self._zone, self._wall_s, self._now_ms = zone, wall_s, now_ms
        self._device_in = device_in
        self._done: OrderedDict[tuple[str, str], ActionResult] = OrderedDict()

    def takes(self, action: Action) -> bool:
        """Whether this action is not Home Assistant's, or not yet."""
        if action.domain == "reminder" or _LATER & action.data.keys():
            return True
        return action.domain in ("timer", "todo") and not action.entity_ids

    async def act(self, action: Action, *, area_id: str, trace: str) -> ActionResult:
        """Do it, and say what is true now; the same action under the same trace is done once."""
        key = (trace, repr((action.domain, action.service, action.entity_ids, sorted(action.data.items()))))
        known = self._done.get(key)
        if known is not None:
            return known
        result = self.carry_out(action, area_id)
        self._done[key] = result
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        return result

    def timers(self) -> tuple[Timer, ...]:
        """Those that have not rung, soonest first."""
        found = [(one, self._agenda.remaining_s(one)) for one in self._agenda if one.kind == "timer"]
        return tuple(Timer(one.text, left_s, one.paused_s is None) for one, left_s in found if left_s > 0)

    def describe(self, about: str, *, name: str = "", area_id: str = "") -> str:
        """A true sentence about `timer`, `reminder`, `deed` or `list`."""
        if about == "timer":
            return self._timers.describe("timer", name, area_id)
        if about == "reminder":
            return self._timers.describe("reminder", name, area_id)
        if about == "deed":
            deeds = [one for one in self._agenda if one.kind == "deed"]
            return " ".join(f"{self._later_words(one)}." for one in deeds[:5]) or "Nothing is put off."
        return self._lists.describe(name)

    def carry_out(self, action: Action, area_id: str) -> ActionResult:
        """As `act`, each time anew."""
        called_ms = self._now_ms()
        try:
            sentence = self._do(action, area_id)
        except RoomtoneError as error:
            return ActionResult(
                action,
                verified=False,
                failed=action.entity_ids,
                error=error.code,
                sentence=error.sentence if isinstance(error, ToolError) else "I could not write that down.",
                called_ms=called_ms,
            )
        return ActionResult(
            action,
            verified=True,
            state="kept",
            sentence=sentence,
            called_ms=called_ms,
            confirmed_ms=self._now_ms(),
        )

    def _do(self, action: Action, area_id: str) -> str:
        if action.domain == "reminder" or (action.domain == "timer" and not action.entity_ids):
            return self._timers.act(action.domain, action.service, action.data, area_id)
        if _LATER & action.data.keys():
            return self._put_off(action, area_id)
        return self._lists.act(action.service, action.data)

    def _put_off(self, action: Action, area_id: str) -> str:
        delay_s, due_at = self._timers.time_of(action.data)
        if delay_s is not None and delay_s <= 0:
            raise AgendaError("That time is already over.")
        now = replace(action, data={key: value for key, value in action.data.items() if key not in _LATER})
        one = self._agenda.add(
            "deed",
            text=action.evidence[:200],
            area_id=area_id,
            device_id=self._device_in(area_id),
            delay_s=delay_s,
            due_at=due_at,
            action=asdict(now),
        )
        return f"I will do that {self._when(one)}."

    def _later_words(self, one: Pending) -> str:
        when = self._when(one)
        return f"{when[0].upper()}{when[1:]}: {one.text}" if one.text else f"Something is to happen {when}"

    def _when(self, one: Pending) -> str:
        if not one.by_clock:
            return f"in {duration_words(self._agenda.remaining_s(one))}"
        zone = self._zone()
        now = datetime.fromtimestamp(self._wall_s(), UTC).astimezone(zone)
        return moment_words(datetime.fromtimestamp(one.due_at, zone), now)


def action_of(one: Pending) -> Action | None:
    """The action of a deed; None for anything else, and for a row that no action can be made of."""
    held: Any = one.action
    if one.kind != "deed" or not isinstance(held, dict):
        return None
    ids, data = held.get("entity_ids"), held.get("data")
    if not isinstance(ids, (list, tuple)) or not isinstance(data, dict):
        return None
    return Action(
        str(held.get("domain", "")),
        str(held.get("service", "")),
        tuple(str(entity_id) for entity_id in ids),
        data,
        str(held.get("evidence", "")),
    )
