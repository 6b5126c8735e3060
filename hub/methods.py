"""What the command line may ask a running hub, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.dialog.switchboard import Switchboard
from hub.door import Door
from hub.home.areas import find_area
from hub.home.port import Home
from hub.server.pairing import PairingDesk
from hub.server.satellites import SatelliteServer
from hub.store import Store
from protocol.errors import UnknownDeviceError

Method = Callable[[dict[str, Any]], Any]


class Methods:
    """The control socket's methods.

    Args:
        explain: what a text said in an area would lead to.
        status: the hub in a few facts.
        rooms: areas, satellites and decisions.
    """

    def __init__(
        self,
        *,
        home: Home,
        door: Door,
        desk: PairingDesk,
        store: Store,
        switchboard: Switchboard,
        satellites: SatelliteServer,
        explain: Callable[[str, str], str],
        status: Callable[[], dict[str, Any]],
        rooms: Callable[[], dict[str, Any]],
    ) -> None:
        self._home, self._door, self._desk, self._store = home, door, desk, store
        self._switchboard, self._satellites = switchboard, satellites
        self._explain, self._status, self._rooms = explain, status, rooms

    def table(self) -> Mapping[str, Method]:
        """Name to method."""
        return {
            "status": self.status,
            "rooms": self.rooms,
            "pair_open": self.pair_open,
            "pair_status": self.pair_status,
            "say": self.say,
            "explain": self.explain,
            "revoke": self.revoke,
        }

    async def status(self, _params: dict[str, Any]) -> dict[str, Any]:
        """The hub in a few facts."""
        return self._status()

    async def rooms(self, _params: dict[str, Any]) -> dict[str, Any]:
        """Areas, satellites and decisions."""
        return self._rooms()

    async def pair_open(self, params: dict[str, Any]) -> dict[str, Any]:
        """A code for a satellite in `area`."""
        area, code = self._door.open_window(str(params.get("area", "")))
        return {
            "code": code,
            "expires_s": self._desk.status.remaining_s,
            "area": area.id,
            "area_name": area.name,
        }

    async def pair_status(self, _params: dict[str, Any]) -> dict[str, Any]:
        """What became of the code."""
        now = self._desk.status
        return {
            "state": now.state,
            "area": now.area_id,
            "remaining_s": round(now.remaining_s, 1),
            "tries_left": now.tries_left,
            "device": now.device_name,
        }

    async def say(self, params: dict[str, Any]) -> dict[str, Any]:
        """Speak `text` in `area`; answers when it has been played. `ids`: the text ids it was spoken by, if any."""
        area = find_area(self._home.house, str(params.get("area", "")))
        announced = await self._switchboard.announce(area.id, str(params.get("text", "")))
        return {"spoken": announced.spoken, "ids": list(announced.ids)}

    async def explain(self, params: dict[str, Any]) -> dict[str, Any]:
        """What `text`, said by somebody in `area`, would lead to; nothing is done."""
        area = find_area(self._home.house, str(params.get("area", "")))
        return {"explanation": self._explain(str(params.get("text", "")), area.id)}

    async def revoke(self, params: dict[str, Any]) -> dict[str, Any]:
        """Delete the key of `device_id` and end its connection."""
        device_id = str(params.get("device_id", ""))
        if not self._store.revoke(device_id):
            raise UnknownDeviceError("No satellite with this id is paired. “roomtone rooms” lists them.")
        self._satellites.disconnect(device_id, UnknownDeviceError("This satellite's pairing was revoked."))
        return {"revoked": device_id}
