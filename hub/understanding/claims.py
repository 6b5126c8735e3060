"""What an action claims was asked for: a kind of deed, words, numbers, a direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.understanding.house import Action, Entity
from hub.understanding.lexicon import COLORS

_SMALL_SHARE = 30.0
_SMALL_DEGREES = 3.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What must be found in words that support an action.

    Attributes:
        kind: a kind of deed of `evidence`.
        words: every one of them must be there ("red", "milk").
        numbers: one of them must be there where a number was said at all.
        sign: +1 or -1 where the action makes the device more or less of what it is now, 0 where that is unknown.
        change: by how much, where that is known.
        small: by how little a vague wish allows.
        stepped: the action itself is a step.
        tolerance: of the numbers.
    """

    kind: str
    words: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    sign: int = 0
    change: float = 0.0
    small: bool = False
    stepped: bool = False
    tolerance: float = 0.6


_KINDS: Mapping[str, str] = {
    "turn_on": "on", "turn_off": "off", "toggle": "toggle", "open_cover": "open", "close_cover": "close",
    "stop_cover": "stop", "lock": "lock", "unlock": "unlock", "open": "unlock", "open_valve": "open",
    "close_valve": "close", "alarm_arm_away": "arm", "alarm_arm_home": "arm", "alarm_arm_night": "arm",
    "alarm_arm_vacation": "arm", "alarm_disarm": "disarm", "media_play": "play", "media_pause": "pause",
    "media_stop": "pause", "media_next_track": "next", "media_previous_track": "previous", "media_play_pause": "toggle",
    "play_media": "play", "volume_up": "up", "volume_down": "down", "increase_speed": "up", "decrease_speed": "down",
    "press": "scene", "start_mowing": "start", "start": "start", "return_to_base": "dock", "dock": "dock",
    "clean_area": "start", "pause": "pause", "stop": "stop", "add_item": "add", "remove_item": "remove",
    "complete_item": "remove", "cancel": "cancel", "cancel_all": "cancel", "resume": "resume", "trigger": "scene",
}  # fmt: skip
_SCENES = frozenset({"scene", "script", "button", "input_button", "automation"})
# field -> where the device says how it is now, and what to multiply that with
_ABSOLUTE: Mapping[str, tuple[str, ...]] = {
    "brightness_pct": ("brightness_pct", "brightness"), "temperature": ("temperature",), "position":
    ("current_position", "position"), "percentage": ("percentage",), "volume_level": ("volume_level",),
    "humidity": ("humidity",), "value": ("value",),
}  # fmt: skip
_STEPS = (
    "brightness_step_pct",
    "temperature_delta",
    "percentage_step",
    "volume_step",
    "position_step",
    "humidity_step",
)
_MODES = ("hvac_mode", "fan_mode", "source", "option", "preset_mode", "operation_mode", "mode", "color_name")


def claim_of(action: Action, entity: Entity | None) -> Claim | None:  # noqa: PLR0911 - one line a case
    """What an action on one of its devices claims; None for a service nobody asks for in words."""
    data = action.data
    if action.domain == "timer":
        return _timer(action)
    if action.domain == "todo":
        return Claim(_KINDS.get(action.service, "add"), _item_words(str(data.get("item", ""))))
    if action.service in ("play_media", "search_and_play"):
        media = str(data.get("media") or data.get("media_content_id") or data.get("search_query") or "")
        return Claim("play", _item_words(media))
    if action.service == "volume_mute":
        return Claim("mute" if data.get("is_volume_muted", True) else "unmute")
    if action.service == "oscillate":
        return Claim("oscillate" if data.get("oscillating", True) else "still")
    valued = _valued(action, entity)
    if valued is not None:
        return valued
    if action.domain in _SCENES and action.service in ("turn_on", "press", "trigger"):
        return Claim("scene")
    kind = _KINDS.get(action.service)
    return Claim(kind) if kind else None


def _timer(action: Action) -> Claim:
    data = action.data
    name = _item_words(str(data.get("name", "")))
    duration = data.get("duration")
    if action.service in ("start", "change") and isinstance(duration, (int, float)):
        return Claim("timer", name, (float(duration),), tolerance=1.0)
    if action.service == "add" and isinstance(duration, (int, float)):
        return Claim("up" if duration > 0 else "down", (), (abs(float(duration)),), 1 if duration > 0 else -1)
    return Claim({"start": "timer"}.get(action.service, _KINDS.get(action.service, "timer")), name)


def _item_words(text: str) -> tuple[str, ...]:
    return tuple(
        w for w in text.lower().split() if w not in ("the", "a", "an", "some", "music", "of", "and", "to", "my")
    )


def _valued(action: Action, entity: Entity | None) -> Claim | None:
    data = action.data
    for field in _MODES:
        if field in data and data[field] not in (None, "off"):
            said = str(data[field]).lower().replace("_", " ")
            name = next((n for n, css in COLORS.items() if css == said), said)
            return Claim("set", (name,))
    if data.get("hvac_mode") == "off":
        return Claim("off")
    kelvin = data.get("color_temp_kelvin")
    if isinstance(kelvin, (int, float)):
        return Claim("warm" if kelvin < 3700 else "cool", (), (float(kelvin),))
    for field in _STEPS:
        if field in data:
            return _step(data[field])
    for field, known in _ABSOLUTE.items():
        if field in data and isinstance(data[field], (int, float)):
            return _absolute(field, float(data[field]), known, entity)
    return None


def _step(step: Any) -> Claim:
    if step in ("+", "-"):
        return Claim("up" if step == "+" else "down", sign=1 if step == "+" else -1, small=True, stepped=True)
    amount = float(step)
    sign = 1 if amount > 0 else -1
    return Claim(
        "up" if sign > 0 else "down", (), (abs(amount),), sign, small=abs(amount) <= _SMALL_SHARE, stepped=True
    )


def _absolute(field: str, value: float, known: tuple[str, ...], entity: Entity | None) -> Claim:
    now = next(
        (entity.attributes[k] for k in known if entity and isinstance(entity.attributes.get(k), (int, float))), None
    )
    scale = 100.0 if field == "volume_level" else 1.0
    sign = 0
    small = False
    by = 0.0
    if now is not None:
        here = float(now) * scale
        if field == "brightness_pct" and known[0] not in (entity.attributes if entity else {}):
            here = here / 2.55
        change = value * scale - here
        sign = (change > 0) - (change < 0)
        small = abs(change) <= (_SMALL_DEGREES if field == "temperature" else _SMALL_SHARE)
        by = abs(change)
    elif field == "brightness_pct" and entity is not None and entity.state == "off":
        sign = 1
    return Claim("set", (), (value * scale,), sign, by, small=small, tolerance=1.01 if scale == 100.0 else 0.6)
