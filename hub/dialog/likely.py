"""Whether words may be about the house although nobody understands them: garbled partials, misheard questions. Pure."""

from __future__ import annotations

import re
from typing import Final

from hub.understanding.context import Context
from hub.understanding.lexicon import STOP, domains_of, singular
from hub.understanding.normalise import normalise

# How a question begins, behind at most one word that the recogniser made of something else.
_ASKS: Final = re.compile(
    r"(?:\S+ )?(?:is|are|was|were|did|has|have|what|where|which|how|when|who|any|tell me"
    r"|(?:do|can|could|would) (?:you|i|we|the)|(?:do|does) \w+)\b"
)
# Talk with the assistant about itself, and what it is asked to tell.
_CHATS: Final = re.compile(
    r"(?:so |and |well |hey )*(?:(?:how|what|where|who|why|when) (?:are|do|did|would|have|were) you\b(?! know)"
    r"|(?:do|did|would|are|were|have) you (?:like|think|feel|believe|enjoy|love|sleep|remember|ok|well|happy|sure"
    r"|ever)\b"
    r"|(?:can you |could you |please )*tell me (?:a|an|about|something|some|more)\b)"
)
_ORDERS: Final = re.compile(
    r"(?:\S+ )?(?:turn|switch|set|put|dim|brighten|open|close|shut|lock|unlock|play|pause|stop|start|mute|unmute|raise"
    r"|lower|increase|decrease|arm|disarm|add|cancel|undo|activate|run)\b"
)
_PREAMBLE: Final = re.compile(
    r"^(?:(?:hey|so|and|well|ok|please|,) )*(?:(?:can|could|would) you (?:please )?(?:tell me|check|see|say) "
    r"|(?:do you know|tell me|i wonder|check|can you see) )?(?P<asked>(?:if|whether) )?"
)
_STATE: Final = re.compile(
    r"(?:is|are|was|were) |(?:did|have|has) (?:i|we|you|he|she|they|any|some)\w* "
    r"|how (?:warm|cold|hot|bright|humid) is "
)
# A question about the state of something in the house is short.
_MAX_WORDS: Final = 10
_HOUSEHOLD: Final = frozenset(
    ["light", "cover", "lock", "climate", "fan", "switch", "vacuum", "lawn_mower", "alarm_control_panel", "valve"]
)
# Kinds of device whose names are as often about something else.
_AMBIGUOUS: Final = frozenset(["cover", "climate", "heat", "robot", "gate", "lock", "switch", "cooling", "shade"])


def may_be_for_house(text: str, context: Context) -> bool:
    """Whether words so far may yet become a command or a question to the house."""
    plain = normalise(text)[0]
    if _ORDERS.match(plain) or (_ASKS.match(plain) and not _CHATS.match(plain)):
        return True
    return any(_is_of_the_house(word, context) for word in plain.split())


def is_order(text: str) -> bool:
    """Whether a whole turn begins as an order does, whatever it is that it wants."""
    return _ORDERS.match(normalise(text)[0]) is not None


def asks_about_house(text: str, context: Context) -> bool:
    """Whether a whole turn asks for the state of something in the house, whatever the recogniser made of the rest."""
    plain = normalise(text)[0].replace(",", " ")
    lead = _PREAMBLE.match(plain)
    asked = plain[lead.end() :] if lead else plain
    words = asked.split()
    if len(words) > _MAX_WORDS or not ((lead and lead["asked"]) or _STATE.match(asked)):
        return False
    return any(_is_household(word) for word in words) or _names_a_place(words, context)


def _is_of_the_house(word: str, context: Context) -> bool:
    """Whether the word is a kind of device, or part of the name of a room or a device."""
    if len(word) < 3 or word in STOP:
        return False
    index = context.index
    if domains_of(word) or index.place_in(word) is not None:
        return True
    return any(i.partition(".")[0] in _HOUSEHOLD for i in index.by_word.get(singular(word), ()))


def _is_household(word: str) -> bool:
    return word not in _AMBIGUOUS and not _HOUSEHOLD.isdisjoint(domains_of(word))


def _names_a_place(words: list[str], context: Context) -> bool:
    index = context.index
    return any(
        index.place_in(" ".join(words[start : start + length])) is not None
        for start in range(len(words))
        for length in range(1, index.longest + 1)
    )
