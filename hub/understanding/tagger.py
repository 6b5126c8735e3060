"""The names of one house, indexed: which words stand for which devices, areas and floors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz, process

from hub.understanding.house import Area, Entity, Floor, House
from hub.understanding.lexicon import SAME_CLASS, domains_of, noun_words, singular
from hub.understanding.normalise import name_key

_OUTSIDE = ("outside", "outdoors", "garden")
_OWNED = re.compile(r"([a-z]{2,}s) (?:bed)?room")
# Their names say all without "room".
_CALLED_ROOM = re.compile(r"(loft|attic|basement|cellar|utility|laundry|nursery|studio|workshop|garden) (?:room|area)")
# An area whose name ends in one of these is called so alone, where no other does.
_ROOMS = frozenset(
    ["bedroom", "bathroom", "kitchen", "office", "study", "pantry", "garage", "barn", "yard", "garden", "porch", "deck",
     "patio", "hall", "landing", "loft", "attic", "cellar", "basement", "nursery", "lounge", "conservatory", "library",
     "shed", "workshop", "terrace", "balcony", "toilet", "closet", "den", "drive", "lobby", "utility", "bath"]
)  # fmt: skip
_GROUPS = str.maketrans({"q": "k", "c": "k", "g": "k", "z": "s", "v": "f", "d": "t", "b": "p", "j": "x"})


@lru_cache(maxsize=8192)
def canonical(phrase: str) -> str:
    """Number and plural do not tell two names apart."""
    return " ".join("1" if word == "one" else singular(word) for word in phrase.split())


@lru_cache(maxsize=8192)
def sound_of(word: str) -> str:
    """A rough phonetic key: consonant classes without vowels, doubled letters once."""
    for pair, sound in (
        ("tch", "x"),
        ("ch", "x"),
        ("sh", "x"),
        ("ph", "f"),
        ("ck", "k"),
        ("gh", ""),
        ("wr", "r"),
    ):
        word = word.replace(pair, sound)
    key = ""
    for letter in word.translate(_GROUPS):
        if letter not in "aeiouyhw" and not key.endswith(letter):
            key += letter
    return key


@dataclass(slots=True)
class HouseIndex:
    """Look-up tables of one revision of a house. Names only: states are read from the house of the moment.

    Attributes:
        spoken: all names of devices and places as they are spoken.
        beginnings: how names of several words begin, and those names; a text that ends so may go on as one of them.
    """

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    spoken: frozenset[str] = frozenset()
    beginnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    areas: dict[str, str] = field(default_factory=dict)
    floors: dict[str, str] = field(default_factory=dict)
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    by_word: dict[str, tuple[str, ...]] = field(default_factory=dict)
    area_floor: dict[str, str | None] = field(default_factory=dict)
    sounds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mixed: dict[str, list[str]] = field(default_factory=dict)
    vocabulary: tuple[str, ...] = ()
    by_domain: dict[str, list[str]] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    longest: int = 1
    together: dict[str, str] = field(default_factory=dict)

    def place_in(self, phrase: str) -> tuple[str, str] | None:
        """The area ("area", id) or floor ("floor", id) of exactly this name."""
        key = canonical(phrase)
        if key in self.areas:
            return "area", self.areas[key]
        if key in self.floors:
            return "floor", self.floors[key]
        return None

    def is_place(self, phrase: str) -> bool:
        """Whether a phrase is only a place: "on the landing" tells where, not what."""
        return self.place_in(re.sub(r"^(?:the|my|our) ", "", phrase)) is not None

    def is_known(self, word: str) -> bool:
        """Whether the word occurs in any name of the house or is a kind of device."""
        return singular(word) in self.by_word or word in self.sounds.get(sound_of(word), ())

    def respelled(self, text: str) -> str:
        """The text with words written together or apart as the names of the house are ("night stand")."""
        words: list[str] = []
        for word in text.split():
            pair = words[-1] + word if words else ""
            known = singular(pair) in self.by_word or (canonical(pair) in self.floors and words[-2:-1] != ["turn"])
            if pair.isalpha() and known and not {word, words[-1]} <= self.by_word.keys():
                words[-1] = pair
            elif singular(word) not in self.by_word and word in self.together:
                words += self.together[word].split()
            else:
                words.append(word)
        return " ".join(words)

    def nearest_word(self, word: str, *, joined: bool = False) -> str | None:
        """The one word of the house that a misheard word most likely was, if there is one."""
        if len(word) < 4:
            return None
        key = sound_of(word)
        same = {w for w in self.sounds.get(key, ()) if len(key) >= 3 and fuzz.ratio(word, w) >= 62}
        if not same and len(key) >= 3:
            same = {w for w in self.mixed.get("".join(sorted(key)), ()) if _same_letters(word, w)}
        if len(same) == 1:
            return same.pop()
        best = process.extract(word, self.vocabulary, scorer=fuzz.ratio, limit=2, score_cutoff=80 if joined else 76)
        if len(best) == 2 and best[0][1] == best[1][1]:
            best = [b for b in best if sound_of(str(b[0])) == key]
        if (
            best
            and best[0][0][: 3 if joined else 1] == word[: 3 if joined else 1]
            and (len(best) == 1 or best[0][1] > best[1][1])
        ):
            return str(best[0][0])
        return None


def _same_letters(one: str, other: str) -> bool:
    """Whether two words are of nearly the same letters in another order ("chicken", "kitchen")."""
    return (
        len(set(one) & set(other)) >= 0.8 * len(set(one) | set(other))
        and fuzz.ratio(one, other) >= 52
        and abs(len(one) - len(other)) <= 1
    )


def _owners(names: Iterable[str]) -> list[str]:
    """Whose the rooms of these names are: "Emma's" of "Emma's Room"."""
    return [owner[1] for owner in map(_OWNED.fullmatch, names) if owner]


def _names(thing: Entity | Area | Floor) -> list[str]:
    return [key for key in map(name_key, (thing.name, *thing.aliases)) if key]


def build_index(house: House) -> HouseIndex:
    """Read all names of a house once."""
    index = HouseIndex(area_floor={area.id: area.floor_id for area in house.areas})
    vocabulary: set[str] = set(noun_words())
    for floor in house.floors:
        for variant in (variant for name in _names(floor) for variant in _floor_variants(name)):
            index.floors.setdefault(canonical(variant), floor.id)
    places: dict[str, list[str]] = {area.id: _names(area) for area in house.areas}
    for area_id, names in places.items():
        for name in names:
            index.areas.setdefault(canonical(name), area_id)
            for owner in _owners((name,)):
                # "Emma's Room" is also the place of "Emma's radiator".
                index.areas.setdefault(canonical(owner), area_id)
            called = _CALLED_ROOM.fullmatch(name)
            if called:
                index.areas.setdefault(canonical(called[1]), area_id)
            vocabulary.update(name.split())
    ends = [(name.rpartition(" ")[2], area_id) for area_id, names in places.items() for name in names]
    for word in _ROOMS:
        holders = {area_id for end, area_id in ends if end == word}
        if len(holders) == 1:
            index.areas.setdefault(word, holders.pop())  # the only bedroom is "the bedroom"
    _read_entities(house, places, vocabulary, index)
    things: tuple[Entity | Area | Floor, ...] = (*house.floors, *house.areas, *house.entities.values())
    index.spoken = frozenset(name for thing in things for name in _names(thing))
    index.longest = max((key.count(" ") + 1 for key in (*index.names, *index.areas)), default=1)
    index.sounds = _by_sound(vocabulary)
    index.vocabulary = tuple(word for words in index.sounds.values() for word in words)
    for sound, same in index.sounds.items():
        index.mixed.setdefault("".join(sorted(sound)), []).extend(same)
    return index


def _read_entities(house: House, places: dict[str, list[str]], vocabulary: set[str], index: HouseIndex) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    by_word: dict[str, set[str]] = defaultdict(set)
    for position, entity in enumerate(house.entities.values()):
        index.by_domain.setdefault(entity.domain, []).append(entity.entity_id)
        index.order[entity.entity_id] = position
        own = _names(entity)
        for name in own:
            names[canonical(name)].add(entity.entity_id)
            around = places.get(entity.area_id or "", [])
            for place in (*around, *_owners(around)):
                # "Kitchen Ceiling Light" is also "ceiling light"; "Kitchen Lights" is not all of "the lights".
                short = name[len(place) + 1 :] if name.startswith(place + " ") else ""
                if short and not domains_of(short):
                    names[canonical(short)].add(entity.entity_id)
        said = {word for name in own for word in name.split()}
        vocabulary.update(said)
        kind = str(entity.attributes.get("device_class", ""))
        words = {canonical(word) for word in said}
        words.update(noun for noun, other in SAME_CLASS.items() if other == kind and " " not in noun)
        index.words[entity.entity_id] = frozenset(words)
        for word in words:
            by_word[word].add(entity.entity_id)
        for name in own:
            spoken = name.split()
            for one, two in pairwise(spoken):
                if one.isalpha() and two.isalpha() and len(one) + len(two) > 6:
                    index.together.setdefault(one + two, f"{one} {two}")
    index.names = {key: tuple(sorted(ids)) for key, ids in names.items()}
    index.beginnings = _beginnings(index.names)
    index.by_word = {key: tuple(sorted(ids)) for key, ids in by_word.items()}


def _beginnings(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for space in re.finditer(" ", name):
            found[name[: space.start()]].append(name)
    return {begun: tuple(whole) for begun, whole in found.items()}


def _floor_variants(name: str) -> Iterable[str]:
    yield name
    if name.endswith(" floor"):
        yield name.removesuffix(" floor") + " level"
        yield name.removesuffix(" floor") + " storey"
    if name in _OUTSIDE:
        yield from _OUTSIDE[:2]


def _by_sound(vocabulary: set[str]) -> dict[str, tuple[str, ...]]:
    sounds: dict[str, list[str]] = defaultdict(list)
    for word in sorted(vocabulary):
        if word.isalpha() and len(word) > 2:
            sounds[sound_of(word)].append(word)
    return {key: tuple(words) for key, words in sounds.items()}


class Indexes:
    """Keeps the index of the last houses seen."""

    def __init__(self) -> None:
        self._kept: dict[object, HouseIndex] = {}
        self._last: tuple[House, HouseIndex] | None = None

    def of(self, house: House) -> HouseIndex:
        """The index of this house; built anew when its revision changed."""
        last = self._last
        if last is None or last[0] is not house:
            last = self._last = house, self._of(house)
        return last[1]

    def _of(self, house: House) -> HouseIndex:
        first = next(iter(house.entities.values()), None)
        key = (
            house.name,
            house.revision,
            len(house.entities),
            house.areas,
            house.floors,
            first and first.name,
        )
        index = self._kept.get(key)
        if index is None:
            if len(self._kept) >= 4:
                self._kept.pop(next(iter(self._kept)))
            index = self._kept[key] = build_index(house)
        return index
