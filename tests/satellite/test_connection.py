from __future__ import annotations

import asyncio

import pytest
from hub_peer import HUB_ID

from protocol.discovery import HubRecord
from satellite import connection
from satellite.connection import Backoff, HubConnection, State


class Owner:
    def __init__(self) -> None:
        self.links, self.losses = [], []

    def welcomed(self, link, welcome, address) -> None:
        self.links.append((link, welcome, address))

    def message(self, message) -> None: ...

    def frame(self, frame) -> None: ...

    def lost(self, error) -> None:
        self.losses.append(error)


async def until(condition, timeout_s: float = 5.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def connected(peer):
    owner = Owner()
    hub = HubConnection(peer.identity, owner, override=("127.0.0.1", peer.port))
    task = asyncio.ensure_future(hub.run())
    yield hub, owner
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_comes_back_after_the_hub_restarted(peer, connected) -> None:
    hub, owner = connected
    await until(lambda: hub.state is State.ONLINE)
    port = peer.port
    await peer.close()
    await until(lambda: owner.losses)
    await peer.start(port)
    await until(lambda: len(owner.links) == 2, 3.0)
    assert hub.state is State.ONLINE
    assert hub.problem == ""


async def test_an_announcement_ends_the_wait(peer, connected, monkeypatch) -> None:
    monkeypatch.setattr(connection, "FIRST_WAIT_S", 1000.0)
    monkeypatch.setattr(connection, "LONGEST_WAIT_S", 1000.0)
    hub, owner = connected
    await until(lambda: hub.state is State.ONLINE)
    await peer.close()
    await until(lambda: hub.state is State.WAITING)
    port = await peer.start()  # elsewhere
    for hub_id in ("ef" * 16, HUB_ID):
        hub.announced(HubRecord(hub_id, "peer", ("127.0.0.1",), port, 1, "0" * 16, "0" * 16, 1))
    await until(lambda: len(owner.links) == 2, 3.0)
    assert owner.links[1][2] == ("127.0.0.1", port)


async def test_a_revoked_satellite_stops_hurrying_and_says_what_to_do(peer) -> None:
    peer.known = False
    hub = HubConnection(peer.identity, Owner(), override=("127.0.0.1", peer.port))
    task = asyncio.ensure_future(hub.run())
    await until(lambda: hub.state is State.REFUSED)
    assert "pair" in hub.problem
    await asyncio.sleep(1.2)
    assert hub._machine.counts[State.CONNECTING, connection.Event.REACHED] == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_another_certificate_is_told_nothing(peer) -> None:
    pairing = peer.identity.pairing.model_copy(update={"certificate_hash": "00" * 32})
    hub = HubConnection(
        peer.identity.model_copy(update={"pairing": pairing}), Owner(), override=("127.0.0.1", peer.port)
    )
    task = asyncio.ensure_future(hub.run())
    await until(lambda: hub.state is State.REFUSED)
    assert "certificate" in hub.problem
    assert peer.lives == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_backoff_doubles_to_30_s() -> None:
    waits = [Backoff(lambda: 1.0)]
    series = [waits[0].next_s() for _ in range(9)]
    assert series == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    waits[0].reset()
    assert waits[0].next_s() == 0.5
    assert Backoff(lambda: 0.0).next_s() == 0.25
