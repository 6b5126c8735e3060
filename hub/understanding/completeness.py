"""Whether a request that is whole may still go on: "turn on the lights" often ends in "in the kitchen"."""

from __future__ import annotations

import re

from hub.understanding.context import Context
from hub.understanding.frames import readings
from hub.understanding.lexicon import HOUSEWIDE, STOP, domains_of, singular
from hub.understanding.questions import MEASURES
from hub.understanding.tagger import canonical
from hub.understanding.target import PRONOUNS

# A request that ends in one of these is still being spoken.
_DANGLING = STOP - {
    "please", "in", "on", "there", "that", "this", "these", "those", "things", "thing", "devices", "device",
} | {
    "in", "with", "or", "but", "set", "turn", "switch", "put", "make", "dim", "except", "than", "about", "is", "are",
}  # fmt: skip
_HERE = frozenset({"here", "everywhere", "room", "house", "home"})
_TO_A_VALUE = re.compile(
    r"(?:dim|brighten|lower|raise|(?:turn|bring|put) (?:up|down)|(?:turn|bring|put) .+ (?:up|down)) ?.*"
)
_WITH_VALUE = re.compile(r"\d|\b(?:bit|little|lot|half|halfway|full|max|maximum|minimum|quarter|slightly|more|much)\b")
_PLAYER = frozenset({"media_player"})


def is_dangling(text: str) -> bool:
    """Whether the text stops in the middle of a phrase."""
    return text.rstrip(" .,!?\u2026").lower().rpartition(" ")[2] in _DANGLING


def may_go_on(text: str, context: Context) -> bool:
    """Whether a place or a value is likely to follow a request that has neither.

    Args:
        text: a request in plain words that is understood as it stands.
        context: the house, and where the request was made.
    """
    words = text.replace(",", " ").split()
    if len(words) < 2 or (len(words) == 2 and words[1] in ("on", "off", *PRONOUNS)):
        return False
    return _may_get_a_value(text, words, context) or _may_get_a_place(words, context)


def _may_get_a_value(text: str, words: list[str], context: Context) -> bool:
    """A thing to be dimmed, turned down and the like, by nobody knows how much yet."""
    if _WITH_VALUE.search(text) or not _TO_A_VALUE.fullmatch(text) or words[-1] in PRONOUNS:
        return False
    heard = next(iter(readings(text)), None)
    if heard is None or heard.frame not in ("step", "set", "open", "close"):
        return False
    kinds = {kind for word in words for kind in domains_of(word)}
    kinds |= {i.partition(".")[0] for i in context.index.names.get(canonical(heard.target.removeprefix("the ")), ())}
    return bool(kinds) and kinds.isdisjoint(_PLAYER)


def _may_get_a_place(words: list[str], context: Context) -> bool:
    """A kind of device or a measure that several rooms have, with no room and no name beside it."""
    if not _HERE.isdisjoint(words) or _names_something(words, context):
        return False
    if not HOUSEWIDE.isdisjoint(words):
        return True
    last = next((word for word in reversed(words) if word not in ("on", "off", "open", "closed", "up", "down")), "")
    if last in MEASURES:
        return True
    for word in words:
        kinds = frozenset(domains_of(word)) - _PLAYER
        if kinds:
            noun = singular(word)
            named = [e for e in context.of_domains(kinds) if noun in context.index.words[e.entity_id]]
            pool = named or context.of_domains(kinds)
            if len({e.area_id for e in pool if e.exposed}) > 1:
                return True
    return False


def _names_something(words: list[str], context: Context) -> bool:
    """Whether a room, a floor or a device of more than one word is named, or one that is no mere kind."""
    for start in range(len(words)):
        for length in range(1, context.index.longest + 1):
            span = " ".join(words[start : start + length])
            if context.index.place_in(span) is not None:
                return True
            if canonical(span) in context.index.names and (" " in span or not domains_of(span)):
                return True
    return False
