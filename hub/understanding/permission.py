"""Actions held against the policy: what may be done at once, what needs a yes, what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hub.understanding.decisions import Said
from hub.understanding.house import Action, House
from hub.understanding.policy import Policy

Atom = tuple[str, str, frozenset[str], str]
"""What makes two actions one deed: service, device, which of its values, and the item or name it is about."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """`refused`: the sentences that say why some actions are not done."""

    free: tuple[Action, ...] = ()
    risky: tuple[Action, ...] = ()
    refused: tuple[str, ...] = ()


def permit(
    actions: Iterable[Action], policy: Policy, said: Said, house: House, now: datetime, *, asked: Iterable[Action] = ()
) -> Permitted:
    """Sort actions by what the household lets be done, device by device.

    What is put off goes with what comes before it on the same device: "open the tap for an hour" closes no tap later
    that was not opened.

    Args:
        actions: in the order in which they were asked for.
        policy: of the household.
        said: over what, where and by whom they were asked for.
        house: now.
        now: in the house's time zone.
        asked: what a question already is about.
    """
    here = _names_of_area(said.area_id, house)
    waiting = {entity_id for action in asked for entity_id in action.entity_ids}
    forbidden: set[str] = set()
    free: list[Action] = []
    risky: list[Action] = []
    refused: list[str] = []
    for action in actions:
        service = f"{action.domain}.{action.service}"
        if not action.entity_ids or action.domain == "timer":
            free.append(action)
            continue
        good: list[str] = []
        bad: list[str] = []
        for entity_id in action.entity_ids:
            entity = house.entities.get(entity_id)
            if entity is None:
                continue
            objection = policy.objection(service, entity, action.data, said, areas=here, now=now)
            later = "delay" in action.data
            if objection is not None:
                refused.append(objection)
                forbidden.add(entity_id)
            elif later and entity_id in forbidden:
                continue
            elif policy.is_dangerous(service, entity, action.data) or (later and entity_id in waiting):
                bad.append(entity_id)
                waiting.add(entity_id)
            else:
                good.append(entity_id)
        if good:
            free.append(replace(action, entity_ids=tuple(good)))
        if bad:
            risky.append(replace(action, entity_ids=tuple(bad)))
    return Permitted(tuple(free), tuple(risky), tuple(dict.fromkeys(refused)))


def _names_of_area(area_id: str | None, house: House) -> frozenset[str]:
    area = next((area for area in house.areas if area.id == area_id), None)
    names = () if area is None else (area.name, *area.aliases)
    return frozenset(name.casefold() for name in (area_id or "", *names))


def atoms(action: Action) -> dict[Atom, str]:
    """The single deeds of an action, each with its device."""
    values = frozenset(filter(None, (_value_name(key) for key in action.data if key not in ("item", "name", "media"))))
    about = str(action.data.get("item") or action.data.get("name") or "")
    service = f"{action.domain}.{_SAME.get(action.service, action.service)}"
    return {(service, entity_id, values, about): entity_id for entity_id in action.entity_ids or ("",)}


# "A bit louder" and "to 40 percent" are two ways of doing the same once.
_SAME = {"volume_up": "volume_set", "volume_down": "volume_set", "increase_speed": "set_percentage",
         "decrease_speed": "set_percentage", "open_cover": "set_cover_position",
         "close_cover": "set_cover_position"}  # fmt: skip
_WHOLE = frozenset({"position", "volume_level", "percentage", "percentage_step"})


def _value_name(key: str) -> str:
    return "" if key in _WHOLE else key.removesuffix("_pct").removesuffix("_step").removesuffix("_delta")


def without(actions: Iterable[Action], done: frozenset[Atom]) -> tuple[Action, ...]:
    """The actions without what was done already."""
    left: list[Action] = []
    for action in actions:
        ids = tuple(i for atom, i in atoms(action).items() if atom not in done)
        if ids:
            left.append(replace(action, entity_ids=ids) if action.entity_ids else action)
    return tuple(left)


def all_atoms(actions: Iterable[Action]) -> frozenset[Atom]:
    """The single deeds of all these actions."""
    return frozenset(atom for action in actions for atom in atoms(action))


def names_of(actions: Iterable[Action]) -> str:
    """The actions in one line for developers, the same for the same deeds."""
    return "; ".join(
        f"{a.domain}.{a.service}({', '.join(a.entity_ids)})"
        + (f" {', '.join(f'{k}={v}' for k, v in sorted(a.data.items()))}" if a.data else "")
        for a in actions
    )
