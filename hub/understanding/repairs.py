"""Repairing what was said: the speaker's own corrections, and one misheard word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.understanding.context import Context
from hub.understanding.frames import GRAMMAR_WORDS
from hub.understanding.lexicon import STOP

_CORRECTION = re.compile(
    r" (?:, )?(?:no , sorry|no sorry|sorry , no|sorry no|sorry , i mean|sorry i mean|no , wait|no wait|wait , no"
    r"|wait no|wait|"
    r"no , i mean|no i mean|i mean|or rather|i meant|actually , no|actually no|actually|sorry|scratch that|no , no"
    r"|no make that|"
    r"make that|no) (?:, )?(?:make (?:it|that) |i meant )?"
)
_MAX_TRIES = 24


def self_corrections(text: str) -> Iterator[str]:
    """The text with its correction carried out: each way in which the right side may replace an end of the left."""
    cuts = list(_CORRECTION.finditer(text))
    if not cuts:
        yield text
        return
    left, right = text[: cuts[0].start()].strip(" ,"), text[cuts[-1].end() :].strip(" ,")
    yield right
    words, fragment = left.split(), right.split()
    for keep in range(len(words), 0, -1)[:_MAX_TRIES]:
        for skip in (0, len(fragment)):
            tail = words[keep + skip :] if skip else []
            yield " ".join([*words[:keep], *fragment, *tail])


def misheard_repairs(text: str, context: Context) -> Iterator[tuple[str, int]]:
    """The text with each word that nobody knows replaced by the word of this house that sounds like it.

    With it comes how loosely a device may be named then: a guessed word needs a full name beside it.
    """
    words = text.split()
    strange = [
        n for n, word in enumerate(words)
        if word.isalpha() and word not in GRAMMAR_WORDS and word not in STOP and not context.index.is_known(word)
    ]  # fmt: skip
    for n in range(len(words) - 1):
        if n in strange or n + 1 in strange:
            joined = words[n] + words[n + 1]
            near = joined if context.index.is_known(joined) else context.index.nearest_word(joined, joined=True)
            if near and joined.isalpha():
                yield " ".join([*words[:n], near, *words[n + 2 :]]), 1 if near == joined else 0
    if not 1 <= len(strange) <= 2:
        return
    repaired = list(words)
    for n in strange:
        near = context.index.nearest_word(words[n])
        if near is None:
            return
        repaired[n] = near
    yield " ".join(repaired), 0
