"""Setting a device to a value: the service calls of Home Assistant for each domain, or why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.understanding.house import Entity
from hub.understanding.lexicon import COLORS, HVAC, LEVELS, Value


@dataclass(frozen=True, slots=True)
class Refusal:
    """This device cannot do that, or not with this value."""

    reason: str
    sentence: str


def cannot(entity: Entity, what: str) -> Refusal:
    """The refusal of a capability."""
    return Refusal("cannot_do", f"{entity.name} cannot {what}.")


Made = list[tuple[str, dict[str, Any]]] | Refusal


def cannot_set(entity: Entity, value: Value) -> Made:
    """The answer of a domain that takes no value."""
    return cannot(entity, f"be set to {value.word}")


def _percent(entity: Entity, value: Value, what: str) -> float | Refusal:
    if value.kind in ("percent", "number"):
        if 0 <= value.number <= 100:
            return value.number
        return Refusal("bad_value", f"The {what} of {entity.name} goes from 0 to 100 percent.")
    return cannot(entity, f"be set to {value.word}")


def set_light(entity: Entity, value: Value) -> Made:  # noqa: PLR0911 - one line a kind of value
    """Brightness, colour or colour temperature of a light."""
    if value.kind == "color":
        if "color" not in entity.capabilities:
            return cannot(entity, "change its colour")
        return [("light.turn_on", {"color_name": COLORS[value.word]})]
    if value.kind == "kelvin":
        if "color_temp" not in entity.capabilities:
            return cannot(entity, "change its colour temperature")
        low = float(entity.attributes.get("min_color_temp_kelvin") or 1500)
        high = float(entity.attributes.get("max_color_temp_kelvin") or 10000)
        if value.word[:1].isdigit() and not low <= value.number <= high:
            return Refusal("bad_value", f"{entity.name} goes from {low:g} to {high:g} kelvin.")
        return [("light.turn_on", {"color_temp_kelvin": round(min(max(value.number, low), high))})]
    level = 10.0 if value.word == "low" else value.number if value.word in LEVELS else None
    share = level if level is not None else _percent(entity, value, "brightness")
    if isinstance(share, Refusal):
        return share
    if share == 0:
        return [("light.turn_off", {})]
    if "brightness" not in entity.capabilities:
        return cannot(entity, "be dimmed")
    return [("light.turn_on", {"brightness_pct": round(share)})]


def _set_cover(entity: Entity, value: Value) -> Made:
    if value.word == "utmost":
        return Refusal("not_understood", "")  # "the blinds all the way" is up for one and down for another
    share = _percent(entity, value, "position")
    if isinstance(share, Refusal):
        return share
    if value.word in ("min", "minimum", "lowest"):
        share = 0.0
    if share in (0, 100):
        return [("cover.close_cover" if share == 0 else "cover.open_cover", {})]
    if "position" not in entity.capabilities:
        return cannot(entity, "stop half way")
    return [("cover.set_cover_position", {"position": round(share)})]


def _set_valve(entity: Entity, value: Value) -> Made:
    share = _percent(entity, value, "position")
    if isinstance(share, Refusal):
        return share
    if share in (0, 100):
        return [("valve.close_valve" if share == 0 else "valve.open_valve", {})]
    return [("valve.set_valve_position", {"position": round(share)})]


def _set_fan(entity: Entity, value: Value) -> Made:
    share = value.number if value.word in LEVELS else _percent(entity, value, "speed")
    if isinstance(share, Refusal):
        return share
    if "percentage" not in entity.capabilities:
        return cannot(entity, "change its speed")
    return [("fan.set_percentage", {"percentage": round(share)})] if share else [("fan.turn_off", {})]


def _set_player(entity: Entity, value: Value) -> Made:
    share = value.number if value.word in LEVELS else _percent(entity, value, "volume")
    if isinstance(share, Refusal):
        return share
    return [("media_player.volume_set", {"volume_level": round(share / 100, 2)})]


def _set_climate(entity: Entity, value: Value) -> Made:
    if value.kind == "word":
        return mode(entity, value.word, "hvac")
    if value.kind == "kelvin" and value.word in ("cool", "warm"):
        return mode(entity, "cool" if value.word == "cool" else "heat", "hvac")
    return set_temperature(entity, value)


def set_temperature(entity: Entity, value: Value) -> Made:
    """The target temperature of a thermostat or water heater."""
    if value.kind not in ("number", "degrees", "fahrenheit"):
        return cannot(entity, f"be set to {value.word}")
    heater = entity.domain == "water_heater"
    low = float(entity.attributes.get("min_temp") or (30 if heater else 5))
    high = float(entity.attributes.get("max_temp") or (80 if heater else 35))
    number = value.number
    if value.kind == "fahrenheit" and high < 90:
        number = round((number - 32) * 5 / 9, 1)
    if not low <= number <= high:
        return Refusal("bad_value", f"{entity.name} can be set from {low:g} to {high:g} degrees.")
    return [(f"{entity.domain}.set_temperature", {"temperature": number})]


def set_humidity(entity: Entity, value: Value) -> Made:
    """The target of a humidifier."""
    low = float(entity.attributes.get("min_humidity") or 0)
    high = float(entity.attributes.get("max_humidity") or 100)
    if value.kind not in ("number", "percent"):
        return cannot(entity, f"be set to {value.word}")
    if not low <= value.number <= high:
        return Refusal("bad_value", f"{entity.name} can be set from {low:g} to {high:g} percent.")
    return [("humidifier.set_humidity", {"humidity": round(value.number)})]


def mode(entity: Entity, said: str, kind: str) -> Made:
    """An hvac or fan mode that the device offers."""
    prefix = "fan_mode:"
    listed = [c.removeprefix(prefix) for c in entity.capabilities if c.startswith(prefix)] if kind == "fan" else []
    modes = entity.attributes.get(f"{kind}_modes") or (
        ",".join(listed).split(",") if kind == "fan" else entity.capabilities
    )
    wanted = HVAC.get(said, said) if kind == "hvac" else said
    options = [wanted, "heat_cool"] if wanted == "auto" else [wanted]
    for option in options:
        if option in modes:
            return [(f"climate.set_{kind}_mode", {f"{kind}_mode": option})]
    return cannot(entity, f"be set to {said}")


# What a device can be switched between: its list, the service that does it, and the service's field.
OPTIONS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "media_player": (("source_list", "select_source", "source"),),
    "humidifier": (("available_modes", "set_mode", "mode"),),
    "water_heater": (("operation_list", "set_operation_mode", "operation_mode"),),
    "fan": (("preset_modes", "set_preset_mode", "preset_mode"),),
    "climate": (("preset_modes", "set_preset_mode", "preset_mode"), ("swing_modes", "set_swing_mode", "swing_mode")),
    "vacuum": (("fan_speed_list", "set_fan_speed", "fan_speed"),),
    "select": (("options", "select_option", "option"),),
    "input_select": (("options", "select_option", "option"),),
}


def option(entity: Entity, said: str) -> Made:
    """An input, mode or preset that the device offers by this name."""
    wanted = _letters(said)
    for key, service, data in OPTIONS.get(entity.domain, ()):
        for offered in entity.attributes.get(key) or ():
            if _letters(str(offered)) == wanted:
                return [(f"{entity.domain}.{service}", {data: offered})]
    return Refusal("not_understood", "")


def _letters(text: str) -> str:
    return "".join(c for c in text.lower().removesuffix(" mode") if c.isalnum())


SETTERS: Mapping[str, Callable[[Entity, Value], Made]] = {
    "light": set_light, "cover": _set_cover, "valve": _set_valve, "fan": _set_fan, "media_player": _set_player,
    "climate": _set_climate,
    "water_heater": set_temperature, "humidifier": set_humidity,
}  # fmt: skip
