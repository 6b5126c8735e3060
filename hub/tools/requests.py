"""Which words call a tool, and with what. Pure.

What is said about time is taken out first; what is left must be one of the patterns, whole. A command to the house, a
timer, a list or small talk matches none: it has no calendar, weather or message in the place where that must stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from hub.tools.request_patterns import BOOK, EXTRAS, GENERIC, LEAD, MESSAGES, NEXT, NOT_A_BOOKING, QUESTIONS
from hub.tools.room_requests import RoomKind, room_request
from hub.tools.when import When, find_when

RequestKind = Literal["agenda", "next_event", "free", "book", "weather", "message", "email", "phrase"] | RoomKind
MAX_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """What is asked of which tool.

    Attributes:
        kind: which tool.
        when: what was said about time.
        values: what else was said: `what`, `name`, `phone` and `address` of a booking, `to` and `message`, `question`
            about the weather, or the arguments of a phrase.
        tool: the registry's name of a phrase's tool.
        rooms: the other rooms that are spoken to, as the house calls them; none: all of them.
    """

    kind: RequestKind
    when: When = field(default_factory=When)
    values: Mapping[str, str] = field(default_factory=dict)
    tool: str = ""
    rooms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a household that call a tool of a server; made by `phrase_of`."""

    tool: str
    pattern: re.Pattern[str]


def phrase_of(say: str, tool: str) -> Phrase:
    """A household's phrase, such as "ask the pantry for {item}"; each {name} takes one or more words."""
    pattern = ""
    for index, part in enumerate(re.split(r"\{([a-z][a-z0-9_]*)\}", say)):
        if index % 2:
            pattern += f" (?P<{part}>.{{1,100}}?)"
        elif _plain(part):
            pattern += f" {re.escape(_plain(part))}"
    return Phrase(tool, re.compile(LEAD + pattern.strip()))


def wants(
    text: str, now: datetime, phrases: Sequence[Phrase] = (), rooms: Mapping[str, str] = MappingProxyType({})
) -> ToolRequest | None:
    """The tool that a whole sentence calls; None when it calls none.

    Args:
        text: as recognised.
        now: aware, in the house's zone.
        phrases: the household's own.
        rooms: what rooms are called, in lower case, and the name that stands for each.
    """
    plain = _plain(text[:MAX_CHARACTERS])
    if not plain:
        return None
    return (
        _phrase(plain, text, phrases)
        or _rooms(plain, text, rooms)
        or _message(plain, text)
        or _question(plain, now)
        or _booking(plain, text, now)
    )


def _phrase(plain: str, text: str, phrases: Sequence[Phrase]) -> ToolRequest | None:
    for phrase in phrases:
        found = phrase.pattern.fullmatch(plain)
        if found is not None:
            values = {name: _as_said(value, text) for name, value in found.groupdict().items()}
            return ToolRequest("phrase", values=values, tool=phrase.tool)
    return None


def _rooms(plain: str, text: str, rooms: Mapping[str, str]) -> ToolRequest | None:
    request = room_request(plain, rooms)
    if request is None:
        return None
    message = _as_said(request.message, text)
    said = {"message": message[:1].upper() + message[1:]} if message else {}
    return ToolRequest(request.kind, values=said, rooms=request.rooms)


def _message(plain: str, text: str) -> ToolRequest | None:
    for kind, pattern in MESSAGES:
        found = pattern.fullmatch(plain)
        if found is not None:
            said = {"message": _as_said(found["message"], text)} if found["message"] else {}
            return ToolRequest("email" if kind == "email" else "message", values={"to": found["to"], **said})
    return None


def _question(plain: str, now: datetime) -> ToolRequest | None:
    if NEXT.fullmatch(plain):
        return ToolRequest("next_event")
    when = find_when(plain, now)
    rest = _plain(when.rest)
    for kind, question, needs_time, pattern in QUESTIONS:
        if (when.said or not needs_time) and pattern.fullmatch(rest):
            return ToolRequest(kind, when, {"question": question} if question else {})
    return None


def _booking(plain: str, text: str, now: datetime) -> ToolRequest | None:
    values: dict[str, str] = {}
    for name, extra in EXTRAS:
        told = extra.search(plain)
        if told is not None:
            values[name] = _as_said(told["value"], text)
            plain = _plain(plain[: told.start()] + plain[told.end() :])
    when = find_when(plain, now)
    for pattern in BOOK:
        found = pattern.fullmatch(_plain(when.rest))
        if found is None or NOT_A_BOOKING.search(found["what"]):
            continue
        what = _summary(found["what"], found["more"] or "", text)
        return ToolRequest("book", when, {**values, **({"what": what} if what else {})})
    return None


def _summary(what: str, more: str, text: str) -> str:
    """What the entry is to be called; empty where only "an appointment" was said."""
    bare = re.sub(r"^(?:an?|the|another|my|our) ", "", what)
    if bare in GENERIC:
        bare = f"{bare} {more.strip()}" if more.strip() else ""
    elif more.strip().startswith(("with ", "at ", "for ")):
        bare = f"{bare} {more.strip()}"
    bare = re.sub(r" (?:for|on|at|to|in|with)$", "", _plain(bare))
    bare = re.sub(r"^(?:appointment|event|meeting|entry) (?:for|called|named) (?:the |an? )?", "", bare)
    return _as_said(bare, text)[:1].upper() + _as_said(bare, text)[1:] if bare else ""


def _as_said(plain: str, text: str) -> str:
    """These words as they stand in the text, with its capitals, where they stand there together."""
    words = [re.escape(word) for word in plain.split()]
    found = re.search(r"[^\w]+".join(words), text.replace("\u2019", "'"), re.IGNORECASE) if words else None
    return found[0] if found is not None else plain


def _plain(text: str) -> str:
    words = re.sub(r"[^\w':@+.]+", " ", text.lower().replace("\u2019", "'"))
    return " ".join(word.strip(".:") for word in words.split() if word.strip(".:"))
