"""One utterance into clauses, each into calls: what was meant, or the best reason why nothing was."""

from __future__ import annotations

import re
from dataclasses import replace

from hub.understanding.clause import NOT_UNDERSTOOD, Failure, Meaning, read_clause
from hub.understanding.context import Context
from hub.understanding.courtesy import without_courtesy
from hub.understanding.cutting import MOST_PIECES, Piece, pieces_at_ends, pieces_at_names, pieces_at_verbs, pieces_of
from hub.understanding.focus import Focus, Mention
from hub.understanding.frames import Heard, readings
from hub.understanding.house import Entity
from hub.understanding.lexicon import value_of
from hub.understanding.naming import device_named, routine_named
from hub.understanding.purposes import without_purpose
from hub.understanding.remarks import after_statement, is_remark, without_last_remark, without_reason, without_remark
from hub.understanding.schedule import leads, schedules
from hub.understanding.services import Call
from hub.understanding.target import PRONOUNS

# Told by a name and a particle, without a verb.
_PLAIN = frozenset({"on", "off"})


def understand_clauses(text: str, context: Context) -> Meaning | Failure:  # noqa: C901 - one line a case
    """The meaning of a whole utterance. Every clause must be explained, else nothing is done."""
    whole = read_clause(text, context)
    parts = pieces_of(text)
    if isinstance(whole, Meaning) and not (len(parts) > 1 and _takes_all(whole) and _ends_in_a_request(parts, context)):
        return whole
    bare = without_remark(text)
    if bare is not None:
        rest = understand_clauses(bare, context)
        if isinstance(rest, Meaning):
            return rest
    if leads(text):
        for schedule in schedules(text, context.now):
            later = _all_later(schedule.rest, schedule.delay_s, context)
            if later is not None:
                return later
    for shorter in (without_reason(text), after_statement(text), without_last_remark(text)):
        rest = understand_clauses(shorter, context) if shorter else NOT_UNDERSTOOD
        if isinstance(rest, Meaning) and rest.cost == 0 and all(map(_is_plain, rest.heard)):
            return rest
    best = whole if isinstance(whole, Failure) else NOT_UNDERSTOOD
    at_verbs = pieces_at_verbs(text)
    for pieces in (parts, at_verbs, pieces_at_ends(text), pieces_at_names(text, context)):
        if 1 < len(pieces) <= MOST_PIECES:
            done = _join(pieces, context)
            at_will = pieces is not parts and pieces is not at_verbs
            if isinstance(done, Meaning) and not (at_will and done.cost and any(map(_is_bare, done.heard))):
                return done
            done = done if isinstance(done, Failure) else NOT_UNDERSTOOD
            best = max(best, done, key=lambda f: f.strength)
    return _but_for_its_purpose(text, context) or _told_closer(text, context) or best


def _is_plain(heard: Heard) -> bool:
    """Whether a deed was told by a verb, or by what cannot be taken for anything else."""
    return heard.verbal or heard.frame in _PLAIN or (heard.frame == "set" and heard.target.endswith((" on", " off")))


_AFTERTHOUGHT = re.compile(r"(?P<deed>.+?) (?:please|,) (?P<which>(?:the|my|our) .+)")


def _told_closer(text: str, context: Context) -> Meaning | None:
    """The deed on what was named more closely after it: "fan off please, the tower one"."""
    found = _AFTERTHOUGHT.fullmatch(text)
    if found is None:
        return None
    for heard in readings(found["deed"]):
        if heard.target and heard.frame in _PLAIN | {"open", "close", "lock"}:
            closer = found["deed"].replace(heard.target, found["which"], 1)
            read = understand_clauses(closer, context)
            if isinstance(read, Meaning) and len(read.calls) == 1 and read.cost <= 1:
                return read
    return None


def _is_bare(heard: Heard) -> bool:
    """Whether a number without verb or unit stands beside a word: "apple 3" may be anything."""
    return heard.frame == "set" and not heard.verbal and heard.value.isdigit()


def _but_for_its_purpose(text: str, context: Context) -> Meaning | None:
    """The meaning without whom or what it is for, where it is plain even so."""
    aim = without_purpose(text, context)
    read = understand_clauses(aim.request, context) if aim is not None else NOT_UNDERSTOOD
    if aim is None or not isinstance(read, Meaning) or any(c.entity is None for c in read.calls):
        return None
    if read.cost and not (aim.plain and len(read.calls) == read.cost == 1):
        return None
    if not read.calls or any(h.frame == "arm" for h in read.heard):
        return None  # how an alarm is set is told with "for"
    every = frozenset(context.index.by_domain)
    if all(device_named(heard.target, every, context) is not None for heard in read.heard):
        return read
    # "The light for the desk" may be a light that is called so.
    other = any(call.entity is not None and call.entity.domain in aim.kinds for call in read.calls)
    return read if aim.plain and not other else None


def _takes_all(whole: Meaning) -> bool:
    """Whether a frame that takes any words may have swallowed another request."""
    return any(heard.frame in ("play_media", "list_add", "timer") for heard in whole.heard) and not any(
        call.service == "reminder.start" for call in whole.calls
    )


def _ends_in_a_request(parts: list[Piece], context: Context) -> bool:
    read = read_clause(parts[-1][1], context)
    return isinstance(read, Meaning) and any(h.verbal for h in read.heard)


def _all_later(rest: str, delay_s: int, context: Context) -> Meaning | None:
    """A time at the beginning holds for everything that follows."""
    if not rest or not delay_s:
        return None
    read = understand_clauses(rest, context)
    if not isinstance(read, Meaning) or any(call.entity is None for call in read.calls):
        return None
    calls = (c._replace(data={**c.data, "delay": c.data.get("delay", 0) + delay_s}) for c in read.calls)
    return replace(read, calls=tuple(calls))


def _join(pieces: list[Piece], context: Context) -> Meaning | Failure:
    """Read the pieces from the left, longest meaningful run first; a fragment borrows the verb of the one before."""
    calls: list[Call] = []
    heard: list[Heard] = []
    kept: frozenset[str] = frozenset()
    position, before, cost, best = 0, "", 0, NOT_UNDERSTOOD
    while position < len(pieces):
        found: Meaning | None = None
        for end in range(len(pieces), position, -1):
            if end - position == len(pieces):
                continue
            run = "".join(j * (n > 0) + p for n, (j, p) in enumerate(pieces[position:end]) if p).strip()
            run = without_courtesy(run) or run
            if is_remark(run):
                found = Meaning((), ())
            else:
                here = _after(calls, kept, run, context)
                routine = routine_named(re.sub(r" (?:scene|routine)$", "", run), context) if " " in run else None
                read = read_clause(run, here) if routine is None or routine.domain != "scene" else _scene(routine, run)
                if isinstance(read, Failure):
                    best = max(best, read, key=lambda f: f.strength)
                    # Without a word between, a fragment tells more of the clause before: "all off | downstairs".
                    apart = before and pieces[position][0] == " and "
                    read = _another_value(run, before, here) or (_borrowed(run, before, here) if apart else read)
                found = read if isinstance(read, Meaning) else None
            if found is not None:
                before = run if found.heard and run.split()[0] not in ("leave", "keep") else before
                position = end
                break
        if found is None:
            return best
        calls = [*_not_overruled(calls, found.calls), *found.calls]
        heard += found.heard
        kept |= found.kept
        cost += found.cost
    calls = [call for call in calls if call.entity is None or call.entity.entity_id not in kept]
    return Meaning(tuple(calls), tuple(heard), kept, cost) if heard else NOT_UNDERSTOOD


_CONTRARY = {"turn_on": "turn_off", "turn_off": "turn_on"}


def _not_overruled(calls: list[Call], later: tuple[Call, ...]) -> list[Call]:
    """The calls without what a later one of the same breath does the other way: "all lights off and the lamp on"."""
    turned = {(c.entity.entity_id, c.service.partition(".")[2]) for c in later if c.entity and not c.data}
    single = len(calls) < 2
    return [
        c for c in calls
        if single or c.entity is None or c.data
        or (c.entity.entity_id, _CONTRARY.get(c.service.partition(".")[2], "")) not in turned
    ]  # fmt: skip


def _scene(routine: Entity, said: str) -> Meaning:
    """A scene by its bare name beside another request: "movie night and close the blinds"."""
    return Meaning((Call("scene.turn_on", routine, {}),), (Heard("activate", said, verbal=False),))


def _after(calls: list[Call], kept: frozenset[str], run: str, context: Context) -> Context:
    """The context of a clause that speaks of "it" or "the others" after the clause before it has named it."""
    ids = tuple(dict.fromkeys(call.entity.entity_id for call in calls[-12:] if call.entity is not None)) or tuple(kept)
    if not ids or (PRONOUNS | _OTHERS).isdisjoint(run.split()):
        return context
    return told(context, ids)


def told(context: Context, entity_ids: tuple[str, ...]) -> Context:
    """The same context after these devices were spoken of."""
    mention = Mention((), entity_ids, context.area_id, "", -1)
    return replace(context, focus=Focus((mention, *context.focus.mentions)[:5]), memo={})


_OTHERS = frozenset({"others", "other", "rest"})
_VALUE = re.compile(r"(?:(?:at|to|in|with|about) )?(?P<v>.+)")


def _another_value(fragment: str, before: str, context: Context) -> Meaning | None:
    """A second value for what the clause before has set: "the lamp to blue | at 30 percent"."""
    found = _VALUE.fullmatch(fragment)
    deed = read_clause(before, context) if before and found and value_of(found["v"]) is not None else None
    if found is None or not isinstance(deed, Meaning) or not deed.heard or deed.heard[0].frame not in ("set", "on"):
        return None
    read = read_clause(f"set {deed.heard[0].target} to {found['v']}", context)
    return read if isinstance(read, Meaning) and read.cost <= deed.cost else None


_SAME_AGAIN = {
    "on": "turn on", "off": "turn off", "open": "open", "close": "close", "lock": "lock", "toggle": "toggle",
    "pause": "pause", "mute": "mute", "unmute": "unmute",
}  # fmt: skip


def _borrowed(fragment: str, before: str, context: Context) -> Meaning | Failure:
    """The fragment with the deed of the clause before it, else with its first words."""
    deed = read_clause(before, context)
    for heard in deed.heard[:1] if isinstance(deed, Meaning) else ():
        if (heard.frame in _SAME_AGAIN and " off " in f" {before} ") or heard.frame in ("on", "open", "close", "lock"):
            again = read_clause(f"{_SAME_AGAIN.get(heard.frame, '')} {fragment}".strip(), context)
            if isinstance(again, Meaning):
                return again
    words = before.split()
    result: Meaning | Failure = NOT_UNDERSTOOD
    for count in range(1, min(4, len(words))):
        result = read_clause(" ".join([*words[:count], fragment]), context)
        if isinstance(result, Meaning):
            return result
    return result
