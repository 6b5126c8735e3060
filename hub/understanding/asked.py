"""Whether actions are part of what was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hub.understanding.house import Action


def same_call(one: Action, other: Action) -> bool:
    """Whether two actions call the same service with the same data."""
    return (one.domain, one.service, dict(one.data)) == (other.domain, other.service, dict(other.data))


def is_within(action: Action, asked: Iterable[Action]) -> bool:
    """Whether all of an action is part of what was asked for."""
    ids = set(action.entity_ids)
    return any(
        same_call(action, other) and ids <= set(other.entity_ids) and (ids or not other.entity_ids) for other in asked
    )


def way_of(action: Action) -> str:
    """The way in which a step goes, in a word; empty for what is no step."""
    steps = [v for k, v in (*action.data.items(), *action.step.items()) if k.endswith(("_step", "_step_pct", "_delta"))]
    up = action.service in ("volume_up", "increase_speed") or any(isinstance(v, (int, float)) and v > 0 for v in steps)
    return "up" if up else "down" if steps or action.service in ("volume_down", "decrease_speed") else ""


def parts_asked(read: Iterable[Action], asked: Iterable[Action]) -> tuple[Action, ...]:
    """What was read and is part of what was asked for; a value that either of them names outright is no step."""
    plain = [other for other in asked if not other.step]
    return tuple(replace(a, step={}) if a.step and is_within(a, plain) else a for a in read)


def restricted(action: Action, entity_ids: Iterable[str]) -> Action:
    """The action on some of its devices."""
    wanted = set(entity_ids)
    return replace(action, entity_ids=tuple(i for i in action.entity_ids if i in wanted))
