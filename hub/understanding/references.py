"""Which devices "it", "them", "the other one" and "her" stand for: what was spoken of before, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hub.understanding.context import Context
from hub.understanding.focus import Mention
from hub.understanding.house import Entity
from hub.understanding.lexicon import domains_of, singular
from hub.understanding.tagger import canonical
from hub.understanding.target import Target

_ONE = re.compile(r"(?:it|that|this|(?:this|that|the same) (?:one|1|thing)|the same|the (?:one|1)|it all)")
_SEVERAL = re.compile(
    r"(?:(?:both|all|the (?:two|2)|each|every (?:one|1))(?: of (?:them|those|these|the (?:two|2)))?"
    r"|(?:them|those|these|they)(?: (?:both|all|ones|two|2))?)"
)
_OTHER = re.compile(r"(?:the |my |our )?other(?: (?:one|1))?|(?:the |my |our )other (?P<noun>.+)")
_REST = re.compile(
    r"(?:all )?(?:the |my |our )?(?:others|other ones|rest(?: of (?:them|those|these|the (?P<noun>.+)))?)"
)
_POINTED = re.compile(r"(?:this|that|these|those|the same|both(?: of)?(?: those| these| the)?) (?P<noun>.+)")
_MINE = re.compile(r"mine|ours|(?:my|our) (?:own|one|1)|the (?:one|1) (?:in )?here")
_ROBOT = re.compile(r"(?:her|him|she|he)")
_ROBOTS = frozenset({"vacuum", "lawn_mower"})


def resolve_reference(phrase: str, domains: frozenset[str], context: Context) -> Target | None:
    """Find the devices of these domains that a phrase points back to.

    Args:
        phrase: a noun phrase in plain words; empty where nothing was named.
        domains: what the verb can be done to.
        context: with the focus of the conversation.

    Returns:
        None when the phrase points at nothing that was spoken of; it may still be a name.
    """
    phrase = phrase.strip(" ,")
    if not phrase:
        # Nothing was named: what was spoken of here. In another room the room itself is meant.
        here = context.focus.mentions[:1] and context.focus.mentions[0].area_id == context.area_id
        return _target(_one(domains, context)) if here else None
    if _ROBOT.fullmatch(phrase):
        return _target(_robot(domains, context)) or _target(_one(domains, context))
    for pattern, pointed_at in ((_ONE, _one), (_SEVERAL, _several), (_MINE, _mine)):
        if pattern.fullmatch(phrase):
            return _target(pointed_at(domains, context))
    for pattern, find in ((_OTHER, _other), (_REST, _rest)):
        found = pattern.fullmatch(phrase)
        if found:
            return _target(find(found["noun"] or "", domains, context))
    pointed = _POINTED.fullmatch(phrase)
    return _target(_pointed(pointed["noun"], domains, context)) if pointed else None


def _mine(domains: frozenset[str], context: Context) -> Iterable[Entity]:
    """The one device in the speaker's room that is called as one is that was spoken of: "turn mine on too"."""
    for mention in context.focus.mentions:
        before = [context.house.entities[i] for i in mention.entity_ids if i in context.house.entities]
        heads = {canonical(e.name.lower()).rpartition(" ")[2] for e in before if e.domain in domains}
        near = [e for e in context.of_domains(domains, frozenset({context.area_id or ""})) if e.exposed]
        own = [e for e in near if canonical(e.name.lower()).rpartition(" ")[2] in heads and e not in before]
        if heads:
            return own if len(own) == 1 else ()
    return ()


def _target(entities: Iterable[Entity]) -> Target | None:
    found = tuple(entities)
    return Target(found, group=len(found) > 1) if found else None


def _devices(mention: Mention, domains: frozenset[str], context: Context) -> list[Entity]:
    """The mention's devices that are still there, may be used and take the verb."""
    known = (context.house.entities.get(entity_id) for entity_id in mention.entity_ids)
    return [e for e in known if e is not None and e.exposed and e.domain in domains]


def _mentioned(domains: frozenset[str], context: Context) -> list[list[Entity]]:
    """The devices of each mention that has some, newest first."""
    found = (_devices(mention, domains, context) for mention in context.focus.mentions)
    return [devices for devices in found if devices]


def _one(domains: frozenset[str], context: Context) -> list[Entity]:
    """The newest single device; a group is "it" only where the two newest mentions hold no single one."""
    mentions = _mentioned(domains, context)
    return next((devices for devices in mentions[:2] if len(devices) == 1), mentions[0] if mentions else [])


def _several(domains: frozenset[str], context: Context) -> list[Entity]:
    """The newest group; where there is none, the two newest single devices together."""
    mentions = _mentioned(domains, context)
    if mentions and len(mentions[0]) > 1:
        return mentions[0]
    singles: dict[str, Entity] = {}
    for devices in mentions:
        if len(devices) > 1:
            return devices
        singles.update((e.entity_id, e) for e in devices)
        if len(singles) == 2:
            break
    return list(singles.values())


def siblings(entity: Entity, domains: frozenset[str], context: Context) -> list[Entity]:
    """The devices one would call "the other one": the same kind close by, the most alike in name."""
    same = [
        e for e in context.of_domains(frozenset({entity.domain}) & domains)
        if e.exposed and e.entity_id != entity.entity_id
    ]  # fmt: skip
    near = [e for e in same if e.area_id == entity.area_id]
    for pool in (near, same):
        for alike in (_differ_by_a_word, _same_head):
            found = [e for e in pool if alike(entity, e)]
            if found and (pool is near or len(found) == 1):
                return found
        if pool:
            return pool if pool is near or len(pool) == 1 else []
    return []


def _words(entity: Entity) -> list[str]:
    return canonical(entity.name.lower()).split()


def _differ_by_a_word(one: Entity, other: Entity) -> bool:
    a, b = set(_words(one)), set(_words(other))
    return len(a) > 1 and len(a - b) == 1 and len(b - a) == 1


def _same_head(one: Entity, other: Entity) -> bool:
    return _words(one)[-1:] == _words(other)[-1:]


def _of_kind(entities: list[Entity], noun: str, context: Context) -> list[Entity]:
    """Those that the noun can stand for, by their kind or by a word of their name."""
    if not noun:
        return entities
    kinds, word = domains_of(noun), canonical(noun)
    return [
        e
        for e in entities
        if e.domain in kinds or set(word.split()) <= context.index.words.get(e.entity_id, frozenset())
    ]


def _other(noun: str, domains: frozenset[str], context: Context) -> list[Entity]:
    """The one left over; several when the phrase is plural, none when it is not clear which."""
    for devices in _mentioned(domains, context):
        taken = {e.entity_id for e in devices}
        left = [e for e in siblings(devices[0], domains, context) if e.entity_id not in taken]
        left = _of_kind(left, noun, context)
        if noun and noun != singular(noun):
            return left
        if len(left) > 1:
            # Of several the one that was spoken of just before.
            spoken_of = {i for mention in context.focus.mentions for i in mention.entity_ids}
            left = [e for e in left if e.entity_id in spoken_of]
        return left if len(left) == 1 else []
    return []


def _rest(noun: str, domains: frozenset[str], context: Context) -> list[Entity]:
    """What the newest mention left out of its kind in its area."""
    for devices in _mentioned(domains, context):
        taken = {e.entity_id for e in devices}
        places = {e.area_id for e in devices}
        kinds = frozenset(e.domain for e in devices)
        left = [e for e in context.of_domains(kinds) if e.exposed and e.area_id in places and e.entity_id not in taken]
        return _of_kind(left, noun, context)
    return []


def _pointed(noun: str, domains: frozenset[str], context: Context) -> list[Entity]:
    """The newest mention of the kind, for "that lamp" and "those blinds"."""
    if not domains_of(noun):
        return []
    plural = noun != singular(noun)
    for devices in _mentioned(domains, context):
        found = _of_kind(devices, noun, context)
        if found and (plural or len(found) == 1):
            return found
    return []


def _robot(domains: frozenset[str], context: Context) -> list[Entity]:
    """A robot with a name is spoken of as a person."""
    wanted = domains & _ROBOTS
    if not wanted:
        return []
    spoken_of = _mentioned(wanted, context)
    if spoken_of and len(spoken_of[0]) == 1:
        return spoken_of[0]
    robots = [e for e in context.of_domains(wanted) if e.exposed]
    near = [e for e in robots if e.area_id is not None and e.area_id == context.area_id]
    return robots if len(robots) == 1 else near if len(near) == 1 else []
