"""What is said as a continuation ("and in the bedroom", "eighteen", "a bit more"), completed to whole requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from hub.understanding.appended import on_list
from hub.understanding.changing import ECHO, changes, pronoun_of
from hub.understanding.context import Context
from hub.understanding.focus import Mention
from hub.understanding.house import Action, Entity
from hub.understanding.lexicon import value_of
from hub.understanding.naming import take_place
from hub.understanding.phrasing import as_command, noun_of
from hub.understanding.tagger import canonical

_CUE = re.compile(
    r"^(?:(?:and|also|then|now|plus|but|only|just|maybe|rather|instead|well|oh|ok|,|please|what about|how about"
    r"|(?:do |make |and )?(?:the )?same(?: thing)?(?: again)?(?: (?:for|with|to))?(?: please)?|do (?:that|it|this)"
    r"|the same for) ?)+\b"
)
_HERE = re.compile(r"(?:in |over |out |up |down )?(?:here|this room|my room)")
_THERE = re.compile(r"(?:(?:in|on|at|to|for|from|inside) )?(?:(?:the|my|our) )?(?P<place>.+)")
_WHERE = re.compile(r"(?:in|on|at|here|upstairs|downstairs|outside|everywhere)\b")
_SAME = re.compile(r"\bsame\b|^do (?:that|it|this)\b")
_ONE = re.compile(r"(?:the |that )?(?P<which>[a-z' ]+?) (?:one|1|ones)")
_ENOUGH = re.compile(
    r"(?<=[a-z0-9%°]) (?:is|will be|would be|should be|will|would|ought to be) (?:enough|fine|plenty|good|ok|great"
    r"|perfect|better|do|lovely|grand|nice)(?: (?:for (?:me|us|now)|thanks|thank you|please|now))*$"
)
_MAKE = re.compile(
    r"(?:(?:make|set|put|turn|change|have) (?:it|that|them|those|this)|(?:it|that) (?:to )?be|to|at|up to|down"
    r" to|say|on)"
    r" (?:to |at |on )?"
)
# What another thing is to be like: "set the bar light to the same".
_LIKE_IT = re.compile(
    r"(?:set|put|make|turn|dim|bring|have|get|adjust|change)(?: (?:up|down|on))? (?!(?:it|that|this|them)\b)(?P<t>.+?)"
    r"(?: be)? (?:(?:(?:to|at) )?the same|(?:to|at) that|like (?:that|this))"
    r"(?: (?:level|brightness|volume|temperature|position|colou?r|speed|setting|too))*"
)
_PLACE_FIRST = re.compile(r"(?P<place>(?:in|on|at) (?:here|(?:the|my|our) \w+)) (?:, )?(?P<rest>\w+ .+)")


# A whole clause ("I'm late") names nothing.
_CLAUSE = re.compile(
    r"(?:i|we|you|he|she|it|they|there|what|who|why|how|when|if|because)\b|(?:that|this) (?:is|was|will|has|would)\b"
    r"|(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b"
)
# No item begins like this: "take the eggs off".
_HANDLES = re.compile(r"(?:take|cross|remove|scratch|strike|delete|drop|put|add|clear|knock|tick|write|read) \S")
# What is wrong with it, before what is wanted: "too loud, thirty".
_JUDGED = re.compile(
    r"^(?:(?:that|it|this) is )?(?:(?:still|way|far|much|a bit|a little) )*(?:too [a-z]+|not [a-z]+ enough|enough)"
    r"(?: ,)? (?:(?:go|try|make it|have it|how about|what about|let us (?:say|try)|say|do) )?(?=\S)"
)
_SWITCHED = {
    "on": "turn on", "off": "turn off", "back on": "turn on", "back off": "turn off", "open": "open", "shut": "close",
    "closed": "close",
}  # fmt: skip

_WHOLLY = re.compile(
    r"(?:all the way|right|fully|completely|the whole way)(?: back)? (?P<way>up|down|open|closed|shut|out|in)"
)


@dataclass(frozen=True, slots=True)
class Completed:
    """A whole request made from a fragment and what was spoken of before.

    Attributes:
        text: the request in plain words.
        sure: the words themselves say that they continue something; else somebody may just have named a thing.
    """

    text: str
    sure: bool = True


def without_echo(text: str) -> str:
    """The words without "too", "again" or "as well" at their end."""
    return ECHO.sub("", text).strip(" ,")


def is_like_another(text: str) -> bool:
    """Whether the words ask for the value that another thing was given ("set the bar light to the same")."""
    cue = _CUE.match(text)
    return bool(_LIKE_IT.fullmatch(without_echo(text[cue.end() :] if cue else text)))


def goes_on(text: str) -> bool:
    """Whether the words themselves say that they continue something ("and the fan", "the fan too")."""
    return bool(_CUE.match(text)) or without_echo(text) != text


def completions(text: str, before: Mention, context: Context) -> Iterator[Completed]:
    """Every request that a fragment may continue, the likeliest first.

    Args:
        text: the fragment in plain words, without courtesy.
        before: what it continues.
        context: where and when it was said.
    """
    rest = ECHO.sub("", ECHO.sub("", text)).strip(" ,")
    cue = _CUE.match(rest)
    rest = rest[cue.end() :].strip(" ,") if cue else rest
    sure = goes_on(text)
    rest = _ENOUGH.sub("", _JUDGED.sub("", rest))
    like_it = _LIKE_IT.fullmatch(rest) if before.actions else None
    rest, sure = (like_it["t"], True) if like_it else (rest, sure)
    for other in chain(changes(text, before), changes(rest, before) if rest != text else ()):
        yield Completed(other)
    for other in _in_place_first(rest):
        yield Completed(other)
    yield from map(Completed, on_list(rest, before, context))
    if not rest:
        if _SAME.search(text):
            yield Completed(before.text)
        return
    deed = _switched(rest, before)
    if deed:
        yield Completed(f"{deed} {pronoun_of(before)}")
        return
    for other in _with_value(rest, before):
        yield Completed(other)
    place = _place(rest, context)
    if place:
        for other in _elsewhere(place, before, context):
            yield Completed(other, sure or bool(_WHERE.match(rest)))
        return
    for other in _with_target(rest, before, context):
        yield Completed(other, sure)


def _switched(rest: str, before: Mention) -> str | None:
    """The verb of a fragment that is only a state ("back on"), or a way to its end ("all the way down")."""
    wholly = _WHOLLY.fullmatch(rest)
    if wholly is None or not any(action.domain in ("cover", "valve") for action in before.actions):
        return _SWITCHED.get(rest)
    return "open" if wholly["way"] in ("up", "open", "out") else "close"


def _in_place_first(rest: str) -> Iterator[str]:
    """A place that was said before the request ("in here the lamp to ten percent")."""
    found = _PLACE_FIRST.fullmatch(rest)
    if found:
        yield found["rest"]
        yield f"{found['rest']} {found['place']}"


def _with_value(rest: str, before: Mention) -> Iterator[str]:
    made = _MAKE.match(rest)
    value = rest[made.end() :] if made else rest
    if re.fullmatch(r"\d+s", value):
        if any(a.domain == "timer" for a in before.actions):
            yield re.sub(r"\b\d+s\b", value, before.text, count=1)
        return
    if value_of(value) is None or not before.actions:
        return
    number = value.replace(".", "", 1).isdigit()
    if number and any("position" in a.data or "percentage" in a.data for a in before.actions):
        value += " percent"
    if any(a.domain == "media_player" and a.service.startswith("volume") for a in before.actions):
        yield f"set the volume of {pronoun_of(before)} to {value}"
    yield f"set {pronoun_of(before)} to {value}"


def _place(rest: str, context: Context) -> str | None:
    """The fragment as a place ("in the kitchen"), None when it is none."""
    if _HERE.fullmatch(rest):
        name = context.area_name(context.area_id).lower()
        return f"in the {name}" if name else None
    if rest in ("everywhere", "the whole house", "in the whole house"):
        return "everywhere"
    found = _THERE.fullmatch(re.sub(r" (?:one|1|ones)$", "", rest))
    place = context.index.place_in(found["place"]) if found else None
    if found is None or place is None:
        return None
    if place[0] == "area":
        return f"in the {found['place']}"
    return f"on the {found['place']}" if found["place"].endswith(("floor", "level", "storey")) else found["place"]


def _elsewhere(place: str, before: Mention, context: Context) -> Iterator[str]:
    """The same in another place: the words with their place exchanged, else the deed with its kind of device."""
    name = place.removeprefix("in the ").removeprefix("on the ")
    there = take_place(before.text, context)
    if there is not None:
        said = there[2]
        yield re.sub(rf"\b(?:the )?{re.escape(said)}(?:'?s)?\b", f"the {name}", before.text, count=1)
    elif re.search(r"\b(?:in )?here\b", before.text):
        yield re.sub(r"\b(?:in )?here\b", place, before.text, count=1)
    known = [context.house.entities.get(i) for a in before.actions for i in a.entity_ids]
    devices = [e for e in known if e is not None]
    if not before.actions:
        yield f"{before.text} {place}"
        return
    for target in _kinds_there(devices, name, place, context):
        commands = [as_command(action, target, context.house) for action in _distinct(before.actions)]
        if all(commands):
            yield " and ".join(c for c in commands if c)
    yield f"{before.text} {place}"


def _distinct(actions: tuple[Action, ...]) -> list[Action]:
    seen: dict[tuple[str, str, str], Action] = {}
    for action in actions:
        seen.setdefault((action.domain, action.service, str(sorted(action.data.items()))), action)
    return list(seen.values())


def _kinds_there(devices: list[Entity], name: str, place: str, context: Context) -> Iterator[str]:
    """The same device by its name there, else its kind there."""
    if len(devices) == 1:
        words = re.sub(r"[^\w ]", "", devices[0].name.lower()).split()
        own = re.sub(r"[^\w ]", "", context.area_name(devices[0].area_id).lower()).split()
        left = [word for word in words if word not in own]
        if left and len(left) < len(words):
            yield f"the {name} {' '.join(left)}"
    noun = noun_of(devices)
    if noun == "music":
        yield f"the {name} speaker"
    if noun:
        yield f"the {noun} {place}"


def _with_target(rest: str, before: Mention, context: Context) -> Iterator[str]:
    """The same deed on what the fragment names."""
    on_a_list = any(action.domain == "todo" for action in before.actions)
    if _CLAUSE.match(rest) or (on_a_list and _HANDLES.match(rest)):
        return
    for action in _distinct(before.actions)[:2]:
        for target in (*_one_of(rest, before, context), rest):
            command = as_command(action, target, context.house)
            if command:
                yield command
    exchanged = _exchanged(rest, before, context)
    if exchanged is not None:
        yield exchanged
    asked = re.fullmatch(r"(is|are) (?:the )?.+? (\w+)", before.text)
    if asked and not before.actions and len(rest.split()) <= 6:
        yield f"{asked[1]} {rest} {asked[2]}"


def _one_of(rest: str, before: Mention, context: Context) -> Iterator[str]:
    """What "the front one" is called where a door was spoken of."""
    found = _ONE.fullmatch(rest)
    known = (context.house.entities.get(i) for i in before.entity_ids)
    heads = {canonical(e.name.lower()).rpartition(" ")[2] for e in known if e is not None}
    if found and len(heads) == 1:
        yield f"the {found['which']} {heads.pop()}"


def _exchanged(rest: str, before: Mention, context: Context) -> str | None:
    """The words of before with their device exchanged: "turn the alarm off", "the telly"."""
    words = before.text.split()
    for length in range(min(context.index.longest, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            ids = context.index.names.get(canonical(" ".join(words[start : start + length])), ())
            if not set(ids).isdisjoint(before.entity_ids):
                head = words[: start - 1] if start and words[start - 1] in ("the", "my", "our", "a") else words[:start]
                return " ".join([*head, rest, *words[start + length :]])
    return None
