"""When something is to happen: "in ten minutes", "at half past seven", "for an hour"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.understanding.clock import next_time

_DAYPART = (
    r"(?:today|tonight|tomorrow(?: (?:morning|afternoon|evening|night))?|this (?:morning|afternoon|evening)"
    r"|in the (?:morning|afternoon|evening)|at night)"
)
_CLOCK = r"(?:\d{1,2}:\d\d(?:am|pm)?|(?:1[0-2]|[1-9])(?!\d|%|°|s\b|k\b|\.)|noon|midday|midnight)"
_TIME = rf"(?:{_DAYPART} at {_CLOCK}|{_CLOCK}(?: {_DAYPART})?)"
_IN = re.compile(
    r"\b(?:in (?:about |exactly )?(?:another )?(?P<in>\d+)s(?: more| time| from now)*|after (?P<after>\d+)s"
    r"|(?P<now>\d+)s from now"
    r"|(?:wait|hold on|hang on) (?:for )?(?P<wait>\d+)s(?: ,)?(?: and)?(?: then)?"
    r"|(?:give|leave) (?:it|them"
    r"|that) (?:for )?(?:another )?(?P<give>\d+)s(?: more)?(?: ,)?(?: and)?(?: then))(?![\w:])"
)
_AT = re.compile(
    rf"(?:\b(?:at|around)(?: about| around| exactly| precisely)? (?P<at>{_TIME})"
    rf"|\b(?P<day>{_DAYPART} at {_CLOCK}))(?![\w:%°.])"
)
_FOR = re.compile(
    r"\bfor (?:the next |about |another |just |only |at least |exactly )*(?P<for>\d+)s(?: more| or so)?(?![\w:])"
)
_FOR_NEXT = re.compile(r"\bfor the (?:next )?(hour|minute|day)\b")
_UNTIL = re.compile(rf"\b(?:until|till|til) (?P<until>{_TIME})(?![\w:%°.])")
# "Give the heater an hour then switch it off".
_GIVEN = re.compile(
    r"(?:give|leave|let) (?P<t>.+?) (?:(?:have|run|on|for|another|about) )*(?P<s>\d+)s(?: more)?(?: ,)?(?: and)?"
    r" then (?P<rest>.+)"
)
_NOBODY = frozenset({"it", "them", "that", "me", "us", "him", "her"})
# What is no moment that a clock could tell.
VAGUE = re.compile(
    r"\b(?:at|until|till|after|before|by|around) (?:sunset|sunrise|dawn|dusk|bedtime|lunch|dinner|dark|daybreak"
    r"|lunchtime|dinnertime)\b"
    r"|\b(?:later|tonight|tomorrow|this (?:evening|afternoon)|next (?:week|month|time)|(?:on )?(?:mon|tues|wednes|thurs"
    r"|fri|satur|sun)days?)\b|\bin the (?:morning|evening|afternoon)\b"
    r"|\b(?:every|each) (?:day|morning|evening|night|hour|week|weekday|weekend|\d+s|time)\b"
    r"|\bin a (?:while|moment|bit|few (?:minutes|seconds|hours|moments))\b|\bsoon\b|\b(?:daily|nightly|weekly)\b"
    r"|\bfor (?:a (?:while|bit|moment|few (?:minutes|seconds|hours))|now)\b"
)
_SECONDS = {"hour": 3600, "minute": 60, "day": 86400}
MAX_DELAY_S = 7 * 86400


@dataclass(frozen=True, slots=True)
class Schedule:
    """A clause without its time: `rest` is to happen after `delay_s`, and to be taken back after `span_s`."""

    rest: str
    delay_s: int = 0
    span_s: int = 0


def until_s(moment: datetime, now: datetime) -> int:
    """Real seconds between two moments of one time zone, through a change of the clocks as well."""
    return max(0, round(moment.timestamp() - now.timestamp()))


def schedules(clause: str, now: datetime) -> Iterator[Schedule]:
    """Every way in which a clause names a moment or a span that a clock can tell."""
    given = _GIVEN.fullmatch(clause)
    if given:
        rest = given["rest"] if given["t"] in _NOBODY else re.sub(r"\b(?:it|them|that)\b", given["t"], given["rest"])
        yield Schedule(rest, delay_s=int(given["s"]))
    for found in _IN.finditer(clause):
        yield Schedule(_cut(clause, found), delay_s=int(next(filter(None, found.groups()))))
    for found in _AT.finditer(clause):
        moment = next_time(found["at"] or found["day"], now)
        if moment is not None:
            yield Schedule(_cut(clause, found), delay_s=until_s(moment, now))
    for found in _FOR.finditer(clause):
        yield Schedule(_cut(clause, found), span_s=int(found["for"]))
    for found in _FOR_NEXT.finditer(clause):
        yield Schedule(_cut(clause, found), span_s=_SECONDS[found[1]])
    for found in _UNTIL.finditer(clause):
        moment = next_time(found["until"], now)
        if moment is not None:
            yield Schedule(_cut(clause, found), span_s=until_s(moment, now))


def without_times(text: str) -> str:
    """The text without every moment that a clock can tell, for the gates."""
    for pattern in (_IN, _AT, _FOR, _FOR_NEXT, _UNTIL):
        text = pattern.sub(" ", text)
    return " ".join(text.split()).strip(" ,")


def leads(text: str) -> bool:
    """Whether the text begins with a time, which then holds for everything after it."""
    return any(pattern.match(text) for pattern in (_IN, _AT))


def _cut(clause: str, found: re.Match[str]) -> str:
    before, after = clause[: found.start()].strip(" ,"), clause[found.end() :].strip(" ,")
    return re.sub(r"^(?:and|then|just) ", "", " ".join(filter(None, (before, after))))
