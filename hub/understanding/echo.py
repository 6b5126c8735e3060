"""Whether the assistant only repeats what the user asked for ("a bit louder", "muted", "added bread and eggs")."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hub.understanding.lexicon import STOP, domains_of, singular
from hub.understanding.normalise import normalise

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_HESITATES = re.compile(
    r"(?:hmm+|um+|uh+|er+m?|oh|ah|well|so|let me (?:see|think|check)|let's see|(?:give me|just) (?:a|one) "
    r"(?:moment|second|minute)|one (?:moment|second)|hold on|interesting|[^\w]+)*",
    re.IGNORECASE,
)
# What agreeing people say around it.
_FILLING = (STOP - {"on"}) | frozenset(
    ["ok", "sure", "yes", "yep", "right", "alright", "course", "certainly", "absolutely", "done", "it", "is", "are",
     "now", "you", "go", "got", "set", "all", "then", "too", "well", "as", "i", "have", "am", "will", "them", "here",
     "coming", "of", "great", "good", "fine", "be", "with", "pleasure", "happy", "so", "thing",
     "again", "back", "just"]
)  # fmt: skip
_ENDING = re.compile(r"(?:ing|ed|e)$")
_UNITS = frozenset(
    {"", "bit", "little", "percent", "degrees", "degree", "mode", "level", "touch", "notch", "tad", "smidge", "nudge"}
)
_DOUBLED = re.compile(r"([bdglmnprt])\1$")
_DIRECTIONS = {
    **dict.fromkeys(["up", "louder", "brighter", "warmer", "higher", "more", "hotter", "faster", "lighter"], "+"),
    **dict.fromkeys(["down", "quieter", "dimmer", "cooler", "lower", "less", "darker", "colder", "slower"], "-"),
}


def hesitates(words: str) -> bool:
    """Whether somebody says nothing yet."""
    return bool(_HESITATES.fullmatch(words))


def other_numbers(words: str, asked: str) -> bool:
    """Whether the words name a number that was not asked for; a request without numbers leaves them open."""
    numbers = set(_NUMBER.findall(normalise(asked)[0]))
    return bool(numbers) and not set(_NUMBER.findall(normalise(words)[0])) <= numbers


def echoes(words: str, asked: str, names: Iterable[str], *, kinds: frozenset[str] = frozenset()) -> bool:
    """Whether the words repeat something of a request and add nothing to it.

    Args:
        words: the assistant's whole turn, or a clause of it.
        asked: the request, in the user's words and in plain ones.
        names: of the devices.
        kinds: domains of devices whose nouns may be said of any of them ("the light", of one with another name).
    """
    known = set(_stems(asked)) | {stem for name in names for stem in _stems(name)}
    said = _stems(" ".join(w for w in words.split() if w not in kinds and kinds.isdisjoint(domains_of(w))))
    return bool(said) and len(said) <= _LONGEST and all(stem in known for stem in said)


_LONGEST = 12


def _stems(text: str) -> list[str]:
    words = (word for word in normalise(text)[0].split() if word not in _FILLING and word not in ",.?")
    words = (word.rstrip("%°") for word in words)
    return [_DIRECTIONS.get(word) or _stem(singular(word)) for word in words if word not in _UNITS]


def _stem(word: str) -> str:
    """The part of a verb that its forms share: "mute" and "muted", "cancel" and "cancelled"."""
    return _DOUBLED.sub(r"\1", _ENDING.sub("", word)) if len(word) > 3 else word
