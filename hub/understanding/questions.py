"""The shapes of questions, read from their file, and what an answer is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.understanding.adjectives import SAID
from hub.understanding.patterns import Table, read_patterns
from hub.understanding.target import Miss, Target
from hub.understanding.verbs import Form, is_verb

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
    "temperature": "temperature", "chilly": "temperature", "toasty": "temperature", "damp": "humidity",
    "muggy": "humidity", "warm": "temperature", "hot": "temperature", "cold": "temperature",
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
_SHAPES = {name: Table(p for p in _TABLE if p.group == name) for name in {p.group for p in _TABLE}}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is true, and which devices it was read from."""

    sentence: str
    entity_ids: tuple[str, ...]
    reason: str = "query"


_ASIDE = re.compile(
    r"(?:(?: ,)? (?:or (?:not|what|no|whatever|on|off|open|closed|shut|locked|unlocked)|yet|by any chance"
    r"|do you know|tight|tightly|properly|at all|round"
    r"|around"
    r"|at the minute|any idea|is it|are they|then))+$"
)
_OR_NOT = re.compile(r" (?:or (?:not|what|no)|yet)$")
_INTERJECTION = re.compile(r"^(?:(?:brr+|phew|ooh+|ugh|blimey|gosh|oi|yo|crikey|say|hang on|quick question) (?:, )?)+")
_BARE = re.compile(
    r"any (?!chance|idea|good|news|more|luck|time|one)(?:of (?:the|my|our) )?[a-z ]+"
    rf" (?:{'|'.join(SAID)})(?: .+)?"
)
_SHORT_IS = re.compile(r"^((?:how|what) (?!is\b|was\b|does\b|has\b)[a-z]{3,})s (?=(?:the|my|our|it|that|this|in) )")
_ASKING = re.compile(r"(?:is|are|was|has|have|did|do|does|how|what|which|where|who|when|why|can|any)\b")


def plainly_asked(text: str) -> str:
    """A question without what is said around it: "washing machine done or what" is "is the washing machine done"."""
    asked = _SHORT_IS.sub(r"\1 is ", _INTERJECTION.sub("", text))
    bare = _ASIDE.sub("", asked)
    if _ASKING.match(asked):
        asked = bare
    elif _OR_NOT.search(asked) and not is_verb(asked.partition(" ")[0], Form.BASE):
        asked = f"is {bare}"
    return f"are {asked}" if _BARE.fullmatch(asked) else asked


def shape(name: str, text: str) -> re.Match[str] | None:
    """The text as a question of this shape."""
    return next((found for p in _SHAPES[name].like(text) if (found := p.expression.fullmatch(text))), None)


def no_permission(target: Target) -> Miss | None:
    """The miss of devices of which none is exposed."""
    hidden = [e.name for e in target.entities if not e.exposed]
    return Miss("not_exposed", hidden[0], tuple(hidden), strength=8) if len(hidden) == len(target.entities) else None
