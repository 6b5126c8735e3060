"""Steps that correct another deed: they are meant from how the devices were before it ("down two. No, up two")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hub.understanding.house import Action, Entity
from hub.understanding.states import brightness_of

_BRIGHTNESS = "brightness_step_pct"


def rebased(actions: Iterable[Action], before: Mapping[str, Entity]) -> tuple[Action, ...]:
    """The actions with each step from now replaced by the value that it gives from before.

    Args:
        actions: what was asked for instead.
        before: devices as they were before the deed that is corrected.
    """
    made: list[Action] = []
    for action in actions:
        if not (action.step or _BRIGHTNESS in action.data) or before.keys().isdisjoint(action.entity_ids):
            made.append(action)
            continue
        for entity_id in action.entity_ids:
            one = replace(action, entity_ids=(entity_id,))
            was = before.get(entity_id)
            made.append(_from(was, one) if was is not None else one)
    return tuple(_together(made))


def _from(was: Entity, action: Action) -> Action:
    if _BRIGHTNESS in action.data:
        share = brightness_of(was) if was.state == "on" else None
        if share is None:
            return action
        rest = {key: value for key, value in action.data.items() if key != _BRIGHTNESS}
        return replace(action, data={**rest, "brightness_pct": min(100, max(1, share + action.data[_BRIGHTNESS]))})
    data: dict[str, Any] = dict(action.data)
    for key in ("temperature", "percentage"):
        then = was.attributes.get(key)
        change = action.step.get({"temperature": "temperature_delta", "percentage": "percentage_step"}[key])
        if key in data and change is not None and isinstance(then, (int, float)):
            data[key] = then + change
    return replace(action, data=data, step={})


def _together(actions: Iterable[Action]) -> Iterator[Action]:
    """The same call on several devices as one."""
    made: dict[str, Action] = {}
    for action in actions:
        key = f"{action.domain}.{action.service} {sorted(action.data.items())} {sorted(action.step.items())}"
        first = made.get(key)
        made[key] = action if first is None else replace(first, entity_ids=(*first.entity_ids, *action.entity_ids))
    yield from made.values()
