"""Times of day in words: "half past seven", "3 pm", "three thirty", "noon". Pure; numbers come in digits."""

from __future__ import annotations

import re
from datetime import time
from typing import Final

FIRST_MORNING_HOUR: Final = 7
_HALF: Final = r"(?: (?P<half>am|pm)| in the (?P<inpart>morning|afternoon|evening)| at (?P<atnight>night))?"
_TWELVE: Final = r"(?:\d{1,2})"
CLOCK: Final = re.compile(
    rf"(?:at |by )?(?:(?P<noon>noon|midday)|(?P<midnight>midnight)"
    rf"|(?P<past>half|quarter|a quarter|\d{{1,2}})(?: minutes?)? (?P<way>past|to|after|before) (?P<ph>{_TWELVE}){_HALF}"
    rf"|(?P<hh>\d{{1,2}}):(?P<mm>\d\d)"
    r"(?: (?P<half3>am|pm)| in the (?P<inpart3>morning|afternoon|evening)| at (?P<atnight3>night))?"
    rf"|(?P<h2>\d{{1,2}}) (?:(?P<m22>[1-5]\d)(?! (?:minute|hour|second|day|week|percent|degree))|o'?clock"
    r"|(?=am|pm|in the (?:morning|afternoon|evening)|at night))"
    r"(?: ?(?P<half4>am|pm)| ?in the (?P<inpart4>morning|afternoon|evening)| ?at (?P<atnight4>night))?)"
)
AT_HOUR: Final = re.compile(r"(?:at|by|from|around|about) (?P<h>\d{1,2})(?! ?(?:minute|hour|second|day|week|percent))")


def clock_at_start(line: str) -> tuple[time, int, bool] | None:
    """A time at the beginning of a line: the time, the characters it took, and whether "am" or "pm" was said."""
    for pattern in (CLOCK, re.compile(r"(?P<h>\d{1,2})(?![\d:])")):
        found = pattern.match(line)
        if found is None or not found[0]:
            continue
        read = read_clock(found) if pattern is CLOCK else read_hour(found["h"], 0, "", "")
        if read is not None:
            clock, said = read
            early = clock.hour < FIRST_MORNING_HOUR and clock.hour > 0
            return (clock if said or not early else clock.replace(hour=clock.hour + 12)), found.end(), said
    return None


def read_clock(found: re.Match[str]) -> tuple[time, bool] | None:
    """The time of day, and whether it was said which half of the day."""
    if found["noon"] or found["midnight"]:
        return time(12 if found["noon"] else 0), True
    if found["past"] is not None:
        word = found["past"].removeprefix("a ")
        minutes = {"half": 30, "quarter": 15}.get(word) or (int(word) if word.isdigit() else 0)
        read = read_hour(found["ph"], 0, found["half"], found["inpart"] or found["atnight"])
        if read is None or not 0 < minutes < 60 or (word == "half" and found["way"] in ("to", "before")):
            return None
        total = read[0].hour * 60 + (minutes if found["way"] in ("past", "after") else -minutes)
        return time(total // 60 % 24, total % 60), read[1]
    if found["hh"] is not None:
        return read_hour(found["hh"], int(found["mm"]), found["half3"], found["inpart3"] or found["atnight3"])
    minute = int(found["m22"] or 0)
    return read_hour(found["h2"], minute, found["half4"], found["inpart4"] or found["atnight4"])


def read_hour(hour_text: str, minute: int, half: str | None, part: str | None) -> tuple[time, bool] | None:
    """An hour with what was said about the half of the day: the time, and whether that leaves no doubt."""
    hour = int(hour_text)
    after_noon = half == "pm" or part in ("afternoon", "evening", "night")
    said = bool(half or part)
    if hour > 23 or minute > 59 or (said and hour > 12):
        return None
    if after_noon and hour < 12:
        hour += 12
    elif said and not after_noon and hour == 12:
        hour = 0
    return time(hour, minute), said or hour > 12 or hour_text.startswith("0")
