"""The sentences that call a tool, as patterns over plain words without what was said about time. Data only."""

from __future__ import annotations

import re
from typing import Final, Literal

LEAD: Final = (
    r"(?:(?:hey|hi|hello|ok|okay|please|so|and|well|can you|could you|would you|will you|i want you to|i'd like you to"
    r"|i would like you to|i need you to|tell me|do you know|can you tell me|could you tell me|let me know) )*"
)
_TAIL: Final = r"(?: (?:for|on|at|in|by|until|from|please|now|then))*"
_WANT: Final = (
    r"(?:i want to |i'd like to |i would like to |i need to |can i |could i |can we |let's |let us |help me )?"
)
_CALENDAR: Final = r"(?:(?:my|our|the) )?(?:family |shared )?(?:calendar|diary|agenda|schedule)"
_THING: Final = r"(?:appointments?|meetings?|events?)"
_HAVE: Final = r"(?:do i have|do we have|have i got|have we got)"
_WEATHER: Final = r"(?:the |today's |tomorrow's )?(?:current )?(?:weather|forecast|weather forecast)"
_WILL: Final = r"(?:will it|is it going to|is it gonna)"
_UMBRELLA: Final = r"(?:umbrella|raincoat|rain jacket|rain coat)"


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(f"{LEAD}(?:{pattern}){_TAIL}")


NEXT: Final = _whole(
    rf"(?:when|what)(?:'s| is) (?:my|our|the) next {_THING}(?: (?:on|in) {_CALENDAR})?"
    rf"|what(?:'s| is) next (?:on|in) {_CALENDAR}"
)

Kind = Literal["agenda", "free", "weather"]

# Kind, question, whether a time must have been said, and the sentences.
_GROUPS: Final[tuple[tuple[Kind, str, bool, tuple[str, ...]], ...]] = (
    (
        "free",
        "",
        True,
        (
            r"(?:am i|are we|will i be|will we be) (?:free|available|busy)",
            r"(?:do i|do we) have (?:time|a free slot|any time|some free time)",
            rf"is (?:still )?free(?: in {_CALENDAR}| for me| for us)?",
        ),
    ),
    (
        "agenda",
        "",
        True,
        (
            r"what (?:do i have|do we have|have i got|have we got)(?: on| planned| scheduled| coming up)?",
            r"what(?:'s| is) (?:planned|scheduled|coming up)(?: for me| for us)?",
            rf"(?:{_HAVE}|are there|is there) (?:any|an|some|anything)(?: {_THING}| planned| scheduled| coming up)",
            rf"what does (?:my|our) (?:day|week|{_THING}|calendar|schedule|agenda) look like",
        ),
    ),
    (
        "agenda",
        "",
        False,
        (
            rf"what(?:'s| is| do (?:i|we) have| have (?:i|we) got)(?: coming up| planned)? (?:on|in) {_CALENDAR}",
            rf"(?:{_HAVE}|are there|is there) (?:any|an|some|anything)(?: {_THING})? (?:on|in) {_CALENDAR}",
            rf"{_HAVE} (?:any|an|some) {_THING}",
            rf"what(?:'s| is| are) (?:my|our) (?:{_THING}|calendar|schedule|agenda)(?: like)?",
            rf"(?:read|check|show)(?: me| us)? {_CALENDAR}",
        ),
    ),
    (
        "weather",
        "general",
        False,
        (
            rf"(?:what|how)(?:'s| is| will) {_WEATHER}(?: going to be| be)?(?: looking| look)?(?: like)?(?: outside)?",
            r"what(?:'s| is) it like outside",
            rf"(?:give me )?{_WEATHER}(?: report)?",
        ),
    ),
    ("weather", "general", True, (rf"{_WILL} be (?:sunny|rainy|wet|dry|nice|snowy|stormy|foggy|cloudy)",)),
    (
        "weather",
        "rain",
        False,
        (
            rf"(?:{_WILL}|do you think it will) (?:rain|snow|hail)(?: at all)?(?: outside)?",
            r"is it (?:raining|snowing|hailing)(?: outside)?",
            r"is there (?:any )?(?:rain|snow) (?:expected|forecast|coming)",
            rf"(?:do|will|should|shall) (?:i|we) (?:need|take|bring)(?: an?| my)? {_UMBRELLA}(?: with me)?",
        ),
    ),
    (
        "weather",
        "temperature",
        True,
        (
            r"how (?:cold|warm|hot) (?:will it (?:be|get)|is it going to (?:be|get))(?: outside)?",
            rf"{_WILL} be (?:cold|warm|hot|freezing)(?: outside)?",
            r"what(?:'s| is| will) the temperature(?: going to)?(?: be)?(?: outside)?",
        ),
    ),
    ("weather", "wind", False, (rf"(?:how windy (?:is it|will it be)|is it windy|{_WILL} be windy)(?: outside)?",)),
)
QUESTIONS: Final = tuple(
    (kind, question, needs_time, _whole("|".join(sentences))) for kind, question, needs_time, sentences in _GROUPS
)

_SAYING: Final = r"(?:saying|that says|telling (?:him|her|them)|that|with the text)(?: that)? (?P<message>.+)"
_MAIL: Final = r"(?:e ?mail|mail)"
_NOTE: Final = r"(?:message|notification|text|note|text message)"
MESSAGES: Final = tuple(
    (kind, re.compile(LEAD + pattern))
    for kind, pattern in (
        ("email", rf"(?:send|write) (?:an? )?{_MAIL} to (?P<to>.{{1,60}}?)(?: {_SAYING})?"),
        ("email", rf"(?:send|write) (?P<to>(?!an? ).{{1,40}}?) an? {_MAIL}(?: {_SAYING})?"),
        ("email", rf"{_MAIL} (?P<to>.{{1,60}}?) {_SAYING}"),
        ("message", rf"send (?:an? )?{_NOTE} to (?P<to>.{{1,60}}?)(?: {_SAYING})?"),
        ("message", rf"send (?P<to>(?!an? ).{{1,40}}?) an? {_NOTE}(?: {_SAYING})?"),
        ("message", rf"(?:text|message|notify) (?P<to>.{{1,60}}?) {_SAYING}"),
    )
)

GENERIC: Final = frozenset({"appointment", "appointments", "meeting", "event", "entry", "something", "visit", "call"})
_BOOKABLE: Final = r"(?:table|slot|visit|lesson|class|session|call|haircut|check ?up|lunch|dinner|viewing|inspection)"
_MORE: Final = r"(?P<more>(?: (?:with|for|at|by|about|called|named) .+?)?)"
_MAKE: Final = r"(?:book|schedule|arrange|make|add|create|plan|set up)(?: me| us)?"
BOOK: Final = tuple(
    re.compile(LEAD + _WANT + pattern + _TAIL)
    for pattern in (
        rf"(?:put|add|enter|write|book) (?P<what>.{{1,80}}?) (?:in|into|on|onto|to) {_CALENDAR}(?P<more>)",
        rf"{_MAKE} (?P<what>(?:an? |the |another |my )?(?:.{{1,60}}? )?{_THING}){_MORE}",
        rf"(?:book|schedule|reserve)(?: me| us)? (?P<what>(?:an? |the |my )(?:\w+ ){{0,2}}?{_BOOKABLE}){_MORE}",
    )
)
NOT_A_BOOKING: Final = re.compile(r"\b(?:reminder|timer|alarm|list|scene|lights?|lamps?|heating|music)\b")

EXTRAS: Final = (
    (
        "phone",
        re.compile(r" (?:and )?(?:my |the )?(?:phone |telephone |mobile )?number (?:is|being) (?P<value>[\w +]+)$"),
    ),
    ("address", re.compile(r" (?:and )?(?:the |my )?address (?:is|being) (?P<value>.+)$")),
    ("name", re.compile(r" (?:and )?(?:(?:under|in) the name(?: of)?|my name is) (?P<value>[\w' ]+)$")),
)
