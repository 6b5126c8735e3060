"""What may be done by voice: what needs a spoken yes, what is forbidden, and from where, when and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Literal

from hub.understanding.decisions import Said, Speaker
from hub.understanding.house import Entity

Line = Literal["satellite", "browser", "phone"]

_VALUES = ("temperature", "percentage", "position", "volume_level", "brightness_pct", "humidity", "value")


@dataclass(frozen=True, slots=True)
class Rule:
    """What the household decided about some of its devices. A field that is empty or None says nothing.

    Attributes:
        domains, entity_ids: which devices; any device where both are empty, either where both are given.
        services: which services, without their domain (`turn_on`); any where empty.
        above: only calls with a value above this (degrees, percent ...).
        dangerous: whether it needs a spoken yes.
        never: it is not done by voice at all.
        areas: the only areas from which it may be asked for, each by id or name, in lower case.
        hours: the only hours of the day in which it may be asked for; the second may lie past midnight.
        lines: the only lines over which it may be asked for.
        speakers: the only people who may ask for it.
    """

    domains: frozenset[str] = frozenset()
    entity_ids: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    above: float | None = None
    dangerous: bool | None = None
    never: bool = False
    areas: frozenset[str] = frozenset()
    hours: tuple[time, time] | None = None
    lines: frozenset[Line] = frozenset()
    speakers: frozenset[Speaker] = frozenset()

    def covers(self, service: str, entity: Entity, data: Mapping[str, Any]) -> bool:
        """Whether the rule speaks of calling `domain.service` on this entity with this data."""
        if (self.domains or self.entity_ids) and not (
            entity.domain in self.domains or entity.entity_id in self.entity_ids
        ):
            return False
        if self.services and service.partition(".")[2] not in self.services:
            return False
        return self.above is None or any(
            isinstance(data.get(key), (int, float)) and data[key] > self.above for key in _VALUES
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What the household lets a voice do.

    Attributes:
        services: `domain.service` that always need a spoken yes.
        cover_classes: device classes of covers that let people in; opening them is dangerous, closing is not.
        rules: what the household added; of two that disagree about danger the one that names the entity wins, then
            the careful one.
        second_yes: whether a second recogniser must have heard the yes too; without one nothing dangerous is done.
        unheard: domains in which the assistant's word alone may act while nobody can hear the user.
        lasting: domains whose calls cannot be taken back, so that silence is no consent.
    """

    services: frozenset[str] = frozenset(
        {
            "lock.unlock",
            "lock.open",
            "alarm_control_panel.alarm_disarm",
            "valve.open_valve",
            "valve.set_valve_position",
        }
    )
    cover_classes: frozenset[str] = frozenset({"garage", "gate", "door"})
    rules: tuple[Rule, ...] = ()
    second_yes: bool = False
    unheard: frozenset[str] = frozenset(
        [
            "alarm_control_panel",
            "climate",
            "cover",
            "fan",
            "humidifier",
            "input_boolean",
            "lawn_mower",
            "light",
            "lock",
            "media_player",
            "scene",
            "switch",
            "timer",
            "todo",
            "vacuum",
        ]
    )
    lasting: frozenset[str] = frozenset({"automation", "button", "input_button", "notify", "script"})

    def is_dangerous(self, service: str, entity: Entity, data: Mapping[str, Any]) -> bool:
        """Whether calling `domain.service` on this entity needs a spoken yes."""
        said = [rule for rule in self.rules if rule.dangerous is not None and rule.covers(service, entity, data)]
        if said:
            named = [rule for rule in said if entity.entity_id in rule.entity_ids]
            return any(rule.dangerous for rule in named or said)
        if service in self.services:
            return True
        if service in ("cover.open_cover", "cover.set_cover_position", "cover.toggle"):
            return data.get("position") != 0 and self.lets_people_in(entity)
        return service == "lock.toggle"

    def lets_people_in(self, entity: Entity) -> bool:
        """Whether this cover is an entrance: by its class, or by its name where it has none."""
        kind = entity.attributes.get("device_class")
        words = f"{entity.name} {' '.join(entity.aliases)} {entity.entity_id}".lower()
        return kind in self.cover_classes or "garage" in words or (kind is None and " gate" in f" {words}")

    def objection(
        self, service: str, entity: Entity, data: Mapping[str, Any], said: Said, *, areas: frozenset[str], now: datetime
    ) -> str | None:
        """The sentence that refuses a call, None when it may be made.

        Args:
            service: `domain.service`.
            entity: what it is called on.
            data: what it is given.
            said: over what and by whom it was asked for.
            areas: where: the area's id and names in lower case.
            now: in the house's time zone.
        """
        for rule in self.rules:
            if rule.covers(service, entity, data):
                why = _broken(rule, said, areas, now)
                if why:
                    return f"{entity.name} {why}."
        return None


def _broken(rule: Rule, said: Said, areas: frozenset[str], now: datetime) -> str | None:
    if rule.never:
        return "is not to be changed by voice in this home"
    if rule.areas and rule.areas.isdisjoint(areas):
        return "can only be changed from its own rooms"
    if rule.hours and not _within(now.timetz().replace(tzinfo=None), *rule.hours):
        return f"can only be changed by voice between {rule.hours[0]:%H:%M} and {rule.hours[1]:%H:%M}"
    if rule.lines and said.line not in rule.lines:
        return f"cannot be changed over a {said.line}"
    if rule.speakers and said.speaker not in rule.speakers:
        return "can only be changed by people whom this home knows"
    return None


def _within(now: time, begin: time, end: time) -> bool:
    return begin <= now < end if begin <= end else now >= begin or now < end
