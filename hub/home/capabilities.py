"""What an entity can be asked for, from the attributes that Home Assistant gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# The bits are Home Assistant's `*EntityFeature` flags, stable since they are part of its state format.
_FEATURES: Mapping[str, Mapping[int, str]] = {
    "light": {4: "effect", 8: "flash", 32: "transition"},
    "cover": {1: "open", 2: "close", 4: "position", 8: "stop", 128: "tilt"},
    "valve": {1: "open", 2: "close", 4: "position", 8: "stop"},
    "fan": {1: "percentage", 2: "oscillate", 4: "direction", 8: "preset_mode"},
    "climate": {
        1: "temperature",
        2: "temperature_range",
        4: "humidity",
        8: "fan_mode",
        16: "preset_mode",
        32: "swing_mode",
    },
    "water_heater": {1: "temperature", 2: "operation_mode", 4: "away_mode"},
    "humidifier": {1: "mode"},
    "lock": {1: "open"},
    "vacuum": {4: "pause", 8: "stop", 16: "return_home", 32: "fan_speed", 512: "locate", 8192: "start"},
    "media_player": {
        1: "pause",
        2: "seek",
        4: "volume",
        8: "mute",
        16: "previous",
        32: "next",
        128: "turn_on",
        256: "turn_off",
        512: "play_media",
        1024: "volume_step",
        2048: "source",
        4096: "stop",
        16384: "play",
    },
    "todo": {1: "add_item", 2: "remove_item", 4: "update_item"},
}
_COLOR_MODES = frozenset({"hs", "rgb", "rgbw", "rgbww", "xy"})


def capabilities(domain: str, attributes: Mapping[str, Any]) -> frozenset[str]:
    """Capability names (see `Entity.capabilities`) of a device with these attributes.

    Attributes of the wrong type, which broken integrations do send, promise nothing.
    """
    features = attributes.get("supported_features")
    bits = features if isinstance(features, int) and not isinstance(features, bool) else 0
    found = {name for bit, name in _FEATURES.get(domain, {}).items() if bits & bit}
    if domain == "light":
        found |= _light(frozenset(_words(attributes.get("supported_color_modes"))))
    elif domain == "climate":
        found |= frozenset(_words(attributes.get("hvac_modes")))
    return frozenset(found)


def _light(modes: frozenset[str]) -> set[str]:
    found = set()
    if modes - {"onoff", "unknown"}:
        found.add("brightness")
    if modes & _COLOR_MODES:
        found.add("color")
    if "color_temp" in modes:
        found.add("color_temp")
    return found


def _words(value: object) -> Iterable[str]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return (word for word in value if isinstance(word, str))
    return ()
