"""Yes-or-no questions, which, how many: what can be said of devices now."""

from __future__ import annotations

import re
from dataclasses import replace

from hub.understanding.adjectives import ADJECTIVES, adjective_of, holds
from hub.understanding.context import Context
from hub.understanding.house import Entity
from hub.understanding.lexicon import STOP, domains_of, singular
from hub.understanding.questions import COUNTABLE, Answer, no_permission, shape
from hub.understanding.states import (
    UNKNOWN_STATES,
    is_are,
    listed,
    sentence_case,
    state_words,
    the,
)
from hub.understanding.tagger import canonical
from hub.understanding.target import Miss, Target
from hub.understanding.targets import resolve

_SENSES: dict[str, frozenset[str]] = {
    "motion": frozenset({"motion", "occupancy", "moving"}), "movement": frozenset({"motion", "occupancy", "moving"}),
    "any": frozenset({"motion", "occupancy", "presence"}), "some": frozenset({"motion", "occupancy", "presence"}),
    "leak": frozenset({"moisture"}), "water": frozenset({"moisture"}), "smoke": frozenset({"smoke"}),
    "gas": frozenset({"gas"}),
    "carbon monoxide": frozenset({"carbon_monoxide"}), "fire": frozenset({"smoke"}), "flood": frozenset({"moisture"}),
}  # fmt: skip

_SENSED = dict.fromkeys(("anyone", "anybody", "someone", "somebody"), "motion")
_OPENINGS = frozenset({"", "door", "window", "garage_door", "opening", "lock"})


def _devices(phrase: str, place: str | None, adjective: str, context: Context) -> Target | Miss:
    domains = ADJECTIVES[adjective].domains
    phrase = re.sub(
        r"^(?:there )?(?:any(?:thing)?(?: of)?(?: the)?|some|the|all the|all of the|every) (?=.)", "", phrase
    )
    whole = f"{phrase}{place or ''}"
    words = phrase.split()
    noun = words[-1] if words else ""
    if adjective in ("open", "closed"):
        domains_first = domains - {"lock"} if singular(noun) != "lock" else domains
    elif adjective in ("locked", "unlocked"):
        domains_first = frozenset({"lock"})
    else:
        domains_first = domains - {"binary_sensor"} if phrase not in context.index.names else domains
    plural_noun = noun != singular(noun) or noun in ("everything", "anything")
    if plural_noun and domains_of(noun) and not place and len(words) == 1:
        whole = f"{phrase} everywhere"
    found = resolve(whole, domains_first, context)
    if isinstance(found, Miss) and found.reason == "no_such_device":
        other = resolve(whole, domains, context)
        found = other if isinstance(other, Target) or other.strength > found.strength else found
    if isinstance(found, Target) and adjective in ("open", "closed"):
        opening = tuple(e for e in found.entities if _opens(e))
        kinds = domains_of(" ".join(words[-2:]))  # "garage doors" are covers, though a door there may have a contact
        opening = tuple(e for e in opening if e.domain in kinds) or opening
        return replace(found, entities=opening or found.entities)
    return found


def _opens(entity: Entity) -> bool:
    """Whether it can be open or closed: a motion sensor in the garage cannot."""
    return entity.domain != "binary_sensor" or str(entity.attributes.get("device_class") or "") in _OPENINGS


def yes_no(text: str, context: Context) -> Answer | Miss | None:  # noqa: C901 - some, all, one, none
    """Answer "is the door open", "are any lights on"."""
    found = shape("yes_no", text)
    if found is None:
        return None
    adjective, phrase = adjective_of(found["a"]), found["t"]
    some = bool(re.match(r"(?:there )?(?:any|some|a)\b|anything", phrase)) or text.startswith(("is there", "are there"))
    if phrase in ("", "everything", "the house", "all", "house"):
        phrase = "everything"
    everywhere = " everywhere" if some and domains_of(phrase.split()[-1]) else None
    target = _devices(phrase, found["p"] or everywhere, adjective, context)
    if isinstance(target, Miss):
        return target
    entities = [e for e in target.entities if e.exposed]
    if not entities:
        return no_permission(target)
    ids = tuple(e.entity_id for e in entities)
    if len(entities) == 1:
        return Answer(_one_is(entities[0], adjective), ids)
    true = [e for e in entities if holds(e, adjective)]
    silent = [e for e in entities if e.state in UNKNOWN_STATES]
    shown = _shown(adjective)
    if some:
        text = (
            f"Yes, {listed([the(e) for e in true[:8]])} {'are' if len(true) > 1 else is_are(true[0])} {shown}."
            if true
            else f"No, none of them is {shown}."
        )
    elif len(true) == len(entities):
        text = f"Yes, all {len(entities)} are {shown}."
    elif true and not re.search(r"\b(?:all|every|everything|both)\b", text):
        rest = [e for e in entities if e not in true and e not in silent]
        other = (
            f", {listed([the(e) for e in rest[:8]])} {'are' if len(rest) > 1 else is_are(rest[0])} not" if rest else ""
        )
        names = sentence_case(listed([the(e) for e in true[:8]]))
        text = f"{names} {'are' if len(true) > 1 else is_are(true[0])} {shown}{other}."
    elif not true:
        text = f"No, none of the {len(entities)} is {shown}."
    else:
        rest = [e for e in entities if e not in true and e not in silent]
        text = (
            f"No, {listed([the(e) for e in rest[:8]])} {'are' if len(rest) > 1 else is_are(rest[0])} not {shown}."
            if rest
            else f"The others are {shown}."
        )
    if silent:
        text += f" {sentence_case(listed([the(e) for e in silent[:4]]))} did not answer."
    return Answer(text, ids, "query" if len(silent) < len(entities) else "unavailable")


def _shown(adjective: str) -> str:
    return {"home": "at home"}.get(adjective, adjective)


def _one_is(entity: Entity, adjective: str) -> str:
    if entity.state in UNKNOWN_STATES:
        return f"{sentence_case(the(entity))} {is_are(entity)} not answering, so I cannot tell."
    true = holds(entity, adjective)
    if true:
        return f"Yes, {the(entity)} {is_are(entity)} {_shown(adjective)}."
    now = state_words(entity) if adjective not in ("muted", "oscillating") else f"not {adjective}"
    return f"No, {the(entity)} {is_are(entity)} {now}."


def which(text: str, context: Context) -> Answer | Miss | None:
    """Answer "which lights are on"."""
    found = shape("which", text)
    if found is None or (found["t"] or "") in ("time", "day", "it"):
        return None
    adjective = adjective_of(found["a"])
    target = _devices(found["t"] or "everything", found["p"], adjective, context)
    if isinstance(target, Miss):
        return target
    entities = [e for e in target.entities if e.exposed]
    if not entities:
        return no_permission(target)
    true = [e for e in entities if holds(e, adjective)]
    ids = tuple(e.entity_id for e in entities)
    if not true:
        return Answer(f"None of them is {_shown(adjective)}.", ids)
    more = f" and {len(true) - 10} more" if len(true) > 10 else ""
    verb = "are" if len(true) > 1 else is_are(true[0])
    return Answer(f"{sentence_case(listed([the(e) for e in true[:10]]))}{more} {verb} {_shown(adjective)}.", ids)


def count(text: str, context: Context) -> Answer | Miss | None:
    """Answer "how many windows are open"."""
    found = shape("count", text)
    if found is None:
        return None
    adjective = adjective_of(found["a"]) if found["a"] else ""
    target = (
        _devices(found["t"], found["p"], adjective, context)
        if adjective
        else resolve(f"{found['t']}{found['p'] or ' everywhere'}", COUNTABLE, context)
    )
    if isinstance(target, Miss):
        return target
    entities = [e for e in target.entities if e.exposed]
    true = [e for e in entities if not adjective or holds(e, adjective)]
    number = len(true)
    noun = found["t"].removeprefix("of the ")
    shown = f" {_shown(adjective)}" if adjective else ""
    verb = "is" if number == 1 else "are"
    noun = noun if number != 1 else singular(noun)
    text = f"{'One' if number == 1 else number or 'No'} {noun} {verb}{shown}."
    if not adjective:
        text = f"There {verb} {'one' if number == 1 else number or 'no'} {noun}."
    return Answer(text, tuple(e.entity_id for e in entities))


def sensed(text: str, context: Context) -> Answer | Miss | None:
    """Answer "is there motion in the hall"."""
    found = shape("sensed", text)
    if found is None:
        return None
    classes = next(kinds for word, kinds in _SENSES.items() if found["s"].startswith(word))
    pool = [e for e in context.of_domains(frozenset({"binary_sensor"})) if e.attributes.get("device_class") in classes]
    if found["t"]:
        target = resolve(f"everything in the {found['t']}", frozenset({"binary_sensor"}), context)
        there = {canonical(word) for word in found["t"].split()} - STOP
        inside = target.entities if isinstance(target, Target) else ()
        pool = [e for e in pool if e in inside] or [e for e in pool if there <= context.index.words[e.entity_id]]
    exposed = [e for e in pool if e.exposed]
    if not exposed:
        kind = _SENSED.get(found["s"], found["s"])
        return Miss("no_such_device", f"{kind} sensor", (found["t"],) if found["t"] else (), strength=3)
    on = [e for e in exposed if e.state == "on"]
    silent = [e for e in exposed if e.state in UNKNOWN_STATES]
    told = f"Yes, says {listed([the(e) for e in on])}." if on else "No."
    if silent:
        told += f" {sentence_case(listed([the(e) for e in silent[:4]]))} did not answer."
    return Answer(told, tuple(e.entity_id for e in exposed), "unavailable" if len(silent) == len(exposed) else "query")
