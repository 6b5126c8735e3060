"""The HTTPS API, over real sockets and real TLS."""

import asyncio
import contextlib
import ssl

import aiohttp
import pytest

from hub import __version__
from hub.errors import PortInUseError
from hub.events import EventBus, SatelliteUp, Trouble
from hub.metrics import Metrics
from hub.server import http
from hub.server.control import BadRequestError
from hub.server.http import HttpServer
from protocol.errors import LinkClosedError
from protocol.security import load_or_create_identity

TOKEN = "right-token"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


class Facts:
    """What the hub would tell; a test changes it."""

    def __init__(self):
        self.trouble = None
        self.error = None
        self.parts = {}

    def status(self):
        if self.error:
            raise self.error
        return {"name": "hub", "home": {"kind": "demo", "trouble": self.trouble}, **self.parts}

    async def announce(self, params):
        if "text" not in params:
            raise BadRequestError("“text” does not fit.")
        if params["text"] == "for ever":
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        return {"said": params}

    def rooms(self):
        return {"areas": [{"id": "kitchen", "name": "Kitchen", "satellites": []}], "last_decisions": []}


@pytest.fixture
def facts():
    return Facts()


@pytest.fixture
def bus():
    return EventBus()


def make(tls, port, facts, bus):
    return HttpServer(
        tls,
        "127.0.0.1",
        port,
        token=TOKEN,
        status=facts.status,
        rooms=facts.rooms,
        metrics=Metrics(bus),
        bus=bus,
        actions={"announce": facts.announce},
    )


@pytest.fixture
async def server(tmp_path, facts, bus):
    server = make(load_or_create_identity(tmp_path).server_context(), 0, facts, bus)
    server.port = await server.start()
    yield server
    await server.close()


@pytest.fixture
async def client(server, tmp_path):
    trust = ssl.create_default_context(cafile=tmp_path / "identity.pem")
    trust.check_hostname = False
    base = f"https://127.0.0.1:{server.port}"
    connector = aiohttp.TCPConnector(ssl=trust)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(base, connector=connector, timeout=timeout) as client:
        yield client


async def test_health_needs_no_token_and_tells_nothing_else(client, facts):
    async with client.get("/health") as answer:
        assert answer.status == 200
        assert await answer.json() == {"status": "ok", "version": __version__}
    facts.trouble = {"code": "home_unreachable", "message": "secret.local is away"}
    async with client.get("/health") as answer:
        assert await answer.json() == {
            "status": "degraded",
            "version": __version__,
            "code": "home_unreachable",
        }


async def test_health_names_what_is_missing_and_how_the_voice_does(client, facts):
    gone = {"code": "hearing_failed", "message": "pip install it into /home/somebody"}
    facts.parts = {
        "engine": "CPU cascade",
        "engine_state": {"state": "lost", "trouble": {"code": "engine_down", "message": "secret"}},
        "recogniser": {"ready": False, "trouble": gone},
        "voice": {"ready": True, "trouble": None},
    }
    async with client.get("/health") as answer:
        assert await answer.json() == {
            "status": "degraded",
            "version": __version__,
            "missing": {"recogniser": "hearing_failed"},
            "engine": {"name": "CPU cascade", "state": "lost", "code": "engine_down"},
        }
    facts.parts = {"engine": "PersonaPlex", "engine_state": {"state": "ready", "trouble": None}}
    async with client.get("/health") as answer:
        health = await answer.json()
        assert health["status"] == "ok"
        assert health["engine"] == {"name": "PersonaPlex", "state": "ready"}
    facts.parts["engine_state"]["state"] = "lagging"
    async with client.get("/health") as answer:
        assert (await answer.json())["status"] == "degraded"


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/status", "/api/v1/rooms", "/api/v1/events", "/nothing"])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer ä"],
)
async def test_everything_else_needs_the_token(client, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    async with client.get(path, headers=headers) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"]["code"] == "not_authenticated"
        assert "Bearer" in answer.headers["WWW-Authenticate"]


async def test_status_rooms_and_metrics(client, bus):
    bus.publish(SatelliteUp("1", "kitchen", "Kitchen"))
    async with client.get("/api/v1/status", headers=RIGHT) as answer:
        assert (await answer.json())["name"] == "hub"
    async with client.get("/api/v1/rooms", headers=RIGHT) as answer:
        assert (await answer.json())["areas"][0]["id"] == "kitchen"
    async with client.get("/metrics", headers=RIGHT) as answer:
        assert answer.content_type == "text/plain"
        assert "roomtone_satellites_connected 1.0" in await answer.text()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/x", 404), ("POST", "/health", 405)])
async def test_mistakes_get_json(client, method, path, status):
    async with client.request(method, path, headers=RIGHT) as answer:
        assert answer.status == status
        assert set((await answer.json())["error"]) == {"code", "message", "retry"}


async def test_every_answer_has_the_security_headers(client):
    for path in ("/health", "/x"):
        async with client.get(path) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Server"] == "roomtone"


async def test_failures_inside_are_told_without_their_insides(client, facts):
    facts.error = LinkClosedError("It is gone.")
    async with client.get("/api/v1/status", headers=RIGHT) as answer:
        assert answer.status == 409
        assert (await answer.json())["error"] == {
            "code": "link_closed",
            "message": "It is gone.",
            "retry": True,
        }
    facts.error = ZeroDivisionError("secret")
    async with client.get("/api/v1/status", headers=RIGHT) as answer:
        assert answer.status == 500
        assert "secret" not in await answer.text()


async def test_events_are_streamed(client, bus):
    async with client.ws_connect("/api/v1/events", headers=RIGHT) as socket:
        bus.publish(Trouble("one", "One."))
        assert await socket.receive_json(timeout=5) == {"event": "Trouble", "code": "one", "sentence": "One."}
    async with asyncio.timeout(5):
        while len(bus._listeners) > 1:  # the metrics listen too
            await asyncio.sleep(0.01)


async def test_events_without_a_websocket_are_refused(client):
    async with client.get("/api/v1/events", headers=RIGHT) as answer:
        assert answer.status == 426


async def test_too_many_watchers_are_told(client, monkeypatch):
    monkeypatch.setattr(http, "MAX_WATCHERS", 1)
    async with (
        client.ws_connect("/api/v1/events", headers=RIGHT),
        client.get("/api/v1/events", headers=RIGHT) as answer,
    ):
        assert answer.status == 503
        assert (await answer.json())["error"]["retry"]


async def test_watchers_are_told_when_the_hub_stops(client, server):
    async with client.ws_connect("/api/v1/events", headers=RIGHT) as socket:
        async with asyncio.timeout(5):
            closing = asyncio.ensure_future(server.close())
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
            await closing


async def test_a_port_in_use_is_told(server, facts, bus):
    with pytest.raises(PortInUseError, match="--http-port"):
        await make(None, server.port, facts, bus).start()


async def test_an_address_of_another_machine_is_told(facts, bus):
    other = HttpServer(
        None,
        "192.0.2.1",
        0,
        token=TOKEN,
        status=facts.status,
        rooms=facts.rooms,
        metrics=Metrics(bus),
        bus=bus,
    )
    with pytest.raises(PortInUseError, match=r"192\.0\.2\.1"):
        await other.start()


@pytest.mark.parametrize(
    "garbage", [b"\0" * 2000, b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"\xff\r\n\r\n"]
)
async def test_garbage_costs_nobody_anything(facts, bus, garbage):
    server = make(None, 0, facts, bus)
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(garbage)
    writer.write_eof()
    async with asyncio.timeout(10):
        said = await reader.read()
    assert said == b"" or said.split()[1] == b"400"
    writer.close()
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/health") as answer:
        assert answer.status == 200
    await server.close()


async def test_a_connection_that_asks_nothing_is_let_go(facts, bus, monkeypatch):
    monkeypatch.setattr(http, "REQUEST_S", 0.1)
    server = make(None, 0, facts, bus)
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health HTTP/1.1\r\n")
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    await server.close()


async def test_a_crowd_of_silent_connections_costs_no_memory(facts, bus, monkeypatch):
    monkeypatch.setattr(http, "MAX_CONNECTIONS", 2)
    server = make(None, 0, facts, bus)
    port = await server.start()
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
    async with asyncio.timeout(5):
        while len(server._runner.server.connections) > 3:
            await asyncio.sleep(0.01)
    for _, writer in crowd:
        writer.close()
    await server.close()


async def test_an_action_is_a_post_with_the_token_and_answers_when_it_is_done(client, facts, monkeypatch):
    path = "/api/v1/announce"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        async with client.post(path, json={"text": "hello"}, headers=headers) as answer:
            assert answer.status == 401
    async with client.post(path, json={"text": "hello"}, headers=RIGHT) as answer:
        assert (answer.status, await answer.json()) == (200, {"said": {"text": "hello"}})
    for body, words in ((b"{", "not JSON"), (b"[1]", "JSON object"), (b"[" * 9000, "not JSON"), (b"{}", "text")):
        async with client.post(path, data=body, headers=RIGHT) as answer:
            assert answer.status == 400
            error = (await answer.json())["error"]
            assert error["code"] == "bad_request"
            assert words in error["message"]
    async with client.post(path, data=b" " * 70_000, headers=RIGHT) as answer:
        assert answer.status == 413
    async with client.get(path, headers=RIGHT) as answer:
        assert answer.status == 405
    async with client.post("/api/v1/nothing", json={}, headers=RIGHT) as answer:
        assert answer.status == 404
    facts.error = LinkClosedError("It is gone.")
    async with client.post(path, json={"text": "hello"}, headers=RIGHT) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (409, "link_closed")
    monkeypatch.setattr(http, "CALL_S", 0.05)
    async with client.post(path, json={"text": "for ever"}, headers=RIGHT) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (503, "busy")
