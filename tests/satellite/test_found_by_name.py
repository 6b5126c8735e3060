"""Nobody types an address: the satellite finds its hub by the hub's announcement."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from types import SimpleNamespace

import pytest
from hub_peer import DEVICE_ID, HUB_ID, HubPeer, in_room, write_wav

import protocol.discovery
from protocol.discovery import Announcer, HubRecord
from protocol.messages import MuteState
from satellite.config import Store

# The real command with a service type of this test's own: other hubs on this machine are none of its business.
PROGRAM = """
import sys
import protocol.discovery
protocol.discovery.SERVICE_TYPE = sys.argv[1]
from satellite.cli import main
sys.exit(main(sys.argv[2:]))
"""


def record(port: int, hub_id: str = HUB_ID, name: str = "peer") -> HubRecord:
    return HubRecord(hub_id, name, ("127.0.0.1",), port, 7461, secrets.token_hex(8), "0" * 16, 1)


@pytest.fixture
async def net(monkeypatch):
    service = f"_rt{secrets.token_hex(4)}._tcp.local."
    monkeypatch.setattr(protocol.discovery, "SERVICE_TYPE", service)
    announcers = []

    async def announce(what: HubRecord) -> Announcer:
        announcers.append(Announcer(what))
        await announcers[-1].start()
        return announcers[-1]

    async def command(*arguments: str):
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, service, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    yield SimpleNamespace(announce=announce, command=command)
    for announcer in announcers:
        await announcer.close()


async def pair(net, tmp_path, code: str) -> tuple[int, dict, str]:
    process = await net.command("pair", "--hub", "auto", "--code", code, "--json", "--state-dir", str(tmp_path / "new"))
    out, err = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode, json.loads(out), err.decode()


async def test_pairing_finds_the_only_hub(net, peer, tmp_path) -> None:
    peer.code = "123456"
    await net.announce(record(peer.port))
    code, said, err = await pair(net, tmp_path, "123456")
    assert code == 0, err
    assert said["area"] == "kitchen"
    kept = Store(tmp_path / "new").load().paired()
    assert (kept.host, kept.port, kept.hub_id) == ("127.0.0.1", peer.port, HUB_ID)
    assert len(peer.paired) == 1


async def test_no_hub_is_said_with_what_to_do(net, tmp_path) -> None:
    code, said, err = await pair(net, tmp_path, "123456")
    assert code == 3
    assert said["error"]["code"] == "hub_not_found"
    assert "roomtone hub run" in err


async def test_of_two_hubs_a_person_chooses(net, peer, tmp_path) -> None:
    await net.announce(record(peer.port))
    await net.announce(record(1234, "ef" * 16, "the neighbour"))
    code, said, _ = await pair(net, tmp_path, "123456")
    assert code == 3
    assert "the neighbour (127.0.0.1:1234)" in said["error"]["message"]
    assert not peer.paired


async def test_a_hub_that_moved_is_found_and_found_again_after_its_restart(net, peer, tmp_path) -> None:
    identity = peer.store.load()
    stale = identity.pairing.model_copy(update={"port": 1})  # nobody listens where the hub once was
    peer.store.save(identity.model_copy(update={"pairing": stale}))
    mic = write_wav(tmp_path / "mic.wav", in_room(1.0))
    process = await net.command(
        "run", "--audio", f"file:{mic},{tmp_path / 'speaker.wav'}", "--state-dir", str(tmp_path / "sat")
    )
    try:
        announcer = await net.announce(record(peer.port))
        await peer.until(lambda: peer.of(MuteState))
        assert peer.store.load().paired().port == peer.port
        await announcer.close()
        await peer.close()
        again = HubPeer(peer.folder)  # the same certificate on another port
        try:
            port = await again.start()
            assert port != peer.port
            await asyncio.sleep(2)  # the satellite backs off by now
            before = asyncio.get_running_loop().time()
            await net.announce(record(port))
            await again.until(lambda: again.of(MuteState))
            assert asyncio.get_running_loop().time() - before < 3
        finally:
            await again.close()
    finally:
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0, err.decode()
    assert Store(tmp_path / "sat").load().device_id == DEVICE_ID
