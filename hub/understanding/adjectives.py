"""What can be said of a device ("on", "open", "locked"), and whether it is true now."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from hub.understanding.house import Entity


@dataclass(frozen=True, slots=True)
class Adjective:
    """States that make it true, domains it is said of, and the state of a binary sensor that makes it true."""

    states: frozenset[str]
    domains: frozenset[str]
    sensor: str


def _read() -> tuple[dict[str, Adjective], dict[str, str]]:
    adjectives: dict[str, Adjective] = {}
    same: dict[str, str] = {}
    text = files("hub.understanding").joinpath("adjectives.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if " | " in line and not line.startswith("#"):
            word, states, domains, sensor = (part.strip() for part in f"{line} ".split(" | "))
            adjectives[word] = Adjective(frozenset(states.split()), frozenset(domains.split()), sensor)
        elif " = " in line and not line.startswith("#"):
            said, _, word = line.partition(" = ")
            same[said] = word
    return adjectives, same


# "Did I lock the door?" asks whether it is locked.
_DONE = {
    "lock": "locked",
    "unlock": "unlocked",
    "close": "closed",
    "shut": "closed",
    "turn off": "off",
    "switch off": "off",
    "turn on": "on",
    "switch on": "on",
    "set": "armed",
}
ADJECTIVES, _SAME = _read()
SAID = sorted((*ADJECTIVES, *_SAME), key=len, reverse=True)


def adjective_of(said: str) -> str:
    """The adjective that was meant ("shut" is "closed")."""
    return _DONE.get(said) or _SAME.get(said, said)


def holds(entity: Entity, adjective: str) -> bool:  # noqa: PLR0911 - one line a case
    """Whether an adjective is true of a device now."""
    meaning = ADJECTIVES[adjective]
    if adjective == "muted":
        return bool(entity.attributes.get("is_volume_muted"))
    if adjective == "oscillating":
        return bool(entity.attributes.get("oscillating"))
    if entity.domain == "binary_sensor":
        return entity.state == meaning.sensor
    if adjective == "open" and entity.domain == "lock":
        return entity.state in ("open", "unlocked")
    if adjective == "closed" and entity.domain == "lock":
        return entity.state == "locked"
    if adjective in ("heating", "cooling") and "hvac_action" in entity.attributes:
        return bool(entity.attributes["hvac_action"] == adjective)
    return entity.state in meaning.states
