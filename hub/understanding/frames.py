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

_LEXICON = read_patterns("frames.txt")
# Values that can be told from a target without a word between them; longest first.
_SPOKEN_VALUES = sorted((*COLORS, *KELVINS, *FRACTIONS, *LEVELS, *HVAC.keys() - {"off"}), key=len, reverse=True)
_CLASSES = {
    **_LEXICON.classes,
    "WORD": f"(?P<v>(?:{'|'.join(map(re.escape, _SPOKEN_VALUES))}))",
    "W": "(?P<v>(?:about |around )?(?:(?:a |the )?(?:"
    + "|".join(map(re.escape, _SPOKEN_VALUES))
    + ")(?: mode| color| light)?"
    r"|-?\d+(?:\.\d+)?(?:%|°f?|k)?(?: brightness| volume| speed| open)?))",
}
_KEY = re.compile(rf"\b(?:{'|'.join(_CLASSES)})\b")


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


def _expand(pattern: str) -> re.Pattern[str]:
    pattern = (
        pattern.replace("UPDOWN2", "(?:up|down)").replace("MAKE", "(?:make|turn|get|set|have)").replace("AX", "(?: A)?")
    )
    return re.compile(_KEY.sub(lambda found: _CLASSES[found[0]], pattern))


_TABLE = tuple((frame, text, _expand(text)) for frame, patterns in _LEXICON.patterns.items() for text in patterns)
_OPENERS = re.compile(r"^(?:[TVWAG]\b|\(\?P<t>)")


def readings(clause: str) -> Iterator[Heard]:
    """Every frame that the clause can be read as, best first. The target may still mean nothing in this house."""
    for frame, source, pattern in _TABLE:
        found = pattern.fullmatch(clause)
        if found is None:
            continue
        parts = found.groupdict()
        value = parts.get("v") or ""
        direction = parts.get("d") or ""
        if " TOO" in source:
            direction = _REMEDY[direction]
        target = " ".join(filter(None, ((parts.get("t") or "").strip(), parts.get("w"))))
        if not value and "halfway" in source:
            value = "halfway"
        elif not value and source.startswith("(?:max out"):
            value = "max"
        yield Heard(
            frame, f"{parts['p']} of {target}" if parts.get("p") else target, value.strip(), direction,
            parts.get("a") or "",
            verbal=not _OPENERS.match(source),
        )  # fmt: skip


GRAMMAR_WORDS = frozenset(
    re.findall(r"[a-z]{2,}", " ".join([*_CLASSES.values(), *(t for ts in _LEXICON.patterns.values() for t in ts)]))
)
