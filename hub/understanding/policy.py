"""What must not happen without a spoken yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.understanding.house import Entity


@dataclass(frozen=True, slots=True)
class Policy:
    """Which service calls are dangerous: the household must confirm them.

    Attributes:
        services: `domain.service` that are always dangerous.
        cover_classes: device classes of covers that let people in; opening them is dangerous, closing is not.
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

    def is_dangerous(self, service: str, entity: Entity, data: Mapping[str, Any]) -> bool:
        """Whether calling `domain.service` on this entity needs a spoken yes."""
        if service in self.services:
            return True
        if service in ("cover.open_cover", "cover.set_cover_position", "cover.toggle"):
            return data.get("position") != 0 and self.lets_people_in(entity)
        return False

    def lets_people_in(self, entity: Entity) -> bool:
        """Whether this cover is an entrance: by its class, or by its name where it has none."""
        kind = entity.attributes.get("device_class")
        words = f"{entity.name} {' '.join(entity.aliases)} {entity.entity_id}".lower()
        return kind in self.cover_classes or "garage" in words or (kind is None and " gate" in f" {words}")
