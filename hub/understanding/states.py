"""A device's state in words."""

from __future__ import annotations

from collections.abc import Mapping

from hub.understanding.house import Entity
from hub.understanding.lexicon import singular
from hub.understanding.numbers import number_text

_BINARY: Mapping[str, tuple[str, str]] = {
    "door": ("open", "closed"), "window": ("open", "closed"), "garage_door": ("open", "closed"), "opening": ("open",
    "closed"),
    "lock": ("unlocked", "locked"), "motion": ("detecting motion", "clear"), "occupancy": ("occupied", "clear"),
    "presence": ("home", "away"), "moisture": ("wet", "dry"), "smoke": ("detecting smoke", "clear"),
    "gas": ("detecting gas", "clear"),
    "carbon_monoxide": ("detecting carbon monoxide", "clear"), "battery": ("low", "fine"), "plug": ("plugged in",
    "unplugged"),
    "running": ("running", "not running"), "connectivity": ("connected", "disconnected"),
    "problem": ("reporting a problem", "fine"),
    "vibration": ("vibrating", "still"), "sound": ("hearing sound", "quiet"), "light": ("seeing light", "dark"),
    "cold": ("cold", "not cold"), "heat": ("hot", "not hot"), "power": ("powered", "without power"),
    "battery_charging": ("charging", "not charging"), "moving": ("moving", "still"), "safety": ("unsafe", "safe"),
    "tamper": ("tampered with", "fine"), "update": ("waiting for an update", "up to date"),
}  # fmt: skip
_UNITS = {
    "°C": "degrees", "°F": "degrees Fahrenheit", "%": "percent", "W": "watts", "kW": "kilowatts",
    "kWh": "kilowatt hours",
    "Wh": "watt hours", "lx": "lux", "V": "volts", "A": "amps", "ppm": "parts per million", "hPa": "hectopascals",
    "µg/m³": "micrograms per cubic metre", "km/h": "kilometres an hour", "m/s": "metres a second", "mm": "millimetres",
}  # fmt: skip
UNKNOWN_STATES = frozenset({"unavailable", "unknown", "", "none"})


def brightness_of(entity: Entity) -> int | None:
    """A light's brightness in percent, where it is on and tells."""
    percent = entity.attributes.get("brightness_pct")
    raw = entity.attributes.get("brightness")
    if isinstance(percent, (int, float)):
        return round(percent)
    return round(raw / 2.55) if isinstance(raw, (int, float)) else None


def state_words(entity: Entity) -> str:  # noqa: PLR0911 - one line a domain
    """What comes after "is": "on", "open", "21 degrees", "docked"."""
    state = entity.state
    if state in UNKNOWN_STATES:
        return "not answering"
    kind = str(entity.attributes.get("device_class") or "")
    if entity.domain == "binary_sensor" and state in ("on", "off"):
        pair = _BINARY.get(kind) or (("open", "closed") if _opens(entity) else ("on", "off"))
        return pair[state == "off"]
    if entity.domain in ("sensor", "number", "input_number"):
        unit = str(entity.attributes.get("unit_of_measurement") or "")
        return f"{with_number(state)} {_UNITS.get(unit, unit)}".strip()
    if entity.domain == "light" and state == "on" and brightness_of(entity) is not None:
        return f"on at {brightness_of(entity)} percent"
    if entity.domain == "fan" and state == "on" and isinstance(entity.attributes.get("percentage"), (int, float)):
        return f"on at {entity.attributes['percentage']:g} percent"
    if entity.domain == "alarm_control_panel":
        return state.replace("armed_", "armed, ").replace("_", " ")
    return state.replace("_", " ").replace("fan only", "on fan only")


def _opens(entity: Entity) -> bool:
    words = entity.name.lower().split()
    return bool({"door", "window", "gate", "contact"} & set(map(singular, words)))


def with_number(state: str) -> str:
    """A number without needless digits; anything else as it is."""
    try:
        return number_text(round(float(state), 1))
    except (ValueError, OverflowError):
        return state


def plural(entity: Entity) -> bool:
    """Whether a name takes "are"."""
    last = entity.name.split()[-1].lower() if entity.name.split() else ""
    return last != singular(last)


def the(entity: Entity) -> str:
    """A name as the subject of a sentence."""
    proper = entity.domain in ("vacuum", "lawn_mower", "person") and " " not in entity.name
    return entity.name if proper or entity.name.lower().startswith(("the ", "my ")) else f"the {_lower(entity.name)}"


def _lower(name: str) -> str:
    return " ".join(
        word if word.isupper() or any(c.isupper() for c in word[1:]) else word.lower() for word in name.split()
    )


def is_are(entity: Entity) -> str:
    """The verb that goes with the name."""
    return "are" if plural(entity) else "is"


def listed(items: list[str]) -> str:
    """Join words as "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def either(items: list[str]) -> str:
    """Join words as "a, b or c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}" if items else ""


def sentence_case(text: str) -> str:
    """First letter large, nothing else changed."""
    return text[:1].upper() + text[1:]
