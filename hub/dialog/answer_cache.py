"""Answers of the expert that are worth giving again: questions that mean the same tomorrow and to anybody."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from hub.understanding.courtesy import without_courtesy
from hub.understanding.normalise import MAX_CHARACTERS, normalise

MAX_ANSWERS: Final = 100
# What changes by itself, or from one moment to the next.
_OF_NOW: Final = re.compile(
    r"\b(?:now|today|tonight|tomorrow|yesterday|current|currently|latest|newest|recent|recently|lately|news|weather"
    r"|forecast|temperature|rain|snow|sunny|this (?:morning|afternoon|evening|week|weekend|month|year|season)"
    r"|(?:next|last) (?:week|weekend|month|year|night|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"|these days|at the moment|so far|still|yet|already|upcoming|time is|what time|date|what day|what year|ago|until"
    r"|price|prices|cost|costs|stock|stocks|share|shares|exchange rate|interest rate|inflation|score|playing"
    r"|winning|elected|election|president|prime minister|minister|champion|open|closed|traffic|schedule|calendar"
    r"|appointment|meeting|reminder|timer|age|old is|near|nearby|here|outside|inside|home|house|random|joke|surprise)\b"
)
# What means something only in this conversation, to this person.
_OF_THIS_TALK: Final = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|he|him|his|she|her|hers|one|ones|another|other|others|again"
    r"|more|else|instead|same|former|latter|above|before|earlier|previous|continue|you|your|i|me|my|mine|we|us|our)\b"
    r"|^(?:and|but|or|so|then|why|how|what about|how about)\b(?: \w+)?$|^(?:and|but|or|so|then) "
)


def is_lasting(question: str) -> bool:
    """Whether an answer to this question may be given again."""
    words = _key(question)
    if not words or len(question) > MAX_CHARACTERS:
        return False
    return _OF_NOW.search(words) is None and _OF_THIS_TALK.search(words) is None


class AnswerCache:
    """Bounded; the answer that was not asked for the longest goes first.

    Args:
        lifetime_s: how long an answer is worth giving again; 0 keeps none.
        now_s: a monotonic clock.
    """

    def __init__(self, lifetime_s: float, *, now_s: Callable[[], float]) -> None:
        self._lifetime_s = lifetime_s
        self._now_s = now_s
        self._answers: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def find(self, question: str, persona: str) -> str | None:
        """The answer given to this question before, by the same persona."""
        key = (_key(question), persona)
        known = self._answers.get(key)
        if known is None:
            return None
        until_s, answer = known
        if self._now_s() >= until_s:
            del self._answers[key]
            return None
        self._answers.move_to_end(key)
        return answer

    def keep(self, question: str, persona: str, answer: str) -> None:
        """Remember an answer, if the question is one that lasts."""
        if self._lifetime_s <= 0 or not answer or not is_lasting(question):
            return
        self._answers[_key(question), persona] = (self._now_s() + self._lifetime_s, answer)
        self._answers.move_to_end((_key(question), persona))
        while len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)


def _key(question: str) -> str:
    return without_courtesy(normalise(question)[0].replace(" ,", ""))
