"""Counts, durations, days and times as they are spoken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_WEEK_DAYS = 7


def count_words(number: int) -> str:
    """A whole number in words up to 999, in digits beyond."""
    if not 0 <= number <= 999:
        return str(number)
    if number < 20:
        return SMALL[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{SMALL[rest]}" if rest else "")
    hundreds, rest = divmod(number, 100)
    return f"{SMALL[hundreds]} hundred" + (f" and {count_words(rest)}" if rest else "")


def duration_words(seconds: float) -> str:
    """A duration by its two largest units: "an hour and a half" is "one hour and thirty minutes".

    What follows the second unit is rounded away; half a minute and more in the last unit counts up.
    """
    left = max(0, round(seconds))
    for index, (size, _unit) in enumerate(_UNITS[:-2]):
        if left >= size:
            step = _UNITS[index + 1][0]
            left = (left + step // 2) // step * step
    parts = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count_words(count)} {unit}{'' if count == 1 else 's'}")
    return " and ".join(parts[:2]) or "no time"


def compact_duration(seconds: float) -> str:
    """A duration that stands before a noun: "five minute", "one hour thirty minute"."""
    return duration_words(seconds).replace(" and ", " ").replace("s ", " ").removesuffix("s")


def listed(parts: Sequence[str], last: str = "and") -> str:
    """`A`, `A and B`, `A, B and C`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def capital(text: str) -> str:
    """The same with a capital letter in front."""
    return text[:1].upper() + text[1:]


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def day_words(day: date, today: date) -> str:
    """A day seen from today: "today", "tomorrow", "on Friday", "on Friday the 12th of June"."""
    away = (day - today).days
    if away in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[away + 1]
    if 1 < away < _WEEK_DAYS:
        return f"on {day:%A}"
    year = f" {day.year}" if abs(away) > 330 else ""
    return f"on {day:%A} the {ordinal(day.day)} of {day:%B}{year}"


def time_words(moment: datetime) -> str:
    """The time of day: "3 pm", "7:30 am", "noon", "midnight"."""
    if moment.minute == 0 and moment.hour in (0, 12):
        return "noon" if moment.hour else "midnight"
    minutes = f":{moment.minute:02d}" if moment.minute else ""
    return f"{(moment.hour - 1) % 12 + 1}{minutes} {'am' if moment.hour < 12 else 'pm'}"


def moment_words(moment: datetime, now: datetime) -> str:
    """Day and time: "tomorrow at 3 pm"."""
    return f"{day_words(moment.date(), now.date())} at {time_words(moment)}"
