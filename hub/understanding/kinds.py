"""Devices by their kind and by words that tell them apart."""

from __future__ import annotations

from hub.understanding.context import Context, liveliest_player
from hub.understanding.house import Entity
from hub.understanding.lexicon import NARROW, SAME_CLASS, domains_of, singular
from hub.understanding.naming import nearby
from hub.understanding.tagger import canonical
from hub.understanding.target import Miss, Target

# One of these is meant by its singular; "the light" may be all of a room's.
_ENTRANCES = frozenset({"cover", "lock", "valve"})
_NO_DOORS = frozenset({"safe", "box", "cabinet", "drawer", "locker", "car", "bike", "chest", "cupboard"})
_SIDES = frozenset({"left", "right", "top", "bottom", "back", "front", "big", "little", "small", "old", "new", "far"})
MAIN = ("thermostat", "heating", "boiler", "central", "main")


def _pool(
    noun: str, kinds: frozenset[str], area_ids: frozenset[str] | None, domains: frozenset[str], context: Context, *,
    every: bool = False,
) -> list[Entity]:  # fmt: skip
    """Every device that the noun can stand for, before the room narrows it."""
    pool = context.of_domains(kinds, area_ids)
    head = canonical(noun)
    wanted = set(head.split())
    mentioned = [e for e in context.of_domains(domains, area_ids) if wanted <= context.index.words[e.entity_id]]
    by_class = [e for e in pool if e.attributes.get("device_class") == SAME_CLASS.get(head, "-")]
    named = list({e.entity_id: e for e in (*by_class, *mentioned)}.values())
    if head in NARROW or head in SAME_CLASS:
        plain_light = head == "lamp" and not named
        all_doors = head == "door" and kinds == {"lock"} and (noun.endswith("s") or every)
        if all_doors:
            pool = [e for e in pool if _NO_DOORS.isdisjoint(context.index.words[e.entity_id])]
        return pool if plain_light or all_doors else named
    return named if named and kinds.isdisjoint({"light", "media_player"}) else pool


def of_kind(
    noun: str, kinds: frozenset[str], area_ids: frozenset[str] | None, domains: frozenset[str], context: Context, *,
    every: bool, place: str | None,
) -> Target | Miss:  # fmt: skip
    """The devices of a kind: in the place that was named, else in the room, else what of the house is meant."""
    pool = _pool(noun, kinds, area_ids, domains, context, every=every)
    several = None if every else _one_of(noun, kinds, pool, context, placed=area_ids is not None or place == "")
    if several is not None:
        return several
    players = "media_player" in kinds
    if area_ids is not None or place == "":
        return group((liveliest_player(pool) or pool) if players and not every else pool, noun, place, kind=noun)
    near = [e for e in pool if e.area_id == context.area_id and context.area_id is not None and e.exposed]
    if every and noun.endswith("s") and not near:
        return group(pool, noun, place, kind=noun)
    if near:
        near = liveliest_player(near) if players else near
        return Target(tuple(near), group=len(near) > 1)
    return _in_the_house(noun, kinds, [e for e in pool if e.exposed] or pool, context)


def _one_of(
    noun: str, kinds: frozenset[str], pool: list[Entity], context: Context, *, placed: bool
) -> Target | Miss | None:
    """What "the gate" and "the doors" come to beside several gates, or one door; None where nothing special."""
    exposed = [e for e in pool if e.exposed]
    near = [e for e in exposed if placed or (e.area_id == context.area_id and context.area_id is not None)]
    if len(near) == 1 and not placed and kinds == {"lock"} and canonical(noun) == "door" and noun.endswith("s"):
        return Target(tuple(exposed), group=True)
    if len(near) > 1 and noun == singular(noun) and kinds <= _ENTRANCES | ({"fan"} if placed else set()):
        return Miss("ambiguous", noun, tuple(e.name for e in near[:6]), strength=4)
    return None


def _in_the_house(noun: str, kinds: frozenset[str], pool: list[Entity], context: Context) -> Target | Miss:
    """None is in the room: the only one, the main one, or all of one place; else ask."""
    if not pool:
        return Miss("no_such_device", noun, strength=3)
    choices = [liveliest_player(pool)] if "media_player" in kinds else []
    if kinds & {"climate", "water_heater"}:
        choices.append([e for e in pool if not context.index.words[e.entity_id].isdisjoint(MAIN)])
    for choice in (pool, *choices):
        if len(choice) == 1:
            return Target((choice[0],))
    several = noun != singular(noun)
    if several and (len({e.area_id for e in pool}) == 1 or kinds <= {"lock"}):
        return Target(tuple(pool), group=True)
    return Miss("ambiguous", noun, tuple(e.name for e in pool[:6]), strength=4)


def group(pool: list[Entity], phrase: str, place: str | None, *, kind: str) -> Target | Miss:
    """All of several devices that may be touched by voice."""
    exposed = tuple(e for e in pool if e.exposed)
    if exposed:
        return Target(exposed, group=True)
    if pool:
        return Miss("not_exposed", phrase, tuple(e.name for e in pool), strength=5)
    return Miss("no_such_device", kind or phrase, (place,) if place else (), strength=3)


def _holders(word: str, domains: frozenset[str], context: Context) -> set[str]:
    """The devices that a word tells something of: by name, or by kind."""
    holders = set(context.index.by_word.get(word, ()))
    kinds = frozenset(domains_of(word))
    if kinds and word not in NARROW:
        holders |= {e.entity_id for e in context.of_domains(kinds & domains)}
    if word == "ac" and not holders:
        climates = context.of_domains(frozenset({"climate"}) & domains)
        holders = {e.entity_id for e in climates if "cool" in e.capabilities}
    if word == "lamp":
        holders |= {e.entity_id for e in context.of_domains(frozenset({"light"}))}
    return holders


def by_words(
    words: list[str],
    area_ids: frozenset[str] | None,
    domains: frozenset[str],
    context: Context,
    place: str = "",
    *,
    one: bool = False,
) -> Target | Miss:
    """Devices in whose name, alias, kind or area every one of the words occurs."""
    if _SIDES.issuperset(words) and not one:
        return Miss("not_understood", " ".join(words), strength=0)  # "right there" is no lamp on the right
    unknown: list[str] = []
    best: set[str] | None = None
    for word in map(canonical, words):
        holders = _holders(word, domains, context)
        if not holders:
            unknown.append(word)
            continue
        best = holders if best is None else best & holders
    if words[-1] in ("one", "ones", "1") and len(words) > 1 and (unknown or not best):
        return by_words(words[:-1], area_ids, domains, context, place, one=True)
    if unknown:
        return Miss("no_such_device", " ".join(words), (place,) if place else (), strength=2)
    found = [context.entity(i) for i in sorted(best or ()) if i in context.house.entities]
    found = [e for e in found if e.domain in domains and (area_ids is None or e.area_id in area_ids)]
    plural = words[-1] != singular(words[-1])
    if len(found) > 1 and not plural:
        found = nearby(found, context)
    exposed = [e for e in found if e.exposed] or found
    if not exposed:
        return Miss("no_such_device", " ".join(words), (place,) if place else (), strength=3)
    if len(exposed) == 1 or plural or area_ids is not None:
        return Target(tuple(exposed), group=len(exposed) > 1, cost=1)
    return Miss("ambiguous", " ".join(words), tuple(e.name for e in exposed[:6]), strength=4)
