"""Times of day as people say them: read into tokens (`7:30`, `10:00pm`), and from a token to the seconds until then."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_BEFORE = r"(?<=\b)(?P<p>at|by|until|till|for|around|after|before|past|tomorrow|tonight|from) "
_HOUR = r"(?P<h>1?\d|2[0-3])(?::00)?(?P<x>am|pm)?"
_HALF = re.compile(rf"\bhalf past {_HOUR}\b(?!:)")
# "Half seven" is half past seven, where a time is spoken of.
_HALF_SAID = re.compile(rf"{_BEFORE}(?:about |around |exactly )?half {_HOUR}\b(?![:%°.])")
_QUARTER = re.compile(rf"\b(?:a )?quarter (?P<way>past|to|after|before) {_HOUR}\b(?!:)")
_MINUTES = re.compile(rf"{_BEFORE}(?P<m>[1-5]?\d)(?: ?s)? (?P<way>past|to) {_HOUR}\b(?!:)")
_PAIR = re.compile(rf"{_BEFORE}(?P<h>1?\d|2[0-3]) (?P<m>[0-5]\d)(?![\w%°:.])")
_PAIR_M = re.compile(r"\b(?P<h>1?\d) (?P<m>[0-5]\d):00(?P<half>am|pm)\b")
_HALF_DAY = re.compile(r"\b(?P<t>\d{1,2}:\d\d) (?P<half>am|pm)\b")
_DIGIT = re.compile(r"\d")
_TIME = re.compile(r"(?P<h>\d{1,2})(?::(?P<m>\d\d))?(?P<half>am|pm)?")
_DAY = re.compile(
    r"\b(?:today|tomorrow|tonight|this (?:morning|afternoon|evening)|(?:in the )?(?:morning"
    r"|afternoon|evening)|at night|night)\b"
)
_NAMED = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}


def _quarter(found: re.Match[str]) -> str:
    hour = int(found["h"])
    time = f"{hour}:15" if found["way"] in ("past", "after") else f"{(hour - 1) % 24 or 12}:45"
    return time + (found["x"] or "")


def _minutes(found: re.Match[str]) -> str:
    hour, minutes = int(found["h"]), int(found["m"])
    if found["way"] == "to":
        hour, minutes = (hour - 1) % 24 or 12, 60 - minutes
    return f"{found['p']} {hour}:{minutes:02d}{found['x'] or ''}"


def join_clock(text: str) -> str:
    """Replace every spoken time of day in plain words by one token."""
    if not _DIGIT.search(text):
        return text
    text = _PAIR_M.sub(r"\g<h>:\g<m>\g<half>", text)
    text = _HALF_DAY.sub(r"\g<t>\g<half>", text)
    text = _HALF_SAID.sub(r"\g<p> \g<h>:30\g<x>", text)
    text = _HALF.sub(r"\g<h>:30\g<x>", text)
    text = _QUARTER.sub(_quarter, text)
    text = _MINUTES.sub(_minutes, text)
    return _PAIR.sub(r"\g<p> \g<h>:\g<m>", text)


def next_time(said: str, now: datetime) -> datetime | None:
    """The next moment that a spoken time of day means ("7:30 tomorrow", "tonight at 10", "noon"); None: none at all.

    An hour without its half of the day is the one that comes first, within what "tonight" or "in the morning" allow.

    Args:
        said: plain words with a token of `join_clock` or a bare hour.
        now: aware, in the house's time zone.
    """
    days = set(_DAY.findall(said))
    words = " ".join(days)
    rest = " ".join(w for w in _DAY.sub(" ", said).split() if w not in ("at", "for", "by", "around"))
    if rest in _NAMED:
        hour, minute = _NAMED[rest]
        definite = True
    else:
        found = _TIME.fullmatch(rest)
        if found is None or int(found["h"]) > 23 or int(found["m"] or 0) > 59:
            return None
        hour, minute, half = int(found["h"]), int(found["m"] or 0), found["half"]
        if half and not 1 <= hour <= 12:
            return None
        if not half and hour <= 12:
            half = "am" if "morning" in words else "pm" if re.search("afternoon|evening|tonight|night", words) else None
            if half == "pm" and hour == 12 and "night" in words:
                half = "am"
        definite = bool(half) or hour > 12 or hour == 0
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if "tomorrow" in words:
        start = day + timedelta(days=1)
        options = [hour] if definite else [hour % 12 if hour % 12 >= 5 else hour % 12 + 12]
        return start.replace(hour=options[0] % 24, minute=minute)
    hours = [hour] if definite else [hour % 12, hour % 12 + 12]
    moments = [(day + timedelta(days=n)).replace(hour=h, minute=minute) for n in (0, 1) for h in hours]
    return min((m for m in moments if m > now), default=None)
