"""Who may come in: the hub's side of pairing and login, on top of store and desk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hub.config_sounds import VolumeSettings
from hub.dialog.loudness import volumes_in
from hub.home.areas import find_area
from hub.home.port import Home
from hub.server.pairing import PairingDesk
from hub.store import Store
from hub.understanding.house import Area
from protocol.errors import UnknownAreaError
from protocol.messages import TIMERS_FEATURE, Welcome


class Door:
    """The `HubDoor` of the handshake."""

    def __init__(
        self,
        store: Store,
        desk: PairingDesk,
        home: Home,
        *,
        hub_name: str,
        certificate_hash: bytes,
        volumes: Sequence[VolumeSettings] = (),
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self.hub_id = store.hub_id()
        self.hub_name = hub_name
        self.certificate_hash = certificate_hash
        self._store = store
        self._desk = desk
        self._home = home
        self._volumes = volumes
        self._wall_s = wall_s

    def device_key(self, device_id: str) -> bytes | None:
        """The key of a paired device; None when it was never paired or was revoked."""
        stored = self._store.satellite(device_id)
        return None if stored is None else stored.device_key

    def area_of(self, device_id: str) -> str:
        """The area a paired device stands in."""
        stored = self._store.satellite(device_id)
        return "" if stored is None else stored.area_id

    def area_name(self, area_id: str) -> str:
        """What people call an area; its id where the house does not know it (any more)."""
        area = self.area(area_id)
        return area_id if area is None else area.name

    def area(self, area_id: str) -> Area | None:
        """An area by its id; None where the house does not know it."""
        return next((area for area in self._home.house.areas if area.id == area_id), None)

    def welcome(self, device_id: str) -> Welcome:
        """What a satellite is told when it is in."""
        area_id = self.area_of(device_id)
        volumes = volumes_in(self._volumes, area_id, self.area(area_id))
        return Welcome(
            hub_name=self.hub_name,
            area=area_id,
            area_name=self.area_name(area_id),
            answer_volume=volumes.answer,
            announcement_volume=volumes.announcement,
            chime_volume=volumes.chime,
            intercom_volume=volumes.intercom,
            features=(TIMERS_FEATURE,),
        )

    def pairing_code(self) -> str | None:
        """The running code."""
        return self._desk.code

    def pairing_failed(self) -> None:
        """A wrong guess."""
        self._desk.failed()

    def area_for_pairing(self, asked: str | None) -> tuple[str, str]:
        """The area the code was made for; an area the satellite names must be the same one.

        Raises:
            UnknownAreaError: the house has no such area, or the code was made for another.
        """
        area_id, name = self._desk.area
        if asked and find_area(self._home.house, asked).id != area_id:
            raise UnknownAreaError(f"This code was made for {name}, not for “{asked[:60]}”.")
        return area_id, name

    def pairing_done(self, device_id: str, name: str, device_key: bytes, area_id: str) -> None:
        """Keep the key, then close the window."""
        self._store.add_satellite(
            device_id=device_id, name=name, device_key=device_key, area_id=area_id, paired_at=self._wall_s()
        )
        self._desk.done(name)

    def open_window(self, area: str) -> tuple[Area, str]:
        """Begin pairing for an area given by id, name or alias; returns it and the six digits.

        Raises:
            UnknownAreaError: the house has no such area; the sentence names the nearest.
        """
        found = find_area(self._home.house, area)
        return found, self._desk.open(found.id, found.name)
