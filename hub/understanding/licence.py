"""Whether words mean a device: by its name, misheard or not, its kind in a place, or as what was spoken of before."""

from __future__ import annotations

import re

from hub.understanding.context import Context, liveliest_player
from hub.understanding.evidence import Evidence, Segment
from hub.understanding.frames import GRAMMAR_WORDS
from hub.understanding.house import Entity
from hub.understanding.lexicon import HOUSEWIDE, STOP, domains_of, singular
from hub.understanding.misheard import NAMED, alike, all_place_words, mended, named_by, place_words
from hub.understanding.naming import device_named
from hub.understanding.tagger import canonical, sound_of
from hub.understanding.target import PRONOUNS, Target
from hub.understanding.targets import resolve
from hub.understanding.verbs import Form, is_verb

_MARGIN = 0.1
_MAX_HOLDERS = 60
_LEADING = re.compile(
    r"^(?:(?:turn|switch|put|flip|power|get|have|give|make|set|bring|please|can|could|would|you|will|i|want|need|on|off|up|down"
    r"|back|out|to|and|also|then|just|light) )+(?=the |my |our |all |both |every |\S)"
)
_TRAILING = re.compile(
    r"(?: (?:on|off|up|down|of|open|closed|shut|please|now|to|at|by|locked|too|again|a|bit|-?\d[\d.]*\S*))+$"
)
_NOISE = frozenset(
    """please really very bit little more less lot again now here there too as well also thanks thank you i we me us my
    our your can could would will want need like just it that them this these those all both every each room house so
    is are am be not do does did have has had get got go going come let make quite pretty much way some any no yes ok
    hey up down on off in out at to of for from by with and or the a an one mode level percent degrees degree kindly
    everything everywhere know uh um nice love feel think say said tell""".split()  # noqa: SIM905 - a page of words
)
# These tell two doors apart, and are verbs and particles elsewhere.
_TELLING = frozenset("back front left right top bottom upper middle main inside outside upstairs downstairs".split())  # noqa: SIM905
# Not the back door: "turn it back on".
_BACK = re.compile(r" back(?= (?:on|off|up|down|to|in|home|again) )")
_DETERMINERS = frozenset({"the", "a", "an", "my", "our", "your"})
_BACK_WORDS = PRONOUNS | {"one", "ones", "other", "same", "again", "too", "there", "more", "both", "they"}
_HERE = re.compile(r"\b(?:in here|here|this room)\b")
_SWITCHED = frozenset({"light", "switch", "fan", "media_player", "humidifier"})
# What nobody names: there is one list, and one player plays.
_UNNAMED = frozenset({"media_player", "todo"})


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


def is_bare_name(entity: Entity, part: str, context: Context, *, exact: bool) -> bool:
    """Whether the words name the device and hold nothing else that names or says anything."""
    words = part.split()
    content = _content(words)
    score, used = named_by(entity, words, context, exact=exact)
    if not content or (score < NAMED and not any(entity.domain in domains_of(w) for w in content)):
        return False
    places = place_words(entity.area_id, context)
    return all(w in used or w in places or entity.domain in domains_of(w) for w in content)


def named_areas(evidence: Evidence, context: Context) -> frozenset[str]:
    """Areas of the devices that later requests of a turn name: "lights off and lock the gate", said elsewhere."""
    key = ("named areas", evidence.text)
    known = context.memo.get(key)
    if isinstance(known, frozenset):
        return known
    found: set[str] = set()
    for segment in evidence.segments[1:]:
        ids = {i for w in _content(segment.text.split()) for i in context.index.by_word.get(canonical(w), ())}
        areas = {e.area_id for i in ids if (e := context.house.entities.get(i)) is not None and e.area_id}
        if len(areas) == 1:
            found |= areas
    made = frozenset(found)
    context.memo[key] = made
    return made


def _part_means(  # noqa: PLR0911 - one line a case
    entity: Entity, part: str, segment: Segment, context: Context, *, exact: bool, near: frozenset[str]
) -> bool:
    words = part.split()
    content = _content(words)
    score, used = named_by(entity, words, context, exact=exact)
    if not content and score < 1:
        # "Turn on the" is no request yet.
        return _DETERMINERS.isdisjoint(words) and _spoken_of(entity, words, context)
    if score < NAMED and any(_is_other_kind(w, entity, context) for w in content):
        return False
    if _is_name_of_other(entity, part, context):
        return False
    if _resolved(entity, part, context):
        return True
    if not exact:
        repaired = mended(words, [w in content or _is_no_filling(w) for w in words], entity, context)
        if repaired != words and _resolved(entity, " ".join(repaired), context):
            return True
    if any(w not in used and _belongs_to_others(w, entity, context) for w in content):
        return False
    if score >= NAMED and score >= _best_other(entity, words, context, exact=exact) + (0 if score == 1 else _MARGIN):
        return True
    return _by_kind(entity, content, segment, context, near=near, exact=exact)


def _phrase(part: str) -> str:
    """What a part of a request calls its device."""
    words = part.split()
    if words and is_verb(words[0], Form.BASE, Form.ING):
        words = words[1:]
    return _TRAILING.sub("", _LEADING.sub("", " ".join(words)))


def _is_name_of_other(entity: Entity, part: str, context: Context) -> bool:
    """Whether the words are the whole name of another device that the same may be done to: "the blue bedroom light"."""
    same = _SWITCHED if entity.domain in _SWITCHED else frozenset({entity.domain})
    named = device_named(_phrase(part), same, context)
    return named is not None and named.entity_id != entity.entity_id


def _resolved(entity: Entity, part: str, context: Context) -> bool:
    """Whether the parser's own reading of the noun phrase gives the device."""
    phrase = _phrase(part)
    if not phrase:
        return False
    found = resolve(phrase, frozenset({entity.domain}), context)
    return isinstance(found, Target) and entity in found.entities


def _content(words: list[str]) -> list[str]:
    """The words that may name something."""
    words = _BACK.sub(" ", f" {' '.join(words)} ").split()
    return [w for w in words if w in _TELLING or _may_name(w)]


def _is_no_filling(word: str) -> bool:
    return not (word in _NOISE or word in STOP or word[:1].isdigit() or is_verb(word, *Form))


def _may_name(word: str) -> bool:
    return _is_no_filling(word) and (word not in GRAMMAR_WORDS or bool(domains_of(word)))


def _is_other_kind(word: str, entity: Entity, context: Context) -> bool:
    kinds = domains_of(word)
    return bool(kinds) and entity.domain not in kinds and canonical(word) not in _words(entity, context)


def _words(entity: Entity, context: Context) -> frozenset[str]:
    return context.index.words.get(entity.entity_id, frozenset())


def _spoken_of(entity: Entity, words: list[str], context: Context) -> bool:
    """No thing was named: what was spoken of before, else what nobody names."""
    mentions = context.focus.mentions[:2]
    if any(entity.entity_id in mention.entity_ids for mention in mentions):
        return True
    if entity.domain not in _UNNAMED or (mentions and not _BACK_WORDS.isdisjoint(words)):
        return False
    same = [e for e in context.of_domains(frozenset({entity.domain})) if e.exposed]
    if entity.domain == "todo":
        same = [e for e in same if not {"shopping", "grocery", "groceries"}.isdisjoint(_words(e, context))] or same
    here = [e for e in same if e.area_id == context.area_id and context.area_id is not None]
    return entity in here or (not here and same == [entity]) or liveliest_player(same) == [entity]


def _best_other(entity: Entity, words: list[str], context: Context, *, exact: bool) -> float:
    """The best score of any other device that one of the words may name."""
    ids: dict[str, None] = {}
    for word in _content(words):
        heard = [canonical(word)]
        if not exact:
            heard += context.index.sounds.get(sound_of(word), ())
        for known in heard:
            holders = context.index.by_word.get(canonical(known), ())
            if len(holders) <= _MAX_HOLDERS:
                ids.update(dict.fromkeys(holders))
    ids.pop(entity.entity_id, None)
    scores = (named_by(context.entity(i), words, context, exact=exact)[0] for i in ids if i in context.house.entities)
    return max(scores, default=0.0)


def _belongs_to_others(word: str, entity: Entity, context: Context) -> bool:
    """Whether the word is plainly of another device or place: neither in its names nor its kind nor its area."""
    known = canonical(word)
    if known in _words(entity, context) or entity.domain in domains_of(word):
        return False
    if known in place_words(entity.area_id, context):
        return False
    return known in context.index.by_word or known in all_place_words(context)


def _by_kind(
    entity: Entity, content: list[str], segment: Segment, context: Context, *, near: frozenset[str], exact: bool
) -> bool:
    """The kind of device, in the place that is named, in the speaker's room, or the only one of the house."""
    places = place_words(entity.area_id, context)
    kinds = [w for w in content if entity.domain in domains_of(w) or canonical(w) in _words(entity, context)]
    placed = [w for w in content if any((canonical(w) == p if exact else alike(w, p, context) >= 0.85) for p in places)]
    if any(w not in kinds and w not in placed for w in content):
        return False
    said = segment.text.split()
    if placed and (kinds or any(entity.domain in domains_of(w) for w in said)):
        return True
    if placed or not kinds:
        # "Turn off the kitchen" speaks of its lights.
        return bool(placed) and entity.domain == "light" and segment.has_verb
    everywhere = not HOUSEWIDE.isdisjoint(said) and not _HERE.search(segment.text)
    if everywhere or (entity.area_id is not None and entity.area_id in near):
        return True
    noun = singular(kinds[-1])
    same = [
        e for e in context.of_domains(frozenset({entity.domain}))
        if e.exposed and (e.domain in domains_of(noun) or noun in _words(e, context))
    ]  # fmt: skip
    here = [e for e in same if e.area_id == context.area_id and context.area_id is not None]
    return entity in here or (not here and len(same) == 1)
