"""Whether words mean a device: by its name, misheard or not, its kind in a place, or as what was spoken of before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import fuzz

from hub.understanding.context import Context, liveliest_player
from hub.understanding.evidence import Evidence, Segment
from hub.understanding.frames import GRAMMAR_WORDS
from hub.understanding.house import Entity
from hub.understanding.lexicon import HOUSEWIDE, STOP, domains_of, singular
from hub.understanding.normalise import name_key
from hub.understanding.tagger import canonical, sound_of
from hub.understanding.target import PRONOUNS, Target
from hub.understanding.targets import resolve
from hub.understanding.verbs import Form, is_verb

NAMED = 0.72
_MARGIN = 0.1
_KIND_WEIGHT = 0.4
_LEADING = frozenset(
    [
        "turn",
        "switch",
        "put",
        "flip",
        "power",
        "get",
        "have",
        "give",
        "make",
        "set",
        "bring",
        "please",
        "can",
        "could",
        "would",
        "you",
        "will",
        "i",
        "want",
        "need",
        "the",
        "on",
        "off",
        "up",
        "down",
        "back",
        "out",
        "to",
        "also",
        "and",
        "then",
        "just",
        "light",
    ]
)
_NOISE = frozenset(
    [
        "please",
        "really",
        "very",
        "bit",
        "little",
        "more",
        "less",
        "lot",
        "again",
        "now",
        "here",
        "there",
        "too",
        "as",
        "well",
        "also",
        "thanks",
        "thank",
        "you",
        "i",
        "we",
        "me",
        "us",
        "my",
        "our",
        "your",
        "can",
        "could",
        "would",
        "will",
        "want",
        "need",
        "like",
        "just",
        "it",
        "that",
        "them",
        "this",
        "these",
        "those",
        "all",
        "both",
        "every",
        "each",
        "room",
        "house",
        "so",
        "is",
        "are",
        "am",
        "be",
        "not",
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "get",
        "got",
        "go",
        "going",
        "come",
        "let",
        "make",
        "quite",
        "pretty",
        "much",
        "way",
        "some",
        "any",
        "no",
        "yes",
        "ok",
        "hey",
        "up",
        "down",
        "on",
        "off",
        "in",
        "out",
        "at",
        "to",
        "of",
        "for",
        "from",
        "by",
        "with",
        "and",
        "or",
        "the",
        "a",
        "an",
        "one",
        "same",
        "other",
        "over",
        "inside",
        "mode",
        "level",
        "percent",
        "degrees",
        "degree",
        "back",
        "right",
        "left",
        "please",
        "kindly",
        "everything",
        "everywhere",
    ]
)
# Not the back door: "turn it back on".
_BACK = re.compile(r" back(?= (?:on|off|up|down|to|in|home|again) )")
_DETERMINERS = frozenset({"the", "a", "an", "my", "our", "your"})
_BACK_WORDS = PRONOUNS | {"one", "ones", "other", "same", "again", "too", "there", "more", "both", "they"}


def means(
    entity: Entity, segment: Segment, context: Context, *, exact: bool, near: frozenset[str] = frozenset()
) -> str | None:
    """The words of one request of a turn that mean this device; None where it does not.

    Args:
        entity: the device.
        segment: the request.
        context: the house, where the words were said, and what was spoken of before.
        exact: the words are written text; nothing is forgiven.
        near: areas that other requests of the same turn speak of.
    """
    if segment.excluded and _part_means(entity, segment.excluded, segment, context, exact=True, near=frozenset()):
        return None
    for part in segment.parts:
        if _part_means(entity, part, segment, context, exact=exact, near=near):
            return part
    if len(segment.parts) > 1 and _resolved(entity, segment.text, context):
        return segment.text
    return None


def names_something(part: str) -> bool:
    """Whether the words hold one that may name a thing."""
    return bool(_content(part.split()))


def without_names(text: str, entity: Entity, context: Context, *, exact: bool) -> str:
    """The words without those that are the device's name: "fifty winks light" holds no number, "never land" no no."""
    words = text.split()
    for name in _names(entity, context):
        score, used = _matches(name, words, context, exact=exact)
        if score >= NAMED:
            words = [w for w in words if w not in used]
    return " ".join(words)


def named_areas(evidence: Evidence, context: Context) -> frozenset[str]:
    """Areas of the devices that the words call by their full names or by a discriminating word.

    "Lights off and lock the gate" may mean the lights where the gate is.
    """
    key = ("named areas", evidence.text)
    known = context.memo.get(key)
    if isinstance(known, frozenset):
        return known
    found: set[str] = set()
    for segment in evidence.segments[1:] if len(evidence.segments) > 1 else ():
        words = {canonical(w) for w in _content(segment.text.split())}
        areas = {
            e.area_id
            for w in words
            for i in context.index.by_word.get(w, ())
            if (e := context.house.entities.get(i)) is not None and e.area_id
        }
        if len(areas) == 1:
            found |= areas
    made = frozenset(found)
    context.memo[key] = made
    return made


def _part_means(
    entity: Entity, part: str, segment: Segment, context: Context, *, exact: bool, near: frozenset[str]
) -> bool:
    if _resolved(entity, part, context):
        return True
    words = part.split()
    content = _content(words)
    if not content:
        # "Turn on the" is no request yet.
        return _DETERMINERS.isdisjoint(words) and _spoken_of(entity, words, context)
    if not exact:
        mended = _mended(entity, words, context)
        if mended != words and _resolved(entity, " ".join(mended), context):
            return True
    score, used = _named(entity, words, context, exact=exact)
    strangers = [w for w in content if w not in used and _belongs_to_others(w, entity, context)]
    if strangers:
        return False
    if score >= NAMED and score >= _best_other(entity, words, context, exact=exact) + (0 if score == 1 else _MARGIN):
        return True
    return _by_kind(entity, content, segment, context, near=near, exact=exact)


def _resolved(entity: Entity, part: str, context: Context) -> bool:
    """Whether the parser's own reading of the noun phrase gives the device."""
    words = part.split()
    while words and (words[0] in _LEADING or is_verb(words[0], Form.BASE, Form.ING)) and words[0] != "the":
        words.pop(0)
    while words and (
        words[-1]
        in (
            "on",
            "off",
            "up",
            "down",
            "of",
            "open",
            "closed",
            "shut",
            "please",
            "now",
            "to",
            "at",
            "by",
            "locked",
            "too",
            "again",
            "a",
            "bit",
        )
        or words[-1][:1].isdigit()
    ):
        words.pop()
    if not words:
        return False
    found = resolve(" ".join(words), frozenset({entity.domain}), context)
    return isinstance(found, Target) and entity in found.entities


def _content(words: list[str]) -> list[str]:
    """The words that may name something."""
    words = _BACK.sub(" ", f" {' '.join(words)} ").split()
    return [w for w in words if w in _TELLING or _may_name(w)]


_TELLING = frozenset(
    [
        "back",
        "front",
        "left",
        "right",
        "top",
        "bottom",
        "upper",
        "middle",
        "main",
        "inside",
        "outside",
        "upstairs",
        "downstairs",
    ]
)


def _may_name(word: str) -> bool:
    if word in _NOISE or word in STOP or word[:1].isdigit():
        return False
    if is_verb(word, *Form):
        return False
    return word not in GRAMMAR_WORDS or bool(domains_of(word))


def _spoken_of(entity: Entity, words: list[str], context: Context) -> bool:
    """No thing was named: what was spoken of, else what the room leaves."""
    mentions = context.focus.mentions[:2]
    if any(entity.entity_id in mention.entity_ids for mention in mentions):
        return True
    if not _BACK_WORDS.isdisjoint(words) and mentions:
        return False
    same = context.of_domains(frozenset({entity.domain}))
    same = [e for e in same if e.exposed]
    here = [e for e in same if e.area_id == context.area_id and context.area_id is not None]
    if entity in here or (not here and len(same) == 1):
        return True
    return entity.domain == "media_player" and liveliest_player(same) == [entity]


def _mended(entity: Entity, words: list[str], context: Context) -> list[str]:
    """The words with each misheard one (or two) replaced by the word of this device's names or place it sounds like."""
    own = {word for name in _names(entity, context) for word in name} | _place_words(entity.area_id, context)
    own |= {f"{word}s" for word in own if domains_of(word) and not word.endswith("s")}
    mended: list[str] = []
    position = 0
    while position < len(words):
        one, two = words[position], "".join(words[position : position + 2])
        if not _content([one]):
            mended.append(one)
            position += 1
            continue
        best = max(own, key=lambda w: (_alike(one, w, context), fuzz.ratio(one, w)), default="")
        joined = max(own, key=lambda w: (_alike(two, w, context), fuzz.ratio(two, w)), default="")
        pair = _alike(two, joined, context) if two != one else 0.0
        single = _alike(one, best, context)
        if pair >= NAMED and pair > single:
            mended.append(joined)
            position += 2
        else:
            mended.append(best if NAMED <= single < 1 else one)
            position += 1
    return mended


def _names(entity: Entity, context: Context) -> Iterable[tuple[str, ...]]:
    key = ("names", entity.entity_id)
    known = context.memo.get(key)
    if isinstance(known, tuple):
        return known
    names = tuple(tuple(name_key(n).split()) for n in (entity.name, *entity.aliases) if name_key(n))
    context.memo[key] = names
    return names


def _alike(heard: str, word: str, context: Context) -> float:
    """How much a heard word is a word of a name, 0 to 1. A word that this house knows was not misheard."""
    if canonical(heard) == canonical(word):
        return 1.0
    known = canonical(heard)
    return 0.0 if known in context.index.by_word or _is_place_word(known, context) else _sounds_alike(heard, word)


@lru_cache(maxsize=16384)
def _sounds_alike(heard: str, word: str) -> float:
    ratio = fuzz.ratio(heard, word) / 100
    one, other = sound_of(heard.replace("w", "v")), sound_of(word.replace("w", "v"))
    if len(one) > 1 and one == other and ratio >= 0.45:
        return 0.9
    if len(one) > 2 and sorted(one) == sorted(other) and ratio >= 0.55:
        return 0.85
    return ratio if ratio >= NAMED and len(word) > 3 and len(heard) > 2 else 0.0


def _matches(name: tuple[str, ...], words: list[str], context: Context, *, exact: bool) -> tuple[float, set[str]]:
    """How much of a name the words hold, and which words they are."""
    total = got = 0.0
    used: set[str] = set()
    for target in name:
        weight = _KIND_WEIGHT if domains_of(target) and len(name) > 1 else 1.0
        total += weight
        best, best_words = 0.0, tuple[str, ...]()
        for n, word in enumerate(words):
            alike = float(canonical(word) == canonical(target)) if exact else _alike(word, target, context)
            if alike > best:
                best, best_words = alike, (word,)
            if not exact and n + 1 < len(words):
                joined = _alike(word + words[n + 1], target, context) - 0.05
                if joined > best:
                    best, best_words = joined, (word, words[n + 1])
        got += weight * best
        used.update(best_words)
    return (got / total if total else 0.0), used


def _named(entity: Entity, words: list[str], context: Context, *, exact: bool) -> tuple[float, set[str]]:
    best: tuple[float, set[str]] = (0.0, set())
    everything: set[str] = set()
    for name in _names(entity, context):
        score, used = _matches(name, words, context, exact=exact)
        everything |= used
        if score > best[0]:
            best = (score, used)
    return best[0], everything if best[0] >= NAMED else best[1]


def _best_other(entity: Entity, words: list[str], context: Context, *, exact: bool) -> float:
    """The best score of any other device that one of the words may name."""
    ids: dict[str, None] = {}
    for word in _content(words):
        heard = [canonical(word)]
        if not exact:
            heard += context.index.sounds.get(sound_of(word), ())
        for known in heard:
            holders = context.index.by_word.get(canonical(known), ())
            if len(holders) <= 60:
                ids.update(dict.fromkeys(holders))
    ids.pop(entity.entity_id, None)
    scores = (_named(context.entity(i), words, context, exact=exact)[0] for i in ids if i in context.house.entities)
    return max(scores, default=0.0)


def _belongs_to_others(word: str, entity: Entity, context: Context) -> bool:
    """Whether the word is plainly of another device or place: neither in this one's names nor its kind nor its area."""
    known = canonical(word)
    if known in context.index.words.get(entity.entity_id, frozenset()) or entity.domain in domains_of(word):
        return False
    if known in _place_words(entity.area_id, context):
        return False
    return known in context.index.by_word or _is_place_word(known, context)


def _is_place_word(word: str, context: Context) -> bool:
    words = context.memo.get("place words")
    if not isinstance(words, frozenset):
        words = frozenset(w for name in (*context.index.areas, *context.index.floors) for w in name.split())
        context.memo["place words"] = words
    return word in words


def _place_words(area_id: str | None, context: Context) -> frozenset[str]:
    """Every word by which an area and its floor are called."""
    key = ("place", area_id)
    known = context.memo.get(key)
    if isinstance(known, frozenset):
        return known
    floor = context.index.area_floor.get(area_id or "")
    words = {w for name, i in context.index.areas.items() if i == area_id and area_id for w in name.split()}
    words |= {w for name, i in context.index.floors.items() if i == floor and floor for w in name.split()}
    made = frozenset(words)
    context.memo[key] = made
    return made


def _by_kind(
    entity: Entity, content: list[str], segment: Segment, context: Context, *, near: frozenset[str], exact: bool
) -> bool:
    """The kind of device, in the place that is named, in the speaker's room, or the only one of the house."""
    place = _place_words(entity.area_id, context)
    kinds = [
        w for w in content if entity.domain in domains_of(w) or canonical(w) in context.index.words[entity.entity_id]
    ]
    placed = [
        w for w in content if any((_alike(w, p, context) >= 0.85 if not exact else canonical(w) == p) for p in place)
    ]
    if any(w not in kinds and w not in placed for w in content):
        return False
    everywhere = not HOUSEWIDE.isdisjoint(segment.text.split())
    if placed:
        return (
            bool(kinds)
            or any(domains_of(w) and entity.domain in domains_of(w) for w in segment.text.split())
            or len(content) == len(placed)
        )
    if not kinds:
        return False
    if everywhere or (entity.area_id is not None and entity.area_id in near):
        return True
    noun = singular(kinds[-1])
    same = [
        e for e in context.of_domains(frozenset({entity.domain}))
        if e.exposed and (e.domain in domains_of(noun) or noun in context.index.words[e.entity_id])
    ]  # fmt: skip
    here = [e for e in same if e.area_id == context.area_id and context.area_id is not None]
    return entity in here or (not here and len(same) == 1)
