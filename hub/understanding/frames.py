"""The lexicon of frames: what can be asked for, and the ways of asking it.

A pattern is a regular expression over plain words that must match a whole clause. `T` is a target phrase, `V` a value,
`A` an amount of change; upper-case words are classes of verbs. What a frame does to a device is in `services`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.understanding.lexicon import COLORS, FRACTIONS, HVAC, KELVINS, LEVELS
from hub.understanding.patterns import read_patterns

# Values that can be told from a target without a word between them; longest first.
_SPOKEN_VALUES = sorted((*COLORS, *KELVINS, *FRACTIONS, *LEVELS, *HVAC.keys() - {"off"}), key=len, reverse=True)
_VALUE_CLASSES = {
    "WORD": f"(?P<v>(?:{'|'.join(map(re.escape, _SPOKEN_VALUES))}))",
    "W": "(?P<v>(?:about |around )?(?:(?:a |the )?(?:"
    + "|".join(map(re.escape, _SPOKEN_VALUES))
    + ")(?: mode| color| light| glow| tone| tint| brightness| volume| speed| open| closed| shut)?(?: of the"
    " way)?(?: open| closed| shut| up| down)?"
    r"|-?\d+(?:\.\d+)?(?:%|°f?|k)?(?: brightness| volume| speed| open)?))",
}
_TABLE = read_patterns("frames.txt", _VALUE_CLASSES)


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
    "noisy": "quieter",
    "quiet": "louder",
}


_OPENERS = re.compile(r"^(?:[TVWAG]\b|\(\?P<t>)")


def readings(clause: str) -> Iterator[Heard]:
    """Every frame that the clause can be read as, best first. The target may still mean nothing in this house."""
    for pattern in _TABLE:
        parts = pattern.read(clause)
        if parts is None:
            continue
        frame, source = pattern.group, pattern.source
        value, direction = parts.get("v", ""), parts.get("d", "")
        if "TOO" in source:
            direction = _REMEDY[direction]
        target = " ".join(filter(None, (parts.get("t", "").strip(), parts.get("w"))))
        yield Heard(
            frame, f"{parts['p']} of {target}" if parts.get("p") else target, value.strip(), direction,
            parts.get("a", ""),
            verbal=not _OPENERS.match(source),
        )  # fmt: skip


GRAMMAR_WORDS = frozenset(word for p in _TABLE for word in re.findall(r"[a-z]{2,}", p.expression.pattern))
