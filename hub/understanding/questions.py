"""The shapes of questions, read from their file, and what an answer is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.understanding.adjectives import SAID
from hub.understanding.patterns import read_patterns
from hub.understanding.target import Miss, Target

# What a question may be about.
COUNTABLE = frozenset(
    [
        "light",
        "switch",
        "fan",
        "media_player",
        "climate",
        "humidifier",
        "water_heater",
        "input_boolean",
        "cover",
        "lock",
        "vacuum",
        "lawn_mower",
        "sensor",
        "binary_sensor",
        "alarm_control_panel",
        "weather",
        "person",
        "device_tracker",
        "valve",
        "siren",
        "sun",
        "todo",
        "input_number",
        "number",
        "input_select",
        "select",
    ]
)
MEASURES: dict[str, str] = {
    "temperature": "temperature", "warm": "temperature", "hot": "temperature", "cold": "temperature",
    "humidity": "humidity", "humid": "humidity",
    "battery": "battery", "battery level": "battery", "power": "power", "power consumption": "power",
    "power usage": "power", "energy": "energy",
    "energy use": "energy", "energy usage": "energy", "illuminance": "illuminance", "light level": "illuminance",
    "co2": "carbon_dioxide", "carbon dioxide": "carbon_dioxide",
    "co2 level": "carbon_dioxide", "air quality": "aqi", "pressure": "pressure", "moisture": "moisture",
    "charge": "battery",
    "energy consumption": "energy", "electricity": "power", "air pressure": "pressure", "humidity level": "humidity",
    "wind speed": "wind_speed", "brightness": "brightness", "bright": "brightness", "volume": "volume",
    "loud": "volume", "speed": "speed", "fast": "speed",
    "color": "color", "position": "position", "far open": "position", "open": "position", "high": "target",
    "setting": "target", "target": "target", "target temperature": "target",
}  # fmt: skip
_TABLE = read_patterns(
    "questions.txt",
    {"ADJ": "|".join(SAID), "MEASURE": "|".join(sorted(MEASURES, key=len, reverse=True))},
)
_SHAPES = {name: [p.expression for p in _TABLE if p.group == name] for name in dict.fromkeys(p.group for p in _TABLE)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is true, and which devices it was read from."""

    sentence: str
    entity_ids: tuple[str, ...]
    reason: str = "query"


def shape(name: str, text: str) -> re.Match[str] | None:
    """The text as a question of this shape."""
    return next((found for pattern in _SHAPES[name] if (found := pattern.fullmatch(text))), None)


def no_permission(target: Target) -> Miss | None:
    """The miss of devices of which none is exposed."""
    hidden = [e.name for e in target.entities if not e.exposed]
    return Miss("not_exposed", hidden[0], tuple(hidden), strength=8) if len(hidden) == len(target.entities) else None
