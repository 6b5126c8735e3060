"""The first owner of a fresh Home Assistant, and a house to test with: floors, rooms, aliases, exposed devices."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import aiohttp

CLIENT_ID = "http://127.0.0.1/"
FLOORS = {"Ground Floor": ["downstairs"], "First Floor": ["upstairs"]}
AREAS = {
    "Kitchen": ("Ground Floor", []),
    "Living Room": ("Ground Floor", ["lounge"]),
    "Bedroom": ("First Floor", ["master bedroom"]),
    "Garage": ("Ground Floor", []),
    "Hallway": ("Ground Floor", ["hall"]),
}
PLACES = {
    "light.kitchen_lights": "Kitchen",
    "lock.kitchen_door": "Kitchen",
    "cover.garage_door": "Garage",
    "light.ceiling_lights": "Living Room",
    "cover.living_room_window": "Living Room",
    "climate.hvac": "Living Room",
    "light.bed_light": "Bedroom",
    "light.reading_lamp": "Hallway",
    "lock.front_door": "Hallway",
    "cover.hall_window": "Hallway",
}
ALIASES = {"light.kitchen_lights": ["cooking lights"], "climate.hvac": ["heating"]}
EXPOSED = (
    "light.kitchen_lights",
    "light.ceiling_lights",
    "light.bed_light",
    "light.reading_lamp",
    "light.oven_light",
    "cover.garage_door",
    "cover.hall_window",
    "cover.living_room_window",
    "climate.hvac",
    "lock.front_door",
    "switch.decorative_lights",
)
HIDDEN = ("lock.kitchen_door", "lock.openable_lock")


class HarnessError(Exception):
    """The server could not be made or does not come up."""


async def onboard(url: str) -> str:
    person = {
        "client_id": CLIENT_ID,
        "name": "Test",
        "username": "test",
        "password": "test",
        "language": "en",
    }
    async with aiohttp.ClientSession(url, raise_for_status=True) as session:
        async with session.post("/api/onboarding/users", json=person) as answer:
            code = (await answer.json())["auth_code"]
        form = {"client_id": CLIENT_ID, "grant_type": "authorization_code", "code": code}
        async with session.post("/auth/token", data=form) as answer:
            access = (await answer.json())["access_token"]
    async with Talk(url, access) as talk:
        token: str = await talk.ask("auth/long_lived_access_token", client_name="roomtone tests", lifespan=30)
        return token


async def seed(url: str, token: str) -> None:
    async with Talk(url, token) as talk:
        async with asyncio.timeout(60):
            while (await talk.ask("get_config"))["state"] != "RUNNING":
                await asyncio.sleep(0.1)  # its interface is there before its devices are
        floors = {
            name: (await talk.ask("config/floor_registry/create", name=name, aliases=aliases))["floor_id"]
            for name, aliases in FLOORS.items()
        }
        areas = {area["name"]: area["area_id"] for area in await talk.ask("config/area_registry/list")}
        for name, (floor, aliases) in AREAS.items():
            if name not in areas:
                areas[name] = (await talk.ask("config/area_registry/create", name=name))["area_id"]
            await talk.ask("config/area_registry/update", area_id=areas[name], floor_id=floors[floor], aliases=aliases)
        entries = {entry["entity_id"]: entry for entry in await talk.ask("config/entity_registry/list")}
        for entity_id, area in PLACES.items():
            entry = entries.get(entity_id)
            if entry is None:
                continue  # a device of the demo that has no unique id cannot be put anywhere
            if entry["device_id"] is not None:
                await talk.ask("config/device_registry/update", device_id=entry["device_id"], area_id=areas[area])
            else:
                await talk.ask("config/entity_registry/update", entity_id=entity_id, area_id=areas[area])
        for entity_id, aliases in ALIASES.items():
            await talk.ask("config/entity_registry/update", entity_id=entity_id, aliases=aliases)
        for entity_ids, exposed in ((EXPOSED, True), (HIDDEN, False)):
            await talk.ask(
                "homeassistant/expose_entity",
                assistants=["conversation"],
                entity_ids=list(entity_ids),
                should_expose=exposed,
            )


class Talk:
    """One question at a time over the WebSocket; deliberately not the client under test."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token, self._number = url, token, 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(f"{self._url}/api/websocket", max_msg_size=0)
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        if (await self._socket.receive_json())["type"] != "auth_ok":
            raise HarnessError("the fresh token is refused")
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._session is not None:
            await self._socket.close()
            await self._session.close()

    async def ask(self, kind: str, **fields: Any) -> Any:
        self._number += 1
        await self._socket.send_json({"id": self._number, "type": kind, **fields})
        async with asyncio.timeout(20):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == self._number and answer["type"] == "result":
                    if not answer["success"]:
                        raise HarnessError(f"{kind}: {answer['error']}")
                    return answer["result"]
