"""Which words speak to other rooms: an announcement, a call from room to room, its end. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from hub.tools.request_patterns import LEAD
from hub.understanding.lexicon import noun_words

RoomKind = Literal["announce", "intercom", "hang_up"]
_ALL: Final = (
    r"(?:everyone|everybody|all of them|them all|the others|every room|all (?:the )?rooms"
    r"|(?:the|my|our) (?:whole |entire )?(?:house|home|family|household))"
)
_ALOUD: Final = r"(?:announce|broadcast|make an announcement)"
_THAT: Final = r"(?:that|saying(?: that)?|the message(?: that)?)"
_CALL: Final = (
    r"(?:call|ring|phone|talk to|speak (?:to|with)|connect (?:me|us) (?:to|with)|drop in on"
    r"|(?:start|open|make) (?:an? |the )?(?:call|intercom)(?: call)? (?:to|with)|intercom(?: call)?(?: to| with)?)"
)
_TAIL: Final = r"(?: (?:please|now|on the intercom|over the intercom|by intercom))*"
_TO_ALL: Final = re.compile(
    rf"{LEAD}(?:(?:(?:tell|inform|remind) {_ALL}|let {_ALL} know)(?: that| to)?"
    rf"|{_ALOUD}(?: (?:to|in) {_ALL})?(?: {_THAT})?) (?P<message>.+)"
)
_HANG_UP: Final = re.compile(
    rf"{LEAD}(?:hang up|(?:end|stop|close|finish) (?:the |this )?(?:call|intercom)"
    rf"|(?:turn|switch) (?:off the intercom|the intercom off)|hang up (?:the )?(?:phone|call|intercom)){_TAIL}"
)
_UNKNOWN_ROOM: Final = re.compile(
    rf"{LEAD}(?:(?:start|open|make) an? intercom (?:to|with)|intercom(?: to| with)) (?P<room>.{{1,60}}?){_TAIL}"
)


@dataclass(frozen=True, slots=True)
class RoomRequest:
    """What is asked.

    Attributes:
        rooms: as their names stand in the house, or the words that are no room's name; none: all of them.
        message: the words of an announcement, plain.
    """

    kind: RoomKind
    rooms: tuple[str, ...] = ()
    message: str = ""


def room_request(plain: str, names: Mapping[str, str]) -> RoomRequest | None:
    """What a whole sentence asks of other rooms; None when it asks nothing of them.

    Args:
        plain: the words in lower case, without punctuation.
        names: what rooms are called, in lower case, and the name that stands for each.
    """
    if _HANG_UP.fullmatch(plain):
        return RoomRequest("hang_up")
    for kind, pattern in _with_rooms(tuple(names)):
        found = pattern.fullmatch(plain)
        if found is not None and not _is_device(found):
            return RoomRequest(kind, _rooms_in(found["rooms"], names), found.groupdict().get("message") or "")
    found = _TO_ALL.fullmatch(plain)
    if found is not None:
        return RoomRequest("announce", (), found["message"])
    found = _UNKNOWN_ROOM.fullmatch(plain)
    return None if found is None else RoomRequest("intercom", (found["room"],))


@lru_cache(maxsize=8)
def _with_rooms(names: tuple[str, ...]) -> tuple[tuple[RoomKind, re.Pattern[str]], ...]:
    """The sentences in which rooms of this house are named."""
    if not names:
        return ()
    one = rf"(?:the |my |our )?(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})"
    some = rf"(?P<rooms>{one}(?: and {one}| {one})*)"
    return (
        ("announce", re.compile(rf"{LEAD}{_ALOUD} (?:in|to) {some}(?: {_THAT})? (?P<message>.+)")),
        ("announce", re.compile(rf"{LEAD}let {some} know(?: that)? (?P<message>.+)")),
        ("announce", re.compile(rf"{LEAD}(?:tell|inform) {some} (?P<lead>(?:that|to) )?(?P<message>.+)")),
        ("intercom", re.compile(rf"{LEAD}{_CALL} (?P<rooms>{one}){_TAIL}")),
    )


def _is_device(found: re.Match[str]) -> bool:
    """Whether what was taken for a room is the beginning of a device's name: "tell the kitchen light to go on"."""
    groups = found.groupdict()
    return "lead" in groups and not groups["lead"] and groups["message"].split()[0] in noun_words()


def _rooms_in(said: str, names: Mapping[str, str]) -> tuple[str, ...]:
    longest_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return tuple(dict.fromkeys(names[found[0]] for found in re.finditer(rf"\b(?:{longest_first})\b", said)))
