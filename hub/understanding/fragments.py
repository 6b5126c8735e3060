"""What is said as a continuation ("and in the bedroom", "eighteen", "a bit more"), completed to whole requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
_ECHO = re.compile(
    r"(?: ?,)? (?:too|as well|also|instead|please|then|again|next|now|rather|actually|thanks|thank you)$"
)
_HERE = re.compile(r"(?:in |over |out |up |down )?(?:here|this room|my room)")
_THERE = re.compile(r"(?:(?:in|on|at|to|for|from|inside) )?(?:(?:the|my|our) )?(?P<place>.+)")
_WHERE = re.compile(r"(?:in|on|at|here|upstairs|downstairs|outside|everywhere)\b")
_SAME = re.compile(r"\bsame\b|^do (?:that|it|this)\b")
_AGAIN = re.compile(
    r"(?:and )?(?:(?:(?:do|try) )?(?:it|that|this)? ?(?:once (?:more|again)|(?:1|one) more time|(?:1|one) more"
    r"|again|another"
    r"(?: (?:1|one|time))?)|(?:the )?same(?: thing)? again|(?:and )?again|repeat(?: that| it)?|more|(?:a |some |even )?"
    r"(?:little |bit |tad |touch |lot )?(?:bit )?(?:more|further|extra)|keep going|go on|further|not enough"
    r"|still not enough|more than that|(?:still )?(?:a )?(?:bit|little) more(?: than that)?)"
)
_LESS = re.compile(
    r"(?:(?:a |just a |not )?(?:little |bit |tad |touch |lot |quite )?(?:bit )?(?:less|so much|that much|as much)"
    r"|(?:that is |it is |bit |a bit )?(?:way )?too much|too far)"
)
_MAKE = re.compile(
    r"(?:(?:make|set|put|turn|change|have) (?:it|that|them|those|this)|(?:it|that) (?:to )?be|to|at|up to|down"
    r" to|say|on)"
    r" (?:to |at |on )?"
)
_DIRECTED = re.compile(
    r"(?:(?:make|turn|get) (?:it|them|that) )?(?P<a>(?:even |just |still )?(?:a |some )?(?:little |tiny )?"
    r"(?:bit |tad |touch |notch |lot |much |slightly |way )?(?:more )?)?"
    r"(?P<d>brighter|dimmer|darker|lighter|warmer|cooler|hotter|colder|louder|quieter|softer|faster|slower|higher|lower"
    r"|up|down)(?: (?P<b>a (?:bit|little|lot|notch|touch|tad)(?: more)?|more|still))?"
)
_ADDS = re.compile(r"(?P<verb>add|put|remove|take off|cross off|delete) (?P<item>\S.*)|(?:take|cross) (?P<off>.+) off")
_STOPS = re.compile(
    r"(?:stop(?: (?:it|them|there|that|now))?|hold (?:it|on)(?: there)?|that is (?:enough|far enough|fine|good)"
    r"|halt|enough)"
)
_PLACE_FIRST = re.compile(r"(?P<place>(?:in|on|at) (?:here|(?:the|my|our) \w+)) (?:, )?(?P<rest>\w+ .+)")
_PAIRS = {
    "light": ("brighter", "dimmer"), "climate": ("warmer", "cooler"), "water_heater": ("warmer", "cooler"),
    "media_player": ("louder", "quieter"), "fan": ("faster", "slower"), "humidifier": ("higher", "lower"),
    "cover": ("higher", "lower"),
}  # fmt: skip
_DOWN = re.compile(
    r"\b(?:dim|dimmer|darken|darker|lower|down|reduce|decrease|drop|less|quieter|softer|cooler|colder|cool|slower"
    r"|quieten|close|shut|slow)\b"
)
_RELATIVE = re.compile(
    r"\b(?:brighter|dimmer|darker|lighter|warmer|cooler|hotter|colder|louder|quieter|softer|faster|slower|higher|lower"
    r"|up|down|more|less|next|skip|previous|bit|little|notch|too)\b"
)


# A whole clause ("I'm late") names nothing.
_CLAUSE = re.compile(
    r"(?:i|we|you|he|she|it|they|there|what|who|why|how|when|if|because)\b|(?:that|this) (?:is|was|will|has|would)\b"
    r"|(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b"
)
# What is wrong with it, before what is wanted: "too loud, thirty".
_JUDGED = re.compile(
    r"^(?:(?:that|it|this) is )?(?:(?:still|way|far|much|a bit|a little) )*(?:too [a-z]+|not [a-z]+ enough|enough)"
    r"(?: ,)? (?:(?:go|try|make it|have it|how about|what about|let us (?:say|try)|say|do) )?(?=\S)"
)
_LONGER = re.compile(
    r"(?:(?:give|put|stick|pop|add|make|have|take|let us (?:add|say)) )?(?:it |me |that |on )?(?:another |an extra )?"
    r"(?P<n>\d+s?)(?: (?:more|extra|longer))?(?: (?:minutes|seconds|hours))?"
    r"(?: (?:on|on (?:it|that|there)|to (?:it|that)|more|longer))*"
)
_MAKE_NUMBER = re.compile(r"(?:make|set|change) (?:it|that|the timer)(?: to| for)? (?P<n>\d+s?)")
_SWITCHED = {
    "on": "turn on", "off": "turn off", "back on": "turn on", "back off": "turn off", "open": "open", "shut": "close",
    "closed": "close",
}  # fmt: skip


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
    return _ECHO.sub("", text).strip(" ,")


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
    rest = _ECHO.sub("", _ECHO.sub("", text)).strip(" ,")
    cue = _CUE.match(rest)
    rest = rest[cue.end() :].strip(" ,") if cue else rest
    sure = goes_on(text)
    rest = _JUDGED.sub("", rest)
    for other in changes(text, before):
        yield Completed(other)
    for other in _in_place_first(rest):
        yield Completed(other)
    yield from map(Completed, _on_list(rest, before, context))
    if not rest:
        if _SAME.search(text):
            yield Completed(before.text)
        return
    if rest in _SWITCHED:
        yield Completed(f"{_SWITCHED[rest]} {_pronoun(before)}")
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


def _in_place_first(rest: str) -> Iterator[str]:
    """A place that was said before the request ("in here the lamp to ten percent")."""
    found = _PLACE_FIRST.fullmatch(rest)
    if found:
        yield found["rest"]
        yield f"{found['rest']} {found['place']}"


def _on_timer(rest: str, before: Mention) -> Iterator[str]:
    """Another time for the timer that was spoken of ("make that six"), or more of it ("stick five more on")."""
    running = next((a.data["duration"] for a in before.actions if a.domain == "timer" and "duration" in a.data), None)
    found = _LONGER.fullmatch(rest) or _MAKE_NUMBER.fullmatch(rest)
    if running is None or found is None:
        return
    unit = next(size for size in (3600, 60, 1) if running % size == 0)
    seconds = int(found["n"][:-1]) if found["n"].endswith("s") else int(found["n"]) * unit
    if re.search(r"\b(?:more|extra|another|longer|add|on)\b", rest):
        yield f"add {seconds}s to the timer"
    else:
        yield re.sub(r"\b\d+s\b", f"{seconds}s", before.text, count=1)


def _on_list(rest: str, before: Mention, context: Context) -> Iterator[str]:
    """Something for the list that was spoken of ("add butter", "take the milk off")."""
    found = _ADDS.fullmatch(rest)
    lists = [e for e in map(context.house.entities.get, before.entity_ids) if e is not None and e.domain == "todo"]
    for entity in lists if found else ():
        item = re.sub(r"^the ", "", found["item"] or found["off"]) if found else ""
        adds = found is not None and found["verb"] in ("add", "put")
        yield f"{'add' if adds else 'remove'} {item} {'to' if adds else 'from'} the {entity.name.lower()}"


def changes(text: str, before: Mention) -> Iterator[str]:
    """More of what was done, or less of it, or the other way, for words that ask for no more than that."""
    rest = re.sub(r"^(?:(?:and|but|now|then|ok|well|hmm|just|,) )+", "", text.strip(" ,"))
    rest = rest if _AGAIN.fullmatch(rest) else _ECHO.sub("", rest).strip(" ,")
    yield from _on_timer(rest, before)
    changed = next((a for a in before.actions if a.domain in _PAIRS), None)
    if changed and changed.domain == "cover" and _STOPS.fullmatch(rest):
        yield f"stop {_pronoun(before)}"
    directed = _DIRECTED.fullmatch(rest)
    if directed and changed:
        word = directed["d"]
        if word in ("up", "down", "higher", "lower"):
            word = _PAIRS[changed.domain][word in ("down", "lower")]
        yield f"make {_pronoun(before)} {_amount(rest)}{word}"
    more, less = _AGAIN.fullmatch(rest), _LESS.fullmatch(rest)
    if (
        more
        and not _amount(rest)
        and (_RELATIVE.search(before.text) or re.search(r"\b(?:again|repeat|another|once more|same)\b", rest))
    ):
        yield before.text
    if (more or less) and changed:
        down = bool(_DOWN.search(before.text)) != bool(less)
        yield f"make {_pronoun(before)} {_amount(rest) or 'a bit '}{_PAIRS[changed.domain][down]}"


def _amount(rest: str) -> str:
    """How much, as the frames have it, with a space behind."""
    if re.search(r"\b(?:lot|much|way)\b", rest):
        return "a lot "
    return "a bit " if re.search(r"\b(?:bit|little|tad|touch|notch|slightly|tiny)\b", rest) else ""


def _pronoun(before: Mention) -> str:
    return "them" if len(before.entity_ids) > 1 else "it"


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
        yield f"set the volume of {_pronoun(before)} to {value}"
    yield f"set {_pronoun(before)} to {value}"


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
    if _CLAUSE.match(rest):
        return
    for action in _distinct(before.actions)[:2]:
        command = as_command(action, rest, context.house)
        if command:
            yield command
    exchanged = _exchanged(rest, before, context)
    if exchanged is not None:
        yield exchanged
    asked = re.fullmatch(r"(is|are) (?:the )?.+? (\w+)", before.text)
    if asked and not before.actions and len(rest.split()) <= 6:
        yield f"{asked[1]} {rest} {asked[2]}"


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
