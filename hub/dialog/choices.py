"""Which of the offered answers was given: by its words, by what they mean, by how they sound. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from hub.understanding.normalise import plain_words
from hub.understanding.pending import answer_of
from hub.understanding.sounds import distance, sounds_of

# Of the sounds of a choice so many may have been misheard, and every other choice must be so much further away.
_MISHEARD: Final = 0.3
_APART: Final = 0.15
# Fewer sounds than this are like too much.
_FEWEST_SOUNDS: Final = 4
_DENIALS: Final = frozenset({"not", "no", "without", "never", "except"})


def choice_of(text: str, choices: Sequence[str]) -> str | None:
    """The one choice that an answer names; None where it names none, or several.

    Args:
        text: as recognised.
        choices: what was offered, as the asker wrote it.
    """
    words = [word for word in plain_words(text) if word.isalnum()]
    offered = {choice: [word for word in plain_words(choice) if word.isalnum()] for choice in choices}
    named = _named(words, offered)
    if named:
        return named[0] if len(named) == 1 else None
    return _meant(text, words, choices) or _alike(words, offered)


def _named(words: list[str], offered: dict[str, list[str]]) -> list[str]:
    """The choices whose words stand in the answer, none within a longer one and none that is denied."""
    found = [(choice, at, at + len(own)) for choice, own in offered.items() for at in _places(words, own)]
    whole = [
        (choice, start, end)
        for choice, start, end in found
        if not any(first <= start and end <= last and last - first > end - start for _, first, last in found)
    ]
    return list(dict.fromkeys(choice for choice, start, _ in whole if not _denied(words, start)))


def _places(words: list[str], own: list[str]) -> Iterator[int]:
    for at in range(len(words) - len(own) + 1 if own else 0):
        if words[at : at + len(own)] == own:
            yield at


def _denied(words: list[str], at: int) -> bool:
    before = words[max(0, at - 2) : at]
    return before[-1:] != [] and (before[-1] in _DENIALS or (before[-1] in ("the", "a") and before[0] in _DENIALS))


def _meant(text: str, words: list[str], choices: Sequence[str]) -> str | None:
    """A yes or a no in other words, where exactly one choice is such."""
    meaning = answer_of(text)
    if meaning == "other" and words:
        meaning = answer_of(words[0])  # "yeah that would be nice"
    same = [choice for choice in choices if meaning != "other" and answer_of(choice) == meaning]
    return same[0] if len(same) == 1 else None


def _alike(words: list[str], offered: dict[str, list[str]]) -> str | None:
    """The choice that some words of the answer sound like, clearly more than any other choice."""
    apart = sorted((_distance(words, own), choice) for choice, own in offered.items() if own)
    if not apart or apart[0][0] > _MISHEARD:
        return None
    return apart[0][1] if len(apart) == 1 or apart[1][0] >= apart[0][0] + _APART else None


def _distance(words: list[str], own: list[str]) -> float:
    """The share of sounds in which a choice differs from the words that are most like it."""
    wanted = "".join(map(sounds_of, own))
    best = 1.0
    if len(wanted) < _FEWEST_SOUNDS:
        return best
    for count in range(max(1, len(own) - 1), len(own) + 2):
        for at in range(len(words) - count + 1):
            heard = "".join(map(sounds_of, words[at : at + count]))
            best = min(best, distance(wanted, heard) / max(len(wanted), len(heard), 1))
    return best
