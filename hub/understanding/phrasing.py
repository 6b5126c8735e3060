"""An action as the plainest request for it, so that what is said next can be heard as its continuation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.understanding.house import Action, Entity, House
from hub.understanding.lexicon import COLORS
from hub.understanding.numbers import number_text
from hub.understanding.states import listed, the
from hub.understanding.tagger import canonical
from hub.understanding.timers import spoken_s

_COLOR_WORDS = {color: word for word, color in COLORS.items()}
_PLAIN = {
    "turn_on": "turn on {t}", "turn_off": "turn off {t}", "toggle": "toggle {t}", "lock": "lock {t}",
    "unlock": "unlock {t}", "open": "unlock {t}", "open_cover": "open {t}", "close_cover": "close {t}",
    "open_valve": "open {t}", "close_valve": "close {t}", "stop_cover": "stop {t}", "alarm_disarm": "disarm {t}",
    "alarm_arm_away": "arm {t}", "alarm_arm_home": "arm {t} home", "alarm_arm_night": "arm {t} night",
    "media_play": "play {t}", "media_pause": "pause {t}", "media_stop": "stop {t}", "media_next_track": "next on {t}",
    "media_previous_track": "previous on {t}", "volume_up": "turn up {t}", "volume_down": "turn down {t}",
    "increase_speed": "speed up {t}", "decrease_speed": "slow down {t}", "return_to_base": "send {t} home",
    "dock": "send {t} home", "start_mowing": "start {t}", "press": "press {t}", "pause": "pause {t}",
}  # fmt: skip
_VALUED = {
    "brightness_pct": "set {t} to {v} percent", "position": "set {t} to {v} percent",
    "percentage": "set {t} to {v} percent", "humidity": "set {t} to {v} percent",
    "temperature": "set {t} to {v} degrees", "hvac_mode": "set {t} to {v}", "fan_mode": "set {t} fan to {v}",
    "color_temp_kelvin": "set {t} to {v}k", "color_name": "set {t} to {v}", "source": "switch {t} to {v}",
    "option": "set {t} to {v}", "value": "set {t} to {v}", "media": "play {v} on {t}",
}  # fmt: skip
_NOUNS = {
    "light": "lights", "climate": "heating", "fan": "fan", "media_player": "music", "switch": "switch",
    "humidifier": "humidifier", "vacuum": "vacuum", "lock": "lock", "alarm_control_panel": "alarm",
    "water_heater": "hot water", "valve": "valve", "lawn_mower": "mower",
}  # fmt: skip


def as_command(action: Action, target: str, house: House) -> str | None:
    """The request for the same deed with another target; None for a deed that has no plain words.

    Args:
        action: the deed.
        target: the devices in words; the item where the deed is about a list.
        house: knows the name of the list.
    """
    command, delay_s = _at_once(action, target, house), action.data.get("delay")
    return f"{command} in {spoken_s(delay_s)}" if command and isinstance(delay_s, (int, float)) else command


def _at_once(action: Action, target: str, house: House) -> str | None:  # noqa: C901, PLR0911 - one line a case
    data = dict(action.data)
    if action.domain == "timer":
        return None
    if action.domain == "todo":
        verb, way = ("add", "to") if action.service == "add_item" else ("remove", "from")
        names = [house.entities[i].name.lower() for i in action.entity_ids if i in house.entities]
        return f"{verb} {target} {way} the {names[0] if names else 'shopping list'}"
    if action.service == "start":
        return f"start {target}"
    if action.service == "volume_mute":
        return f"{'mute' if data.get('is_volume_muted', True) else 'unmute'} {target}"
    if action.service == "oscillate":
        return f"{'start' if data.get('oscillating') else 'stop'} oscillating {target}"
    if "temperature_delta" in action.step:
        change = action.step["temperature_delta"]
        way, unit = "up" if change > 0 else "down", "degree" if abs(change) == 1 else "degrees"
        return f"turn {target} {way} by {abs(change):g} {unit}"
    if "volume_level" in data:
        return f"set the volume of {target} to {round(data['volume_level'] * 100)} percent"
    if "brightness_step_pct" in data:
        step = data["brightness_step_pct"]
        return f"{'brighten' if step > 0 else 'dim'} {target} by {abs(step):g} percent"
    for key, pattern in _VALUED.items():
        if key in data:
            return pattern.format(t=target, v=_value(data[key]))
    plain = _PLAIN.get(action.service)
    return plain.format(t=target) if plain else None


def _value(value: Any) -> str:
    if isinstance(value, (int, float)):
        return number_text(float(value))
    return _COLOR_WORDS.get(str(value), str(value).replace("_", " "))


def noun_of(entities: Iterable[Entity]) -> str | None:
    """One word for what these devices are: the last word of all their names, or their kind."""
    found = list(entities)
    heads = {canonical(e.name.lower()).rpartition(" ")[2] for e in found}
    domains = {e.domain for e in found}
    if len(domains) != 1:
        return None
    domain = domains.pop()
    if domain in _NOUNS:
        return _NOUNS[domain]
    return f"{heads.pop()}s" if len(heads) == 1 else {"cover": "blinds"}.get(domain)


def deed_in_words(action: Action, house: House) -> str:
    """The deed for a question or a report: "unlock the front door"."""
    names = listed([the(house.entities[i]) for i in action.entity_ids if i in house.entities]) or "that"
    if action.domain == "cover" and action.service == "set_cover_position":
        return f"open {names} to {action.data.get('position')} percent"
    command = as_command(action, names, house)
    return command or f"{action.service.replace('_', ' ')} {names}"
