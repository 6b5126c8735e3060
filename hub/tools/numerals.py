"""Numbers and ordinals in words, one token each, with the words they came from. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hub.tools.words import SMALL

MAX_CHARACTERS: Final = 600
_ONES: Final = {word: value for value, word in enumerate(SMALL)}
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ORDINAL_WORDS: Final = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth",
)  # fmt: skip
_ORDINALS: Final = {word: value for value, word in enumerate(_ORDINAL_WORDS, start=1)} | {"thirtieth": 30}
_WORD: Final = re.compile(r"\d{1,2}[:.]\d{2}(?!\d)|\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+(?:'[^\W\d_]+)*")
_HALF_DAY: Final = re.compile(r"\b([ap])\.\s?m\b\.?|(?<=\d)([ap])m\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a number.

    Attributes:
        norm: lower case; a number in digits, an ordinal as `#3`.
        said: the words of the text that it stands for.
    """

    norm: str
    said: str


def tokens(text: str) -> list[Token]:
    """The words of a text, numbers below a hundred joined and in digits; punctuation is dropped."""
    plain = _HALF_DAY.sub(lambda found: f" {found[1] or found[2]}m", text[:MAX_CHARACTERS])
    words = _WORD.findall(plain.replace("\u2019", "'"))
    found: list[Token] = []
    at = 0
    while at < len(words):
        low = words[at].lower()
        after = words[at + 1].lower() if at + 1 < len(words) else ""
        if low in _TENS and after in _ONES and 0 < _ONES[after] < 10:
            found.append(Token(str(_TENS[low] + _ONES[after]), f"{words[at]} {words[at + 1]}"))
            at += 1
        elif low in _TENS and after in _ORDINALS and _ORDINALS[after] < 10:
            found.append(Token(f"#{_TENS[low] + _ORDINALS[after]}", f"{words[at]} {words[at + 1]}"))
            at += 1
        else:
            found.append(Token(_norm(low), words[at]))
        at += 1
    return found


def _norm(word: str) -> str:
    if word in _ONES:
        return str(_ONES[word])
    if word in _TENS:
        return str(_TENS[word])
    if word in _ORDINALS:
        return f"#{_ORDINALS[word]}"
    if word[:1].isdigit() and word[-2:] in ("st", "nd", "rd", "th"):
        return f"#{int(word[:-2])}"
    return word.replace(".", ":") if word[:1].isdigit() else word
