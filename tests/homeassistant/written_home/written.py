"""What all devices of a written home have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.helpers.entity import Entity


class Written(Entity):
    """A device as the file tells it."""

    _attr_should_poll = False

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.entity_id = self._attr_unique_id = told["entity_id"]
        self._attr_name = told["name"]
        self._told = told
        self._state: str = told["state"]
        self._attributes: Mapping[str, Any] = told.get("attributes", {})
        # “fan_mode:low,high” is an ability with its choices.
        pairs = [ability.partition(":") for ability in told["capabilities"]]
        self._can = {name: choices.split(",") if choices else [] for name, _, choices in pairs}
        self.be_as_told()

    def be_as_told(self) -> None:
        """Forget whatever was changed."""

    def _is(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            setattr(self, f"_attr_{name}", value)
        self.async_write_ha_state()
