"""What the demo home accepts as values of a service call; it refuses with the words Home Assistant uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.home.colors import rgb_by_name
from hub.home.errors import BadValueError
from hub.home.expectation import as_number
from hub.understanding.house import Entity

_RANGES: Mapping[str, tuple[float, float]] = {
    "brightness": (0, 255),
    "brightness_pct": (0, 100),
    "brightness_step": (-255, 255),
    "brightness_step_pct": (-100, 100),
    "color_temp_kelvin": (1, 40_000),
    "transition": (0, 6553),
    "position": (0, 100),
    "percentage": (0, 100),
    "volume_level": (0, 1),
}
_CHOICES: Mapping[str, str] = {
    "hvac_mode": "hvac_modes",
    "preset_mode": "preset_modes",
    "source": "source_list",
}
_SWITCHES = frozenset({"oscillating", "is_volume_muted"})
_TEXTS = frozenset({"item", "code"})
_NEEDED: Mapping[str, str] = {
    "cover.set_cover_position": "position",
    "cover.stop_cover": "stop",
    "fan.set_percentage": "percentage",
    "fan.increase_speed": "percentage",
    "fan.decrease_speed": "percentage",
    "fan.oscillate": "oscillate",
    "media_player.select_source": "source",
}


def check_data(service: str, allowed: Sequence[str], data: Mapping[str, Any], entity: Entity) -> None:
    """Refuse what Home Assistant would refuse.

    Args:
        service: with its domain, for the sentence.
        allowed: the keys it takes; a trailing `!` marks one that must be there.
        data: what came.
        entity: whose limits and lists of choices hold.

    Raises:
        BadValueError: the sentence names key and limit.
    """
    if service in _NEEDED and _NEEDED[service] not in entity.capabilities:
        raise BadValueError(f"Entity {entity.entity_id} does not support action {service}.")
    for key in allowed:
        if key.endswith("!") and key[:-1] not in data:
            raise BadValueError(f"required key not provided @ data['{key[:-1]}']")
    known = {key.rstrip("!") for key in allowed}
    for key, value in data.items():
        if key not in known:
            raise BadValueError(f"extra keys not allowed @ data['{key}']")
        _check_value(key, value, entity)


def _check_value(key: str, value: Any, entity: Entity) -> None:
    if key in _RANGES:
        low, high = _RANGES[key]
        found = as_number(value)
        if found is None:
            raise BadValueError(f"expected a number for dictionary value @ data['{key}']")
        if not low <= found <= high:
            bound = f"at least {low:g}" if found < low else f"at most {high:g}"
            raise BadValueError(f"value must be {bound} for dictionary value @ data['{key}']")
    elif key == "temperature":
        _check_temperature(value, entity)
    elif key in _CHOICES:
        choices = entity.attributes.get(_CHOICES[key]) or []
        if value not in choices:
            listed = ", ".join(str(choice) for choice in choices)
            raise BadValueError(f"{value} is not a valid {key.replace('_', ' ')}. Valid ones are: {listed}.")
    elif key in _SWITCHES and not isinstance(value, bool):
        raise BadValueError(f"expected bool for dictionary value @ data['{key}']")
    elif key in _TEXTS and not isinstance(value, str):
        raise BadValueError(f"expected str for dictionary value @ data['{key}']")
    else:
        _check_color(key, value)


def _check_temperature(value: Any, entity: Entity) -> None:
    low, high = entity.attributes["min_temp"], entity.attributes["max_temp"]
    found = as_number(value)
    if found is None:
        raise BadValueError("expected float for dictionary value @ data['temperature']")
    if not low <= found <= high:
        raise BadValueError(f"Provided temperature {found:g} is not valid. Accepted range is {low:g} to {high:g}.")


def _check_color(key: str, value: Any) -> None:
    if key == "color_name" and (not isinstance(value, str) or rgb_by_name(value) is None):
        raise BadValueError("Got unknown color name for dictionary value @ data['color_name']")
    limits = {"rgb_color": (255, 255, 255), "hs_color": (360, 100)}.get(key)
    if limits is None:
        return
    parts = [as_number(part) for part in value] if isinstance(value, (list, tuple)) else []
    fits = len(parts) == len(limits) and all(
        part is not None and 0 <= part <= limit for part, limit in zip(parts, limits, strict=True)
    )
    if not fits:
        raise BadValueError(f"expected {len(limits)} numbers in range for dictionary value @ data['{key}']")


def number(value: Any, default: float) -> float:
    """A number out of an attribute, or `default`."""
    found = as_number(value)
    return default if found is None else found
