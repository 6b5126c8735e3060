"""The `roomtone` command as a person or a script runs it: a process of its own, against real sockets."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from hub.cli import main
from hub.events import EventBus
from hub.server.control import SOCKET_NAME, ControlServer
from hub.store import STORE_NAME, Store
from protocol.errors import UnknownAreaError, UnknownDeviceError

COMMANDS = [
    "hub",
    "demo",
    "engine",
    "ab",
    "pair",
    "rooms",
    "status",
    "say",
    "announce",
    "ask",
    "intercom",
    "quiet",
    "revoke",
    "token",
    "doctor",
    "config",
    "backup",
    "restore",
]


DECISIONS = [
    {"why": "kitchen: +9 dB over its noise floor", "area": "kitchen", "age_s": 12.1},
    {"why": "hall: came\x1b[2J from the kitchen", "area": "hall", "age_s": 2.6},
]


class Hub:
    """What a hub would answer; a test changes it."""

    def __init__(self):
        self.pair_states = ["open", "open", "done"]
        self.spoken = True
        self.said = []

    async def status(self, _params):
        trouble = {"code": "home_unreachable", "message": "It is away."}
        return {"name": "attic", "port": 7460, "home": {"kind": "assistant", "trouble": trouble}}

    async def rooms(self, _params):
        satellite = {"device_id": "a" * 32, "name": "bad\x1b[2Jname", "connected": True, "muted": True}
        areas = [{"id": "kitchen", "name": "Kitchen", "satellites": [satellite]}]
        return {"areas": areas, "last_decisions": DECISIONS}

    async def pair_open(self, params):
        if params["area"] != "Kitchen":
            raise UnknownAreaError("There is no room “Kitchn”. Did you mean “Kitchen”?")
        return {"code": "042137", "expires_s": 120.0, "area": "kitchen", "area_name": "Kitchen"}

    async def pair_status(self, _params):
        return {"state": self.pair_states.pop(0), "area": "kitchen", "device": "Pi"}

    async def say(self, params):
        self.said.append(params)
        return {"spoken": self.spoken}

    async def revoke(self, params):
        if params["device_id"] != "a" * 32:
            raise UnknownDeviceError("No satellite with this id is paired.")
        return {"revoked": params["device_id"]}


@pytest.fixture
async def hub(tmp_path):
    hub = Hub()
    names = ("status", "rooms", "pair_open", "pair_status", "say", "revoke")
    server = ControlServer(tmp_path / SOCKET_NAME, {name: getattr(hub, name) for name in names}, EventBus())
    await server.start()
    yield hub
    await server.close()


def environment(tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROOMTONE_")}
    return clean | {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "XDG_STATE_HOME": str(tmp_path / "xdg")}


async def run(tmp_path, *words):
    """Run `roomtone WORDS` with this state directory; returns exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub.cli",
        *words,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def here(tmp_path):
    return ("--state-dir", str(tmp_path))


async def test_help_is_quick_and_names_every_command(tmp_path):
    fastest_s = 60.0
    for _ in range(3):
        start_s = time.perf_counter()
        code, out, _ = await run(tmp_path, "--help")
        fastest_s = min(fastest_s, time.perf_counter() - start_s)
        assert code == 0
    assert all(f"\n    {command} " in out for command in COMMANDS)
    assert fastest_s < 0.3


def test_nothing_heavy_is_imported_for_help_nor_for_a_question(tmp_path):
    script = (
        "import sys, contextlib, io\n"
        "from hub.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "assert not {'pydantic', 'aiohttp', 'numpy', 'asyncio'} & set(sys.modules), 'help'\n"
        f"main(['status', '--state-dir', {str(tmp_path)!r}])\n"
        "heavy = {'torch', 'aiohttp', 'numpy', 'onnxruntime', 'ctranslate2', 'prometheus_client'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nonsense",),
        ("pair",),
        ("say", "--area", "Kitchen"),
        ("hub",),
        ("hub", "run", "--port", "70000"),
        ("hub", "run", "--home", "castle"),
        ("config",),
    ],
)
def test_wrong_usage_is_told(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: roomtone" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("status",), ("rooms",), ("pair", "--area", "x"), ("say", "--area", "x", "hello"), ("revoke", "x")],
)
def test_no_hub_is_told_with_exit_code_3(tmp_path, words, capsys):
    assert main([*words, *here(tmp_path)]) == 3
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "[hub_unreachable]" in captured.err
    assert captured.out == ""
    assert main([*words, *here(tmp_path), "--json"]) == 3
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "hub_unreachable"


async def test_status(hub, tmp_path):
    code, out, err = await run(tmp_path, "status", *here(tmp_path))
    assert (code, err) == (0, "")
    assert "attic" in out
    assert "It is away. [home_unreachable]" in out
    code, out, _ = await run(tmp_path, "status", "--json", *here(tmp_path))
    assert json.loads(out)["port"] == 7460


async def test_rooms_shows_who_won_and_lets_no_name_move_the_cursor(hub, tmp_path):
    code, out, _ = await run(tmp_path, "rooms", *here(tmp_path))
    assert code == 0
    assert "Kitchen (kitchen)" in out
    assert "connected, muted" in out
    assert "+9 dB" not in out
    assert "from the kitchen" in out
    assert "\x1b" not in out
    _, out, _ = await run(tmp_path, "rooms", "--json", *here(tmp_path))
    assert json.loads(out)["areas"][0]["satellites"][0]["muted"]


async def test_rooms_says_why_each_call_and_each_hand_over_went_as_it_did(hub, tmp_path):
    code, out, _ = await run(tmp_path, "rooms", "--why", *here(tmp_path))
    assert code == 0
    first, second = out.splitlines()
    assert first == "   12 s ago  kitchen: +9 dB over its noise floor"
    assert second.startswith("    3 s ago  hall: came")
    assert "\x1b" not in second


async def test_pair_prints_the_six_digits_alone_first_and_waits(hub, tmp_path):
    code, out, err = await run(tmp_path, "pair", "--area", "Kitchen", *here(tmp_path))
    assert code == 0
    assert out.splitlines()[0] == "042137"
    assert "Pi is paired and stands in Kitchen" in out
    assert "--code 042137" in err
    assert hub.pair_states == []


@pytest.mark.parametrize(("state", "words"), [("expired", "in time"), ("used_up", "wrongly"), ("closed", "closed")])
async def test_pair_tells_why_it_ended(hub, tmp_path, state, words):
    hub.pair_states = [state]
    code, out, err = await run(tmp_path, "pair", "--area", "Kitchen", *here(tmp_path))
    assert code == 1
    assert out == "042137\n"
    assert words in err
    assert "[pairing_closed]" in err


async def test_a_refusal_of_the_hub_is_told(hub, tmp_path):
    code, out, err = await run(tmp_path, "pair", "--area", "Kitchn", *here(tmp_path))
    assert (code, out) == (1, "")
    assert "Did you mean “Kitchen”? [unknown_area]" in err
    code, _, err = await run(tmp_path, "revoke", "b", *here(tmp_path))
    assert code == 1
    assert "[unknown_device]" in err


async def test_say_and_revoke(hub, tmp_path):
    code, out, _ = await run(tmp_path, "say", "--area", "Kitchen", "dinner is ready", *here(tmp_path))
    assert (code, out) == (0, "said\n")
    assert hub.said == [{"area": "Kitchen", "text": "dinner is ready"}]
    hub.spoken = False
    code, _, err = await run(tmp_path, "say", "--area", "Kitchen", "x", *here(tmp_path))
    assert code == 1
    assert "[not_spoken]" in err
    assert (await run(tmp_path, "revoke", "a" * 32, *here(tmp_path)))[0] == 0


async def test_interrupting_a_waiting_command_is_quiet(hub, tmp_path):
    hub.pair_states = ["open"] * 1000
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.cli", "pair", "--area", "Kitchen", *here(tmp_path),
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"042137\n"
            process.send_signal(signal.SIGINT)
            _, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_token_is_that_of_the_store(tmp_path, capsys):
    assert main(["token", *here(tmp_path)]) == 1
    assert "[store_failed]" in capsys.readouterr().err
    with Store(tmp_path / STORE_NAME) as store:
        assert main(["token", *here(tmp_path)]) == 0
        assert capsys.readouterr().out.strip() == store.api_token()


async def test_config_check(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("network: {port: 1}\n")
    code, out, _ = await run(tmp_path, "config", "check", "--config", str(config))
    assert (code, out) == (0, f"{config} is fine.\n")
    code, out, _ = await run(tmp_path, "config", "check", "--config", str(config), "--json")
    assert json.loads(out)["settings"]["network"]["port"] == 1
    config.write_text("network: {prot: 1}\n")
    code, _, err = await run(tmp_path, "config", "check", "--config", str(config))
    assert code == 1
    assert "Did you mean “port”?" in err
    assert "[bad_config]" in err
    code, out, _ = await run(tmp_path, "config", "check")
    assert code == 0
    assert "default" in out


async def test_the_hub_refuses_wrong_settings_before_it_loads_anything(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("home: {kind: castle}\n")
    code, _, err = await run(tmp_path, "hub", "run", "--config", str(config), *here(tmp_path))
    assert code == 1
    assert "expected one of assistant, demo, none" in err
    assert "[bad_config]" in err
    assert not (tmp_path / STORE_NAME).exists()


async def test_backup_and_restore(tmp_path):
    old, new, file = tmp_path / "old", tmp_path / "new", tmp_path / "b.tar.gz"
    with Store(old / STORE_NAME) as store:
        token = store.api_token()
        code, out, _ = await run(tmp_path, "backup", str(file), "--state-dir", str(old))
        assert code == 0
        assert STORE_NAME in out
        code, _, err = await run(tmp_path, "restore", str(file), "--state-dir", str(old))
        assert code == 1
        assert "[already_running]" in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (await run(tmp_path, "restore", str(file), "--state-dir", str(new)))[0] == 0
    with Store(new / STORE_NAME) as store:
        assert store.api_token() == token
    file.write_bytes(b"garbage")
    code, _, err = await run(tmp_path, "restore", str(file), "--state-dir", str(new))
    assert code == 1
    assert "[backup_failed]" in err


async def test_doctor_prints_a_line_for_each_check_and_fails_on_a_fault(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("engine: {kind: scripted}\nnetwork: {host: 127.0.0.1, port: 0, http_port: 0}\n")
    code, out, err = await run(tmp_path, "doctor", "--config", str(config), *here(tmp_path))
    assert (code, err) == (0, "")
    assert "ok    python: Python 3" in out
    config.write_text("engine: {kind: scripted}\nnetwork: {host: 192.0.2.1}\n")
    code, out, _ = await run(tmp_path, "doctor", "--config", str(config), "--json", *here(tmp_path))
    report = json.loads(out)
    assert code == 1
    assert not report["healthy"]
    assert [check["name"] for check in report["checks"] if check["level"] == "fault"] == ["ports"]


async def test_a_reader_that_leaves_is_no_traceback(hub, tmp_path):
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m hub.cli rooms --state-dir {tmp_path} | true",
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        _, err = await process.communicate()
    assert err == b""
