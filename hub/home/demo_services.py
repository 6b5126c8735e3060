"""How the devices of the demo home behave: a service call in, the states it leads to out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.home.colors import hue_saturation, rgb_by_name, rgb_of
from hub.home.demo_values import check_data, number
from hub.home.errors import BadValueError, ServiceNotFoundError
from hub.understanding.house import Entity

LATENCY_S = 0.04
LOCK_S = 1.0
SHADE_STEP_S = 0.25
GARAGE_S = 6.0


@dataclass(frozen=True, slots=True)
class Step:
    """A state that a device takes `after_s` seconds after the call; an attribute of None goes away."""

    after_s: float
    state: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


def serve(entity: Entity, service: str, data: Mapping[str, Any], *, stamp: str) -> list[Step]:
    """The states that a call leads to, in order.

    Args:
        entity: the device as it is now.
        service: without its domain.
        data: without the target.
        stamp: the time now in ISO 8601, which a scene takes as its state.

    Raises:
        ServiceNotFoundError: the domain has no such service.
        BadValueError: a value is missing, unknown, of the wrong type or out of range.
    """
    device = _DEVICES.get(entity.domain)
    if device is None or service not in device.services:
        raise ServiceNotFoundError(f"Action {entity.domain}.{service} not found")
    check_data(f"{entity.domain}.{service}", device.services[service], data, entity)
    return device.behave(entity, service, data, stamp)


def _toggled(entity: Entity, service: str) -> bool:
    return service == "turn_on" or (service == "toggle" and entity.state in ("off", "standby"))


def _switch(entity: Entity, service: str, _data: Mapping[str, Any], _stamp: str) -> list[Step]:
    return [Step(LATENCY_S, "on" if _toggled(entity, service) else "off")]


def _light(entity: Entity, service: str, data: Mapping[str, Any], _stamp: str) -> list[Step]:
    gone = dict.fromkeys(("brightness", "color_mode", "color_temp_kelvin", "hs_color", "rgb_color"))
    if not _toggled(entity, service):
        return [Step(LATENCY_S, "off", gone)]
    now = number(entity.attributes.get("brightness"), 0.0) if entity.state == "on" else 0.0
    level = now or 255.0
    for key, scale, base in (
        ("brightness", 1.0, 0.0),
        ("brightness_pct", 2.55, 0.0),
        ("brightness_step", 1.0, now),
        ("brightness_step_pct", 2.55, now),
    ):
        if key in data:
            level = min(base + float(data[key]) * scale, 255.0)
    if level <= 0:
        return [Step(LATENCY_S, "off", gone)]
    shown: dict[str, Any] = {}
    if "brightness" in entity.capabilities:
        shown["brightness"] = round(level)
        shown["color_mode"] = entity.attributes.get("color_mode") or entity.attributes["supported_color_modes"][0]
    if "color_temp" in entity.capabilities:
        shown |= _white_or_color(entity, data)
    return [Step(LATENCY_S, "on", shown)]


def _white_or_color(entity: Entity, data: Mapping[str, Any]) -> dict[str, Any]:
    hs = data.get("hs_color")
    rgb = data.get("rgb_color")
    if "color_name" in data:
        rgb = rgb_by_name(data["color_name"])
    if "color" in entity.capabilities and (rgb is not None or hs is not None):
        hue, saturation = hue_saturation((rgb[0], rgb[1], rgb[2])) if rgb is not None else (hs[0], hs[1])  # type: ignore[index]
        return {
            "color_mode": "hs",
            "hs_color": (hue, saturation),
            "rgb_color": rgb_of(hue, saturation),
            "color_temp_kelvin": None,
        }
    if "color_temp_kelvin" in data or entity.attributes.get("color_mode") is None:
        low, high = entity.attributes["min_color_temp_kelvin"], entity.attributes["max_color_temp_kelvin"]
        kelvin = min(max(int(data.get("color_temp_kelvin", 3000)), low), high)
        return {"color_mode": "color_temp", "color_temp_kelvin": kelvin, "hs_color": None, "rgb_color": None}
    return {}


def _cover(entity: Entity, service: str, data: Mapping[str, Any], _stamp: str) -> list[Step]:
    position = entity.attributes.get("current_position")
    if service == "stop_cover":
        shut = entity.state == "closed" or position == 0
        return [Step(LATENCY_S, "closed" if shut else "open")]
    opens = service == "open_cover" or (service == "toggle" and entity.state in ("closed", "closing"))
    if position is None:
        end, way = ("open", "opening") if opens else ("closed", "closing")
        there = entity.state == end
        return [Step(LATENCY_S, end)] if there else [Step(LATENCY_S, way), Step(GARAGE_S, end)]
    goal = int(data["position"]) if service == "set_cover_position" else 100 if opens else 0
    return _travel(int(position), goal)


def _travel(position: int, goal: int) -> list[Step]:
    """Ten per cent at a time, as a motor reports it."""
    steps, at_s = [], LATENCY_S
    way = "opening" if goal > position else "closing"
    while position != goal:
        steps.append(Step(at_s, way, {"current_position": position}))
        position = min(position + 10, goal) if goal > position else max(position - 10, goal)
        at_s += SHADE_STEP_S
    return [*steps, Step(at_s, "closed" if goal == 0 else "open", {"current_position": goal})]


def _lock(entity: Entity, service: str, _data: Mapping[str, Any], _stamp: str) -> list[Step]:
    end, way = ("locked", "locking") if service == "lock" else ("unlocked", "unlocking")
    return [Step(LATENCY_S, end)] if entity.state == end else [Step(LATENCY_S, way), Step(LOCK_S, end)]


def _fan(entity: Entity, service: str, data: Mapping[str, Any], _stamp: str) -> list[Step]:
    step = number(entity.attributes.get("percentage_step"), 1.0)
    now = number(entity.attributes.get("percentage"), 0.0)
    if service == "oscillate":
        return [Step(LATENCY_S, entity.state, {"oscillating": data["oscillating"]})]
    if service in ("increase_speed", "decrease_speed"):
        percentage = now + step if service == "increase_speed" else now - step
    elif "percentage" in data and "percentage" in entity.capabilities:
        percentage = -(-float(data["percentage"]) // step) * step
    else:
        percentage = (now or 100.0) if _toggled(entity, service) else 0.0
    percentage = min(max(percentage, 0.0), 100.0)
    held = {"percentage": round(percentage)} if "percentage" in entity.capabilities else {}
    return [Step(LATENCY_S, "on" if percentage > 0 else "off", held)]


def _climate(entity: Entity, service: str, data: Mapping[str, Any], _stamp: str) -> list[Step]:
    state, changed = entity.state, dict[str, Any]()
    if service == "set_preset_mode":
        changed["preset_mode"] = data["preset_mode"]
    elif service == "set_temperature":
        changed["temperature"] = float(data["temperature"])
        state = data.get("hvac_mode", state)
    elif service == "set_hvac_mode":
        state = data["hvac_mode"]
    else:
        state = "heat" if _toggled(entity, service) else "off"
    goal = number(changed.get("temperature", entity.attributes.get("temperature")), 0.0)
    cold = goal > number(entity.attributes.get("current_temperature"), 0.0)
    changed["hvac_action"] = "off" if state == "off" else "heating" if cold else "idle"
    return [Step(LATENCY_S, state, changed)]


def _media_player(entity: Entity, service: str, data: Mapping[str, Any], _stamp: str) -> list[Step]:
    state, held = entity.state, entity.attributes
    volume = number(held.get("volume_level"), 0.0)
    if service == "media_play_pause":
        service = "media_pause" if state == "playing" else "media_play"
    changed: dict[str, Any] = {}
    if service in ("turn_on", "turn_off", "toggle"):
        state = ("idle" if "media_title" in held else "on") if _toggled(entity, service) else "off"
    elif service in ("media_next_track", "media_previous_track"):
        track = max(int(held.get("media_track") or 1) + (1 if service == "media_next_track" else -1), 1)
        changed = {"media_track": track, "media_title": f"Track {track}"}
    elif service in ("volume_up", "volume_down"):
        changed["volume_level"] = round(min(max(volume + (0.1 if service == "volume_up" else -0.1), 0.0), 1.0), 2)
    elif service in _PLAYER_STATES:
        state = _PLAYER_STATES[service]
    else:
        changed = dict(data)
    return [Step(LATENCY_S, state, changed)]


def _vacuum(_entity: Entity, service: str, _data: Mapping[str, Any], _stamp: str) -> list[Step]:
    if service == "return_to_base":
        return [Step(LATENCY_S, "returning"), Step(20.0, "docked")]
    return [Step(LATENCY_S, {"start": "cleaning", "pause": "paused", "stop": "idle"}[service])]


def _scene(_entity: Entity, _service: str, _data: Mapping[str, Any], stamp: str) -> list[Step]:
    return [Step(LATENCY_S, stamp)]


def _todo(entity: Entity, _service: str, data: Mapping[str, Any], _stamp: str) -> list[Step]:
    if not str(data["item"]).strip():
        raise BadValueError("An item of a list needs a name.")
    return [Step(LATENCY_S, str(int(number(entity.state, 0.0)) + 1))]


@dataclass(frozen=True, slots=True)
class _Device:
    """A domain: its services with the values each takes (`!` marks one that must be there), and its behaviour."""

    services: Mapping[str, tuple[str, ...]]
    behave: Callable[[Entity, str, Mapping[str, Any], str], list[Step]]


_LIGHT_VALUES = (
    "brightness",
    "brightness_pct",
    "brightness_step",
    "brightness_step_pct",
    "color_name",
    "rgb_color",
    "hs_color",
    "color_temp_kelvin",
    "transition",
)
_ON_OFF: Mapping[str, tuple[str, ...]] = {"turn_on": (), "turn_off": (), "toggle": ()}
_PLAYER_STATES = {"media_play": "playing", "media_pause": "paused", "media_stop": "idle"}
_DEVICES: Mapping[str, _Device] = {
    "switch": _Device(_ON_OFF, _switch),
    "light": _Device({"turn_on": _LIGHT_VALUES, "turn_off": ("transition",), "toggle": _LIGHT_VALUES}, _light),
    "cover": _Device(
        {
            "open_cover": (),
            "close_cover": (),
            "stop_cover": (),
            "toggle": (),
            "set_cover_position": ("position!",),
        },
        _cover,
    ),
    "lock": _Device({"lock": ("code",), "unlock": ("code",)}, _lock),
    "fan": _Device(
        {
            "turn_on": ("percentage",),
            "turn_off": (),
            "toggle": (),
            "set_percentage": ("percentage!",),
            "increase_speed": (),
            "decrease_speed": (),
            "oscillate": ("oscillating!",),
        },
        _fan,
    ),
    "climate": _Device(
        {
            **_ON_OFF,
            "set_temperature": ("temperature!", "hvac_mode"),
            "set_hvac_mode": ("hvac_mode!",),
            "set_preset_mode": ("preset_mode!",),
        },
        _climate,
    ),
    "media_player": _Device(
        {
            **_ON_OFF,
            "media_play": (),
            "media_pause": (),
            "media_stop": (),
            "media_play_pause": (),
            "media_next_track": (),
            "media_previous_track": (),
            "volume_up": (),
            "volume_down": (),
            "volume_set": ("volume_level!",),
            "volume_mute": ("is_volume_muted!",),
            "select_source": ("source!",),
        },
        _media_player,
    ),
    "vacuum": _Device({"start": (), "pause": (), "stop": (), "return_to_base": ()}, _vacuum),
    "scene": _Device({"turn_on": ("transition",)}, _scene),
    "todo": _Device({"add_item": ("item!",)}, _todo),
}
