"""Repairing what was said: the speaker's own corrections, and one misheard word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.understanding.context import Context
from hub.understanding.frames import GRAMMAR_WORDS
from hub.understanding.lexicon import STOP

_CORRECTION = re.compile(
    r" (?:, )?(?:no , sorry|scratch that|strike that|correction|oh wait|oh no|no , not that|not that|hang on"
    r"|hold on|no sorry|sorry , no|sorry no|sorry , i mean|sorry i mean|no , wait|no wait|wait , no"
    r"|wait no|wait|"
    r"no , i mean|no i mean|i mean|or rather|i meant|actually , no|actually no|actually|sorry|scratch that|no , no"
    r"|no make that|"
    r"make that|no) (?:, )?(?:make (?:it|that) |i meant )?"
)
_WITH_UNIT = re.compile(r"(-?\d+(?:\.\d+)?)(%|°f?|k|s)")
_VERBS = frozenset(
    [
        "turn",
        "switch",
        "set",
        "put",
        "dim",
        "close",
        "open",
        "lock",
        "play",
        "stop",
        "start",
        "pause",
        "make",
        "mute",
        "shut",
        "raise",
        "lower",
    ]
)
_ARTICLES = (["the"], ["a"], ["an"], ["my"], ["our"])
_MAX_TRIES = 12


def self_corrections(text: str) -> Iterator[tuple[str, str]]:
    """The text with its correction carried out: each way in which the right side may stand for a part of the left.

    With each comes what was said before the correction where the right side stands alone, for its "it"; else nothing.
    """
    cuts = list(_CORRECTION.finditer(text))
    if not cuts:
        yield text, ""
        return
    left, right = text[: cuts[0].start()].strip(" ,"), text[cuts[-1].end() :].strip(" ,")
    words, fragment = left.split(), right.split()
    number = _in_the_unit_of(fragment, words)
    if number is not None:
        yield " ".join([*words[: number[0]], number[1], *words[number[0] + 1 :]]), ""
    alone = bool(fragment) and fragment[0] in _VERBS
    if alone:
        yield right, left
    for keep in range(len(words) - 1, 0, -1)[:_MAX_TRIES]:
        if (
            fragment[:1] in _ARTICLES
            and words[keep : keep + 1] not in _ARTICLES
            and words[keep - 1 : keep] not in _ARTICLES
        ):
            continue  # a thing with its article stands for another with its own
        yield " ".join([*words[:keep], *fragment]), ""
    for keep in range(len(words) - 2, 0, -1)[:_MAX_TRIES]:
        for dropped in dict.fromkeys((len(fragment), 1, 2, 3)):
            if keep + dropped < len(words):
                yield " ".join([*words[:keep], *fragment, *words[keep + dropped :]]), ""
    if not alone:
        yield right, left


def _in_the_unit_of(fragment: list[str], words: list[str]) -> tuple[int, str] | None:
    """Takes "ten minutes, no, fifteen" for fifteen minutes: where the last number stands, and what it becomes."""
    if len(fragment) != 1 or not fragment[0].isdigit():
        return None
    for n in range(len(words) - 1, -1, -1):
        found = _WITH_UNIT.fullmatch(words[n])
        if found is None:
            continue
        if found[2] != "s":
            return n, fragment[0] + found[2]
        seconds = int(float(found[1]))
        unit = 3600 if seconds % 3600 == 0 else 60 if seconds % 60 == 0 else 1
        return n, f"{int(fragment[0]) * unit}s"
    return None


# What recognisers write for a word of a request; the second table only at the beginning, where the verb stands.
_ALIKE = {
    "like": "light", "likes": "lights", "lie": "light", "lied": "light", "lap": "lamp", "lamb": "lamp", "lam": "lamp",
    "laps": "lamps", "lambs": "lamps", "flour": "floor", "flaw": "floor", "have": "half", "van": "fan", "fun": "fan",
    "lines": "blinds", "blind": "blinds", "ferry": "fairy", "percents": "percent", "of": "off",
}  # fmt: skip
# No past tenses: "turned off the lamp" is a report.
_ALIKE_FIRST = {
    "said": "set", "sat": "set", "sit": "set", "cent": "set", "steady": "set the", "them": "dim", "damn": "dim",
    "din": "dim", "torn": "turn", "tern": "turn", "turns": "turn", "turn in": "turn on", "switch in": "switch on",
    "which": "switch", "witch": "switch", "pose": "pause", "paws": "pause", "moot": "mute", "mood": "mute",
    "clothes": "close", "shot": "shut", "floor of": "lower", "floor": "lower", "lore": "lower", "lord": "lower",
    "but": "put", "at": "add", "had": "add", "ad": "add",
}  # fmt: skip
_ALIKE_LAST = {
    "lot": "locked", "lock": "locked", "locks": "locked", "log": "locked", "blocked": "locked", "close": "closed",
    "clothes": "closed", "clothed": "closed", "opened": "open", "of": "off", "own": "on",
    "line": "on", "known": "on", "lawn": "on",
}  # fmt: skip
_QUESTION_WORDS = {"his": "is", "as": "is", "east": "is", "r": "are", "our": "are", "other": "are the"}
_MAX_ALIKE = 12


def misheard_repairs(text: str, context: Context) -> Iterator[tuple[str, int]]:
    """Texts that this one may have been, the likeliest first: a stray comma, a sound-alike, a word nobody knows.

    With each comes how loosely a device may be named then: a guessed word needs a full name beside it.
    """
    if text.startswith(("no ", "not ")):
        return  # it takes something back, and nobody knows what
    if " , " in text:
        yield text.replace(" , ", " "), 0
    for changed in _sound_alikes(text.replace(" , ", " ")):
        yield changed, 0
    yield from _nearest_names(text, context)


def misheard_questions(text: str, context: Context) -> Iterator[str]:
    """Questions that this text may have been: sound-alikes at both ends, then inside, then unknown words."""
    words = text.split()
    if len(words) < 3:
        return
    ends = [_QUESTION_WORDS.get(words[0], words[0]), *words[1:-1], _ALIKE_LAST.get(words[-1], words[-1])]
    whole = " ".join(ends)
    if whole != text:
        yield whole
    yield from _sound_alikes(whole)
    yield from (repaired for repaired, _loose in _nearest_names(whole, context))


def _sound_alikes(text: str) -> Iterator[str]:
    """The text with one sound-alike put right, then with all of them."""
    words = text.split()
    heads = [
        f"{_ALIKE_FIRST[head]}{text[len(head) :]}"
        for head in (" ".join(words[:2]), words[0])
        if head in _ALIKE_FIRST and len(words) > head.count(" ") + 1
    ]
    yield from heads
    for start in [text, *heads]:
        words = start.split()
        places = [n for n, word in enumerate(words) if n and word in _ALIKE][:_MAX_ALIKE]
        for n in places:
            yield " ".join([*words[:n], _ALIKE[words[n]], *words[n + 1 :]])
        if len(places) > 1:
            yield " ".join(_ALIKE.get(word, word) if n else word for n, word in enumerate(words))


def _nearest_names(text: str, context: Context) -> Iterator[tuple[str, int]]:
    """The text with each word that nobody knows replaced by the word of this house that sounds like it."""
    words = text.split()
    strange = [
        n for n, word in enumerate(words)
        if word.isalpha() and word not in GRAMMAR_WORDS and word not in STOP and not context.index.is_known(word)
    ]  # fmt: skip
    repaired = list(words)
    for n in strange if len(strange) <= 2 else ():
        near = context.index.nearest_word(words[n])
        if near is None:
            break
        repaired[n] = near
    else:
        yield " ".join(repaired), 0
    for n in range(len(words) - 1):
        if (n in strange or n + 1 in strange) and STOP.isdisjoint(words[n : n + 2]):
            joined = words[n] + words[n + 1]
            near = joined if context.index.is_known(joined) else context.index.nearest_word(joined, joined=True)
            if near and joined.isalpha():
                yield " ".join([*words[:n], near, *words[n + 2 :]]), 1 if near == joined else 0
