"""Questions about quantities: temperature, humidity, brightness, volume, what something is set to."""

from __future__ import annotations

import re

from hub.understanding.context import Context
from hub.understanding.house import Entity
from hub.understanding.lexicon import singular
from hub.understanding.questions import MEASURES, Answer, no_permission, shape
from hub.understanding.states import (
    UNKNOWN_STATES,
    brightness_of,
    is_are,
    sentence_case,
    state_words,
    the,
    with_number,
)
from hub.understanding.target import Miss, Target
from hub.understanding.targets import resolve

# What a device that is no sensor knows of itself.
_OWN_VALUE = {"temperature": "current_temperature", "humidity": "current_humidity", "battery": "battery_level"}


_TEMPERATURE_OF = re.compile(r"^(?:the )?temperature (?:in|of|on) ")
_SET_TO_IN = re.compile(r"^what is (?:the )?temperature set (?:to|at) (?:in|for|on) (.+)$")


def measure(text: str, context: Context) -> Answer | Miss | None:
    """Answer "what is the temperature in the hall" from a sensor, a thermostat or a device's own setting."""
    like = shape("like", text)
    text = f"what is the temperature in {like['t']}" if like is not None else text
    found = shape("how", text) or shape("what", text)
    if found is None:
        return None
    kind = MEASURES[found["m"]]
    pre = found.groupdict().get("pre") or ""
    if pre in ("target", "set") and kind in ("temperature", "humidity"):
        kind, pre = "target", ""
    phrase = " ".join(
        w
        for w in f"{pre} {found['t']}".split()
        if w not in ("the", "it", "is", "in", "on", "at", "s", "my", "of", "there")
    )
    phrase = "outside" if phrase in ("out", "out there") else phrase
    if kind == "brightness" and " it " in text and (lux := _sensors("illuminance", phrase, context)):
        return Answer(_reading(lux[0], "illuminance", context), (lux[0].entity_id,))
    if kind in ("brightness", "volume", "speed", "color", "position", "target"):
        return _setting_of(kind, phrase, context)
    named = resolve(f"{phrase} {found['m']}".strip(), frozenset({"sensor"}), context)
    pool = _sensors(kind, phrase, context)
    if not pool and isinstance(named, Target):
        pool = list(named.entities)
    if not pool:
        return Miss("no_such_device", f"{found['m']} sensor", (phrase,) if phrase else (), strength=3)
    exposed = [e for e in pool if e.exposed]
    if not exposed:
        return Miss("not_exposed", pool[0].name, (pool[0].name,), strength=8)
    return Answer(" ".join(_reading(e, kind, context) for e in exposed[:4]), tuple(e.entity_id for e in exposed[:4]))


def usage(text: str, context: Context) -> Answer | Miss | None:
    """Answer "how much power is the dryer using"."""
    found = shape("usage", text)
    if found is None:
        return None
    who = "" if found["t"] in ("we", "i", "it", "the house", "the home") else f" of {found['t']}"
    return measure(f"what is the {found['m']}{who}", context)


def set_to(text: str, context: Context) -> Answer | Miss | None:
    """Answer "what is the heating set to"."""
    found = shape("set_to", _SET_TO_IN.sub(r"what is the temperature in \1 set to", text))
    if found is None:
        return None
    phrase = _TEMPERATURE_OF.sub("", found["t"])
    heats = frozenset({"climate", "water_heater"})
    domains = heats if phrase != found["t"] else heats | {"humidifier", "light", "fan", "media_player", "cover"}
    target = resolve(phrase, domains, context)
    if isinstance(target, Miss):
        return target if not text.endswith((" on", " at")) else None
    told = [setting_words(e) for e in target.entities if e.exposed]
    sentence = " ".join(s for s in told if s)
    return Answer(sentence, tuple(e.entity_id for e in target.entities)) if sentence else no_permission(target)


def setting_words(entity: Entity) -> str:
    """What a device is set to, as a sentence."""
    name = sentence_case(the(entity))
    if entity.state in UNKNOWN_STATES:
        return f"{name} {is_are(entity)} not answering."
    if entity.domain == "todo":
        return f"{name} has {entity.state} {'item' if entity.state == '1' else 'items'}."
    for key, unit in (("temperature", "degrees"), ("humidity", "percent")):
        value = entity.attributes.get(key)
        if entity.domain in ("climate", "water_heater", "humidifier") and isinstance(value, (int, float)):
            off = " It is off now." if entity.state == "off" else ""
            return f"{name} {is_are(entity)} set to {value:g} {unit}.{off}"
    if entity.domain == "media_player" and isinstance(entity.attributes.get("volume_level"), (int, float)):
        volume = round(entity.attributes["volume_level"] * 100)
        return f"{name} {is_are(entity)} {state_words(entity)}, at {volume} percent volume."
    return f"{name} {is_are(entity)} {state_words(entity)}."


def _sensors(kind: str, phrase: str, context: Context) -> list[Entity]:
    """Where a quantity is measured: a sensor of that class, else a thermostat that knows it."""
    label = kind.replace("_", " ")
    sensors = [
        e
        for e in context.of_domains(frozenset({"sensor"}))
        if str(e.attributes.get("device_class") or "") == kind
        or (label in e.name.lower() and not e.attributes.get("device_class"))
    ]
    key = _OWN_VALUE.get(kind, "-")
    sensors += [
        e
        for e in context.of_domains(frozenset({"climate", "weather", "humidifier", "vacuum", "lawn_mower"}))
        if key in e.attributes or (e.domain == "weather" and kind in e.attributes)
    ]
    if not phrase or phrase in ("here", "room", "this room"):
        near = [e for e in sensors if e.area_id == context.area_id and context.area_id]
        indoors = [e for e in sensors if e.domain == "climate"] or sensors
        return (near or (indoors if not phrase else []))[:1]
    place = context.index.place_in(phrase)
    if place:
        areas = {place[1]} if place[0] == "area" else {a for a, f in context.index.area_floor.items() if f == place[1]}
        inside = [e for e in sensors if e.area_id in areas]
        if inside:
            return inside[:1] if place[0] == "area" else inside
    wanted = {singular(w) for w in phrase.split()}
    named = [e for e in sensors if wanted <= context.index.words[e.entity_id]]
    if not named and wanted <= {"outside", "outdoor", "outdoors"}:
        named = [
            e
            for e in sensors
            if context.index.words[e.entity_id] & {"outside", "outdoor", "outdoors"} or e.domain == "weather"
        ]
    return named[:1]


def _reading(entity: Entity, kind: str, context: Context) -> str:
    if entity.state in UNKNOWN_STATES:
        return f"{sentence_case(the(entity))} {is_are(entity)} not answering."
    area = context.area_name(entity.area_id)
    if entity.domain == "sensor":
        unit_less = (
            ""
            if entity.attributes.get("unit_of_measurement")
            else {"temperature": " degrees", "humidity": " percent"}.get(kind, "")
        )
        return f"{sentence_case(the(entity))} is {state_words(entity)}{unit_less}."
    value = entity.attributes.get(_OWN_VALUE.get(kind, kind), entity.attributes.get(kind))
    if kind == "battery":
        return f"{sentence_case(the(entity))} is at {with_number(str(value))} percent."
    where = (
        f" in the {area.lower()}"
        if area and entity.domain == "climate"
        else " outside"
        if entity.domain == "weather"
        else ""
    )
    return f"It is {with_number(str(value))} {'degrees' if kind == 'temperature' else 'percent humidity'}{where}."


def _setting_of(kind: str, phrase: str, context: Context) -> Answer | Miss | None:
    domains = {"brightness": "light", "volume": "media_player", "speed": "fan", "color": "light", "position": "cover",
               "target": "climate water_heater humidifier"}[kind]  # fmt: skip
    default = {
        "brightness": "lights",
        "volume": "music",
        "speed": "fan",
        "color": "lights",
        "position": "cover",
        "target": "heating",
    }[kind]
    target = resolve(phrase or default, frozenset(domains.split()), context)
    if isinstance(target, Miss):
        return target
    exposed = [e for e in target.entities if e.exposed]
    if not exposed:
        return no_permission(target)
    return Answer(" ".join(_setting_words(kind, e) for e in exposed[:6]), tuple(e.entity_id for e in exposed))


def _setting_words(kind: str, entity: Entity) -> str:
    name = sentence_case(the(entity))
    if entity.state in UNKNOWN_STATES:
        return f"{name} {is_are(entity)} not answering."
    attributes = entity.attributes
    if kind == "brightness" and entity.state == "on" and brightness_of(entity) is not None:
        return f"{name} {is_are(entity)} at {brightness_of(entity)} percent."
    if kind == "volume" and isinstance(attributes.get("volume_level"), (int, float)):
        return f"The volume of {the(entity)} is {round(attributes['volume_level'] * 100)} percent."
    if kind == "position":
        position = attributes.get("current_position", attributes.get("position"))
        return (
            f"{name} {is_are(entity)} {position} percent open."
            if isinstance(position, (int, float))
            else setting_words(entity)
        )
    if kind == "color" and attributes.get("color_name"):
        return f"{name} {is_are(entity)} {attributes['color_name']}."
    return setting_words(entity)
