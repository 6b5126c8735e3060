"""What a phrase names outright: one device by its name, or a place in it."""

from __future__ import annotations

import re

from hub.understanding.context import Context
from hub.understanding.house import Entity
from hub.understanding.lexicon import domains_of
from hub.understanding.normalise import name_key
from hub.understanding.tagger import canonical

_DETERMINER = re.compile(r"^(?:(?:the|my|our|your|his|her|their|a|that|this|those|these|them) )+")


def device_named(phrase: str, domains: frozenset[str], context: Context) -> Entity | None:
    """The one device of these domains that has this name, the one in the speaker's room where several have it."""
    names = context.index.names
    ids = names.get(canonical(phrase)) or names.get(canonical(_DETERMINER.sub("", phrase)), ())
    found = [context.entity(i) for i in ids if i in context.house.entities]
    found = [e for e in found if e.domain in domains]
    if len(found) == 1 and context.area_id not in (None, found[0].area_id) and (
        _is_kind_here(phrase, domains, context) or _is_cut_short(phrase, found[0], domains, context)
    ):  # fmt: skip
        return None
    if len(found) > 1:
        whole = canonical(phrase)
        found = [e for e in found if whole in map(canonical, _spoken(e))] or found
        found = nearby(found, context)
        exposed = [e for e in found if e.exposed]
        found = exposed or found
    return found[0] if len(found) == 1 else None


def routine_named(text: str, context: Context) -> Entity | None:
    """The one scene or script of exactly this name, which is asked for by its bare name ("Movie night.")."""
    ids = context.index.names.get(canonical(text.replace(" ,", "")), ())
    known = [context.entity(i) for i in ids if i in context.house.entities]
    found = [e for e in known if e.domain == "scene"] or [e for e in known if e.domain == "script"]
    return found[0] if len(found) == 1 and found[0].exposed else None


def _is_kind_here(phrase: str, domains: frozenset[str], context: Context) -> bool:
    """Whether a name is only a kind of device of which the speaker's own room has one ("the blind")."""
    noun = canonical(_DETERMINER.sub("", phrase))
    kinds = domains & set(domains_of(noun))
    if not kinds or " " in noun:
        return False
    near = context.of_domains(frozenset(kinds), frozenset({context.area_id or ""}))
    return any(e.exposed and noun in context.index.words[e.entity_id] for e in near)


def _is_cut_short(phrase: str, elsewhere: Entity, domains: frozenset[str], context: Context) -> bool:
    """Whether a name without its room ("overhead") may as well be that of a device in the speaker's own room."""
    said = canonical(_DETERMINER.sub("", phrase))
    if said in map(canonical, map(name_key, (elsewhere.name, *elsewhere.aliases))):
        return False
    near = context.of_domains(domains, frozenset({context.area_id or ""}))
    return any(e.exposed and context.index.words[e.entity_id].issuperset(said.split()) for e in near)


def _spoken(entity: Entity) -> list[str]:
    return [name.lower() for name in (entity.name, *entity.aliases)]


def nearby(entities: list[Entity], context: Context) -> list[Entity]:
    """Those in the speaker's room; all of them where none is."""
    return [e for e in entities if e.area_id is not None and e.area_id == context.area_id] or entities


def take_place(phrase: str, context: Context) -> tuple[str, frozenset[str], str] | None:
    """Cut the longest area or floor name out of a phrase: rest, its areas, its name."""
    words = phrase.split()
    for length in range(min(len(words), context.index.longest + 1), 0, -1):
        for start in range(len(words) - length, -1, -1):
            span = " ".join(words[start : start + length])
            found = context.index.place_in(span)
            if found is None:
                continue
            kind, place_id = found
            if kind == "area":
                areas = frozenset({place_id})
            else:
                areas = frozenset(a for a, floor in context.index.area_floor.items() if floor == place_id)
            rest = re.sub(
                r"(?:(?: (?:out|over|up|down|through|back|everywhere|all over|around))* (?:in"
                r"|on|at|of|from|to|inside|for))?"
                r"(?: the| my| our)?$",
                "",
                " ".join(["", *words[:start]]),
            )
            return " ".join([*rest.split(), *words[start + length :]]), areas, span
    return None


def begins_with_a_name(text: str, context: Context) -> bool:
    """Whether a text begins with the full name of a device and goes on."""
    words = re.sub(r"^(?:the|my|our) ", "", text).split()
    return any(
        canonical(" ".join(words[:length])) in context.index.names
        for length in range(min(context.index.longest, len(words) - 1), 0, -1)
    )


def devices_in(text: str, context: Context, *, whole: bool = False) -> tuple[str, ...]:
    """The devices that a text names by their full names; with `whole` only where it says nothing else."""
    words = [w for w in text.split() if w not in (",", ".")]
    found: list[str] = []
    position = 0
    while position < len(words):
        for length in range(min(context.index.longest, len(words) - position), 0, -1):
            ids = context.index.names.get(canonical(" ".join(words[position : position + length])), ())
            if ids and all(i in context.house.entities for i in ids):
                near = [i for i in ids if context.entity(i).area_id == context.area_id]
                found += near or ids
                position += length
                break
        else:
            if whole and words[position] not in ("the", "my", "our", "that", "this", "those", "these"):
                return ()
            position += 1
    return tuple(dict.fromkeys(found))
