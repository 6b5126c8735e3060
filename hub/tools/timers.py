"""Timers and reminders by voice: which one is meant, what happens to it, and the sentence about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from rapidfuzz import fuzz

from hub.tools.agenda import Agenda, AgendaError
from hub.tools.agenda_store import Kind, Pending
from hub.tools.port import ToolError
from hub.tools.words import compact_duration, duration_words, listed, moment_words

MAX_TEXT: Final = 200
_ALIKE: Final = 82.0


class NoSuchTimerError(ToolError):
    """No timer or reminder of this name runs."""

    code = "no_such_timer"


class AmbiguousTimerError(ToolError):
    """Several could be meant."""

    code = "ambiguous"


class Timers:
    """What can be done to timers and reminders.

    Args:
        agenda: where they are kept.
        device_in: the satellite that would ring in an area; empty when none is there.
        zone: the house's time zone.
        wall_s: seconds since the epoch.
    """

    def __init__(
        self,
        agenda: Agenda,
        *,
        device_in: Callable[[str], str],
        zone: Callable[[], tzinfo],
        wall_s: Callable[[], float],
    ) -> None:
        self._agenda = agenda
        self._device_in = device_in
        self._zone, self._wall_s = zone, wall_s

    def act(self, domain: str, service: str, data: Mapping[str, Any], area_id: str) -> str:
        """Carry out one `timer` or `reminder` action and return the sentence about it.

        Raises:
            ToolError: it cannot be done, and why.
            StoreError: it cannot be kept.
        """
        if service == "start":
            return self._start_timer(data, area_id) if domain == "timer" else self._start_reminder(data, area_id)
        if service == "cancel_all":
            return self._cancel_all("timer" if domain == "timer" else "reminder")
        kind: Kind = "timer" if domain == "timer" else "reminder"
        if service not in ("cancel", "pause", "resume", "add") or (kind == "reminder" and service != "cancel"):
            raise ToolError(f"I cannot do that with a {kind}.")
        one = self._meant(kind, text_of(data, "name") or text_of(data, "text"), area_id, wanted=service)
        label = self.label(one)
        if service == "cancel":
            self._agenda.remove(one)
            return f"{_the(label)} is cancelled."
        if service == "pause":
            left_s = self._agenda.remaining_s(self._agenda.pause(one))
            return f"{_the(label)} is paused with {duration_words(left_s)} left."
        if service == "resume":
            left_s = self._agenda.remaining_s(self._agenda.resume(one))
            return f"{_the(label)} goes on with {duration_words(left_s)} left."
        left_s = self._agenda.remaining_s(self._agenda.extend(one, seconds_of(data, "duration")))
        return f"{_the(label)} now has {duration_words(left_s)} left."

    def describe(self, kind: Kind, name: str, area_id: str) -> str:
        """How much time is left, in one true sentence."""
        found = [one for one in self._of(kind) if not name or _likeness(one, name) >= _ALIKE]
        if not found:
            return f"There is no {name + ' ' if name else ''}{kind}."
        found.sort(key=lambda one: one.area_id != area_id)
        if kind == "reminder":
            return " ".join(f"{self._reminder_words(one)}." for one in found[:5])
        parts = [f"{_the(self.label(one))} {self._time_words(one)}" for one in found[:5]]
        return f"{listed([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])}."

    def label(self, one: Pending) -> str:
        """What to call it: "pasta timer", "timer", or "five minute timer" where others without a name run."""
        if one.kind == "reminder":
            return f"reminder “{one.text}”"
        if one.text:
            return f"{one.text.removesuffix(' timer')} timer"
        nameless = [other for other in self._of("timer") if not other.text]
        return f"{compact_duration(one.set_s)} timer" if len(nameless) > 1 else "timer"

    def _start_timer(self, data: Mapping[str, Any], area_id: str) -> str:
        wait_s = seconds_of(data, "duration")
        if wait_s <= 0:
            raise AgendaError("A timer needs some time to run.")
        name = text_of(data, "name")
        if name and any(other.text.casefold() == name.casefold() for other in self._of("timer")):
            raise AgendaError(f"There already is a {name} timer; cancel it first, or choose another name.")
        one = self._agenda.add("timer", text=name, area_id=area_id, device_id=self._device_in(area_id), delay_s=wait_s)
        return f"{_the(self.label(one)) if name else 'A timer'} is set for {duration_words(wait_s)}."

    def _start_reminder(self, data: Mapping[str, Any], area_id: str) -> str:
        text = text_of(data, "text") or text_of(data, "name")
        if not text:
            raise ToolError("I did not hear what to remind you of.")
        delay_s, due_at = self.time_of(data)
        one = self._agenda.add(
            "reminder",
            text=text,
            area_id=area_id,
            device_id=self._device_in(area_id),
            delay_s=delay_s,
            due_at=due_at,
        )
        when = f"in {duration_words(delay_s)}" if delay_s is not None else self._moment(one.due_at)
        return f"I will remind you {when}: {text}."

    def time_of(self, data: Mapping[str, Any]) -> tuple[float | None, float | None]:
        """`delay` in seconds or `at` in ISO 8601 (the house's zone where it has none), as seconds since the epoch.

        Raises:
            ToolError: neither is there, or `at` is no time.
        """
        if "delay" in data:
            return seconds_of(data, "delay"), None
        try:
            at = datetime.fromisoformat(str(data["at"]))
        except (KeyError, ValueError):
            raise AgendaError("I did not hear when.") from None
        return None, (at if at.tzinfo else at.replace(tzinfo=self._zone())).timestamp()

    def _cancel_all(self, kind: Kind) -> str:
        gone = list(self._of(kind))
        if not gone:
            raise NoSuchTimerError(f"There is no {kind} to cancel.")
        self._agenda.remove(*gone)
        if len(gone) == 1:
            return f"The {kind} is cancelled."
        return f"{'Both' if len(gone) == 2 else f'All {len(gone)}'} {kind}s are cancelled."

    def _meant(self, kind: Kind, name: str, area_id: str, *, wanted: str) -> Pending:
        running = list(self._of(kind))
        if not running:
            raise NoSuchTimerError(f"There is no {kind} running." if kind == "timer" else "There is no reminder.")
        if name:
            likeness = {one.id: _likeness(one, name) for one in running}
            best = max(likeness.values())
            found = [one for one in running if likeness[one.id] == best and best >= _ALIKE]
            if not found:
                raise NoSuchTimerError(f"There is no {name} {kind}. I keep {self._names(running)}.")
        else:
            fitting = [one for one in running if (one.paused_s is not None) == (wanted == "resume")]
            here = [one for one in fitting or running if one.area_id == area_id]
            found = here or fitting or running
        if len(found) > 1:
            raise AmbiguousTimerError(f"Which one do you mean: {self._names(found, 'or')}?")
        return found[0]

    def _names(self, some: Sequence[Pending], last: str = "and") -> str:
        return listed([f"the {self.label(one)}" for one in some[:4]], last)

    def _of(self, kind: Kind) -> list[Pending]:
        return [one for one in self._agenda if one.kind == kind]

    def _time_words(self, one: Pending) -> str:
        left_s = self._agenda.remaining_s(one)
        if one.paused_s is not None:
            return f"is paused with {duration_words(left_s)} left"
        return f"has {duration_words(left_s)} left" if left_s >= 0.5 else "is ringing"

    def _reminder_words(self, one: Pending) -> str:
        if one.by_clock:
            return f"I will remind you {self._moment(one.due_at)}: {one.text}"
        return f"I will remind you in {duration_words(self._agenda.remaining_s(one))}: {one.text}"

    def _moment(self, at_s: float) -> str:
        zone = self._zone()
        return moment_words(datetime.fromtimestamp(at_s, zone), datetime.fromtimestamp(self._wall_s(), zone))


def text_of(data: Mapping[str, Any], key: str) -> str:
    """A text in the data of an action, trimmed; empty where there is none."""
    value = data.get(key)
    return " ".join(value.split())[:MAX_TEXT] if isinstance(value, str) else ""


def seconds_of(data: Mapping[str, Any], key: str) -> float:
    """A number of seconds in the data of an action.

    Raises:
        AgendaError: it is none.
    """
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e9:
        raise AgendaError("I did not hear for how long.")
    return float(value)


def _likeness(one: Pending, name: str) -> float:
    """0 to 100: by its name, or by the time it was set for ("the five minute timer")."""
    wanted = name.casefold().removeprefix("the ").removesuffix(" timer")
    names = [one.text.casefold().removesuffix(" timer")] if one.text else []
    if one.kind == "timer":
        names.append(compact_duration(one.set_s))
        names.append(duration_words(one.set_s))
    plain = max((fuzz.ratio(wanted, known) for known in names), default=0.0)
    inside = max((fuzz.token_set_ratio(wanted, known) for known in names), default=0.0)
    return max(plain, inside if one.kind == "reminder" else 0.0)


def _the(label: str) -> str:
    return f"The {label}"
