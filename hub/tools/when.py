"""Days, times and durations as people say them, against a given now. Pure.

What is ambiguous is decided here once and read back to the person: an hour without "am" or "pm" is the one that people
are awake in (seven to eleven in the morning, twelve to half past six after noon), and "next Friday" is the one of next
week.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from hub.tools.clock_times import AT_HOUR, CLOCK, FIRST_MORNING_HOUR, clock_at_start, read_clock, read_hour
from hub.tools.numerals import Token, tokens

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
PARTS: Final = {
    "morning": (time(6), time(12)), "afternoon": (time(12), time(18)), "evening": (time(18), time(22)),
    "night": (time(20), time(23, 59)),
}  # fmt: skip
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}

_DAY: Final = "|".join(_WEEKDAYS)
_MONTH: Final = "|".join(_MONTHS)
_PART: Final = r"(?P<part>morning|afternoon|evening|night)"
_AMOUNT: Final = r"(?:(?P<count>\d+)(?P<andhalf> and a half)?|(?P<one>an?)|(?P<halfof>half an?))"
_DURATION: Final = re.compile(
    rf"(?:for |lasting )?{_AMOUNT} (?P<unit>minute|hour)s?(?P<half2> and a half)?(?: and (?P<more>\d+) minutes?)?"
)
_IN: Final = re.compile(rf"in {_AMOUNT} (?P<unit>minute|hour|day|week)s?(?P<half2> and a half)?(?: time)?")
_RELATIVE_DAY: Final = re.compile(
    rf"(?:on )?(?:(?P<after>the day after tomorrow|day after tomorrow)|(?P<tomorrow>tomorrow)|(?P<today>today)"
    rf"|(?P<tonight>tonight)|this {_PART})(?: (?P<part2>morning|afternoon|evening|night))?"
)
_WEEKDAY: Final = re.compile(
    rf"(?P<aweek>a week )?(?:on |this coming |the coming |coming )?(?P<which>next |this )?(?P<day>{_DAY})"
    rf"(?P<week> week| next week)?(?: {_PART})?"
)
_DATE: Final = re.compile(
    rf"(?:on )?(?:(?:{_DAY}) )?(?:the )?(?:#(?P<d1>\d+)(?: of)? (?P<m1>{_MONTH})"
    rf"|(?P<m2>{_MONTH}) (?:the )?#?(?P<d2>\d{{1,2}})(?![:\d])"
    rf"|(?P<d3>\d{{1,2}}) (?P<m3>{_MONTH})|#(?P<d4>\d+))(?: (?P<year>20\d\d))?(?: {_PART})?"
)
_WEEK: Final = re.compile(
    r"(?P<weekend>(?:on |at |over )?(?:the |this )weekend)|(?P<this>this week)|(?P<next>next week)"
)
_RANGE: Final = re.compile(r"(?:from|between) (?P<first>.+?) (?:to|until|till|and) (?P<second>.+)")


@dataclass(frozen=True, slots=True)
class When:
    """What was said about time; whatever was not said is None.

    Attributes:
        day: the first day meant.
        days: how many from there: 7 of a week, 2 of a weekend.
        clock: local time of day.
        part: `morning`, `afternoon`, `evening` or `night`, where no clock time was said.
        duration_s: how long.
        rest: the words that are not about time.
    """

    day: date | None = None
    days: int = 1
    clock: time | None = None
    part: str | None = None
    duration_s: int | None = None
    rest: str = ""

    @property
    def said(self) -> bool:
        """Whether anything about time was said."""
        return self.day is not None or self.clock is not None or self.part is not None

    def start(self, now: datetime) -> datetime | None:
        """The moment meant, where day and clock are known (a clock alone is its next time), in the zone of `now`."""
        if self.clock is None:
            return None
        if self.day is not None:
            return datetime.combine(self.day, self.clock, now.tzinfo)
        today = datetime.combine(now.date(), self.clock, now.tzinfo)
        return today if today > now else today + timedelta(days=1)

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """From when to when it is about: a day, a part of one, or the hour that was named."""
        day = self.day or now.date()
        if self.clock is not None:
            first = self.start(now) or now
            return first, first + timedelta(seconds=self.duration_s or 3600)
        if self.part is not None:
            first_time, last_time = PARTS[self.part]
            return datetime.combine(day, first_time, now.tzinfo), datetime.combine(day, last_time, now.tzinfo)
        midnight = datetime.combine(day, time(), now.tzinfo)
        return midnight, midnight + timedelta(days=self.days)


def find_when(text: str, now: datetime) -> When:
    """Everything about time in a text.

    Args:
        text: as it was recognised; no more than 600 characters of it are read.
        now: aware, in the house's zone.
    """
    return _Reader(tokens(text), now).read()


class _Reader:
    """Takes one kind of expression after the other out of the words, longest kinds first."""

    def __init__(self, words: list[Token], now: datetime) -> None:
        self._words = words
        self._now = now
        self._day: date | None = None
        self._days = 1
        self._clock: time | None = None
        self._part: str | None = None
        self._duration_s: int | None = None

    def read(self) -> When:
        found = self._take(_IN)
        if found is not None:
            self._in(found)
        self._range()
        if self._duration_s is None and (found := self._take(_DURATION, needs=("for ", "lasting "))) is not None:
            self._duration_s = _seconds(found)
        for pattern, use in (
            (_RELATIVE_DAY, self._relative_day), (_DATE, self._date), (_WEEKDAY, self._weekday), (_WEEK, self._week),
        ):  # fmt: skip
            if self._day is None and (found := self._take(pattern)) is not None:
                use(found)
        self._find_clock()
        if self._clock is None and self._part is None:
            found = self._take(re.compile(rf"(?:in the |at ){_PART}"))
            self._part = found["part"] if found is not None else None
        return When(
            self._day,
            self._days,
            self._clock,
            self._part if self._clock is None else None,
            self._duration_s,
            " ".join(word.said for word in self._words),
        )

    def _take(self, pattern: re.Pattern[str], needs: tuple[str, ...] = ()) -> re.Match[str] | None:
        """The first match on whole words, which are then gone."""
        line = " ".join(word.norm for word in self._words)
        for found in _whole_words(pattern).finditer(line):
            if found[0] and (not needs or found[0].startswith(needs)):
                first = line[: found.start()].count(" ")
                self._words = self._words[:first] + self._words[first + found[0].count(" ") + 1 :]
                return found
        return None

    def _in(self, found: re.Match[str]) -> None:
        seconds = _seconds(found)
        if found["unit"] in ("day", "week"):
            self._day = self._now.date() + timedelta(seconds=seconds)
            return
        moment = (self._now + timedelta(seconds=seconds)).replace(second=0, microsecond=0)
        self._day, self._clock = moment.date(), moment.time()

    def _range(self) -> None:
        line = " ".join(word.norm for word in self._words)
        found = _RANGE.search(line)
        if found is None:
            return
        second = clock_at_start(found["second"])
        first = clock_at_start(found["first"])
        if first is None or second is None:
            return
        start, _, said_half = first
        end, used, end_half = second
        if end_half and not said_half and start.hour < 12 <= end.hour and start.hour + 12 <= end.hour:
            start = start.replace(hour=start.hour + 12)
        if end <= start and end.hour < 12:
            end = end.replace(hour=end.hour + 12)
        if end <= start:
            return
        self._clock = start
        self._duration_s = (end.hour - start.hour) * 3600 + (end.minute - start.minute) * 60
        begin = line[: found.start()].count(" ")
        stop = found.start("second") + used
        count = line[found.start() : stop].strip().count(" ") + 1
        self._words = self._words[:begin] + self._words[begin + count :]

    def _relative_day(self, found: re.Match[str]) -> None:
        today = self._now.date()
        self._day = today + timedelta(days=2 if found["after"] else 1 if found["tomorrow"] else 0)
        self._part = "evening" if found["tonight"] else found["part"] or found["part2"]

    def _weekday(self, found: re.Match[str]) -> None:
        today = self._now.date()
        wanted = _WEEKDAYS.index(found["day"])
        away = (wanted - today.weekday()) % 7 or 7
        if found["which"] == "next " or found["week"] == " next week":
            away = wanted + 7 - today.weekday()
        elif found["aweek"] or found["week"] == " week":
            away += 7
        elif found["which"] == "this " and wanted == today.weekday():
            away = 0
        self._day, self._part = today + timedelta(days=away), found["part"]

    def _date(self, found: re.Match[str]) -> None:
        number = int(found["d1"] or found["d2"] or found["d3"] or found["d4"])
        month = found["m1"] or found["m2"] or found["m3"]
        self._part = found["part"]
        today = self._now.date()
        candidates = (
            [(int(found["year"]), _MONTHS.index(month) + 1)]
            if month and found["year"]
            else [(today.year + more, _MONTHS.index(month) + 1) for more in (0, 1)]
            if month
            else [divmod(today.year * 12 + today.month - 1 + more, 12) for more in range(3)]
        )
        for year, which in candidates:
            try:
                day = date(year, which if month else which + 1, number)
            except ValueError:
                continue
            if day >= today or found["year"]:
                self._day = day
                return

    def _week(self, found: re.Match[str]) -> None:
        today = self._now.date()
        if found["weekend"]:
            self._day, self._days = today + timedelta(days=max(0, 5 - today.weekday())), 2 if today.weekday() < 6 else 1
        elif found["this"]:
            self._day, self._days = today, 7 - today.weekday()
        else:
            self._day, self._days = today + timedelta(days=7 - today.weekday()), 7

    def _find_clock(self) -> None:
        if self._clock is not None:
            return
        found = self._take(CLOCK)
        at = None if found is not None else self._take(AT_HOUR)
        if found is None and at is None:
            return
        read = read_clock(found) if found is not None else read_hour(at["h"], 0, "", "") if at is not None else None
        if read is None:
            return
        clock, said_half = read
        if not said_half:
            clock = self._awake(clock)
        self._clock = clock

    def _awake(self, clock: time) -> time:
        if clock.hour > 12 or clock.hour == 0:
            return clock
        if self._part in ("afternoon", "evening", "night") and clock.hour < 12:
            return clock.replace(hour=clock.hour + 12)
        if self._part == "morning" or clock.hour == 12:
            return clock
        later = clock.hour < FIRST_MORNING_HOUR
        if self._day == self._now.date() and clock <= self._now.time():
            later = True
        return clock.replace(hour=clock.hour + 12) if later else clock


def _seconds(found: re.Match[str]) -> int:
    held = found.groupdict()
    amount = 0.5 if held["halfof"] else 1.0 if held["one"] else float(min(int(held["count"]), 10_000))
    amount += 0.5 if held.get("andhalf") or held.get("half2") else 0.0
    return int(amount * _UNITS[held["unit"]]) + 60 * int(held.get("more") or 0)


@lru_cache(maxsize=32)
def _whole_words(pattern: re.Pattern[str]) -> re.Pattern[str]:
    # "on tomorrow" stands in "lesson tomorrow", and must not be found there
    return re.compile(rf"(?<!\S)(?:{pattern.pattern})(?!\S)")
