"""What the house's own sensors say about where somebody is: a cue beside what is heard, never more than that."""

from __future__ import annotations

from typing import Final

from hub.home.port import Home
from hub.understanding.house import Entity

# Log odds by device class and state. A motion sensor that is off has seen nobody move; somebody may well sit there.
_NATS: Final = {
    ("occupancy", "on"): 0.8,
    ("occupancy", "off"): -0.8,
    ("motion", "on"): 0.8,
    ("motion", "off"): -0.2,
}


class SensedPresence:
    """The rooms' `Presence`, from binary sensors for motion and occupancy that stand in an area."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._nats: dict[str, float] = {}
        self._revision: int | None = None
        home.on_change(self._changed)

    def log_odds(self, area_id: str) -> float:
        """How much likelier somebody is in this area; 0 where no sensor says anything."""
        house = self._home.house
        if self._revision != house.revision:
            self._revision = house.revision
            self._nats = {}
            for entity in house.entities.values():
                nats = _nats_of(entity)
                if nats is not None and entity.area_id is not None:
                    # Of several sensors in a room the one that has seen somebody is right.
                    self._nats[entity.area_id] = max(nats, self._nats.get(entity.area_id, nats))
        return self._nats.get(area_id, 0.0)

    def _changed(self, entity_id: str) -> None:
        if entity_id.startswith("binary_sensor."):
            self._revision = None


def _nats_of(entity: Entity) -> float | None:
    if entity.domain != "binary_sensor":
        return None
    return _NATS.get((str(entity.attributes.get("device_class")), entity.state))
