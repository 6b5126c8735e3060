"""Which devices a frame is about: named ones, a property's ("the brightness of"), or what the room leaves."""

from __future__ import annotations

import re
from dataclasses import replace

from hub.understanding.context import Context
from hub.understanding.frames import Heard
from hub.understanding.house import Entity
from hub.understanding.lexicon import domains_of, value_of
from hub.understanding.references import resolve_reference
from hub.understanding.target import PRONOUNS, Miss, Target
from hub.understanding.targets import resolve

_PROPERTY = {
    "brightness": "light", "light level": "light", "volume": "media_player", "sound": "media_player",
    "temperature": "climate water_heater", "setpoint": "climate", "humidity": "humidifier", "speed": "fan",
    "fan speed": "fan",
    "position": "cover", "color": "light", "color temperature": "light", "heat": "climate", "music": "media_player",
    "target temperature": "climate", "heating": "climate", "level": "light", "thermostat": "climate",
}  # fmt: skip
_PROPERTY_OF = re.compile(
    rf"(?:the )?({'|'.join(sorted(_PROPERTY, key=len, reverse=True))})(?: level)?(?: (?:of|in|on|for|at"
    rf"|from)(?: the)? (.+))?"
)
_OF_PROPERTY = re.compile(rf"(.+?) ({'|'.join(sorted(_PROPERTY, key=len, reverse=True))})(?: level)?")
_DIRECTION = {
    "louder": "media_player", "quieter": "media_player", "softer": "media_player", "brighter": "light",
    "dimmer": "light", "darker": "light", "lighter": "light", "warmer": "climate", "cooler": "climate",
    "hotter": "climate",
    "colder": "climate", "faster": "fan", "slower": "fan", "dim": "light", "brighten": "light", "darken": "light",
    "lighten": "light", "warm": "climate", "heat": "climate", "cool": "climate", "quieten": "media_player",
    "speed": "fan", "slow": "fan",
}  # fmt: skip


_NEVER_IMPLIED = frozenset({"disarm", "unlock", "lock", "stop_cover"})


def lights_of_area(heard: Heard, entities: tuple[Entity, ...], context: Context) -> tuple[Entity, ...]:
    """Take "turn off the kitchen" for its lights; "everything" means what it says."""
    words = heard.target.split()
    if "everything" in words or any(domains_of(w) for w in words):
        if "everything" in words:
            # Heating and hot water stay: nobody who leaves a room means the boiler.
            entities = tuple(e for e in entities if e.domain in ("light", "switch", "fan", "media_player")) or entities
        on_off = tuple(
            e for e in entities if e.domain not in ("scene", "script", "button", "input_button", "automation")
        )
        return on_off or entities
    parts = re.split(r" ?, and | ?, | and ", heard.target)
    if len(parts) > 1 and not all(context.index.place_in(re.sub(r"^(?:in )?(?:the|my|our) ", "", p)) for p in parts):
        return entities
    lights = tuple(e for e in entities if e.domain == "light")
    return lights or entities


def target_of(heard: Heard, domains: frozenset[str], context: Context) -> Target | Miss:  # noqa: PLR0911 - one line a case
    """The devices of a frame: named, or left by the frame's own words and the room."""
    phrase = heard.target
    if not phrase or phrase in PRONOUNS:
        return _implied(heard, domains, context)
    found = resolve(phrase, domains, context)
    if heard.frame in ("set", "step"):
        about = _PROPERTY_OF.fullmatch(phrase)
        of = _OF_PROPERTY.fullmatch(phrase)
        name, rest = (about[1], about[2] or "") if about else (of[2], of[1]) if of else ("", "")
        # "The radiator and the thermostat" are two devices, not a property of one.
        named = isinstance(found, Target) and found.cost == 0 and (not found.group or " and " in phrase)
        if name and not (named and (rest or name in ("heating", "thermostat"))):
            narrow = frozenset(_PROPERTY[name].split()) & domains
            if narrow and rest and rest not in ("the", "my"):
                return resolve(rest, narrow, context)
            if narrow:
                return _implied(replace(heard, target=""), narrow, context)
        hint = _DIRECTION.get(heard.direction.split(" ")[0])
        if isinstance(found, Target) and found.group and hint:
            same = tuple(e for e in found.entities if e.domain == hint)
            if not same and _is_place(phrase, context):
                # Where nothing heats the room itself, what heats the house does; never its lights.
                return _implied(replace(heard, target=""), domains & {hint}, context)
            return replace(found, entities=same) if same else found
        if isinstance(found, Target) and found.group and heard.frame == "set":
            return _by_value(heard, found)
    return found


def _is_place(phrase: str, context: Context) -> bool:
    place = re.sub(r"^(?:(?:in|the|my|our|over) )+", "", phrase)
    return place in ("here", "this room") or context.index.place_in(place) is not None


def _by_value(heard: Heard, found: Target) -> Target:
    """Take "set the bedroom to 21 degrees" for its heating, "to 40 percent" for its lights."""
    value = value_of(heard.value)
    kinds = {e.domain for e in found.entities}
    if value is None or len(kinds) == 1:
        return found
    prefer = ("light",) if value.kind in ("percent", "color", "kelvin") else ("climate", "light")
    for domain in prefer:
        same = tuple(e for e in found.entities if e.domain == domain)
        if same:
            return replace(found, entities=same)
    return found


def _implied(heard: Heard, domains: frozenset[str], context: Context) -> Target | Miss:
    """No device was named: what the frame itself and the room leave."""
    hint = _DIRECTION.get(heard.direction.split(" ")[0]) if heard.frame == "step" else None
    if hint:
        domains = domains & {hint}
    spoken_of = resolve_reference(heard.target, domains, context)
    if spoken_of:
        return spoken_of
    if heard.target and heard.frame in _NEVER_IMPLIED:
        return Miss("not_understood", heard.target, strength=0)  # "turn it off" may be anything but the alarm
    if (heard.frame == "step" and not hint and len(domains) > 2) or heard.frame == "pause":
        domains = frozenset({"media_player"})
    near = [e for e in context.of_domains(frozenset({"climate"})) if e.area_id == context.area_id and e.exposed]
    if "climate" in domains and (hint == "climate" or len(domains) <= 2) and context.area_id and len(near) == 1:
        return Target((near[0],))
    nouns = {"media_player": "music", "light": "lights", "climate": "thermostat", "vacuum": "vacuum",
    "lock": "locks everywhere",
             "alarm_control_panel": "alarm", "fan": "fan", "humidifier": "humidifier",
             "lawn_mower": "mower"}  # fmt: skip
    for domain in (
        "media_player",
        "light",
        "climate",
        "fan",
        "lock",
        "alarm_control_panel",
        "vacuum",
        "humidifier",
        "lawn_mower",
    ):
        narrow = frozenset({domain})
        simple = heard.frame not in ("set", "on", "off", "toggle", "open", "close", "keep") or len(domains) <= 2
        if domain in domains and simple and context.of_domains(narrow):
            return resolve(nouns[domain] if domain != "climate" else "heating", narrow, context)
    return Miss("ambiguous", heard.target or "that", strength=2)
