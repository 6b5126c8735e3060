"""Texts of this house's words that sound like a misheard one: two words as one, one as two, another word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import nsmallest
from itertools import combinations

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from hub.understanding.frames import GRAMMAR_WORDS
from hub.understanding.lexicon import STOP, domains_of, noun_words
from hub.understanding.normalise import SAME
from hub.understanding.sounds import distance, sounds_of
from hub.understanding.tagger import HouseIndex, canonical

# What requests are made of beside the names of a house.
_REQUESTED = frozenset(
    ["turn", "switch", "set", "put", "dim", "close", "open", "lock", "play", "pause", "stop", "start", "mute", "shut",
     "lower", "raise", "brighten", "add", "send", "resume", "unpause", "unmute", "skip", "arm", "on", "off", "down",
     "percent", "degrees", "timer", "minutes", "seconds", "hours", "home", "away", "night", "and", "full", "half",
     "please"]
)  # fmt: skip
_DEEDS = _REQUESTED - {
    "home", "away", "night", "percent", "degrees", "timer", "minutes", "seconds", "hours", "please", "half", "full",
}  # fmt: skip
# A name of the house may hold them, but they say nothing of it.
_NO_NAMES = STOP | _REQUESTED
_SOMEBODYS = frozenset({"your", "his", "her", "their"})
_DIRECTIONS = frozenset({"on", "off", "up", "down", "open", "closed", "in", "of"})
_MOST_WORDS, _MOST_CHANGES, _LONGEST = 10, 3, 4
# Shares of the sounds that may differ in a word that means nothing here: beside a word of a name that was heard
# plainly, beside a kind of device, and alone; and where each word means something by itself.
_NAMED, _OF_KIND, _ALONE, _PLAIN = 0.26, 0.151, 0.1, 0.151
_SOUNDS_ALONE = 4
_CHANGED, _UNEXPLAINED = 0.25, 0.5
_SHIFTED = 0.1
_HARDLY = 0.35
_MOST_OF_IT = 0.42
_MEASURED = re.compile(r"\d[\d.]*(?:%|°f?|s)")
_TRIES = 14
# Of the sounds in classes so many may differ, of a short text one; so many of the nearest are looked at closely.
_MOST_APART, _SHORT, _KEYS_TRIED = 2, 6, 40


@dataclass(frozen=True, slots=True)
class Heard:
    """A text that may have been said. `cost`: how far it is from what was heard; `deed`: its verb is as heard."""

    text: str
    cost: float
    deed: bool


@dataclass(frozen=True, slots=True)
class _Change:
    """`share`: of its sounds, how many differ; `sounds`: how many it has."""

    start: int
    end: int
    words: str
    cost: float
    share: float = 0.0
    sounds: int = _SOUNDS_ALONE


class Sounds:
    """What the words and names of a house sound like."""

    def __init__(self, names: frozenset[str]) -> None:
        phrases = {*names, *(word for name in names for word in name.split()), *noun_words(), *_REQUESTED}
        self._phrases: dict[str, list[str]] = {}
        self._keys: dict[str, list[str]] = {}
        # What is written another way than it is said: "telly" is heard, "tv" is its spelling here.
        spoken = [(phrase, phrase) for phrase in phrases] + [(said, to) for said, to in SAME.items() if to in phrases]
        for said, phrase in sorted(spoken):
            sounds = _sounds(said)
            if len(sounds) > 1 and phrase not in self._phrases.get(sounds, ()):
                self._phrases.setdefault(sounds, []).append(phrase)
        for sounds in self._phrases:
            self._keys.setdefault(_coarse(sounds), []).append(sounds)
        self._coarse = tuple(self._keys)
        self.words = frozenset(word for phrase in phrases for word in phrase.split())

    def near(self, texts: list[str], shares: list[float]) -> list[list[tuple[str, float, int]]]:
        """For each text the phrases that sound like it, with distance and length; `shares` of the sounds may differ."""
        heard = [_sounds(text) for text in texts]
        keys = [_coarse(sounds) for sounds in heard]
        apart = process.cdist(keys, self._coarse, scorer=Levenshtein.distance, score_cutoff=_MOST_APART, dtype=np.uint8)
        rows, columns = np.nonzero(apart <= _MOST_APART)
        close: list[list[tuple[int, int]]] = [[] for _ in texts]
        for row, column, changed in zip(rows.tolist(), columns.tolist(), apart[rows, columns].tolist(), strict=True):
            if changed < _MOST_APART or len(keys[row]) >= _SHORT:
                close[row].append((changed, column))
        return [
            list(self._like(text, sounds, share, [self._coarse[column] for _, column in sorted(near)[:_KEYS_TRIED]]))
            for text, sounds, share, near in zip(texts, heard, shares, close, strict=True)
        ]

    def same(self, text: str) -> list[str]:
        """The single words that sound just like a text."""
        return [phrase for phrase in self._phrases.get(_sounds(text), ()) if " " not in phrase]

    def _like(self, text: str, sounds: str, share: float, keys: list[str]) -> Iterator[tuple[str, float, int]]:
        for key in keys:
            for other in self._keys[key]:
                length = max(len(sounds), len(other))
                apart = distance(sounds, other, share * length)
                if apart <= share * length:
                    yield from ((phrase, apart, length) for phrase in self._phrases[other] if phrase != text)


@lru_cache(maxsize=4)
def sounds_of_house(names: frozenset[str]) -> Sounds:
    """What these names sound like; the last few houses are kept."""
    return Sounds(names)


def _sounds(text: str) -> str:
    return "".join(map(sounds_of, text.split()))


_COARSE = str.maketrans({
    **dict.fromkeys("eiou1234567@", "a"), **dict.fromkeys("hyr", ""), "d": "t", **dict.fromkeys("zSCJT", "s"),
    "v": "f", "b": "p", "g": "k", **dict.fromkeys("nN", "m"),
})  # fmt: skip


@lru_cache(maxsize=16384)
def _coarse(sounds: str) -> str:
    """Sounds in classes, so that what differs little does not differ at all."""
    made = sounds.translate(_COARSE)
    return "".join(one for n, one in enumerate(made) if not n or one != made[n - 1])


def soundalikes(text: str, index: HouseIndex) -> list[Heard]:
    """The likeliest texts that this one may have been, the nearest first; none where it is no short request."""
    words = _spelt_out(text.replace(" ,", "").split(), index)
    if not 1 < len(words) <= _MOST_WORDS:
        return []
    sounds = sounds_of_house(index.spoken)
    strange = {n for n, word in enumerate(words) if _is_strange(word, index)}
    changes = [*_shifted(words, strange, sounds), *_replaced(words, strange, sounds, index)]
    return nsmallest(_TRIES, _texts(words, strange, _best(changes), index), key=lambda heard: heard.cost)


# A number before a kind of device, as in "apple three lights", may be another word that was heard as one.
_SPELT = {"1": "won", "2": "two", "3": "three", "4": "four", "8": "ate", "9": "nine"}


def _spelt_out(words: list[str], index: HouseIndex) -> list[str]:
    """The words with a number in words again where a word of a name follows it, which no number counts."""
    following = [*words[1:], ""]
    return [
        _SPELT.get(word, word) if canonical(after) in index.by_word and word not in index.by_word else word
        for word, after in zip(words, following, strict=True)
    ]


def _is_strange(word: str, index: HouseIndex) -> bool:
    known = word in GRAMMAR_WORDS or word in STOP or index.is_known(word) or bool(domains_of(word))
    return word.isalpha() and not known


def _best(changes: list[_Change]) -> list[_Change]:
    kept: dict[tuple[int, int, str], _Change] = {}
    for change in changes:
        if change.start == change.end or not change.words:
            continue  # a word more or less, for which no sound stands
        key = (change.start, change.end, change.words)
        if key not in kept or change.cost < kept[key].cost:
            kept[key] = change
    return sorted(kept.values(), key=lambda change: change.cost)[:16]


def _replaced(words: list[str], strange: set[int], sounds: Sounds, index: HouseIndex) -> Iterator[_Change]:
    """Windows of words that sound like a phrase of this house."""
    plain = _plainly_named(words, index)
    windows = [(start, end, odd) for start, end, odd in _windows(words, strange) if plain.isdisjoint(range(start, end))]
    if not windows:
        return
    texts = [" ".join(words[start:end]) for start, end, _ in windows]
    found = sounds.near(texts, [_NAMED if doubtful else _PLAIN for *_, doubtful in windows])
    for (start, end, doubtful), near in zip(windows, found, strict=True):
        for phrase, apart, length in near:
            whole = _Change(start, end, phrase, apart, apart / length, length)
            change = _trimmed(whole, words)
            if _own_share(change, words) > _MOST_OF_IT:
                continue  # "attic hatch" is no "attic room": what was heard plainly beside it makes it no likelier
            count = change.end - change.start
            if doubtful or count > 1 or (count == 1 and not _is_of_house(words[change.start], index)):
                yield change


def _plainly_named(words: list[str], index: HouseIndex) -> set[int]:
    """Where a whole name of several words stands, so that nothing of it was misheard."""
    return {
        n
        for start in range(len(words))
        for end in range(start + 2, min(start + index.longest, len(words)) + 1)
        if canonical(" ".join(words[start:end])) in index.names
        for n in range(start, end)
    }


def _windows(words: list[str], strange: set[int]) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of what may have been misheard as a whole, and whether a word of it means nothing here."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
            window = words[start:end]
            if not _SOMEBODYS.isdisjoint(words[max(0, start - 1) : start + 1]):
                continue  # "pump up your tyres": what is yours or hers is nothing of the house that was misheard
            if not all(word.isalpha() for word in window) or (end - start > 1 and window[0] in ("the", "my")):
                continue
            doubtful = not strange.isdisjoint(range(start, end))
            if doubtful or (end - start > 1 and window[-1] not in _DIRECTIONS):
                yield start, end, doubtful


def _is_of_house(word: str, index: HouseIndex) -> bool:
    """Whether a word belongs to a name or is a kind of device, so that it was not misheard."""
    return canonical(word) in index.by_word or bool(domains_of(word))


def _trimmed(change: _Change, words: list[str]) -> _Change:
    """The change without the words at its ends that stay as they are."""
    start, end, said = change.start, change.end, change.words.split()
    while start < end and said and canonical(words[start]) == canonical(said[0]):
        start, said = start + 1, said[1:]
    while start < end and said and canonical(words[end - 1]) == canonical(said[-1]):
        end, said = end - 1, said[:-1]
    return replace(change, start=start, end=end, words=" ".join(said))


def _own_share(change: _Change, words: list[str]) -> float:
    """How much of the sounds differ in what is left of a change."""
    length = max(len(_sounds(" ".join(words[change.start : change.end]))), len(_sounds(change.words)), 1)
    return change.cost / length


def _shifted(words: list[str], strange: set[int], sounds: Sounds) -> Iterator[_Change]:
    """Two words whose border was heard one letter away ("fan zon")."""
    for n in range(len(words) - 1):
        one, two = words[n : n + 2]
        if strange.isdisjoint((n, n + 1)) or not (one + two).isalpha():
            continue
        for left, right in ((one + two[0], two[1:]), (one[:-1], one[-1] + two)):
            if {left, right} <= sounds.words or (right in sounds.words and domains_of(left)):
                yield _Change(n, n + 2, f"{left} {right}", _SHIFTED)
            elif left in sounds.words and domains_of(left):  # "garaged or" for "garage door"
                yield from (_Change(n, n + 2, f"{left} {word}", _SHIFTED) for word in sounds.same(right))


def _splits(change: _Change) -> bool:
    """Whether one word would be a name of two that is not quite the same: "satellite" is no stair light."""
    return change.end - change.start == 1 and " " in change.words and change.cost > _HARDLY


def _most_changed(kept: list[str], index: HouseIndex) -> float:
    """The share of its sounds that may differ in a word beside those that were heard plainly; none without any."""
    named = any(canonical(word) in index.by_word and not domains_of(word) and word not in _NO_NAMES for word in kept)
    of_kind = any(
        (domains_of(word) and word not in _NO_NAMES) or word == "timer" or _MEASURED.fullmatch(word) for word in kept
    )
    return -1.0 if not kept else _NAMED if named else _OF_KIND if of_kind else _ALONE


def _texts(words: list[str], strange: set[int], changes: list[_Change], index: HouseIndex) -> Iterator[Heard]:
    allowed: dict[frozenset[int], float] = {}
    placed = [(change, frozenset(range(change.start, change.end))) for change in changes]
    for count in range(1, _MOST_CHANGES + 1):
        for chosen in combinations(placed, count):
            changed = frozenset().union(*(places for _, places in chosen))
            if len(changed) < sum(len(places) for _, places in chosen):
                continue
            if changed not in allowed:
                allowed[changed] = _most_changed([w for n, w in enumerate(words) if n not in changed], index)
            most = allowed[changed]
            if any(c.share > most or (most <= _ALONE and (c.sounds < _SOUNDS_ALONE or _splits(c))) for c, _ in chosen):
                continue
            ordered = sorted((change for change, _ in chosen), key=lambda change: change.start)
            said: list[str] = []
            position = 0
            for change in ordered:
                said += [*words[position : change.start], change.words]
                position = change.end
            left = len(strange - changed)
            cost = sum(change.cost + _CHANGED for change in ordered) + _UNEXPLAINED * left
            deed = all(_DEEDS.isdisjoint(change.words.split()) for change in ordered)
            yield Heard(" ".join([*said, *words[position:]]), cost, deed)
