"""Whether words support a deed: a commitment held against the user's noisy words, a request against the assistant's.

Words are not parsed a second time: they are only asked whether they speak of this one action. That is far easier than
understanding them, so a misheard word costs nothing, and "unlock" still never supports "lock".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from rapidfuzz import fuzz

from hub.understanding.claims import Claim, claim_of
from hub.understanding.context import Context
from hub.understanding.evidence import Evidence, Hint, Segment, is_negated, numbers_in, speaks_of, values_in
from hub.understanding.house import Action, Entity
from hub.understanding.licence import is_bare_name, means, named_areas
from hub.understanding.misheard import alike, place_words, without_names
from hub.understanding.tagger import canonical

_DELAY = re.compile(r"\b(?:in|after|for) (\d+)s\b|\b(\d+)s from now\b")
_TO = re.compile(r"\b(?:to|at) -?\d")
_SOUNDS_LIKE = 78
_SAME_WORD = 0.85
_ARM = "alarm_arm_"
_MODE = re.compile(r"\b(?:away|home|stay|night|vacation|holiday)\b")
_MODES = {"stay": "home", "holiday": "vacation"}


class Verdict(Enum):
    """What words say about an action."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"  # they speak of the same thing and say something else
    UNSUPPORTED = "unsupported"  # they do not speak of it


@dataclass(frozen=True, slots=True)
class Weighed:
    """A verdict, and in one line for developers why.

    Attributes:
        whole: the words also hold the action's value, where it has one.
    """

    verdict: Verdict
    why: str
    whole: bool = True


def weigh(action: Action, evidence: Evidence, context: Context, *, exact: bool = False) -> Weighed:
    """Whether words support one action: its kind and polarity, its devices, its value.

    Args:
        action: with resolved devices.
        evidence: the words, read.
        context: the house of the moment, where the words were said, and what was spoken of before.
        exact: the words are written text (the assistant's), so nothing is forgiven.
    """
    if not evidence.authorises or not evidence.segments:
        return Weighed(Verdict.UNSUPPORTED, "a question authorises nothing" if evidence.text else "no words")
    found = _weigh(action, evidence, context, exact=exact)
    listed = evidence.listed if found.verdict is Verdict.UNSUPPORTED and not exact else None
    apart = _weigh(action, listed, context, exact=exact) if listed is not None else found
    return apart if apart.verdict is Verdict.SUPPORTED else found


def _weigh(action: Action, evidence: Evidence, context: Context, *, exact: bool) -> Weighed:
    """The verdict of the words as they are cut."""
    near = named_areas(evidence, context)
    best = Weighed(Verdict.UNSUPPORTED, "the words speak of nothing like it")
    entities = [context.house.entities[i] for i in action.entity_ids if i in context.house.entities]
    if len(entities) != len(action.entity_ids):
        return Weighed(Verdict.UNSUPPORTED, "a device that is not there")
    covered: set[str] = set()
    for segment in evidence.segments:
        one = _weigh_segment(action, entities, segment, context, near=near, exact=exact)
        if one.weighed.verdict is Verdict.SUPPORTED:
            covered |= one.entity_ids
            best = one.weighed if best.verdict is not Verdict.SUPPORTED or one.weighed.whole else best
        elif one.weighed.verdict is Verdict.CONTRADICTED and best.verdict is Verdict.UNSUPPORTED:
            best = one.weighed
    if best.verdict is Verdict.SUPPORTED and not covered >= set(action.entity_ids):
        outside = ", ".join(sorted(set(action.entity_ids) - covered))
        return Weighed(Verdict.CONTRADICTED, f"the words do not mean {outside}")
    return best


@dataclass(frozen=True, slots=True)
class _One:
    weighed: Weighed
    entity_ids: frozenset[str] = frozenset()


def _no(why: str) -> _One:
    return _One(Weighed(Verdict.UNSUPPORTED, why))


def _against(why: str) -> _One:
    return _One(Weighed(Verdict.CONTRADICTED, why))


def _weigh_segment(  # noqa: C901, PLR0911 - one line a case
    action: Action, entities: list[Entity], segment: Segment, context: Context, *, near: frozenset[str], exact: bool,
) -> _One:  # fmt: skip
    first = claim_of(action, entities[0] if entities else None)
    place = place_words(str(action.data["area"]), context) if "area" in action.data else frozenset[str]()
    where = tuple(w for w in segment.text.split() if any(_is(w, p, context, exact=exact) for p in place))
    if place and not where:
        return _no("its place was not said")
    modes = _modes_in(segment.text) if action.service.startswith(_ARM) else {}
    if modes and action.service.removeprefix(_ARM) not in modes.values():
        return _against("another mode was said")
    besides = (*where, *modes, *(first.words if first is not None else ()))
    things = segment.without(besides) if entities else segment
    parts = {e.entity_id: means(e, things, context, exact=exact, near=near) for e in entities}
    meant = [e for e in entities if parts[e.entity_id] is not None]
    if entities and not meant:
        return _no("no device of it is meant")
    text = segment.text
    if meant:
        text = without_names(text, meant[0], context, exact=exact)
        part = parts[meant[0].entity_id] or ""
        part = without_names(part, meant[0], context, exact=exact)
    else:
        part = text
    claims = [claim_of(action, e) for e in meant] or [claim_of(action, None)]
    claim = claims[0]
    if claim is None:
        return _no(f"{action.domain}.{action.service} is no deed that words are known for")
    if segment.negated and is_negated(text):
        return _against("the words ask for it not to be done")
    if not _delay_fits(action, segment):
        return _against("another time was said")
    bare = not meant or is_bare_name(meant[0], parts[meant[0].entity_id] or "", context, exact=exact)
    said = _said(claim, segment, text, bare=bare)
    ids = frozenset(e.entity_id for e in meant)
    value = _value(claim, action, segment, text, part=part, said=said, exact=exact)
    if value is not None:
        return value if value.weighed.verdict is not Verdict.SUPPORTED else _One(value.weighed, ids)
    if said is Hint.AGAINST:
        return _against(f"the words say the opposite of {claim.kind}")
    if said is Hint.SILENT:
        return _no(f"no word for {claim.kind}")
    return _One(Weighed(Verdict.SUPPORTED, f"{claim.kind}: {segment.text!r}"), ids)


def _modes_in(text: str) -> dict[str, str]:
    """The ways in which an alarm may be armed that were said, as services name them."""
    return {said: _MODES.get(said, said) for said in _MODE.findall(text)}


def _is(word: str, known: str, context: Context, *, exact: bool) -> bool:
    return canonical(word) == canonical(known) if exact else alike(word, known, context) >= _SAME_WORD


def _delay_fits(action: Action, segment: Segment) -> bool:
    delay = action.data.get("delay")
    if action.domain == "timer":
        return True
    said = [float(a or b) for a, b in _DELAY.findall(segment.text)]
    if delay is None:
        return not said
    if said:
        return any(abs(value - float(delay)) <= 1 for value in said)
    return bool(re.search(r"\bat\b|:", segment.text))


def _said(claim: Claim, segment: Segment, text: str, *, bare: bool) -> Hint:
    hint = speaks_of(text, claim.kind)
    if hint is Hint.SILENT and bare and claim.kind in ("on", "scene", "timer", "add") and not segment.has_verb:
        return Hint.WEAKLY_FOR  # a thing asked for by its bare name
    return hint


def _value(
    claim: Claim, action: Action, segment: Segment, text: str, *, part: str, said: Hint, exact: bool
) -> _One | None:
    """The verdict where the action has a value; None where its kind alone decides.

    `text` is the request without the device's name, `part` what of it speaks of the device.
    """
    if claim.words:
        missing = [w for w in claim.words if not _holds(segment.text, w, exact=exact)]
        if missing:
            return _no(f"{missing[0]!r} was not said")
        if said is Hint.AGAINST:
            return _against(f"the words say the opposite of {claim.kind}")
        if not claim.numbers:
            return _One(Weighed(Verdict.SUPPORTED, f"{claim.kind}: {segment.text!r}"))
    if not claim.numbers:
        numbers = [n for n in numbers_in(part) if not n.endswith("s")]
        if numbers and action.domain not in ("todo", "media_player", "scene", "script", "timer"):
            return _against(f"{numbers[0]} was said and is not part of it")
        return None
    held = values_in(text, but=action.data.get("delay"))
    return _measured(claim, held, segment, text, said) if held else _vague(claim, segment, text, exact=exact)


def _measured(claim: Claim, held: frozenset[float], segment: Segment, text: str, said: Hint) -> _One:
    """A number was said: it is the value, or the change where no "to" stands before it."""
    numbers = claim.numbers
    if claim.change and not _TO.search(text) and speaks_of(text, _way(claim.sign)) is not Hint.AGAINST:
        numbers = (*numbers, claim.change)
    if not any(abs(value - number) <= claim.tolerance for value in held for number in numbers):
        return _against(f"{sorted(held)} was said, not {claim.numbers[0]:g}")
    if claim.sign and said is Hint.AGAINST:
        return _against(f"the words say the opposite of {claim.kind}")
    return _One(Weighed(Verdict.SUPPORTED, f"{claim.numbers[0]:g}: {segment.text!r}"))


def _way(sign: int) -> str:
    return "up" if sign > 0 else "down"


def _vague(claim: Claim, segment: Segment, text: str, *, exact: bool) -> _One:
    """No number was said: the right direction is enough for a small step."""
    if claim.sign:
        direction = speaks_of(text, _way(claim.sign))
        if direction is Hint.AGAINST:
            return _against("the words ask for the other direction")
        if direction in (Hint.FOR, Hint.WEAKLY_FOR) and (claim.small or exact):
            whole = claim.stepped or not exact
            return _One(Weighed(Verdict.SUPPORTED, f"{claim.kind}: {segment.text!r}", whole=whole))
    if exact and claim.kind == "timer" and speaks_of(segment.text, "timer") is Hint.FOR:
        return _One(Weighed(Verdict.SUPPORTED, "a timer runs, for how long is not said", whole=False))
    if exact and re.search(r"\b(?:set|adjust|change|make|put)\b", segment.text):
        return _One(Weighed(Verdict.SUPPORTED, "it is set, to what is not said", whole=False))
    return _no("no value was said")


def _holds(text: str, wanted: str, *, exact: bool) -> bool:
    """Whether the text holds these words, or ones that sound like them."""
    if re.search(rf"\b{re.escape(wanted)}s?\b", text):
        return True
    return not exact and len(wanted) > 3 and fuzz.partial_ratio(wanted, text) >= _SOUNDS_LIKE
