"""The control socket, over real sockets."""

import asyncio
import json
import socket
import stat
from contextlib import aclosing, asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import AlreadyRunningError, HubUnreachableError, StoreError
from hub.events import EventBus, StateChanged, Trouble
from hub.server import control
from hub.server.control import MAX_CLIENTS, MAX_LINE_BYTES, SOCKET_NAME, ControlServer, EventQueue
from hub.server.control_client import RefusedError, call, watch
from protocol.errors import UnknownAreaError


async def echo(params):
    return params


async def refuse(_params):
    raise UnknownAreaError("There is no room “attic”.")


async def fail(_params):
    raise ZeroDivisionError


async def unsendable(_params):
    return object()


METHODS = {"echo": echo, "refuse": refuse, "fail": fail, "unsendable": unsendable}


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
async def server(tmp_path, bus):
    server = ControlServer(tmp_path / SOCKET_NAME, METHODS, bus)
    await server.start()
    yield server
    await server.close()
    assert not (tmp_path / SOCKET_NAME).exists()


@asynccontextmanager
async def raw(directory):
    reader, writer = await asyncio.open_unix_connection(str(directory / SOCKET_NAME), limit=1 << 20)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.close()


async def test_a_question_is_answered(server, tmp_path):
    assert await call(tmp_path, "echo", {"a": "ä\n"}) == {"a": "ä\n"}
    assert stat.S_IMODE((tmp_path / SOCKET_NAME).stat().st_mode) == 0o600


async def test_many_requests_on_one_connection_are_answered_in_order(server, tmp_path):
    async with raw(tmp_path) as (reader, writer):
        for number in range(50):
            writer.write(json.dumps({"id": number, "method": "echo", "params": {"n": number}}).encode() + b"\n")
        answers = [json.loads(await reader.readline()) for _ in range(50)]
    assert answers == [{"id": number, "result": {"n": number}} for number in range(50)]


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("refuse", "unknown_area"),
        ("fail", "internal"),
        ("unsendable", "internal"),
        ("none", "unknown_method"),
    ],
)
async def test_a_refusal_carries_its_code_and_the_next_question_is_answered(server, tmp_path, method, code):
    with pytest.raises(RefusedError) as caught:
        await call(tmp_path, method)
    assert caught.value.code == code
    assert caught.value.sentence
    assert await call(tmp_path, "echo", {"a": 1}) == {"a": 1}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200).filter(lambda line: b"\n" not in line))
async def test_garbage_gets_a_typed_error(tmp_path_factory, line):
    directory = tmp_path_factory.mktemp("c")
    server = ControlServer(directory / SOCKET_NAME, METHODS, EventBus())
    await server.start()
    try:
        async with raw(directory) as (reader, writer):
            writer.write(line + b"\n")
            answer = json.loads(await reader.readline())
        assert answer["error"]["code"] in {"bad_request", "unknown_method"}
        assert await call(directory, "echo", {"a": 1}) == {"a": 1}
    finally:
        await server.close()


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b'{"id": [], "method": "echo"}',
        b'{"id": 1, "method": 2}',
        b'{"id": 1, "method": "echo", "params": []}',
        b"[" * 5000,
        b"x" * (MAX_LINE_BYTES + 10),
    ],
)
async def test_a_line_of_the_wrong_shape_ends_the_connection_with_its_reason(server, tmp_path, line):
    async with raw(tmp_path) as (reader, writer):
        writer.write(line + b"\n")
        assert json.loads(await reader.readline())["error"]["code"] == "bad_request"


async def test_a_silent_client_is_let_go(server, tmp_path, monkeypatch):
    monkeypatch.setattr(control, "IDLE_S", 0.05)
    async with raw(tmp_path) as (reader, _):
        assert await reader.read() == b""


async def test_a_method_without_end_is_answered(tmp_path, bus, monkeypatch):
    monkeypatch.setattr(control, "CALL_S", 0.05)

    async def sleep(_params):
        await asyncio.Event().wait()

    server = ControlServer(tmp_path / SOCKET_NAME, {"sleep": sleep}, bus)
    await server.start()
    with pytest.raises(RefusedError, match="in time") as caught:
        await call(tmp_path, "sleep")
    assert (caught.value.code, caught.value.retry) == ("busy", True)
    await server.close()


async def test_too_many_clients_are_told(server, tmp_path):
    writers = []
    for _ in range(MAX_CLIENTS):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET_NAME))
        writer.write(b'{"id": 1, "method": "echo", "params": {}}\n')
        await reader.readline()
        writers.append(writer)
    with pytest.raises((RefusedError, HubUnreachableError)):
        await call(tmp_path, "echo")
    for writer in writers:
        writer.close()
    async with asyncio.timeout(5):
        while server._clients:
            await asyncio.sleep(0.01)
    assert await call(tmp_path, "echo") == {}


async def test_events_are_watched_as_they_happen(server, tmp_path, bus):
    async with aclosing(watch(tmp_path)) as events:
        first = asyncio.ensure_future(anext(events))
        async with asyncio.timeout(5):
            while not bus._listeners:
                await asyncio.sleep(0.01)
            bus.publish(Trouble("one", "One."))
            bus.publish(StateChanged("light.a", "A", None, "on"))
            assert await first == {"event": "Trouble", "code": "one", "sentence": "One."}
            assert (await anext(events))["entity_id"] == "light.a"
    async with asyncio.timeout(5):
        while bus._listeners:
            await asyncio.sleep(0.01)


async def test_a_watcher_is_told_that_the_hub_went_away(tmp_path, bus):
    server = ControlServer(tmp_path / SOCKET_NAME, METHODS, bus)
    await server.start()
    events = watch(tmp_path)
    waiting = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(5):
        while not bus._listeners:
            await asyncio.sleep(0.01)
        await server.close()
        with pytest.raises(HubUnreachableError):
            await waiting
    assert not bus._listeners


async def test_a_slow_watcher_loses_the_oldest_and_is_told_how_many(bus):
    queue = EventQueue(bus, limit=3)
    for number in range(5):
        bus.publish(Trouble(str(number), ""))
    assert await queue.get() == {"event": "Dropped", "count": 2}
    assert [(await queue.get())["code"] for _ in range(3)] == ["2", "3", "4"]
    queue.close()
    assert not bus._listeners


async def test_the_socket_of_a_dead_hub_is_replaced(tmp_path, bus):
    path = tmp_path / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = ControlServer(path, METHODS, bus)
    await server.start()
    assert await call(tmp_path, "echo") == {}
    await server.close()


async def test_a_living_hub_is_not_replaced(server, tmp_path, bus):
    with pytest.raises(AlreadyRunningError):
        await ControlServer(tmp_path / SOCKET_NAME, {}, bus).start()
    assert await call(tmp_path, "echo") == {}


async def test_a_file_in_the_way_is_left_alone(tmp_path, bus):
    (tmp_path / SOCKET_NAME).write_text("mine")
    with pytest.raises(StoreError, match="in the way"):
        await ControlServer(tmp_path / SOCKET_NAME, {}, bus).start()
    assert (tmp_path / SOCKET_NAME).read_text() == "mine"


async def test_a_path_too_long_for_a_socket_is_told(tmp_path, bus):
    with pytest.raises(StoreError, match="too long"):
        await ControlServer(tmp_path / ("x" * 120) / SOCKET_NAME, {}, bus).start()


async def test_no_hub_is_told(tmp_path):
    with pytest.raises(HubUnreachableError, match="hub run"):
        await call(tmp_path, "status")


@pytest.mark.parametrize("answer", [b"garbage\n", b"{}\n", b"[]\n", b'{"error": 3}\n', b""])
async def test_something_else_that_answers_is_told(tmp_path, answer):
    async def serve(reader, writer):
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(serve, str(tmp_path / SOCKET_NAME)):
        with pytest.raises(HubUnreachableError):
            await call(tmp_path, "status")


async def test_a_hub_that_never_answers_is_told(tmp_path):
    silent = asyncio.Event()

    async def serve(_reader, writer):
        await silent.wait()
        writer.close()

    async with await asyncio.start_unix_server(serve, str(tmp_path / SOCKET_NAME)):
        with pytest.raises(HubUnreachableError, match="did not answer"):
            await call(tmp_path, "status", timeout_s=0.05)
        silent.set()
