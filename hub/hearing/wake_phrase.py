"""Takes the wake phrase off the front of a text, however the recogniser spelled it. Pure."""

from __future__ import annotations

import re

from rapidfuzz.distance import Indel

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_GREETINGS = frozenset({"a", "ay", "eh", "ey", "hay", "he", "hey", "hi", "k", "kay", "o", "oh", "ok", "okay"})
_FOLDS = (
    ("ph", "f"),
    ("ough", "of"),
    ("th", "t"),
    ("ck", "k"),
    ("ch", "k"),
    ("x", "ks"),
    ("q", "k"),
    ("c", "k"),
    ("z", "s"),
    ("y", "i"),
    ("ow", "a"),
    ("ah", "a"),
    ("oo", "u"),
    ("ou", "u"),
    ("ew", "u"),
    ("b", "p"),
    ("d", "t"),
    ("v", "f"),
)
_REPEATED = re.compile(r"(.)\1+")
_MAX_WORDS = 3
_ALIKE = 0.7
_ALIKE_LONG = 0.64
_LONG_SOUND = 8
_ALIKE_AFTER_GREETING = 0.66
_PAUSE_TRUST = 0.04
_PAUSE_RANK = 0.15
_ONLY_CALLS_CHARS = 60
# Behind other words it must be heard almost as it is spelled: anything else may be what was said.
_ALIKE_INSIDE = 0.9


def _sound(words: list[str]) -> str:
    """Spell words by how they sound, coarsely: enough to see "Necroft" beside "Mycroft"."""
    text = re.sub(r"[^a-z]", "", "".join(words).lower())
    for written, sounded in _FOLDS:
        text = text.replace(written, sounded)
    return _REPEATED.sub(r"\1", text)


def _alike(heard: list[str], phrase: list[str]) -> float:
    left, right = _sound(heard), _sound(phrase)
    return Indel.normalized_similarity(left, right) if left and right else 0.0


def _split_greeting(words: list[str]) -> tuple[int, list[str]]:
    """Count the words of a greeting in front ("hey", "okay", "o k") and give what follows."""
    count = 0
    while count < min(2, len(words) - 1) and words[count] in _GREETINGS:
        count += 1
    return count, words[count:]


def strip_wake_phrase(text: str, phrase: str) -> tuple[str, bool]:
    """Take the wake phrase off the beginning of a text, once, and what was said before it.

    Args:
        text: what a recogniser wrote.
        phrase: the wake phrase, `okay_nabu` or `Okay Nabu`; empty means that there is none.

    Returns:
        The rest, with a capital first letter as a sentence has it, and whether anything was taken off.
    """
    wanted = [word.lower() for word in _WORD.findall(phrase.replace("_", " "))]
    heard = list(_WORD.finditer(text))[: _MAX_WORDS + 1]
    if not wanted or not heard:
        return text.strip(), False
    words = [match.group().lower() for match in heard]
    count = _words_to_take(words, [text[match.end() : match.end() + 1] for match in heard], wanted)
    if count == 0:
        called = _call_inside(text, wanted)
        return (text.strip(), False) if called is None else (called, True)
    rest = text[heard[count - 1].end() :].lstrip(" \t\r\n,.;:!?-\u2013\u2014…\"'\u201d\u2019")
    if len(rest) < _ONLY_CALLS_CHARS and strip_wake_phrase(rest, phrase) == ("", True):
        return "", True  # called twice, or a recogniser that repeats itself: nothing but the wake phrase
    if rest and words[count - 1].replace("\u2019", "'").endswith("'s"):
        rest = f"is {rest}"  # "Alexa, is the ..." is often written "Alexa's the ..."
    return _begun(rest).rstrip(), True


def _call_inside(text: str, wanted: list[str]) -> str | None:
    """What comes behind a call inside a text: what was said before it was said to somebody else, or by a television."""
    matches = list(_WORD.finditer(text))
    words = [match.group().lower() for match in matches]
    windows = [(a, b) for b in range(2, len(words)) for a in range(max(1, b - _MAX_WORDS), b)]
    alike, last = max(((_alike(words[a:b], wanted), b) for a, b in windows), default=(0.0, 0))
    return _begun(text[matches[last].start() :].rstrip()) if alike >= _ALIKE_INSIDE else None


def _begun(rest: str) -> str:
    """With a capital letter."""
    return rest[:1].upper() + rest[1:]


def _words_to_take(words: list[str], after: list[str], wanted: list[str]) -> int:
    """Decide how many words are the wake phrase; a comma behind them speaks for a cut there."""
    greeting_wanted, name_wanted = _split_greeting(wanted)
    greeting, name = _split_greeting(words) if greeting_wanted else (0, words)
    needed = _ALIKE_LONG if len(_sound(wanted)) >= _LONG_SOUND else _ALIKE
    best, best_rank = 0, -1.0
    for count in range(1, min(_MAX_WORDS, len(name)) + 1):
        taken = greeting + count
        pause = after[taken - 1] in {"", ",", ".", "!", "?", ";", ":", "…"}
        trust = _alike(words[:taken], wanted) - needed
        if greeting_wanted and greeting:
            trust = max(trust, _alike(name[:count], name_wanted) - _ALIKE_AFTER_GREETING)
        rank = trust + pause * _PAUSE_RANK
        if trust + pause * _PAUSE_TRUST >= 0 and rank > best_rank + 1e-9:
            best, best_rank = taken, rank
    return best
