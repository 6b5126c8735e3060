"""The adapter on `homeassistant-api`: with a scripted client, and with the real one against a real Home Assistant."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import types
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import harness
import pytest

from hub.config import Settings
from hub.errors import ConfigError
from hub.home import library
from hub.home.assistant import AssistantHome
from hub.home.errors import HomeTimeoutError, ServiceNotFoundError
from hub.home.library import PACKAGE, VERSION, LibraryHome, LibrarySocket
from hub.home.port import HomeUnreachableError
from hub.parts import make_home

VENV = harness.ROOT / ".venvs" / PACKAGE
DRIVER = Path(__file__).with_name("library_driver.py")
real = pytest.mark.assistant
limit = pytest.mark.timeout(600)


def missing(_package):
    raise PackageNotFoundError


@pytest.mark.parametrize(("found", "told"), [(missing, "not installed"), (lambda _package: "5.0.0", "5.0.0")])
def test_without_this_very_library_the_command_and_the_price_are_told(monkeypatch, tmp_path, found, told):
    monkeypatch.setattr(library, "version", found)
    with pytest.raises(ConfigError) as error:
        LibraryHome(url="http://house:8123", token_file=tmp_path / "token")
    for part in (told, "pip install homeassistant-api==6.1.0", "urllib3", "home.client"):
        assert part in error.value.sentence


def test_the_settings_choose_between_the_clients(monkeypatch, tmp_path):
    monkeypatch.setattr(library, "version", missing)
    house = {"kind": "assistant", "url": "http://house:8123", "token_file": tmp_path / "token"}
    assert type(make_home(Settings(home=house))) is AssistantHome
    with pytest.raises(ConfigError, match="pip install"):
        make_home(Settings(home={**house, "client": PACKAGE}))


class ResponseError(Exception):
    """Stands in for the library's."""


class ScriptedClient:
    """Has the library's way: one reader, and an error for whoever reads. `answers` are given out in order."""

    def __init__(self):
        self.sent = []
        self.answers = asyncio.Queue()
        self._event_responses = {}

    async def send(self, kind, **_fields):
        self.sent.append(kind)
        self._event_responses[len(self.sent)] = []
        return len(self.sent)

    async def recv_result(self, _number):
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return types.SimpleNamespace(result=answer)

    async def __aexit__(self, *_error):
        raise OSError("closed already")

    async def close(self):
        pass


@pytest.fixture
def client(monkeypatch):
    errors = types.ModuleType("homeassistant_api.errors")
    errors.ResponseError = ResponseError
    monkeypatch.setitem(sys.modules, "homeassistant_api", types.ModuleType("homeassistant_api"))
    monkeypatch.setitem(sys.modules, "homeassistant_api.errors", errors)
    return ScriptedClient()


@pytest.fixture
async def line(client):
    socket = LibrarySocket(client, client)
    yield socket
    await socket.close()


async def begun(coroutine):
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0.01)
    return task


async def test_the_answer_of_a_caller_that_gave_up_reaches_nobody_else(client, line):
    impatient = await begun(line.command("slow"))
    patient = await begun(line.command("quick"))
    impatient.cancel()
    await asyncio.sleep(0.01)
    assert client.sent == ["slow"]
    client.answers.put_nowait(ResponseError("[not_found] Service light.fly not found."))
    client.answers.put_nowait("mine")
    assert await patient == "mine"
    assert client._event_responses == {}


async def test_a_caller_that_gives_up_before_its_turn_has_sent_nothing(client, line):
    first = await begun(line.command("slow"))
    second = await begun(line.command("call_service"))
    second.cancel()
    client.answers.put_nowait("done")
    assert await first == "done"
    await asyncio.sleep(0.01)
    assert client.sent == ["slow"]


async def test_an_error_has_its_type_and_leaves_the_line_open(client, line):
    client.answers.put_nowait(ResponseError("[not_found] Service light.fly not found."))
    with pytest.raises(ServiceNotFoundError, match=r"^Service light\.fly not found\.$"):
        await line.command("call_service")
    client.answers.put_nowait("still here")
    assert await line.command("quick") == "still here"


async def test_silence_ends_the_line_for_everybody(line):
    waiting = await begun(line.command("slow", deadline_s=0.05))
    behind = await begun(line.command("quick"))
    with pytest.raises(HomeTimeoutError):
        await waiting
    with pytest.raises(HomeUnreachableError):
        await behind
    assert line.closed.done()


async def test_closing_fails_who_waits_instead_of_cancelling_them(line):
    waiting = await begun(line.command("slow"))
    behind = await begun(line.command("quick"))
    await line.close()
    for task in (waiting, behind):
        with pytest.raises(HomeUnreachableError):
            await task


async def test_the_queue_has_an_end(client, line, monkeypatch):
    monkeypatch.setattr(library, "MAX_WAITING", 1)
    tasks = [await begun(line.command("slow")), await begun(line.command("next"))]
    with pytest.raises(HomeTimeoutError, match="Too many"):
        await line.command("one more")
    for task in tasks:
        client.answers.put_nowait("done")
        assert await task == "done"


async def test_a_call_is_over_when_the_states_after_it_are_read_and_only_changes_are_told(client, line):
    def row(entity_id, updated):
        return {"entity_id": entity_id, "state": "on", "last_updated": updated}

    told = []
    await line.subscribe("subscribe_events", told.append, event_type="state_changed")
    client.answers.put_nowait([row("light.a", "1"), row("light.b", "1"), row("light.gone", "1"), "no row"])
    await line.command("get_states")
    assert told == []
    client.answers.put_nowait({"context": {}})
    client.answers.put_nowait([row("light.a", "2"), row("light.b", "1"), row("light.new", "1")])
    await line.command("call_service", domain="light", service="turn_on")
    assert client.sent == ["get_states", "call_service", "get_states"]
    changed = {event["data"]["entity_id"]: event["data"]["new_state"] for event in told}
    assert changed == {"light.a": row("light.a", "2"), "light.new": row("light.new", "1"), "light.gone": None}


def ensure_library():
    """The Python of an environment of the library's own, made on first use: it may never share the tests' one."""
    python, stamp = VENV / "bin" / "python", VENV / "ready"
    VENV.parent.mkdir(exist_ok=True)
    with (VENV.parent / f"{VENV.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file():
            subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
            pip = [python, "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, f"{PACKAGE}=={VERSION}", "aiohttp>=3.11", "pydantic>=2.10"], check=True)
            stamp.write_text(f"{PACKAGE} {VERSION}\n")
    return python


class Driver:
    """Talks to `library_driver.py`."""

    def __init__(self, process):
        self._process = process

    async def ask(self, **asked):
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        async with asyncio.timeout(30):
            return json.loads(await self._process.stdout.readline())

    async def act(self, domain, service, entity_id, **data):
        [result] = await self.ask(act=[(domain, service, entity_id, data)])
        return result

    async def seen(self, condition, entity_id="light.bed_light", seconds=30.0):
        async with asyncio.timeout(seconds):
            while not condition(found := await self.ask(look=entity_id)):
                await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def driver(server, token_file=None):
    process = await asyncio.create_subprocess_exec(
        *(ensure_library(), DRIVER, server.url, token_file or server.token_file),
        env={**os.environ, "PYTHONPATH": str(harness.ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Driver(process)
        process.stdin.close()
        _, said = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0, said.decode()
        assert b"Traceback" not in said, said.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def far(assistant_server):
    async with driver(assistant_server) as found:
        yield found


@real
@limit
async def test_the_house_is_read_whole(far):
    found = await far.ask(look="light.kitchen_lights")
    assert (found["trouble"], found["name"], found["time_zone"]) == (None, "Test House", "Europe/Vienna")
    assert found["areas"]["hallway"] == ["Hallway", "hall"]
    assert found["floors"]["ground_floor"] == ["Ground Floor", "downstairs"]
    entity = found["entity"]
    assert (entity["area_id"], entity["aliases"], entity["exposed"]) == ("kitchen", ["cooking lights"], True)
    assert {"brightness", "color", "color_temp"} <= set(entity["capabilities"])


@real
@limit
async def test_a_light_goes_on_in_the_house_and_is_verified(far, assistant_server):
    await far.act("light", "turn_off", "light.kitchen_lights")
    result = await far.act("light", "turn_on", "light.kitchen_lights", brightness_pct=50)
    assert (result["verified"], result["state"], result["error"]) == (True, "on", None)
    async with harness.Talk(assistant_server.url, assistant_server.token) as talk:
        states = {row["entity_id"]: row for row in await talk.ask("get_states")}
        assert states["light.kitchen_lights"]["attributes"]["brightness"] == pytest.approx(127, abs=1)
        await talk.ask("call_service", domain="light", service="turn_off", target={"entity_id": "light.kitchen_lights"})
        # Somebody else's hand is noticed by polling.
        await far.seen(lambda found: found["entity"]["state"] == "off", "light.kitchen_lights", 10.0)


@real
@limit
async def test_what_is_not_exposed_is_refused_and_hiding_is_noticed(far, assistant_server):
    before = (await far.ask(look="lock.kitchen_door"))["entity"]["state"]
    result = await far.act("lock", "unlock", "lock.kitchen_door")
    assert (result["verified"], result["error"]) == (False, "not_exposed")
    assert (await far.ask(look="lock.kitchen_door"))["entity"]["state"] == before
    async with harness.Talk(assistant_server.url, assistant_server.token) as talk:
        for shown in (False, True):
            await talk.ask(
                "homeassistant/expose_entity",
                assistants=["conversation"],
                entity_ids=["switch.decorative_lights"],
                should_expose=shown,
            )
            await far.seen(lambda found, shown=shown: found["entity"]["exposed"] is shown, "switch.decorative_lights")


@real
@limit
async def test_calls_at_once_get_their_own_answers(far):
    calls = [
        ("lock", "unlock", "lock.front_door", {}),
        ("light", "fly", "light.kitchen_lights", {}),
        ("climate", "set_temperature", "climate.hvac", {"temperature": 50}),
        ("light", "turn_on", "light.ceiling_lights", {}),
    ]
    slow, unknown, too_hot, light = await far.ask(act=calls)
    assert (slow["verified"], slow["state"]) == (True, "unlocked")
    assert unknown["error"] == "service_not_found"
    assert too_hot["error"] == "bad_value"
    assert "7 to 35" in too_hot["sentence"]
    assert light["verified"]
    assert (await far.act("lock", "lock", "lock.front_door"))["state"] == "locked"
    assert (await far.ask(look="light.bed_light"))["trouble"] is None


@real
@limit
async def test_a_wrong_token_is_told(assistant_server, tmp_path):
    harness.write_token(tmp_path / "token", "wrong")
    async with driver(assistant_server, tmp_path / "token") as far:
        assert (await far.ask(look="light.bed_light"))["trouble"]["code"] == "home_token_refused"


@real
@limit
async def test_a_killed_server_is_told_and_found_again(far, assistant_server):
    await far.act("light", "turn_on", "light.bed_light")
    harness.end(assistant_server, signal.SIGKILL)
    try:
        gone = await far.seen(lambda found: found["trouble"] is not None, seconds=10.0)
        assert gone["trouble"] == {"code": "home_unreachable", "spoken": HomeUnreachableError.spoken}
        assert gone["entity"]["state"] == "on"
        began = time.monotonic()
        assert (await far.act("light", "turn_off", "light.bed_light"))["error"] == "home_unreachable"
        assert time.monotonic() - began < 0.5
    finally:
        assistant_server.pid = harness.spawn(assistant_server.folder, assistant_server.port).pid
    await harness.wait_ready(assistant_server)
    # The demo starts with this light off: what the hub knew before is not believed any more.
    await far.seen(
        lambda found: (
            found["trouble"] is None
            and found["entity"] is not None
            and (found["entity"]["state"], found["entity"]["exposed"]) == ("off", True)
        ),
        seconds=60.0,
    )
    assert (await far.act("light", "turn_on", "light.bed_light"))["verified"]
