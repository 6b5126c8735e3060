"""Hub and two satellites on three hosts: they find each other, pair by a code, and talk over TLS 1.3."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import ssl

import pytest

from hub.server.control_client import call
from protocol.errors import RoomtoneError
from tests.netns.conftest import wait_until

pytestmark = [pytest.mark.netns, pytest.mark.timeout(180)]

PORT = "7460"


def ask(state_dir, method, params=None):
    with contextlib.suppress(RoomtoneError):
        return asyncio.run(call(state_dir, method, params))
    return None


def start_hub(host, tmp_path, state="hub"):
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({"home": {"kind": "demo"}, "network": {"name": "home"}}))
    process = host.start(
        "hub.cli", "hub", "run", "--config", str(config), "--state-dir", str(tmp_path / state), log=tmp_path / "hub.log"
    )
    wait_until(lambda: (ask(tmp_path / state, "status") or {}).get("port"), 60, "the hub's start")
    return process


def pair(host, tmp_path, area, code, hub="auto"):
    return host.run(
        "satellite.cli", "pair", "--hub", hub, "--code", code, "--area", area, "--state-dir", str(tmp_path / area)
    )


def run_satellite(host, tmp_path, area):
    silence = tmp_path / f"{area}.wav"
    if not silence.exists():
        import wave

        with wave.open(str(silence), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 16_000 * 60))
    return host.start(
        "satellite.cli", "run", "--audio", f"file:{silence},{tmp_path / area}-speaker.wav",
        "--state-dir", str(tmp_path / area), log=tmp_path / f"{area}.log",
    )  # fmt: skip


def connected(tmp_path):
    rooms = ask(tmp_path / "hub", "rooms") or {"areas": []}
    return {area["id"] for area in rooms["areas"] for satellite in area["satellites"] if satellite["connected"]}


def test_three_hosts_find_each_other_and_strangers_stay_out(hosts, tmp_path):
    hub_host, kitchen, bedroom = hosts
    hub = start_hub(hub_host, tmp_path)

    code = ask(tmp_path / "hub", "pair_open", {"area": "Kitchen"})["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    refused = pair(kitchen, tmp_path, "kitchen", wrong)
    assert refused.returncode == 1
    assert "wrong_code" in refused.stderr
    assert ask(tmp_path / "hub", "pair_status")["tries_left"] == 4
    accepted = pair(kitchen, tmp_path, "kitchen", code)
    assert accepted.returncode == 0, accepted.stderr

    # A code is worth nothing after its use.
    again = pair(bedroom, tmp_path, "bedroom", code)
    assert again.returncode == 1
    assert "pairing_closed" in again.stderr
    code = ask(tmp_path / "hub", "pair_open", {"area": "bedroom"})["code"]
    other_area = pair(bedroom, tmp_path, "kitchen_of_the_neighbours", code)
    assert other_area.returncode == 1
    assert "unknown_area" in other_area.stderr
    assert pair(bedroom, tmp_path, "bedroom", code).returncode == 0

    run_satellite(kitchen, tmp_path, "kitchen")
    run_satellite(bedroom, tmp_path, "bedroom")
    wait_until(lambda: connected(tmp_path) == {"kitchen", "bedroom"}, 15, "two satellites")

    # A restarted hub is found again by its announcement alone.
    hub.kill()
    hub.wait(10)
    wait_until(lambda: not connected(tmp_path), 5, "the end")
    hub = start_hub(hub_host, tmp_path)
    wait_until(lambda: connected(tmp_path) == {"kitchen", "bedroom"}, 3, "their return")

    # Another hub in the same place, with the same keys but another certificate, gets nothing.
    hub.terminate()
    hub.wait(15)
    shutil.copytree(tmp_path / "hub", tmp_path / "swapped")
    (tmp_path / "swapped" / "identity.pem").unlink()
    start_hub(hub_host, tmp_path, "swapped")
    wait_until(lambda: "wrong_certificate" in (tmp_path / "kitchen.log").read_text(), 20, "the refusal")
    rooms = ask(tmp_path / "swapped", "rooms")
    assert not [s for area in rooms["areas"] for s in area["satellites"] if s["connected"]]


def test_nothing_older_than_tls_1_3_is_spoken(hosts, tmp_path):
    hub_host, kitchen, _ = hosts
    start_hub(hub_host, tmp_path)
    probe = (
        "import socket,ssl,sys\n"
        "c=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT);c.check_hostname=False;c.verify_mode=ssl.CERT_NONE\n"
        f"c.maximum_version=ssl.TLSVersion[sys.argv[1]]\n"
        f"s=c.wrap_socket(socket.create_connection(('{hub_host.address}',{PORT}),5))\n"
        "print(s.version())\n"
    )
    path = tmp_path / "probe_tls.py"
    path.write_text(probe)
    import subprocess
    import sys

    def version(highest):
        command = [*kitchen.command("x")[:4], sys.executable, str(path), highest]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert version(ssl.TLSVersion.TLSv1_3.name).stdout.strip() == "TLSv1.3"
    assert version(ssl.TLSVersion.TLSv1_2.name).returncode != 0
