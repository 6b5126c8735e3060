"""Names in noisy words: how much of a device's name was heard, in which words, and what was heard instead."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz import fuzz

from hub.understanding.context import Context
from hub.understanding.house import Entity
from hub.understanding.lexicon import domains_of
from hub.understanding.normalise import name_key
from hub.understanding.tagger import canonical, sound_of
from hub.understanding.verbs import Form, is_verb

# From here on a name counts as heard.
NAMED = 0.72
_KIND_WEIGHT = 0.4
_JOINED_COST = 0.05
# Words of places that tell none from another.
_PLACE_NOUNS = frozenset({"floor", "room", "level", "the"})


def alike(heard: str, word: str, context: Context) -> float:
    """How much a heard word is a word of a name, 0 to 1. A word that this house knows was not misheard."""
    known = canonical(heard)
    if known == canonical(word):
        return 1.0
    return 0.0 if known in context.index.by_word or known in all_place_words(context) else _sounds_alike(heard, word)


@lru_cache(maxsize=16384)
def _sounds_alike(heard: str, word: str) -> float:
    ratio = fuzz.ratio(heard, word) / 100
    one, other = sound_of(heard.replace("w", "v")), sound_of(word.replace("w", "v"))
    if len(one) > 1 and one == other and ratio >= 0.45:
        return 0.9
    if len(one) > 2 and sorted(one) == sorted(other) and ratio >= 0.55:
        return 0.85
    return ratio if ratio >= NAMED and len(word) > 3 and len(heard) > 2 else 0.0


def names_of(entity: Entity, context: Context) -> tuple[tuple[str, ...], ...]:
    """The device's names and aliases in plain words."""
    key = ("names", entity.entity_id)
    known = context.memo.get(key)
    if isinstance(known, tuple):
        return known
    names = tuple(tuple(key.split()) for key in map(name_key, (entity.name, *entity.aliases)) if key)
    context.memo[key] = names
    return names


def heard_of(name: tuple[str, ...], words: list[str], context: Context, *, exact: bool) -> tuple[float, set[str]]:
    """How much of a name the words hold, and which words they are."""
    total = got = 0.0
    used: set[str] = set()
    for target in name:
        weight = _KIND_WEIGHT if domains_of(target) and len(name) > 1 else 1.0
        total += weight
        score, by = _best_word(target, words, context, exact=exact)
        got += weight * score
        used.update(by)
    return (got / total if total else 0.0), used


def _best_word(target: str, words: list[str], context: Context, *, exact: bool) -> tuple[float, tuple[str, ...]]:
    best: tuple[float, tuple[str, ...]] = (0.0, ())
    for n, word in enumerate(words):
        if exact:
            options: list[tuple[float, tuple[str, ...]]] = [(float(canonical(word) == canonical(target)), (word,))]
        else:
            options = [(alike(word, target, context), (word,))]
            if n + 1 < len(words):
                options.append((alike(word + words[n + 1], target, context) - _JOINED_COST, (word, words[n + 1])))
        best = max(best, *options, key=lambda option: option[0])
    return best


def named_by(entity: Entity, words: list[str], context: Context, *, exact: bool) -> tuple[float, set[str]]:
    """How much of its best name the words hold, and the words that belong to any of its names."""
    best: tuple[float, set[str]] = (0.0, set())
    everything: set[str] = set()
    for name in names_of(entity, context):
        score, used = heard_of(name, words, context, exact=exact)
        everything |= used
        if score > best[0]:
            best = (score, used)
    return best[0], everything if best[0] >= NAMED else best[1]


def without_names(text: str, entity: Entity, context: Context, *, exact: bool) -> str:
    """The words without the device's name: "forty winks light" holds no number, "never land" no negation."""
    words = text.split()
    for name in names_of(entity, context):
        score, used = heard_of(name, words, context, exact=exact)
        if score >= NAMED:
            known = {canonical(word) for word in name}
            words = [w for w in words if w not in used or (is_verb(w, Form.BASE) and canonical(w) not in known)]
    return " ".join(words)


def mended(words: list[str], named: list[bool], entity: Entity, context: Context) -> list[str]:
    """The words with each misheard one, or two, replaced by the word of the device's names or place it sounds like.

    Args:
        words: as recognised.
        named: for each word, whether it may name anything.
        entity: the device.
        context: the house.
    """
    own = {word for name in names_of(entity, context) for word in name} | place_words(entity.area_id, context)
    own |= {f"{word}s" for word in own if domains_of(word) and not word.endswith("s")}
    out: list[str] = []
    position = 0
    while position < len(words):
        one, two = words[position], "".join(words[position : position + 2])
        position += 1
        if not named[position - 1]:
            out.append(one)
            continue
        single, best = max(((alike(one, w, context), w) for w in own), default=(0.0, ""))
        pair, joined = max(((alike(two, w, context), w) for w in own), default=(0.0, "")) if two != one else (0.0, "")
        if pair >= NAMED and pair > single:
            out.append(joined)
            position += 1
        else:
            out.append(best if NAMED <= single < 1 else one)
    return out


def place_words(area_id: str | None, context: Context) -> frozenset[str]:
    """The words by which an area and its floor are told from others."""
    key = ("place", area_id)
    known = context.memo.get(key)
    if isinstance(known, frozenset):
        return known
    floor = context.index.area_floor.get(area_id or "")
    names = [name for name, i in context.index.areas.items() if area_id and i == area_id]
    names += [name for name, i in context.index.floors.items() if floor and i == floor]
    made = frozenset(word for name in names for word in name.split()) - _PLACE_NOUNS
    context.memo[key] = made
    return made


def all_place_words(context: Context) -> frozenset[str]:
    """The words of all areas and floors."""
    known = context.memo.get("place words")
    if isinstance(known, frozenset):
        return known
    made = frozenset(word for name in (*context.index.areas, *context.index.floors) for word in name.split())
    context.memo["place words"] = made
    return made
