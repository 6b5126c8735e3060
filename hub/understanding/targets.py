"""From a noun phrase to the devices it means. Every content word must be explained by the house."""

from __future__ import annotations

import re
from dataclasses import replace

from hub.understanding.context import Context
from hub.understanding.house import Entity
from hub.understanding.kinds import by_words, group, of_kind
from hub.understanding.lexicon import ALL, HOUSEWIDE, STOP, domains_of, singular
from hub.understanding.naming import device_named, take_place
from hub.understanding.normalise import name_key
from hub.understanding.references import resolve_reference
from hub.understanding.tagger import canonical
from hub.understanding.target import PRONOUNS, Miss, Target

_EXCEPT = re.compile(
    r" ?,? (?:except(?: for)?|apart from|other than|excluding|besides|but not|but for|but|aside"
    r" from|save for|leaving out"
    r"|(?:bar|minus|not|just not) (?=the |my |our |his |her |[a-z]+s )|not in (?=the |my |our ))(?: |(?<= ))"
)
_AND = re.compile(r" ?, and | ?, | and | plus | as well as | nor ")
# A state inside a phrase ends a clause: no device is "the kettle on and the radio".
_TWO_CLAUSES = re.compile(
    r"\b(?:on|off|up|down|open|closed)(?: ,)? (?:and|then) | and (?:on|off) (?:the|my|our) |^(?:and|or) | (?:and"
    r"|or|with)$"
    r"|\b(?:the|my|our) (?:from|to|at|by|for) | off (?!the road)"
)
_ON_A_KIND = re.compile(r" on (?P<kind>[a-z]+)$")
_HERE = re.compile(r" ?\b(?:in|around|of|for|out|over|up|down)? ?\b(?:in here|here|this room|the room|my room)$")
_EVERYWHERE = re.compile(
    r" ?\b(?:in|throughout|around|across|of|all over) (?:the |my |our )?(?:(?:whole|entire) )?(?:house|home|place)$"
    r"| ?\bon the place$| ?\b(?:the )?(?:everywhere|(?:whole|entire) (?:house|home|place))$"
    r"|^the (?:house|home)$|^(?:house|home)$|"
    r" ?\b(?:in )?(?:every|each|all (?:the |of the )?|any) ?rooms?$"
)
_STRANGE_PLACE = re.compile(r"(.+) (?:in|at) (?:the |my |our )?([a-z ]+)")
_NOUN_IN_PLACE = re.compile(r"(?:.+ )?(\w+) (?:in|on|at|of) ")
_MOST_PARTS, _NAME_AND_TWO = 8, 2
_ONE = re.compile(r" (?:one|1|ones)$")
_BESIDE = re.compile(
    r"(?:(?:the|my|that|this) )?(?P<kind>lights?|lamps?) (?:over|above|by|beside|near|next to"
    r"|under|underneath|behind|in|at|on)"
    r" (?:the|my|our) (?P<what>.+)"
)
_LIT = frozenset({"light", "switch", "input_boolean"})
_PLUGGED = frozenset({"switch", "input_boolean"})
_SAID_TWICE = {
    **dict.fromkeys(("light", "lights", "lamp", "lamps", "lighting", "strip", "strips", "fixture"), _LIT),
    **dict.fromkeys(("plug", "socket", "switch", "outlet", "machine", "heater"), _PLUGGED),
}
_POINTING = frozenset({"this", "that", "these", "those"})
# Whose it is tells nothing where nobody was spoken of; "them lights" are those.
_OWNER = re.compile(
    r"^(?:his|her|their|its|your|them|all them|all these|all those)(?= (?!both|all|two|2|ones?\b"
    r"|and\b|,))"
)


def resolve(phrase: str, domains: frozenset[str], context: Context) -> Target | Miss:
    """Find the devices of these domains that a phrase means.

    Exact name, then kind in a place, then discriminating words; lists and exclusions on top.
    """
    phrase = _OWNER.sub("", phrase.strip(" ,"))
    key = (phrase, domains)
    known = context.memo.get(key)
    if isinstance(known, (Target, Miss)):
        return known
    found = context.memo[key] = _resolve(phrase, domains, context)
    return found


def _resolve(phrase: str, domains: frozenset[str], context: Context) -> Target | Miss:
    named = _by_name(phrase, domains, context)
    if named and not _may_be_several(phrase, named):
        return named
    if _is_two_clauses(phrase) and canonical(phrase.removeprefix("the ")) not in context.index.names:
        return Miss("not_understood", phrase, strength=0)
    cut = _EXCEPT.search(phrase)
    if cut:
        return _without(phrase[: cut.start()], phrase[cut.end() :], domains, context)
    parts = _joined_names([part for part in _AND.split(phrase) if part], context)
    found = _several(parts, domains, context) if 1 < len(parts) <= _MOST_PARTS else _single(phrase, domains, context)
    if isinstance(found, Miss) and found.reason != "not_exposed" and len(parts) > 1:
        return _row_of_names(phrase, domains, context) or found
    return found


def _is_two_clauses(phrase: str) -> bool:
    """Whether a phrase goes over the end of a clause: "projector on | lights"."""
    on = _ON_A_KIND.search(phrase)
    return bool(_TWO_CLAUSES.search(phrase)) or (on is not None and "light" in domains_of(on["kind"]))


def _row_of_names(phrase: str, domains: frozenset[str], context: Context) -> Target | None:
    """Full names one after the other, without a word between ("the front door back door and side gate")."""
    words = [word for word in phrase.split() if word not in (",", "and", "plus", "the", "my", "our", "both", "all")]
    entities: list[Entity] = []
    position = 0
    while position < len(words):
        for length in range(min(context.index.longest, len(words) - position), 0, -1):
            named = device_named(" ".join(words[position : position + length]), domains, context)
            if named is not None:
                entities += [named] if named not in entities else []
                position += length
                break
        else:
            return None
    return Target(tuple(entities), group=True) if len(entities) > 1 else None


def _joined_names(parts: list[str], context: Context) -> list[str]:
    """Parts of which two are one name ("salt and pepper lamp") together again."""
    together: list[str] = []
    for part in parts:
        if together and _one_name(together[-1].split(), part.split(), context):
            together[-1] += f" and {part}"
        else:
            together.append(part)
    return together


def _one_name(left: list[str], right: list[str], context: Context) -> bool:
    """Whether a name of the house reaches over the "and" ("the lights in Mum and Dad's room")."""
    for start in range(max(0, len(left) - 3), len(left)):
        for end in range(1, min(len(right), 4) + 1):
            key = canonical(" ".join([*left[start:], "and", *right[:end]]))
            if key in context.index.names or key in context.index.areas:
                return True
    return False


def _without(kept: str, dropped: str, domains: frozenset[str], context: Context) -> Target | Miss:
    whole = resolve(kept, domains, context)
    if isinstance(whole, Miss):
        return whole
    head = kept.rsplit(maxsplit=1)[-1] if kept.split() else ""
    minus = resolve(dropped, domains, context)
    if isinstance(minus, Miss) and domains_of(head):
        minus = resolve(f"{dropped} {head}", domains, context)
    if isinstance(minus, Miss):
        minus = resolve(dropped, frozenset(e.domain for e in whole.entities), context)
    if isinstance(minus, Miss):
        return minus
    gone = {entity.entity_id for entity in minus.entities}
    ids = {e.entity_id for e in whole.entities}
    if gone.isdisjoint(ids) or gone >= ids:
        # "all the lights except the hall", said elsewhere, speaks of the whole house
        whole = resolve(f"{kept} everywhere", domains, context)
        if isinstance(whole, Miss) or gone.isdisjoint(e.entity_id for e in whole.entities):
            # What is not among them needs no leaving out, so long as it is a thing of this house.
            return resolve(kept, domains, context) if gone.isdisjoint(ids) else Miss("ambiguous", kept)
    left = tuple(e for e in whole.entities if e.entity_id not in gone)
    return replace(whole, entities=left, group=True) if left else Miss("ambiguous", kept)


def _several(parts: list[str], domains: frozenset[str], context: Context) -> Target | Miss:
    nouns = [part.split()[-1] for part in parts if domains_of(part.split()[-1])]
    placed = _NOUN_IN_PLACE.match(parts[0])
    if not nouns and placed and domains_of(placed[1]):
        nouns = [placed[1]]
    places = re.search(r" (?:in|on) the .+$", parts[-1])
    entities: list[Entity] = []
    cost = 0
    for part in parts:
        if all(word in STOP for word in part.split()):
            return Miss("not_understood", part, strength=0)
        found: Target | Miss | None = None
        is_place = context.index.place_in(re.sub(r"^(?:the|my|both|in the) ", "", part)) is not None
        if nouns and is_place and not domains_of(part.split()[-1]):
            found = _single(f"{part} {nouns[-1] if parts[-1].split()[-1] == nouns[-1] else nouns[0]}", domains, context)
        if not isinstance(found, Target):
            found = _single(part, domains, context)
        if isinstance(found, Miss) and places and part is not parts[-1]:
            found = _single(part + places[0], domains, context)
        if isinstance(found, Miss) and nouns:
            found = _single(f"{part} {nouns[-1]}", domains, context)
        if isinstance(found, Miss):
            return found
        entities += [e for e in found.entities if e not in entities]
        cost += found.cost
    return Target(tuple(entities), group=True, cost=cost)


def _single(phrase: str, domains: frozenset[str], context: Context) -> Target | Miss:  # noqa: PLR0911 - one line a case
    words = phrase.split()
    if not words:
        return Miss("not_understood", phrase, strength=0)
    exact = _by_name(phrase, domains, context) or resolve_reference(phrase, domains, context)
    if exact and not _may_be_several(phrase, exact):
        return exact
    every = any(word in ALL for word in words)
    whole = _EVERYWHERE.search(phrase)
    if whole and not _by_name(" ".join(w for w in words if w not in STOP), domains, context):
        rest = phrase[: whole.start()]
        one = rest.split()[-1:] == [singular(rest.split()[-1])] if rest.split() else False
        return _kind_or_words(rest or "everything", None, domains, context, every=every or not one, place="")
    here = _HERE.search(phrase)
    if here and context.area_id:
        area_ids, phrase = frozenset({context.area_id}), phrase[: here.start()] or "everything"
        return _kind_or_words(phrase, area_ids, domains, context, every=every, place=context.area_name(context.area_id))
    bare = " ".join(w for w in words if w not in STOP)
    exact = _by_name(bare, domains, context) or _by_name(_ONE.sub("", bare), domains, context)
    if exact and not HOUSEWIDE.isdisjoint(words) and domains_of(words[-1]):
        # "all the blinds" are more than the one device that has "blinds" for a second name.
        wider = _by_place(phrase, words, bare, domains, context, every=every)
        return wider if isinstance(wider, Target) and wider.cost == 0 else exact
    if exact and _may_be_several(phrase, exact):
        wider = _by_place(phrase, words, bare, domains, context, every=every)
        if isinstance(wider, Target) and len(wider.entities) > 1 and exact.entities[0] in wider.entities:
            return wider
    found = exact or _by_place(phrase, words, bare, domains, context, every=every)
    if isinstance(found, Miss) and words[-1] in _SAID_TWICE and len(words) > 1:
        # "The Christmas tree lights" are what hangs on the plug called "Christmas tree".
        kinds = domains & _SAID_TWICE[words[-1]]
        fewer = _by_name(" ".join(words[:-1]), kinds, context)
        if fewer is None and len(words) > _NAME_AND_TWO and words[-2] in _SAID_TWICE:
            fewer = _by_name(" ".join(words[:-2]), kinds, context)
        return fewer or found
    return found


def _by_place(
    phrase: str, words: list[str], bare: str, domains: frozenset[str], context: Context, *, every: bool
) -> Target | Miss:
    """A kind of device, or discriminating words, in the place that the phrase names."""
    place = take_place(phrase, context)
    strange = _STRANGE_PLACE.fullmatch(phrase)
    if place is None and strange and domains_of(strange[1].split()[-1]) and not _known(strange[2], context):
        return Miss("no_such_area", strange[2], strength=5)
    if place is not None:
        rest, area_ids, name = place
        own = _by_name(rest, domains, context)
        if own and own.entities[0].area_id in area_ids:
            return own
        found = _kind_or_words(rest or "everything", area_ids, domains, context, every=every, place=name)
        if isinstance(found, Target):
            return found
        loose = by_words(bare.split(), None, domains, context)
        return loose if isinstance(loose, Target) else found
    housewide = not HOUSEWIDE.isdisjoint(words)
    return _kind_or_words(phrase, None, domains, context, every=every, place="" if housewide else None)


def _may_be_several(phrase: str, exact: Target) -> bool:
    """Whether "the bedroom lights" may be more than the one device called "bedroom light"."""
    words = phrase.split()
    if not words or exact.group or words[-1] == singular(words[-1]) or not domains_of(words[-1]) or len(words) < 2:
        return False
    only = exact.entities[0]
    return not any(name_key(name).endswith(words[-1]) for name in (only.name, *only.aliases))


def _known(phrase: str, context: Context) -> bool:
    return any(context.index.is_known(word) for word in phrase.split())


def _by_name(phrase: str, domains: frozenset[str], context: Context) -> Target | None:
    entity = device_named(phrase, domains, context)
    return Target((entity,)) if entity is not None else None


def _kind_or_words(
    phrase: str,
    area_ids: frozenset[str] | None,
    domains: frozenset[str],
    context: Context,
    *,
    every: bool,
    place: str | None,
) -> Target | Miss:
    words = [w for w in phrase.split() if w not in STOP or w in PRONOUNS]
    words = [w for w in words if w not in _POINTING] or words
    bare = _ONE.sub("", " ".join(words))
    if area_ids is not None and (not words or bare in ("everything", "anything", "room", "1", "one", "ones")):
        return group(context.of_domains(domains, area_ids), phrase, place, kind="")
    if bare in ("everything", "anything"):
        return group(context.of_domains(domains), phrase, "", kind="")
    if not words:
        return Miss("not_understood", phrase, strength=0)
    kinds = frozenset(domains_of(bare)) & domains
    beside = _BESIDE.fullmatch(phrase) if area_ids is None else None
    if beside:
        by = resolve(f"{beside['what']} {beside['kind']}", domains, context)
        if isinstance(by, Target):
            return by
    if kinds:
        return of_kind(bare, kinds, area_ids, domains, context, every=every, place=place)
    return by_words(words, area_ids, domains, context, place or "")
