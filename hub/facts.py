"""What the hub tells about itself and its rooms, to people, programs and the metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub import __version__
from hub.dialog.house_speaks import HouseSpeaks
from hub.dialog.switchboard import Switchboard
from hub.door import Door
from hub.engine.port import VoiceEngine
from hub.engine.supervisor import SupervisedEngine
from hub.home.port import Home
from hub.store import Store
from protocol.errors import RoomtoneError


def _told(trouble: RoomtoneError | None) -> dict[str, str] | None:
    return None if trouble is None else {"code": trouble.code, "message": trouble.sentence}


class Facts:
    """Reads them where they are.

    Args:
        name: of the hub.
        missing: the parts that could not be had.
        now_s: a monotonic clock.

    Attributes:
        ports: the satellites' and the API's, once they are open.
    """

    def __init__(
        self,
        name: str,
        *,
        door: Door,
        store: Store,
        home: Home,
        engine: VoiceEngine,
        missing: Mapping[str, RoomtoneError],
        switchboard: Switchboard,
        house: HouseSpeaks,
        now_s: Callable[[], float],
    ) -> None:
        self.ports: tuple[int, int] = (0, 0)
        self._name, self._door, self._store = name, door, store
        self._home, self._engine, self._missing = home, engine, missing
        self._switchboard, self._house = switchboard, house
        self._now_s, self._started_s = now_s, now_s()

    def status(self) -> dict[str, Any]:
        """The hub in a few facts."""
        house, board = self._home.house, self._switchboard
        return {
            "version": __version__,
            "hub_id": self._door.hub_id,
            "name": self._name,
            "port": self.ports[0],
            "http_port": self.ports[1],
            "uptime_s": round(self._now_s() - self._started_s, 1),
            "engine": self._engine.info.name,
            "engine_state": self._engine_state(),
            **{
                what: {"trouble": _told(self._missing.get(what)), "ready": what not in self._missing}
                for what in ("recogniser", "voice")
            },
            "home": {
                "kind": self._home.kind,
                "name": house.name,
                "entities": len(house.entities),
                "trouble": _told(self._home.trouble),
            },
            "satellites": len(board.registry),
            "conversations": len(board.floors) - len(tuple(board.guests)),
            "intercoms": self._house.intercoms.all(),
            "quiet": [area.id for area in house.areas if self._house.quiet.of(area.id).quiet],
        }

    def _engine_state(self) -> dict[str, Any]:
        if isinstance(self._engine, SupervisedEngine):
            return dict(self._engine.state())
        return {"state": "lost" if "voice" in self._missing else "ready", "first": self._engine.info.name}

    def rooms(self) -> dict[str, Any]:
        """Areas with their satellites, and the newest decisions."""
        areas: dict[str, dict[str, Any]] = {
            area.id: {"id": area.id, "name": area.name, "satellites": []} for area in self._home.house.areas
        }
        for stored in self._store.satellites():
            area = areas.setdefault(stored.area_id, {"id": stored.area_id, "name": stored.area_id, "satellites": []})
            room = self._switchboard.registry.by_device(stored.device_id)
            area["satellites"].append(
                {
                    "device_id": stored.device_id,
                    "name": stored.name,
                    "connected": room is not None,
                    "muted": room is not None and room.muted,
                    "in_session": self._switchboard.in_session(stored.device_id),
                    "trouble": self._switchboard.doubted(stored.device_id),
                }
            )
        for area_id, area in areas.items():
            area |= {"quiet": self._house.quiet.of(area_id).to_json(), "intercom": self._house.intercoms.other(area_id)}
        return {"areas": list(areas.values()), "last_decisions": self._switchboard.decisions.newest()}
