"""A room's own timers: they ring with or without a hub, once, and stop for whoever is there."""

from __future__ import annotations

import asyncio
import stat

import numpy as np
import pytest
from hub_peer import KEY, HubPeer  # noqa: F401 - the peer fixture's module

from protocol.messages import MuteState, Rang, Timer, Timers, Welcome
from satellite.agent import Agent, Settings
from satellite.audio.chime import bell
from satellite.controls import ask
from satellite.dsp.echo import Off
from satellite.timers import FILE, MAX_TIMERS, Bell

CLOCK = {"now": 100.0}


class Room:
    def __init__(self) -> None:
        self.rings, self.said = 0, []

    def ring(self) -> None:
        self.rings += 1

    def rang(self, timer_id, state) -> None:
        self.said.append((timer_id, state))


@pytest.fixture
def make(tmp_path):
    CLOCK["now"] = 100.0
    made = []

    def make_(boot="one"):
        room = Room()
        bell_ = Bell(tmp_path, room, now_s=lambda: CLOCK["now"], boot=boot)
        made.append(bell_)
        return bell_, room

    return make_


async def pass_(bell_, seconds):
    """Let the time pass and the bell look at it, as often as it has something to do."""
    CLOCK["now"] += seconds
    task = asyncio.ensure_future(bell_.run())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_rings_at_its_time_and_not_before(make):
    bell_, room = make()
    bell_.set("a", "timer", 60.0)
    await pass_(bell_, 59.0)
    assert (room.rings, bell_.ringing) == (0, False)
    await pass_(bell_, 1.5)
    assert room.said == [("a", "ringing")]
    assert room.rings >= 1
    assert bell_.stop()
    assert not bell_.stop()
    assert room.said[-1] == ("a", "stopped")


async def test_it_counts_on_over_a_restart_of_the_program(make):
    bell_, _ = make()
    bell_.set("a", "timer", 60.0)
    CLOCK["now"] += 50.0
    again, room = make()
    await pass_(again, 9.0)
    assert room.rings == 0
    await pass_(again, 1.1)
    assert room.said == [("a", "ringing")]


async def test_after_a_loss_of_power_it_rings_late_and_never_early(make):
    bell_, _ = make()
    bell_.set("a", "timer", 3600.0)
    await pass_(bell_, 1800.0)  # written down on the way
    CLOCK["now"] = 3.0  # another boot, another clock, no time of day
    again, room = make("two")
    await pass_(again, 1799.0)
    assert room.rings == 0
    await pass_(again, 2.0)
    assert room.said == [("a", "ringing")]


async def test_what_has_rung_does_not_ring_again_until_the_hub_forgets_it(make):
    bell_, room = make()
    bell_.set("a", "timer", 1.0)
    await pass_(bell_, 2.0)
    bell_.stop()
    again, room = make()
    assert again.told() == [("a", "stopped")]
    again.set("a", "timer", 0.0)
    await pass_(again, 1.0)
    assert room.rings == 0
    again.keep_only(())
    assert again.told() == []
    again.set("a", "timer", 0.0)
    await pass_(again, 1.0)
    assert room.rings >= 1


async def test_the_hub_takes_timers_back_even_while_they_ring(make):
    bell_, room = make()
    bell_.set("a", "timer", 10.0)
    bell_.set("b", "timer", 20.0)
    bell_.keep_only(("b",))
    await pass_(bell_, 11.0)
    assert room.rings == 0
    await pass_(bell_, 10.0)
    assert bell_.ringing
    bell_.keep_only(())
    assert not bell_.ringing


async def test_nobody_there_ends_it_after_a_while(make):
    bell_, room = make()
    bell_.set("a", "timer", 1.0)
    bell_.set("r", "reminder", 1.0)
    CLOCK["now"] += 2.0
    task = asyncio.ensure_future(bell_.run())
    for _ in range(20):
        await asyncio.sleep(0)
    CLOCK["now"] += 130.0
    bell_.set("later", "timer", 1000.0)  # anything that wakes it
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not bell_.ringing
    assert ("a", "stopped") in room.said


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"boot": 1}', b"\xff" * 100, b'{"boot":"one","pending":{"../x":{}},"rung":{}}']
)
async def test_a_damaged_file_costs_the_timers_and_nothing_else(make, tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    bell_, room = make()
    bell_.set("a", "timer", 1.0)
    await pass_(bell_, 2.0)
    assert room.rings >= 1


def test_the_file_is_for_its_owner_and_bounded(make, tmp_path):
    bell_, _ = make()
    for number in range(MAX_TIMERS + 20):
        bell_.set(f"t{number}", "timer", 1000.0)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert make()[0]._pending.keys() == {f"t{number}" for number in range(MAX_TIMERS)}


def test_the_bell_can_be_heard_and_does_not_clip():
    pcm = bell()
    assert 0.5 < pcm.size / 24_000 < 1.2
    assert 5000 < np.abs(pcm.astype(np.int32)).max() < 16_000


class Speaker:
    """A backend that keeps what it plays, in real time."""

    ended, dropped_blocks = False, 0

    def start(self, chain, failed) -> None:
        self.chain, self.loud, self.task = chain, 0, asyncio.ensure_future(self._play())

    async def _play(self) -> None:
        while True:
            self.loud += int(np.abs(self.chain.render().astype(np.int32)).max() > 2000)
            await asyncio.sleep(0.02)

    def begin(self) -> None: ...

    def status(self) -> dict:
        return {"kind": "speaker", "problem": ""}

    def close(self) -> None:
        self.task.get_loop().call_soon_threadsafe(self.task.cancel)


@pytest.fixture
async def rig(peer):
    peer.welcome = lambda _device: Welcome(hub_name="peer", area="kitchen", area_name="Kitchen", features=("timers",))
    backend, stop = Speaker(), asyncio.Event()
    agent = Agent(
        peer.store, peer.identity, backend,
        canceller=Off(), settings=Settings(("alexa",), ("127.0.0.1", peer.port)), report=lambda _name: None,
    )  # fmt: skip
    task = asyncio.ensure_future(agent.run(stop))
    await peer.until(lambda: peer.of(MuteState))
    yield backend
    stop.set()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_rings_although_the_hub_is_gone_and_the_button_stops_it(peer, rig):
    peer.link.send(Timer(id="egg", remaining_ms=400))
    peer.link.send(Timers(ids=("egg",)))
    await peer.until((peer.store.directory / FILE).exists)
    peer.link.close("the hub dies")
    await peer.close()
    await peer.until(lambda: rig.loud > 5)
    assert (await ask(peer.store.directory, "status"))["ringing"]
    await ask(peer.store.directory, "button")
    assert not (await ask(peer.store.directory, "status"))["ringing"]
    await asyncio.sleep(0.1)
    loud = rig.loud
    await asyncio.sleep(0.3)
    assert rig.loud == loud


async def test_the_hub_is_told_that_it_rings_and_that_it_stopped(peer, rig):
    peer.link.send(Timer(id="egg", remaining_ms=0))
    peer.link.send(Timers(ids=("egg",)))
    await peer.until(lambda: [r.state for r in peer.of(Rang)] == ["ringing"])
    await ask(peer.store.directory, "mute")
    await peer.until(lambda: [r.state for r in peer.of(Rang)] == ["ringing", "stopped"])
