"""Words about the talk itself: those that only say "I am listening", and those that only want silence. Pure."""

from __future__ import annotations

import re
from typing import Final

BACKCHANNELS: Final = frozenset(
    {
        "mm",
        "mhm",
        "mm hm",
        "mm hmm",
        "mmhmm",
        "uh huh",
        "hm",
        "hmm",
        "yeah",
        "ah",
        "aha",
        "uh",
        "um",
        "oh",
        "wow",
        "okay",
        "ok",
        "right",
        "sure",
        "yep",
        "yup",
    }
)

# A hum has neither plosives nor fricatives: recognisers write it with the letters of nasals and vowels, and what they
# add to make sense of it comes later ("and then", "amen", "I'm a man").
_HUM: Final = re.compile(r"[adehimnouy']+")
_WORDS: Final = frozenset({"do", "done", "hey", "hi", "home", "how", "no", "you"})
_HUM_TRUST: Final = 0.65
_NO_TRUST: Final = 0.45
_HUM_MS: Final = 800.0
_SYLLABLE_MS: Final = 300.0
_SMALL_WORD: Final = 3

_STOP: Final = re.compile(
    r"(?:(?:ok|okay|alright|all right|right|yes|yeah|no|oh|please|hey|well|thanks|thank you) )*"
    r"(?:stop(?: (?:it|that|there|talking|speaking|reading|now))*|(?:that's |that is )?(?:enough|plenty)(?: of that)?"
    r"|(?:be |please be )?quiet|silence|hush|shush|shut up)"
    r"(?: (?:stop|now|please|thanks|thank you|okay|ok))*"
)


def words_of(text: str) -> tuple[str, ...]:
    """The words without marks, small; an apostrophe within one stays."""
    plain = text.lower().replace("\u2019", "'")
    apart = "".join(char if char.isalpha() or char == "'" else " " for char in plain).split()
    return tuple(word for each in apart if (word := each.strip("'")))


def is_backchannel(text: str) -> bool:
    """Whether these words only say "I am listening"."""
    words = words_of(text)
    return not words or " ".join(words) in BACKCHANNELS or all(word in BACKCHANNELS for word in words)


def may_be_hum(text: str) -> bool:
    """Whether these first words, said over the assistant, may be no more than a hum that was misread."""
    words = words_of(text)
    return not words or (words[0] not in _WORDS and _HUM.fullmatch(words[0]) is not None)


def says_little(text: str, *, said_ms: float) -> bool:
    """Whether the first reading of a turn is of too little sound: "oh, yes" is first read as "so"."""
    return said_ms < _SYLLABLE_MS and sum(map(str.isalpha, text)) <= _SMALL_WORD


def is_nod(text: str, *, confidence: float, said_ms: float) -> bool:
    """Whether a whole turn, said over the assistant, only shows that the user listens."""
    if is_backchannel(text):
        return True
    trust = _HUM_TRUST if may_be_hum(text) else _NO_TRUST
    return said_ms <= _HUM_MS and confidence < trust


def is_stop(text: str) -> bool:
    """Whether these words, said over the assistant, want nothing but its silence."""
    return _STOP.fullmatch(" ".join(words_of(text))) is not None
