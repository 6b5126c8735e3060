"""Timers, alarms and reminders: what to start, stop or change, and how long is left."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from hub.understanding.clock import next_time
from hub.understanding.context import Context
from hub.understanding.house import Timer
from hub.understanding.lexicon import singular
from hub.understanding.patterns import Pattern, Table, read_patterns
from hub.understanding.questions import Answer
from hub.understanding.settings import Refusal
from hub.understanding.states import listed

ASKED = ("timer",)
_TABLE = read_patterns("timers.txt")
_READ = Table(p for p in _TABLE if p.group != "left")
_LEFT = Table(p for p in _TABLE if p.group == "left")
_ABOUT = re.compile(
    r"\b(?:timers?|countdowns?|reminder|remind|alarm|wake|count|time|ping|notify|prompt|longer)\b|\b\d+s\b|\bhow"
    r" (?:long|many|much)\b"
)
# Words around a name that are none: "the new timer" is a timer, "the egg timer" one with a name.
_NO_NAME = frozenset(
    [
        "the",
        "a",
        "an",
        "my",
        "our",
        "that",
        "this",
        "new",
        "other",
        "current",
        "running",
        "last",
        "first",
        "second",
        "second",
        "next",
        "1",
        "one",
        "another",
        "it",
        "me",
        "all",
        "any",
        "alarm",
        "timer",
        "countdown",
        "set",
        "still",
        "kitchen",
        "more",
        "extra",
        "clock",
        "oven",
    ]
)
_NO_BEGINNING = frozenset({"on", "for", "in", "with", "of", "at", "to", "and", "or"})
_NO_MEDIUM = frozenset({"list", "shopping", "calendar", "volume", "temperature", "brightness", "heating"})
_MAX_S = 7 * 86400


def _name(parts: dict[str, str]) -> str | None:
    """The timer's name, empty without one; None where the words cannot be a name."""
    said = parts.get("n") or parts.get("m") or ""
    words = [w for w in said.split() if w not in ("the", "a", "an", "my", "our", "some")]
    if words[:1] and words[0] in _NO_BEGINNING:
        return None
    while words and words[0] in _NO_NAME - {"kitchen"}:
        words = words[1:]
    if len(words) > 3 or any(re.fullmatch(r"\d+s", w) for w in words) or not _NO_MEDIUM.isdisjoint(words):
        return None
    return " ".join(words)


def _data(parts: dict[str, str], duration_s: int | None = None) -> dict[str, Any] | None:
    name = _name(parts)
    if name is None:
        return None
    data: dict[str, Any] = {} if duration_s is None else {"duration": duration_s}
    return {**data, "name": name} if name else data


def read_timer(clause: str, context: Context) -> tuple[str, dict[str, Any]] | Refusal | None:
    """The service call of a request about timers, why it cannot be done, or None when it is none."""
    if not _ABOUT.search(clause):
        known = _known_name(clause, context)
        return ("timer.cancel", {"name": known}) if known else None
    for pattern in _READ.like(clause):
        parts = pattern.read(clause)
        if parts is None:
            continue
        read = _call(pattern, parts, context.now)
        if read is not None:
            return read
    return None


def _known_name(clause: str, context: Context) -> str:
    """Takes "cancel the pasta" for the timer of that name."""
    found = re.fullmatch(r"(?:cancel|stop|clear) (?:the |my )?(.+)", clause)
    said = found[1] if found else ""
    return next((t.name for t in context.house.timers if said and t.name.lower() == said), "")


def _call(pattern: Pattern, parts: dict[str, str], now: datetime) -> tuple[str, dict[str, Any]] | Refusal | None:  # noqa: PLR0911 - one line a case
    what = pattern.group
    if what in ("alarm", "remind"):
        return _reminder(parts, now)
    if what == "remind_when":
        return Refusal(
            "ambiguous", "When should I remind you? Say it again with a time, like in ten minutes or at six."
        )
    if what == "cancel_all":
        return "timer.cancel_all", {}
    duration_s = int(parts["d"]) if "d" in parts else int(parts["i"]) * 60 if "i" in parts else None
    if duration_s is not None and not 0 < duration_s <= _MAX_S:
        return Refusal("bad_value", "A timer runs from one second to seven days.")
    if what == "take" and duration_s is not None:
        what, duration_s = "add", -duration_s
    data = _data(parts, duration_s)
    if data is None:
        return None
    if what == "how_long":
        return Refusal("ambiguous", "For how long? Say it again with a time, like ten minutes.")
    if what == "add" and data.get("name") and "timer" not in pattern.source.lower():
        return None
    return f"timer.{'start' if what == 'minutes' else what}", data


def _reminder(parts: dict[str, str], now: datetime) -> tuple[str, dict[str, Any]] | Refusal:
    data: dict[str, Any] = {"text": parts.get("x", "wake up" if "d" in parts else "alarm")}
    if "d" in parts:
        return "reminder.start", {**data, "delay": int(parts["d"])}
    moment = next_time(parts["at"], now)
    if moment is None:
        return Refusal("bad_value", "That is no time of day that I know.")
    return "reminder.start", {**data, "at": moment.isoformat(timespec="minutes")}


def timer_answer(text: str, context: Context) -> Answer | None:
    """What is true of the timers that run, for a question about them."""
    names = {t.name.lower() for t in context.house.timers if t.name}
    about = re.search(r"\b(?:timers?|countdowns?)\b", text)
    for pattern in _LEFT.like(text):
        parts = pattern.read(text)
        if parts is None:
            continue
        name = _name(parts) or ""
        if name in ("it", "there") or re.fullmatch(r"(?:is|are|it|there|left| )+", name):
            name = ""
        # Without the word "timer" it must be a timer's name, or nothing but time is asked about.
        if not about and name and name not in names:
            continue
        return Answer(_told(name, context.house.timers), ASKED)
    return None


def _told(name: str, timers: tuple[Timer, ...]) -> str:
    known = [t for t in timers if not name or singular(t.name.lower()) == singular(name)]
    if not known:
        return f"There is no {name} timer." if name else "No timer is running."
    told = [_one(t) for t in known[:6]]
    return f"{listed(told)[:1].upper()}{listed(told)[1:]}."


def _one(timer: Timer) -> str:
    which = f"the {timer.name} timer" if timer.name else "the timer"
    return f"{which} has {spoken_s(timer.remaining_s)} left" + ("" if timer.running else " and is paused")


def spoken_s(seconds: float) -> str:
    """A duration as people say it, by its two largest units."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " and ".join(parts[:2]) or "no time"
