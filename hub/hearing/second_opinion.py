"""Which of two readings of one turn to believe, where only one of them is a request. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from rapidfuzz.distance import Indel

_WORD = re.compile(r"[\w'\u2019%]+")
# Words that turn a sentence round: a reading that lost one of them is not believed.
_TURNS = re.compile(r"(?:.*n['\u2019]?t|not|never|no|if|when|i|he|she|we|they|you|was|were|un.*)", re.IGNORECASE)
_ALIKE = 0.7
_MAX_DIFFERENT = 2


def second_is_better(first: str, second: str, is_complete: Callable[[str], bool]) -> bool:
    """Whether the second recogniser heard the request that the first one garbled.

    Both must be nearly the same sentence: as many words, of which at most two differ and none turns it round.
    """
    one, other = _WORD.findall(first.lower()), _WORD.findall(second.lower())
    pairs = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
    if not pairs or len(one) != len(other) or len(pairs) > _MAX_DIFFERENT:
        return False
    if any(_TURNS.fullmatch(word) for pair in pairs for word in pair):
        return False
    alike = Indel.normalized_similarity(" ".join(one), " ".join(other)) >= _ALIKE
    return alike and not is_complete(first) and is_complete(second)


def agrees(before: str, now: str) -> bool:
    """Whether a reading of more of a turn leaves the one before it as it was.

    The last word of that may have been cut off, and of the first the quicker recogniser is never sure ("turned on").
    """
    kept, words = (_WORD.findall(text.lower()) for text in (before, now))
    return len(kept) > 2 and kept[1:-1] == words[1 : len(kept) - 1] and len(words) >= len(kept) - 1
