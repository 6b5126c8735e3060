"""How a call is taken back when its time is over: the opposite, or the state of before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.understanding.house import Entity
from hub.understanding.states import brightness_of

_OPPOSITE = {
    "turn_on": "turn_off", "turn_off": "turn_on", "open_cover": "close_cover", "close_cover": "open_cover",
    "lock": "unlock", "media_pause": "media_play", "media_play": "media_pause", "open_valve": "close_valve",
    "close_valve": "open_valve",
}  # fmt: skip
# Where a value was set: the attribute that holds it now, and its name in the call.
_BEFORE = {
    "climate.set_temperature": ("temperature", "temperature"),
    "water_heater.set_temperature": ("temperature", "temperature"),
    "humidifier.set_humidity": ("humidity", "humidity"),
    "media_player.volume_set": ("volume_level", "volume_level"),
    "fan.set_percentage": ("percentage", "percentage"),
    "cover.set_cover_position": ("current_position", "position"),
}
_FLAGS = {"fan.oscillate": "oscillating", "media_player.volume_mute": "is_volume_muted"}


def reversal(service: str, entity: Entity, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:  # noqa: PLR0911 - one line a case
    """The call that takes another one back; None where there is none."""
    domain, _, name = service.partition(".")
    if service in _FLAGS:
        return service, {_FLAGS[service]: not data[_FLAGS[service]]}
    if service == "light.turn_on" and data and entity.state == "on":
        before = brightness_of(entity)
        return (service, {"brightness_pct": before}) if before is not None else None
    if service in _BEFORE:
        attribute, key = _BEFORE[service]
        if entity.state == "off" and domain in ("fan", "humidifier"):
            return f"{domain}.turn_off", {}
        before = entity.attributes.get(attribute, entity.attributes.get(key))
        return (service, {key: before}) if isinstance(before, (int, float)) else None
    if service == "climate.set_hvac_mode":
        return service, {"hvac_mode": entity.state}
    if name in _OPPOSITE and domain not in ("scene", "script"):
        return f"{domain}.{_OPPOSITE[name]}", {}
    return None
