"""A server on the loopback that speaks with Home Assistant's message shapes."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from hub.home.assistant_socket import AssistantSocket, websocket_url

TOKEN = "a-long-lived-token"


def state(entity_id, value, **attributes):
    name = entity_id.partition(".")[2].replace("_", " ").title()
    return {"entity_id": entity_id, "state": value, "attributes": {"friendly_name": name, **attributes}}


class Scripted:
    """A Home Assistant of a few devices. `script[kind](number, message)` may answer in another way."""

    token = TOKEN

    def __init__(self):
        self.states = {
            "light.desk": state("light.desk", "off", supported_color_modes=["brightness"]),
            "light.sofa": state("light.sofa", "off", supported_color_modes=["onoff"]),
            "lock.door": state("lock.door", "locked"),
        }
        self.exposed = {"light.desk", "light.sofa"}
        self.areas = [{"area_id": "den", "name": "Den", "aliases": ["study"], "floor_id": "up"}]
        self.script, self.calls, self.sockets, self.subscriptions = {}, [], [], {}
        self.connections = 0
        self.runner, self.port = None, 0

    async def start(self):
        app = web.Application()
        app.router.add_get("/api/websocket", self.serve)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def stop(self):
        for socket in list(self.sockets):
            await socket.close()
        await self.runner.cleanup()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, request):
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self.connections += 1
        await socket.send_json({"type": "auth_required", "ha_version": "2025.4.4"})
        if (await socket.receive_json()).get("access_token") != TOKEN:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token or password"})
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2025.4.4"})
        self.sockets.append(socket)
        self.subscriptions[socket] = {}
        try:
            async for message in socket:
                await self.answer(socket, json.loads(message.data))
        finally:
            self.sockets.remove(socket)
            del self.subscriptions[socket]
        return socket

    async def answer(self, socket, message):
        number, kind = message["id"], message["type"]
        if kind in self.script:
            await self.script[kind](socket, number, message)
            return
        if kind == "subscribe_events":
            self.subscriptions[socket][number] = message["event_type"]
        await self.result(socket, number, self.results(kind, message))
        if kind == "call_service":
            self.calls.append(message)

    def results(self, kind, message):
        if kind == "call_service":
            for entity_id in message["target"]["entity_id"]:
                value = {"turn_on": "on", "turn_off": "off"}[message["service"]]
                self.states[entity_id] = {**self.states[entity_id], "state": value}
                asyncio.get_running_loop().create_task(self.fire_state(entity_id))
            return {"context": {"id": "x"}, "response": None}
        return {
            "get_config": {"location_name": "Script", "time_zone": "Europe/Vienna"},
            "get_states": list(self.states.values()),
            "config/floor_registry/list": [{"floor_id": "up", "name": "Up", "aliases": ["upstairs"]}],
            "config/area_registry/list": self.areas,
            "config/device_registry/list": [{"id": "d1", "area_id": "den"}],
            "config/entity_registry/list": [
                {"entity_id": "light.desk", "device_id": "d1", "area_id": None},
                {"entity_id": "light.sofa", "device_id": None, "area_id": "den"},
            ],
            "config/entity_registry/get_entries": {"light.desk": {"aliases": ["work light", None]}},
            "homeassistant/expose_entity/list": {
                "exposed_entities": {entity_id: {"conversation": True} for entity_id in self.exposed}
            },
        }.get(kind)

    async def result(self, socket, number, result):
        await socket.send_json({"id": number, "type": "result", "success": True, "result": result})

    async def fail(self, socket, number, **error):
        await socket.send_json({"id": number, "type": "result", "success": False, "error": error})

    async def fire(self, event_type, data):
        for socket, subscribed in list(self.subscriptions.items()):
            for number, wanted in subscribed.items():
                if wanted == event_type:
                    event = {"event_type": event_type, "data": data}
                    await socket.send_json({"id": number, "type": "event", "event": event})

    async def fire_state(self, entity_id):
        new = self.states.get(entity_id)
        await self.fire("state_changed", {"entity_id": entity_id, "old_state": None, "new_state": new})


@pytest.fixture
async def scripted():
    server = Scripted()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
async def socket(scripted):
    async with aiohttp.ClientSession() as session:
        socket = await AssistantSocket.open(session, websocket_url(scripted.url), TOKEN)
        yield socket
        await socket.close()
