"""Which end each service of Home Assistant has, domain by domain. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.home.colors import hue_saturation, rgb_by_name
from hub.home.expectation import Beyond, Different, Equal, Expectation, Hue, Near, Wanted, as_number
from hub.understanding.house import Entity

_Rule = Callable[[str, Mapping[str, Any], Entity], Expectation | None]


def expect(service: str, data: Mapping[str, Any], before: Entity) -> Expectation | None:
    """The end of calling `service` with `data` on an entity that is as `before` says.

    Returns:
        None where no state shows the end (a vacuum that beeps, a service this version does not know): such a call
        can be taken by the house, never verified.
    """
    rule = _RULES.get(before.domain)
    found = rule(service, data, before) if rule is not None else None
    return found if found is not None else _switched(service, before)


def _state(*states: str, passing: tuple[str, ...] = ()) -> Expectation:
    return Expectation(frozenset(states), frozenset(passing))


def _attribute(name: str, wanted: Wanted, *, states: tuple[str, ...] = ()) -> Expectation:
    return Expectation(frozenset(states), attributes={name: wanted}, shown=name)


def _number(data: Mapping[str, Any], key: str, default: float = 0.0) -> float:
    number = as_number(data.get(key))
    return default if number is None else number


def _switched(service: str, before: Entity) -> Expectation | None:
    if before.domain not in _ON_OFF_DOMAINS:
        return None
    if service == "toggle":
        service = "turn_off" if before.state == "on" else "turn_on"
    return {"turn_on": _state("on"), "turn_off": _state("off")}.get(service)


def _light(service: str, data: Mapping[str, Any], before: Entity) -> Expectation | None:
    if service == "toggle" and before.state == "on":
        service = "turn_off"
    if service not in ("turn_on", "toggle"):
        return None
    level = _brightness(data, before)
    if level is not None and level <= 0:
        return _state("off")
    wanted: dict[str, Wanted] = {}
    if level is not None and "brightness" in before.capabilities:
        wanted["brightness"] = Near(min(level, 255.0), 4.0)
    color = _color(data)
    if color is not None and "color" in before.capabilities:
        wanted["hs_color"] = color
    kelvin = as_number(data.get("color_temp_kelvin"))
    if kelvin is not None and "color_temp" in before.capabilities:
        low = _number(before.attributes, "min_color_temp_kelvin", 1000.0)
        high = _number(before.attributes, "max_color_temp_kelvin", 40_000.0)
        kelvin = min(max(kelvin, low), high)
        wanted["color_temp_kelvin"] = Near(kelvin, kelvin * 0.04)
    return Expectation(frozenset({"on"}), attributes=wanted)


def _brightness(data: Mapping[str, Any], before: Entity) -> float | None:
    now = _number(before.attributes, "brightness") if before.state == "on" else 0.0
    for key, scale, base in (
        ("brightness", 1.0, 0.0),
        ("brightness_pct", 2.55, 0.0),
        ("brightness_step", 1.0, now),
        ("brightness_step_pct", 2.55, now),
    ):
        value = as_number(data.get(key))
        if value is not None:
            return base + value * scale
    return None


def _color(data: Mapping[str, Any]) -> Hue | None:
    rgb = data.get("rgb_color")
    if rgb is None and isinstance(data.get("color_name"), str):
        rgb = rgb_by_name(data["color_name"])
    if isinstance(rgb, (list, tuple)) and len(rgb) == 3:
        parts = [as_number(part) for part in rgb]
        if all(part is not None and 0 <= part <= 255 for part in parts):
            return Hue(*hue_saturation((int(parts[0] or 0), int(parts[1] or 0), int(parts[2] or 0))))
    hs = data.get("hs_color")
    if isinstance(hs, (list, tuple)) and len(hs) == 2:
        hue, saturation = as_number(hs[0]), as_number(hs[1])
        if hue is not None and saturation is not None:
            return Hue(hue, saturation)
    return None


def _cover(service: str, data: Mapping[str, Any], before: Entity) -> Expectation | None:
    noun = "cover" if before.domain == "cover" else "valve"
    if service in ("toggle", "turn_on", "turn_off"):
        opens = before.state in ("closed", "closing") if service == "toggle" else service == "turn_on"
        service = f"{'open' if opens else 'close'}_{noun}"
    position = before.attributes.get("current_position")
    underway = {"current_position": Different(position)} if position is not None else {}
    if service == f"open_{noun}":
        # A cover is "open" as soon as it is not shut, so one that knows its position must reach the end of it.
        end: dict[str, Wanted] = {"current_position": Near(100.0, 5.0)} if position is not None else {}
        return Expectation(frozenset({"open"}), frozenset({"opening"}), attributes=end, underway=underway)
    if service == f"close_{noun}":
        return Expectation(frozenset({"closed"}), frozenset({"closing"}), underway=underway)
    if service == f"set_{noun}_position":
        end = {"current_position": Near(_number(data, "position"), 5.0)}
        return Expectation(
            frozenset({"open", "closed"}),
            frozenset({"opening", "closing"}),
            attributes=end,
            underway=underway,
            shown="current_position",
        )
    if service == f"stop_{noun}":
        return _state("open", "closed")
    if service == "set_cover_tilt_position":
        return _attribute("current_tilt_position", Near(_number(data, "tilt_position"), 5.0))
    return None


def _lock(service: str, _data: Mapping[str, Any], _before: Entity) -> Expectation | None:
    return {
        "lock": _state("locked", passing=("locking",)),
        "unlock": _state("unlocked", passing=("unlocking",)),
        "open": _state("open", "unlocked", passing=("opening", "unlocking")),
    }.get(service)


def _fan(service: str, data: Mapping[str, Any], before: Entity) -> Expectation | None:
    step = _number(before.attributes, "percentage_step", 1.0)
    now = _number(before.attributes, "percentage")
    told = service == "set_percentage" or (service == "turn_on" and "percentage" in before.capabilities)
    asked = as_number(data.get("percentage")) if told else None
    if asked is not None:
        return _state("off") if asked <= 0 else _attribute("percentage", Near(asked, max(step, 2.0)), states=("on",))
    if service == "increase_speed":
        return _attribute("percentage", Near(100.0, 0.5) if now >= 100 else Beyond(now, up=True))
    if service == "decrease_speed":
        return _attribute("percentage", Near(0.0, 0.5) if now <= 0 else Beyond(now, up=False))
    return {
        "oscillate": _attribute("oscillating", Equal(data.get("oscillating"))),
        "set_direction": _attribute("direction", Equal(data.get("direction"))),
        "set_preset_mode": _attribute("preset_mode", Equal(data.get("preset_mode"))),
    }.get(service)


def _climate(service: str, data: Mapping[str, Any], before: Entity) -> Expectation | None:
    if service == "set_temperature":
        wanted: dict[str, Wanted] = {
            key: Near(_number(data, key), 0.26)
            for key in ("temperature", "target_temp_low", "target_temp_high")
            if key in data
        }
        mode = data.get("hvac_mode", data.get("operation_mode"))
        states = frozenset({mode}) if isinstance(mode, str) else frozenset[str]()
        return Expectation(states, attributes=wanted, shown="temperature")
    if service in ("set_hvac_mode", "set_operation_mode"):
        return _state(str(data.get("hvac_mode", data.get("operation_mode"))))
    if service == "set_humidity":
        return _attribute("humidity", Near(_number(data, "humidity"), 1.0))
    if service in ("turn_on", "turn_off", "toggle"):
        off = service == "turn_off" or (service == "toggle" and before.state != "off")
        return _state("off") if off else Expectation(state_is=Different("off"))
    for key in ("fan_mode", "preset_mode", "swing_mode"):
        if service == f"set_{key}":
            return _attribute(key, Equal(data.get(key)))
    return None


def _humidifier(service: str, data: Mapping[str, Any], _before: Entity) -> Expectation | None:
    if service == "set_humidity":
        return _attribute("humidity", Near(_number(data, "humidity"), 1.0))
    return _attribute("mode", Equal(data.get("mode"))) if service == "set_mode" else None


def _media_player(service: str, data: Mapping[str, Any], before: Entity) -> Expectation | None:
    off = ("off", "standby")
    volume = _number(before.attributes, "volume_level")
    if service == "toggle":
        service = "turn_on" if before.state in off else "turn_off"
    if service == "media_play_pause":
        service = "media_pause" if before.state == "playing" else "media_play"
    if service in ("media_next_track", "media_previous_track"):
        name = next((n for n in ("media_title", "media_track") if n in before.attributes), None)
        return _attribute(name, Different(before.attributes[name])) if name is not None else None
    return {
        "turn_on": _state("on", "idle", "playing", "paused", "buffering"),
        "turn_off": _state(*off),
        "media_play": _state("playing", passing=("buffering",)),
        "play_media": _state("playing", passing=("buffering",)),
        "media_pause": _state("paused"),
        "media_stop": _state("idle", "paused", "on", *off),
        "volume_set": _attribute("volume_level", Near(_number(data, "volume_level"), 0.03)),
        "volume_up": _attribute("volume_level", Near(1.0, 0.0) if volume >= 1 else Beyond(volume, up=True)),
        "volume_down": _attribute("volume_level", Near(0.0, 0.0) if volume <= 0 else Beyond(volume, up=False)),
        "volume_mute": _attribute("is_volume_muted", Equal(data.get("is_volume_muted"))),
        "select_source": _attribute("source", Equal(data.get("source"))),
    }.get(service)


def _vacuum(service: str, _data: Mapping[str, Any], _before: Entity) -> Expectation | None:
    return {
        "start": _state("cleaning"),
        "start_mowing": _state("mowing"),
        "pause": _state("paused"),
        "stop": _state("idle", "docked", "paused"),
        # Going home takes minutes; that it goes is what was asked for.
        "return_to_base": _state("returning", "docked"),
        "dock": _state("returning", "docked"),
    }.get(service)


def _alarm(service: str, _data: Mapping[str, Any], _before: Entity) -> Expectation | None:
    if service == "alarm_disarm":
        return _state("disarmed", passing=("disarming",))
    if service.startswith("alarm_arm_"):
        return _state("armed_" + service.removeprefix("alarm_arm_"), passing=("arming", "pending"))
    return None


def _pressed(service: str, _data: Mapping[str, Any], before: Entity) -> Expectation | None:
    return Expectation(state_is=Different(before.state)) if service in ("turn_on", "press") else None


def _value(service: str, data: Mapping[str, Any], _before: Entity) -> Expectation | None:
    if service == "select_option":
        return _state(str(data.get("option")))
    return Expectation(state_is=Near(_number(data, "value"), 1e-6)) if service == "set_value" else None


def _todo(service: str, _data: Mapping[str, Any], before: Entity) -> Expectation | None:
    # The state is the number of open items.
    return Expectation(state_is=Beyond(as_number(before.state) or 0.0, up=True)) if service == "add_item" else None


_ON_OFF_DOMAINS = frozenset(
    {
        "light",
        "switch",
        "fan",
        "humidifier",
        "input_boolean",
        "siren",
        "remote",
        "group",
        "automation",
        "script",
    }
)
_RULES: Mapping[str, _Rule] = {
    "light": _light,
    "cover": _cover,
    "valve": _cover,
    "lock": _lock,
    "fan": _fan,
    "climate": _climate,
    "water_heater": _climate,
    "humidifier": _humidifier,
    "media_player": _media_player,
    "vacuum": _vacuum,
    "lawn_mower": _vacuum,
    "alarm_control_panel": _alarm,
    "scene": _pressed,
    "button": _pressed,
    "input_button": _pressed,
    "number": _value,
    "input_number": _value,
    "select": _value,
    "input_select": _value,
    "todo": _todo,
}
