"""What the doctor finds, on real files, ports and a small house on loopback."""

import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from hub import doctor
from hub.config import Settings
from hub.doctor import (
    check_clock,
    check_disk,
    check_home,
    check_libc,
    check_multicast,
    check_ports,
    check_python,
    check_sound,
    check_speech,
    check_state_dir,
    examine,
)
from hub.events import EventBus
from hub.server.control import SOCKET_NAME, ControlServer

LEVELS = {"ok", "warning", "fault"}


@asynccontextmanager
async def house(status=200, body=b'{"version": "2025.4.1", "time_zone": "Europe/Berlin"}'):
    async def answer(request):
        if request.headers.get("Authorization") != "Bearer right":
            return web.Response(status=401)
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_get("/api/", answer)
    app.router.add_get("/api/config", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def assistant(tmp_path, url, token="right\n"):
    (tmp_path / "token").write_text(token)
    return Settings(home={"kind": "assistant", "url": url, "token_file": tmp_path / "token"})


async def test_a_house_that_answers(tmp_path):
    async with house() as url:
        check = await check_home(assistant(tmp_path, url + "/"))
    assert (check.level, check.found) == ("ok", "Home Assistant 2025.4.1, time zone Europe/Berlin")


@pytest.mark.parametrize(
    ("answer", "token", "words"),
    [
        ({}, "wrong", "refuses the token"),
        ({}, "", "no token"),
        ({}, "two words", "no token"),
        ({"status": 404}, "right", "answers 404"),
        ({"status": 302}, "right", "answers 302"),
        ({"body": b"<html>"}, "right", "does not answer"),
        ({"body": b"[]"}, "right", "does not answer"),
        ({"body": b" " * (doctor.MAX_HOME_BYTES + 1)}, "right", "does not answer"),
    ],
)
async def test_a_house_that_does_not_do(tmp_path, answer, token, words):
    async with house(**answer) as url:
        check = await check_home(assistant(tmp_path, url, token))
    assert check.level == "fault"
    assert words in check.found
    assert check.advice


async def test_a_house_that_is_not_there(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    check = await check_home(assistant(tmp_path, f"http://127.0.0.1:{port}"))
    assert check.level == "fault"


async def test_a_house_that_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "HOME_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        check = await check_home(assistant(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert check.level == "fault"
    assert "TimeoutError" in check.found


async def test_a_token_in_the_place_of_its_file_is_not_told(tmp_path):
    home = {"kind": "assistant", "url": "http://127.0.0.1:1", "token_file": tmp_path / "s3cret"}
    check = await check_home(Settings(home=home))
    assert check.level == "fault"
    assert "s3cret" not in check.found + check.advice


async def test_no_house_is_no_fault():
    assert (await check_home(Settings())).level == "ok"
    assert (await check_home(Settings(home={"kind": "demo"}))).found == "the built-in demo house"


async def test_ports_free_and_taken(tmp_path):
    network = {"host": "127.0.0.1", "port": 0, "http_port": 0}
    assert (await check_ports(Settings(network=network), tmp_path)).level == "ok"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        check = await check_ports(Settings(network=network | {"http_port": number}), tmp_path)
    assert check.level == "fault"
    assert str(number) in check.found
    assert "--http-port" in check.advice


async def test_ports_of_a_running_hub_are_its_own(tmp_path):
    async def status(_params):
        return {"port": 11, "http_port": 12}

    server = ControlServer(tmp_path / SOCKET_NAME, {"status": status}, EventBus())
    await server.start()
    check = await check_ports(Settings(), tmp_path)
    await server.close()
    assert (check.level, check.found) == ("ok", "a hub runs here, on 11 and 12")


def test_the_state_directory(tmp_path):
    assert check_state_dir(tmp_path).level == "ok"
    assert "will be made" in check_state_dir(tmp_path / "a" / "b").found
    assert not (tmp_path / "a").exists()
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert "chmod 700" in check_state_dir(shared).advice
    (tmp_path / "file").write_text("")
    assert check_state_dir(tmp_path / "file").level == "fault"


def test_disk_clock_libc_and_python(tmp_path, monkeypatch):
    assert check_python().level == "ok"
    assert check_libc("glibc", "2.36").level == "ok"
    for name, version in (("glibc", "2.31"), ("", ""), ("musl", "1.2.5"), ("glibc", "new")):
        assert check_libc(name, version).level == "fault"
    assert check_clock(1.8e9).level == "ok"
    assert check_clock(0).level == "warning"
    assert check_disk(tmp_path / "x" / "y").level in {"ok", "warning"}
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 1 << 60)
    assert check_disk(tmp_path).level == "warning"


def test_missing_speech_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "SPEECH_PACKAGES", ("pydantic", "surely-not-installed"))
    (check,) = check_speech(Settings(), tmp_path)
    assert (check.level, check.found) == ("fault", "missing: surely-not-installed")
    assert check_speech(Settings(engine={"kind": "scripted"}), tmp_path)[0].level == "ok"


def test_a_models_folder_that_is_missing_is_named(tmp_path):
    checks = check_speech(Settings(hearing={"models_dir": tmp_path / "models"}), tmp_path)
    assert checks[-1].level == "fault"
    (tmp_path / "models").mkdir()
    assert check_speech(Settings(hearing={"models_dir": tmp_path / "models"}), tmp_path)[-1].level == "ok"


def test_sound_and_discovery_are_never_faults():
    for check in (check_sound(), check_multicast()):
        assert check.level in {"ok", "warning"}


async def test_everything_is_examined_even_with_broken_settings(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("engine: {kind: scripted}\nnetwork: {host: 127.0.0.1, port: 0, http_port: 0}\n")
    checks = await examine(config, tmp_path)
    names = [check.name for check in checks]
    assert {
        "python",
        "libc",
        "clock",
        "settings",
        "state directory",
        "disk",
        "ports",
        "home",
        "sound",
    } <= set(names)
    assert all(check.level in LEVELS and "\n" not in check.found for check in checks)
    config.write_text("engin: {}\n")
    checks = await examine(config, tmp_path)
    assert next(check for check in checks if check.name == "settings").level == "fault"
