"""The house between the turns of a dialogue: each action leads at once to the state that it leads to in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.home.demo_services import serve
from hub.home.port import HomeError
from hub.understanding.house import Action, ActionResult, Entity, House, Timer

_STAMP: Final = "2026-06-01T12:00:00+00:00"
# What a device of the demo home behaves like is asked there; of these it has none.
_BECOMES: Final[Mapping[str, str]] = {
    "alarm_control_panel.alarm_arm_away": "armed_away",
    "alarm_control_panel.alarm_arm_home": "armed_home",
    "alarm_control_panel.alarm_arm_night": "armed_night",
    "alarm_control_panel.alarm_disarm": "disarmed",
    "humidifier.turn_off": "off",
    "humidifier.turn_on": "on",
    "script.turn_off": "off",
    "script.turn_on": "on",
    "vacuum.clean_area": "cleaning",
    "valve.close_valve": "closed",
    "valve.open_valve": "open",
    "water_heater.turn_off": "off",
    "water_heater.turn_on": "eco",
    "media_player.play_media": "playing",
}
_HOLDS: Final[Mapping[str, tuple[str, str]]] = {
    "climate.set_fan_mode": ("fan_mode", "fan_mode"),
    "humidifier.set_humidity": ("humidity", "humidity"),
    "humidifier.set_mode": ("mode", "mode"),
    "water_heater.set_temperature": ("temperature", "temperature"),
    "valve.set_valve_position": ("position", "current_position"),
}


class Household:
    """A house that follows its actions. Deferred actions are taken and change nothing yet."""

    def __init__(self, house: House) -> None:
        self.house = house

    def act(self, action: Action) -> ActionResult:
        """Carry out an action; what the house refuses is a failed result, as with a real one."""
        if "delay" in action.data:
            return ActionResult(action, verified=False)
        if action.domain == "timer":
            self._time(action)
            return ActionResult(action, verified=True)
        changed: dict[str, Entity] = {}
        for entity_id in action.entity_ids:
            before = self.house.entities.get(entity_id)
            if before is None:
                return _failed(action, "unknown_entity", f"{entity_id} does not exist.")
            try:
                changed[entity_id] = _after(before, action)
            except HomeError as error:
                return _failed(action, error.code, error.sentence)
        self.house = replace(self.house, entities={**self.house.entities, **changed})
        return ActionResult(action, verified=True, state=next(iter(changed.values())).state if changed else None)

    def _time(self, action: Action) -> None:
        named = str(action.data.get("name", ""))
        timers = list(self.house.timers)
        if action.service == "start":
            timers.append(Timer(named, float(action.data.get("duration", 0))))
        elif action.service == "cancel_all":
            timers = []
        else:
            meant = next((t for t in timers if not named or t.name == named), None)
            if meant is not None:
                at = timers.index(meant)
                change = _TIMER_CHANGES[action.service](meant, action.data)
                timers[at : at + 1] = [change] if change is not None else []
        timers.sort(key=lambda timer: timer.remaining_s)
        self.house = replace(self.house, timers=tuple(timers))


_TIMER_CHANGES: Final[Mapping[str, Callable[[Timer, Mapping[str, Any]], Timer | None]]] = {
    "add": lambda timer, data: replace(timer, remaining_s=max(timer.remaining_s + float(data["duration"]), 0.0)),
    "pause": lambda timer, _data: replace(timer, running=False),
    "resume": lambda timer, _data: replace(timer, running=True),
    "cancel": lambda _timer, _data: None,
}


def _failed(action: Action, code: str, sentence: str) -> ActionResult:
    return ActionResult(action, verified=False, failed=action.entity_ids, error=code, sentence=sentence)


def _after(entity: Entity, action: Action) -> Entity:
    """The device once the call is done.

    Raises:
        HomeError: the house refuses the call.
    """
    service = f"{entity.domain}.{action.service}"
    if service in _BECOMES:
        return replace(entity, state=_BECOMES[service])
    if service in _HOLDS:
        given, held = _HOLDS[service]
        return replace(entity, attributes={**entity.attributes, held: action.data.get(given)})
    if service == "water_heater.set_operation_mode":
        return replace(entity, state=str(action.data.get("operation_mode")))
    if service == "todo.remove_item":
        return entity
    last = serve(entity, action.service, action.data, stamp=_STAMP)[-1]
    attributes = {k: v for k, v in {**entity.attributes, **last.attributes}.items() if v is not None}
    return replace(entity, state=last.state, attributes=attributes)
