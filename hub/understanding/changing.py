"""More of what was done, or less of it, or the other way: "a bit more", "one degree less", "and another", "stop"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.understanding.appended import on_timer
from hub.understanding.focus import Mention
from hub.understanding.house import Action
from hub.understanding.stopping import stopped

_AGAIN = re.compile(
    r"(?:and )?(?:(?:(?:do|try) )?(?:it|that|this)? ?(?:once (?:more|again)|(?:1|one) more time|(?:1|one) more"
    r"|again|another"
    r"(?: (?:1|one|time))?)|(?:the )?same(?: thing)? again|(?:and )?again|repeat(?: that| it)?|more|(?:a |some |even )?"
    r"(?:little |bit |tad |touch |lot )?(?:bit )?(?:more|further|extra)|keep going|go on|further|not enough"
    r"|still not enough|more than that|(?:still )?(?:a )?(?:bit|little) more(?: than that)?)"
)
_LESS = re.compile(
    r"(?:(?:a |just a |not )?(?:little |bit |tad |touch |lot |quite )?(?:bit )?(?:less|so much|that much|as much)"
    r"|(?:that is |it is |bit |a bit )?(?:way )?too much|too far)"
)
_DIRECTED = re.compile(
    r"(?:(?:make|turn|get) (?:it|them|that) )?(?P<a>(?:even |just |still )?(?:a |some )?(?:little |tiny )?"
    r"(?:bit |tad |touch |notch |lot |much |slightly |way )?(?:more )?)?"
    r"(?P<d>brighter|dimmer|darker|lighter|warmer|cooler|hotter|colder|louder|quieter|softer|faster|slower|higher|lower"
    r"|up|down)(?: (?P<b>a (?:bit|little|lot|notch|touch|tad)(?: more)?|more|still))?"
)
_BY = re.compile(
    r"(?:(?:and|just|maybe|go|try|make it|turn it|take it|bring it|put it|nudge it|knock it|have it) )*"
    r"(?:(?P<w1>up|down|higher|lower|plus|minus) )?(?:by )?(?P<n>\d+(?:\.\d+)?(?:%|°f?)?|1|one|a|an|another)"
    r"(?P<more>(?<=another)| (?:more|extra))?(?: (?P<u>degrees?|percent|points?|notch(?:es)?|one|1))?"
    r"(?: (?P<w2>less|up|down|higher|lower|warmer|cooler|hotter|colder|brighter|dimmer|louder|quieter|faster|slower))?"
)
_WAYS_DOWN = frozenset({"down", "lower", "less", "minus", "cooler", "colder", "dimmer", "quieter", "slower"})
_PAIRS = {
    "light": ("brighter", "dimmer"), "climate": ("warmer", "cooler"), "water_heater": ("warmer", "cooler"),
    "media_player": ("louder", "quieter"), "fan": ("faster", "slower"), "humidifier": ("higher", "lower"),
    "cover": ("higher", "lower"),
}  # fmt: skip
_DOWN = re.compile(
    r"\b(?:dim|dimmer|darken|darker|lower|down|reduce|decrease|drop|less|quieter|softer|cooler|colder|cool|slower"
    r"|quieten|close|shut|slow)\b"
)
_RELATIVE = re.compile(
    r"\b(?:brighter|dimmer|darker|lighter|warmer|cooler|hotter|colder|louder|quieter|softer|faster|slower|higher|lower"
    r"|up|down|more|less|next|skip|previous|bit|little|notch|too)\b"
)
ECHO = re.compile(r"(?: ?,)? (?:too|as well|also|instead|please|then|again|next|now|rather|actually|thanks|thank you)$")
"""What is said at the end of a request that adds to another one."""


def changes(text: str, before: Mention) -> Iterator[str]:
    """More of what was done, or less of it, or the other way, for words that ask for no more than that."""
    rest = re.sub(r"^(?:(?:and|but|now|then|ok|well|hmm|just|,) )+", "", text.strip(" ,"))
    rest = rest if _AGAIN.fullmatch(rest) else ECHO.sub("", rest).strip(" ,")
    yield from on_timer(rest, before)
    changed = next((a for a in before.actions if a.domain in _PAIRS), None)
    yield from stopped(rest, before, pronoun_of(before))
    yield from _by_amount(rest, before, changed)
    directed = _DIRECTED.fullmatch(rest)
    if directed and changed:
        word = directed["d"]
        if word in ("up", "down", "higher", "lower"):
            word = _PAIRS[changed.domain][word in ("down", "lower")]
        yield f"make {pronoun_of(before)} {_amount(rest)}{word}"
    more, less = _AGAIN.fullmatch(rest), _LESS.fullmatch(rest)
    if (
        more
        and not _amount(rest)
        and (_RELATIVE.search(before.text) or re.search(r"\b(?:again|repeat|another|once more|same)\b", rest))
    ):
        yield before.text
    if (more or less) and changed:
        down = bool(_DOWN.search(before.text)) != bool(less)
        yield f"make {pronoun_of(before)} {_amount(rest) or 'a bit '}{_PAIRS[changed.domain][down]}"


def _by_amount(rest: str, before: Mention, changed: Action | None) -> Iterator[str]:
    """A step whose size is said: "one degree less", "up two", "and another"."""
    found = _BY.fullmatch(rest)
    if found is None or changed is None or changed.domain == "cover":
        return
    way = found["w1"] or found["w2"] or ""
    if not way and found["more"] is None:
        return
    number = found["n"].rstrip("%°f")
    number = number if number[:1].isdigit() else "1"
    if not found["n"][:1].isdigit() and not found["u"] and not changed.step:
        return  # "another one" of what is no step is again the same
    unit = "°" if changed.domain in ("climate", "water_heater") else "%"
    size = number if unit == "°" or found["n"][:1].isdigit() else "10"
    down = way in _WAYS_DOWN if way else bool(_DOWN.search(before.text))
    yield f"make {pronoun_of(before)} {size}{unit} {_PAIRS[changed.domain][down]}"


def _amount(rest: str) -> str:
    """How much, as the frames have it, with a space behind."""
    if re.search(r"\b(?:lot|much|way)\b", rest):
        return "a lot "
    return "a bit " if re.search(r"\b(?:bit|little|tad|touch|notch|slightly|tiny)\b", rest) else ""


def pronoun_of(before: Mention) -> str:
    """The word that points back to the devices of a mention."""
    return "them" if len(before.entity_ids) > 1 else "it"
