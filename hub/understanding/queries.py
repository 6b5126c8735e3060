"""Questions about the state of the house, answered from the states themselves."""

from __future__ import annotations

import re

from hub.understanding.context import Context
from hub.understanding.house import Entity
from hub.understanding.measures import measure, set_to, setting_words, usage
from hub.understanding.predicates import count, sensed, which, yes_no
from hub.understanding.questions import COUNTABLE, Answer, no_permission, shape
from hub.understanding.states import (
    UNKNOWN_STATES,
    listed,
    sentence_case,
    state_words,
    the,
)
from hub.understanding.target import Miss
from hub.understanding.targets import resolve

# A piano, a heat pump: any of its kind, not the one of this house.
_GENERAL = re.compile(
    r"(?:what|how|where|who|which|when|why)\b.* an? (?!(?:bit|lot|little|while|moment|second|minute|hour|day|touch|few"
    r"|couple|tad)\b)[a-z]{2,}(?: [a-z]+){0,2}"
)
_NOTICES = frozenset({"presence", "occupancy", "motion"})


def answer(text: str, context: Context) -> Answer | Miss | None:
    """Answer a state question. None: this is no question about the house."""
    if _GENERAL.fullmatch(text):
        return None
    miss: Miss | None = None
    for read in (_weather, sensed, usage, count, which, yes_no, set_to, measure, _whereabouts, _state):
        found = read(text, context)
        if isinstance(found, Answer):
            return found
        if found is not None and (miss is None or found.strength > miss.strength):
            miss = found
    return miss


def _whereabouts(text: str, context: Context) -> Answer | Miss | None:
    found = shape("people", text)
    people = context.of_domains(frozenset({"person"})) or context.of_domains(frozenset({"device_tracker"}))
    if found is None or (found["t"] and not people):
        return None
    if not people:
        return _presence(context)
    if found["t"]:
        target = resolve(found["t"], frozenset({"person", "device_tracker", "vacuum"}), context)
        if isinstance(target, Miss):
            return target
        return Answer(" ".join(_person(e) for e in target.entities), tuple(e.entity_id for e in target.entities))
    home = [e for e in people if e.exposed and e.state == "home"]
    names = listed([e.name for e in home])
    text = f"{names} {'are' if len(home) > 1 else 'is'} at home." if home else "Nobody is at home."
    return Answer(text, tuple(e.entity_id for e in people))


def _presence(context: Context) -> Answer:
    """Who is at home, as far as sensors of a house without people can tell."""
    sensors = [
        e
        for e in context.of_domains(frozenset({"binary_sensor"}))
        if e.exposed and e.attributes.get("device_class") in _NOTICES and e.state not in UNKNOWN_STATES
    ]
    ids = tuple(e.entity_id for e in sensors)
    noticed = [the(e) for e in sensors if e.state == "on"]
    if noticed:
        return Answer(f"Somebody is, says {listed(noticed)}.", ids)
    told = "None of my sensors notices anybody." if sensors else "Nothing in this home tells me who is there."
    return Answer(told, ids)


def _person(entity: Entity) -> str:
    if entity.domain == "person":
        where = {"home": "at home", "not_home": "away"}.get(entity.state, f"at {entity.state}")
        return f"{entity.name} is {where}."
    return f"{sentence_case(the(entity))} is {state_words(entity)}."


def _state(text: str, context: Context) -> Answer | Miss | None:
    found = shape("state", text)
    if found is None:
        return None
    target = resolve(found["t"], COUNTABLE, context)
    if isinstance(target, Miss):
        return target if target.reason == "ambiguous" else None
    entities = [e for e in target.entities if e.exposed]
    if not entities:
        return no_permission(target)
    if target.cost and len(found["t"].split()) < 2:
        return None
    return Answer(" ".join(setting_words(e) for e in entities[:6]), tuple(e.entity_id for e in entities))


def _weather(text: str, context: Context) -> Answer | Miss | None:
    found = shape("weather", text)
    if found is None:
        return None
    weather = next((e for e in context.of_domains(frozenset({"weather"})) if e.exposed), None)
    if weather is None:
        return Miss("no_such_device", "weather", strength=3)
    if weather.state in UNKNOWN_STATES:
        return Answer("The weather is not answering.", (weather.entity_id,), "unavailable")
    condition = {"partlycloudy": "partly cloudy", "clear-night": "clear", "rainy": "raining", "pouring": "pouring",
                 "snowy": "snowing"}.get(weather.state, weather.state)  # fmt: skip
    degrees = weather.attributes.get("temperature")
    warmth = f" and {degrees:g} degrees" if isinstance(degrees, (int, float)) else ""
    yes = ""
    if found["a"] in ("raining", "sunny", "cloudy", "windy", "snowing"):
        yes = "Yes, it" if found["a"][:4] in condition else "No, it"
    return Answer(f"{yes or 'It'} is {condition}{warmth}.", (weather.entity_id,))
