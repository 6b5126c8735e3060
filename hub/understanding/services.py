"""From a frame and its devices to Home Assistant's service calls, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hub.understanding.context import liveliest_player
from hub.understanding.frames import Heard
from hub.understanding.house import Entity
from hub.understanding.lexicon import Value
from hub.understanding.settings import OPTIONS, SETTERS, Made, Refusal, cannot, cannot_set, mode, option
from hub.understanding.steps import DIMMERS, step


class Call(NamedTuple):
    """One service for one device; none for timers, reminders, scenes to be made and the hub's own list."""

    service: str
    entity: Entity | None
    data: dict[str, Any]
    taken_back: bool = False


_ON_OFF = frozenset(
    [
        "light",
        "switch",
        "fan",
        "media_player",
        "climate",
        "humidifier",
        "water_heater",
        "input_boolean",
        "siren",
        "automation",
        "remote",
        "group",
        "valve",
    ]
)
_STEP = frozenset(["light", "climate", "fan", "media_player", "humidifier", "water_heater", "cover"])
_PLAYER = frozenset({"media_player"})
DOMAINS: Mapping[str, frozenset[str]] = {
    "on": _ON_OFF | {"scene", "script", "vacuum", "button", "input_button", "lawn_mower"},
    "activate": frozenset({"scene", "script", "button", "input_button"}),
    "off": _ON_OFF | {"script"},
    "toggle": _ON_OFF - {"climate"},
    "set": _STEP | {"valve", "select", "input_select", "number", "input_number"},
    "step": _STEP,
    "open": frozenset({"cover", "lock", "valve"}),
    "close": frozenset({"cover", "valve"}),
    "stop_cover": frozenset({"cover", "vacuum", "lawn_mower", "script"}),
    "heat_up": frozenset({"switch", "input_boolean"}),
    "lock": frozenset({"lock"}),
    "unlock": frozenset({"lock"}),
    "arm": frozenset({"alarm_control_panel"}),
    "disarm": frozenset({"alarm_control_panel"}),
    "pause": _PLAYER | {"vacuum", "lawn_mower"},
    **dict.fromkeys(("play", "next", "previous", "mute", "unmute", "play_media"), _PLAYER),
    **dict.fromkeys(("vacuum_start", "dock"), frozenset({"vacuum", "lawn_mower"})),
    "clean_area": frozenset({"vacuum"}),
    "option": frozenset(OPTIONS),
    **dict.fromkeys(("oscillate", "oscillate_off"), frozenset({"fan"})),
    "fan_mode": frozenset({"climate"}),
    **dict.fromkeys(("list_add", "list_remove"), frozenset({"todo"})),
    "keep": _ON_OFF | {"cover", "lock"},
}
# frame -> service, where the frame decides alone; `{d}` is the domain.
_PLAIN: Mapping[str, tuple[str, dict[str, Any]]] = {
    "off": ("{d}.turn_off", {}), "heat_up": ("{d}.turn_on", {}),
    "toggle": ("{d}.toggle", {}), "lock": ("lock.lock", {}),
    "unlock": ("lock.unlock", {}), "disarm": ("alarm_control_panel.alarm_disarm", {}),
    "play": ("media_player.media_play", {}), "next": ("media_player.media_next_track", {}),
    "previous": ("media_player.media_previous_track", {}), "mute": ("media_player.volume_mute",
    {"is_volume_muted": True}),
    "unmute": ("media_player.volume_mute", {"is_volume_muted": False}), "oscillate": ("fan.oscillate",
    {"oscillating": True}),
    "oscillate_off": ("fan.oscillate", {"oscillating": False}),
}  # fmt: skip
_NEEDS = {
    "oscillate": "oscillate",
    "oscillate_off": "oscillate",
    "next": "next",
    "mute": "mute",
    "unmute": "mute",
}
_BY_DOMAIN: Mapping[tuple[str, str], str] = {
    ("on", "valve"): "valve.open_valve", ("off", "valve"): "valve.close_valve",
    ("on", "vacuum"): "vacuum.start", ("on", "button"): "button.press",
    ("on", "input_button"): "input_button.press",
    ("activate", "button"): "button.press", ("activate", "input_button"): "input_button.press",
    ("on", "lawn_mower"): "lawn_mower.start_mowing", ("open", "cover"): "cover.open_cover", ("open",
    "lock"): "lock.unlock",
    ("open", "valve"): "valve.open_valve", ("close", "cover"): "cover.close_cover", ("close",
    "valve"): "valve.close_valve",
    ("stop_cover", "cover"): "cover.stop_cover", ("stop_cover", "vacuum"): "vacuum.pause", ("stop_cover",
    "lawn_mower"): "lawn_mower.pause",
    ("stop_cover", "script"): "script.turn_off", ("pause", "media_player"): "media_player.media_pause", ("pause",
    "vacuum"): "vacuum.pause",
    ("pause", "lawn_mower"): "lawn_mower.pause", ("vacuum_start", "vacuum"): "vacuum.start",
    ("vacuum_start", "lawn_mower"): "lawn_mower.start_mowing", ("dock", "vacuum"): "vacuum.return_to_base",
    ("dock", "lawn_mower"): "lawn_mower.dock",
}  # fmt: skip


def build(heard: Heard, value: Value | None, entities: tuple[Entity, ...]) -> list[Call] | Refusal:
    """The calls of one frame. In a group, devices that cannot do it are left out while one can."""
    calls: list[Call] = []
    refusals: list[Refusal] = []
    for entity in entities:
        made = _one(heard, value, entity)
        if isinstance(made, Refusal):
            refusals.append(made)
        else:
            calls += [Call(service, entity, data) for service, data in made]
    out_of_range = [r for r in refusals if r.reason == "bad_value"]
    if out_of_range:
        return out_of_range[0]
    return calls or (refusals[0] if refusals else Refusal("not_understood", ""))


def _one(heard: Heard, value: Value | None, entity: Entity) -> Made:  # noqa: PLR0911 - a frame, a line
    frame, domain = heard.frame, entity.domain
    need = _NEEDS.get(frame)
    if need and entity.capabilities and need not in entity.capabilities:
        return cannot(entity, {"oscillate": "oscillate", "next": "skip tracks", "mute": "be muted"}[need])
    if (frame, domain) in _BY_DOMAIN:
        return [(_BY_DOMAIN[frame, domain], {})]
    if frame in _PLAIN:
        service, data = _PLAIN[frame]
        return [(service.format(d=domain), dict(data))]
    if frame in ("on", "activate"):
        return [(f"{domain}.turn_on", {})]
    if frame == "arm":
        how = {"": "away", "stay": "home"}.get(heard.value, heard.value)
        return [(f"alarm_control_panel.alarm_arm_{how}", {})]
    if frame == "fan_mode":
        return mode(entity, heard.value.removesuffix(" mode"), "fan")
    if frame == "option":
        return option(entity, heard.value)
    if frame == "set" and value is not None:
        return SETTERS.get(domain, cannot_set)(entity, value)
    if frame == "step":
        return step(heard, entity)
    return Refusal("not_understood", "")


def group_calls(calls: Iterable[Call]) -> list[tuple[Call, tuple[Entity, ...]]]:
    """Calls of the same service with the same data, together; in the order in which they were asked for."""
    together: dict[tuple[object, ...], tuple[Call, list[Entity]]] = {}
    for call in calls:
        key: tuple[object, ...] = (call.service, repr(sorted(call.data.items())), call.taken_back)
        if call.entity is None:
            key = (*key, len(together))
        _first, group = together.setdefault(key, (call, []))
        if call.entity is not None and call.entity not in group:
            group.append(call.entity)
    return [(call, tuple(group)) for call, group in together.values()]


def narrowed(heard: Heard, entities: tuple[Entity, ...], *, group: bool) -> tuple[Entity, ...]:
    """Of a mixed group those that the frame speaks of; of lights to be dimmed those that are on."""
    if heard.frame in ("step", "set"):
        word = heard.direction.split(" ")[0]
        if word in DIMMERS and any(e.domain == "light" for e in entities):
            entities = tuple(e for e in entities if e.domain == "light")
        lights_only = all(e.domain == "light" for e in entities)
        if heard.frame == "step" and group and lights_only and any(e.state == "on" for e in entities):
            return tuple(e for e in entities if e.state == "on")
    if all(e.domain == "media_player" for e in entities) and heard.frame in (
        "next",
        "previous",
        "play",
        "pause",
    ):
        return tuple(liveliest_player(list(entities))[:1]) if group else entities
    return entities
