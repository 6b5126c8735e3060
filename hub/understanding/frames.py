"""The lexicon of frames: what can be asked for, and the ways of asking it.

A pattern is a regular expression over plain words that must match a whole clause. `T` is a target phrase, `V` a value,
`A` an amount of change; upper-case words are classes of verbs. What a frame does to a device is in `services`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.understanding.lexicon import COLORS, FRACTIONS, HVAC, KELVINS, LEVELS, PRAISE
from hub.understanding.patterns import Table, read_patterns

# Values that can be told from a target without a word between them; longest first.
_SPOKEN_VALUES = sorted((*COLORS, *KELVINS, *FRACTIONS, *LEVELS, *HVAC.keys() - {"off"}), key=len, reverse=True)
_VALUE_CLASSES = {
    "WORD": f"(?P<v>(?:{'|'.join(map(re.escape, _SPOKEN_VALUES))}))",
    "W": f"(?P<v>(?:about |around )?(?:(?:a |the )?(?:{PRAISE} )*(?:"
    + "|".join(map(re.escape, _SPOKEN_VALUES))
    + ")(?: mode| color| light| glow| tone| tint| brightness| volume| speed| open| closed| shut)?(?: of the"
    " way)?(?: open| closed| shut| up| down)?"
    r"|-?\d+(?:\.\d+)?(?:%|°f?|k)?(?: brightness| volume| speed| open| bright| power| strength| intensity"
    r"| humidity)?))",
}
_TABLE = read_patterns("frames.txt", _VALUE_CLASSES)
_FRAMES = Table(_TABLE)


@dataclass(frozen=True, slots=True)
class Heard:
    """A clause read as a frame: the frame, its parts as said, and how strong the reading is (a verb was there)."""

    frame: str
    target: str
    value: str = ""
    direction: str = ""
    amount: str = ""
    verbal: bool = True


# What is too much of one is asked to be more of the other.
_REMEDY = {
    "dark": "brighter",
    "gloomy": "brighter",
    "bright": "dimmer",
    "cold": "warmer",
    "chilly": "warmer",
    "hot": "cooler",
    "warm": "cooler",
    "loud": "quieter",
    "harsh": "dimmer",
    "strong": "dimmer",
    "glaring": "dimmer",
    "fierce": "dimmer",
    "noisy": "quieter",
    "quiet": "louder",
    "freezing": "warmer",
    "boiling": "cooler",
}


_COMPARATIVE = {
    "bright": "brighter", "dim": "dimmer", "dark": "darker", "warm": "warmer", "hot": "hotter", "cool": "cooler",
    "cold": "colder", "loud": "louder", "quiet": "quieter",
}  # fmt: skip
_UNBEARABLE = frozenset({"freezing", "boiling", "hot", "cold", "chilly", "loud", "noisy", "quiet", "bright"})
_DOWNWARD = frozenset({"down", "closed", "shut"})


def _direction(said: str) -> str:
    """What is asked for by "less bright": dimmer; by "more loud": louder."""
    how, _, quality = said.rpartition(" ")
    if how == "more" and quality in _COMPARATIVE:
        return _COMPARATIVE[quality]
    too_much = how in ("less", "not as", "not so") or (not how and quality in _UNBEARABLE)
    return _REMEDY.get(quality, said) if too_much else said


# "Up in the loft" is in the loft.
_ON_THE_WAY = re.compile(r"^(?:out|over|up|down) (?=(?:in|on|at) )")
_OPENERS = re.compile(r"^(?:[TVWAG]\b|\(\?P<t>|\(\?!|NOTIT)")


def readings(clause: str) -> Iterator[Heard]:
    """Every frame that the clause can be read as, best first. The target may still mean nothing in this house."""
    for pattern in _FRAMES.like(clause):
        parts = pattern.read(clause)
        if parts is None:
            continue
        frame, source = pattern.group, pattern.source
        value, direction = parts.get("v", ""), parts.get("d", "")
        direction = _REMEDY[direction] if "TOO" in source else _direction(direction)
        if frame == "set" and direction in _DOWNWARD:
            value = f"{value.removesuffix(' of the way')} closed"
        place = _ON_THE_WAY.sub("", parts.get("w", ""))
        target = " ".join(filter(None, (parts.get("t", "").strip(), place, parts.get("x"))))
        yield Heard(
            frame, f"{parts['p']} of {target}" if parts.get("p") else target, value.strip(), direction,
            parts.get("a", ""),
            verbal=not _OPENERS.match(source),
        )  # fmt: skip


GRAMMAR_WORDS = frozenset(word for p in _TABLE for word in re.findall(r"[a-z]{2,}", p.expression.pattern))
