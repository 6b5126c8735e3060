"""The calls that bring back how devices were before an action: only what the action could have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hub.understanding.house import Action, Entity, Timer
from hub.understanding.states import brightness_of

Call = tuple[str, dict[str, Any]]
"""`domain.service` and its data."""

_ARMED: Final = {
    "armed_away": "alarm_arm_away",
    "armed_home": "alarm_arm_home",
    "armed_night": "alarm_arm_night",
    "armed_vacation": "alarm_arm_vacation",
}


def restored(action: Action, before: Mapping[str, Entity], timers: Iterable[Timer] = ()) -> list[Action] | None:
    """What undoes an action.

    Args:
        action: what was done.
        before: its devices as they were.
        timers: those that ran before.

    Returns:
        The calls, none where nothing had changed; None where it cannot be undone.
    """
    if action.domain == "timer":
        return _timer(action, timers)
    if action.domain == "todo":
        return _list(action)
    together: dict[tuple[str, tuple[tuple[str, Any], ...]], list[str]] = {}
    reader = _READERS.get(action.domain, _on_off)
    for entity_id in action.entity_ids:
        entity = before.get(entity_id)
        calls = reader(action, entity) if entity is not None else None
        if calls is None:
            return None
        for service, data in calls:
            together.setdefault((service, tuple(sorted(data.items()))), []).append(entity_id)
    return [
        Action(service.partition(".")[0], service.partition(".")[2], tuple(ids), dict(data), action.evidence)
        for (service, data), ids in together.items()
    ]


def _light(action: Action, was: Entity) -> list[Call] | None:
    if was.state != "on":
        return [("light.turn_off", {})] if was.state == "off" and action.service != "turn_off" else []
    if action.service != "turn_on":
        return [("light.turn_on", {})]
    data: dict[str, Any] = {}
    if any(key.startswith("brightness") for key in action.data):
        share = brightness_of(was)
        if share is None:
            return None
        data["brightness_pct"] = share
    if any(key.startswith(("color", "rgb", "hs", "kelvin", "xy")) for key in action.data):
        color = _color(was)
        if color is None:
            return None
        data |= color
    return [("light.turn_on", data)] if data else []


def _color(was: Entity) -> dict[str, Any] | None:
    kelvin = was.attributes.get("color_temp_kelvin")
    if kelvin is not None and was.attributes.get("color_mode", "color_temp") == "color_temp":
        return {"color_temp_kelvin": kelvin}
    for key in ("rgb_color", "hs_color", "xy_color", "color_name"):
        value = was.attributes.get(key)
        if value is not None:
            return {key: value if isinstance(value, str) else tuple(value)}
    return None


def _on_off(action: Action, was: Entity) -> list[Call] | None:
    if was.state not in ("on", "off") or action.service not in ("turn_on", "turn_off", "toggle"):
        return None
    if action.service == f"turn_{was.state}":
        return []
    return [(f"{was.domain}.turn_{was.state}", {})]


def _fan(action: Action, was: Entity) -> list[Call] | None:
    if action.service == "oscillate":
        return [("fan.oscillate", {"oscillating": bool(was.attributes.get("oscillating"))})]
    if was.state == "off":
        return [("fan.turn_off", {})] if action.service != "turn_off" else []
    if action.service in ("set_percentage", "increase_speed", "decrease_speed"):
        speed = was.attributes.get("percentage")
        return [("fan.set_percentage", {"percentage": speed})] if isinstance(speed, (int, float)) else None
    return _on_off(action, was)


def _cover(_action: Action, was: Entity) -> list[Call] | None:
    position = was.attributes.get("current_position", {"open": 100, "closed": 0}.get(was.state))
    if position in (0, 100):
        return [("cover.open_cover" if position else "cover.close_cover", {})]
    if position is None or "position" not in was.capabilities:
        return None
    return [("cover.set_cover_position", {"position": position})]


def _lock(_action: Action, was: Entity) -> list[Call] | None:
    service = {"locked": "lock.lock", "unlocked": "lock.unlock"}.get(was.state)
    return [(service, {})] if service else None


def _climate(action: Action, was: Entity) -> list[Call] | None:
    if action.service == "set_temperature":
        degrees = was.attributes.get("temperature")
        if not isinstance(degrees, (int, float)):
            return None
        return [(f"{was.domain}.set_temperature", {"temperature": degrees})]
    if action.service == "set_fan_mode":
        mode = was.attributes.get("fan_mode")
        return [("climate.set_fan_mode", {"fan_mode": mode})] if mode else None
    if was.domain == "water_heater":
        return _on_off(action, was)
    return [("climate.set_hvac_mode", {"hvac_mode": was.state})]


def _humidifier(action: Action, was: Entity) -> list[Call] | None:
    if action.service == "set_humidity":
        share = was.attributes.get("humidity")
        return [("humidifier.set_humidity", {"humidity": share})] if share is not None else None
    return _on_off(action, was)


def _player(action: Action, was: Entity) -> list[Call] | None:
    service, attributes = action.service, was.attributes
    if service in ("volume_set", "volume_up", "volume_down"):
        level = attributes.get("volume_level")
        return [("media_player.volume_set", {"volume_level": level})] if level is not None else None
    if service == "volume_mute":
        return [("media_player.volume_mute", {"is_volume_muted": bool(attributes.get("is_volume_muted"))})]
    if service == "select_source":
        source = attributes.get("source")
        return [("media_player.select_source", {"source": source})] if source else None
    if service in ("media_next_track", "media_previous_track"):
        back = "previous" if "next" in service else "next"
        return [(f"media_player.media_{back}_track", {})]
    if service in ("turn_on", "turn_off", "toggle"):
        return [(f"media_player.turn_{'off' if was.state in ('off', 'standby') else 'on'}", {})]
    return [("media_player.media_play" if was.state == "playing" else "media_player.media_pause", {})]


def _robot(_action: Action, was: Entity) -> list[Call] | None:
    mows = was.domain == "lawn_mower"
    if was.state in ("docked", "returning", "idle"):
        return [("lawn_mower.dock" if mows else "vacuum.return_to_base", {})]
    if was.state in ("cleaning", "mowing"):
        return [("lawn_mower.start_mowing" if mows else "vacuum.start", {})]
    return [(f"{was.domain}.pause", {})] if was.state == "paused" else None


def _alarm(_action: Action, was: Entity) -> list[Call] | None:
    service = "alarm_disarm" if was.state == "disarmed" else _ARMED.get(was.state)
    return [(f"alarm_control_panel.{service}", {})] if service else None


def _valve(_action: Action, was: Entity) -> list[Call] | None:
    service = {"open": "valve.open_valve", "closed": "valve.close_valve"}.get(was.state)
    return [(service, {})] if service else None


def _chosen(action: Action, was: Entity) -> list[Call] | None:
    if was.state in ("unknown", "unavailable"):
        return None
    if was.domain in ("select", "input_select"):
        return [(f"{was.domain}.select_option", {"option": was.state})]
    return [(f"{was.domain}.{action.service}", {"value": float(was.state)})]


def _never(_action: Action, _was: Entity) -> list[Call] | None:
    return None


_READERS: Final[Mapping[str, Callable[[Action, Entity], list[Call] | None]]] = {
    "light": _light, "fan": _fan, "cover": _cover, "lock": _lock, "climate": _climate, "water_heater": _climate,
    "humidifier": _humidifier, "media_player": _player, "vacuum": _robot, "lawn_mower": _robot,
    "alarm_control_panel": _alarm, "valve": _valve, "select": _chosen, "input_select": _chosen, "number": _chosen,
    "input_number": _chosen, **dict.fromkeys(("script", "button", "input_button", "scene"), _never),
}  # fmt: skip


def _timer(action: Action, timers: Iterable[Timer]) -> list[Action] | None:
    name = str(action.data.get("name") or "")
    named: dict[str, Any] = {"name": name} if name else {}
    inverse = {"start": "cancel", "pause": "resume", "resume": "pause"}.get(action.service)
    if inverse:
        return [Action("timer", inverse, action.entity_ids, named, action.evidence)]
    if action.service == "add":
        less = {"duration": -action.data.get("duration", 0), **named}
        return [Action("timer", "add", action.entity_ids, less, action.evidence)]
    if action.service not in ("cancel", "cancel_all"):
        return None
    gone = [t for t in timers if action.service == "cancel_all" or not name or t.name == name]
    gone = gone if action.service == "cancel_all" else gone[:1]
    again = [
        Action(
            "timer",
            "start",
            action.entity_ids,
            {"duration": round(t.remaining_s), **({"name": t.name} if t.name else {})},
            action.evidence,
        )
        for t in gone
    ]
    return again or None


def _list(action: Action) -> list[Action] | None:
    inverse = {"add_item": "remove_item", "remove_item": "add_item"}.get(action.service)
    if inverse is None or "item" not in action.data:
        return None
    return [Action("todo", inverse, action.entity_ids, {"item": action.data["item"]}, action.evidence)]
