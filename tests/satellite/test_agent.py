from __future__ import annotations

import asyncio
import socket
import threading

import numpy as np
import pytest
from hub_peer import in_room

from protocol.frames import FrameType
from protocol.messages import ErrorMessage, Floor, MuteState, Stop, Wake
from satellite.agent import Agent, Settings
from satellite.audio.port import Block
from satellite.controls import ControlError, ask
from satellite.dsp.echo import Off
from satellite.errors import AudioFileError
from satellite.watchdog import notify


class HandBackend:
    """A microphone moved by the test, 20 ms at a time, faster than real time."""

    ended, dropped_blocks = False, 0

    def start(self, chain, failed) -> None:
        self.chain, self.failed, self.at = chain, failed, 0
        self.room = in_room(1.0)

    def begin(self) -> None: ...

    def status(self) -> dict:
        return {"kind": "hand", "problem": ""}

    def close(self) -> None: ...

    async def run(self, blocks: int) -> None:
        def work() -> None:
            for _ in range(blocks):
                far = self.chain.render()
                begin = self.at % 23_520
                self.chain.process(Block(self.room[begin : begin + 480], far, self.at, self.at * 1000 // 24))
                self.at += 480

        thread = threading.Thread(target=work)  # as a backend: not the event loop's
        thread.start()
        await asyncio.to_thread(thread.join)


@pytest.fixture
async def rig(peer):
    backend, events, stop = HandBackend(), [], asyncio.Event()
    agent = Agent(
        peer.store, peer.identity, backend,
        canceller=Off(), settings=Settings(("alexa",), ("127.0.0.1", peer.port)), report=events.append,
    )  # fmt: skip
    task = asyncio.ensure_future(agent.run(stop))
    await peer.until(lambda: peer.of(MuteState))
    yield backend, events, task
    stop.set()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_hub_that_was_not_called_gets_an_error_and_no_sound(peer, rig) -> None:
    backend, events, _ = rig
    peer.link.send(Floor(state="granted"))
    error = (await peer.until(lambda: peer.of(ErrorMessage)))[0]
    assert error.code == "not_woken"
    await backend.run(100)
    await peer.until(lambda: len(peer.frames) > 10)
    assert {frame.type for frame in peer.frames} == {FrameType.LEVEL}
    assert "light_on" not in events


@pytest.mark.parametrize("answer", ["denied", None])
async def test_a_loser_stays_silent(peer, rig, answer) -> None:
    backend, events, _ = rig
    peer.answer, peer.chime = answer, True
    await ask(peer.store.directory, "button")
    await backend.run(3)
    await peer.until(lambda: peer.of(Wake))
    await backend.run(100)
    assert not peer.audio()
    assert "light_on" not in events
    assert not np.any(backend.chain.render())


async def test_the_winner_chimes_then_sends_past_and_present_until_released(peer, rig) -> None:
    backend, events, _ = rig
    peer.chime = True
    await backend.run(150)
    await ask(peer.store.directory, "button")
    await backend.run(1)
    await peer.until(lambda: "light_on" in events)
    assert not np.any(backend.chain.render())  # perhaps the request is being said: no sound into it
    await backend.run(12)
    await peer.until(lambda: np.any(backend.chain.render()))
    await peer.until(lambda: len(peer.audio()) == 111)
    peer.link.send(Floor(state="released"))
    await peer.until(lambda: "light_off" in events)
    before = len(peer.audio())
    await backend.run(50)
    await peer.until(lambda: peer.frames[-1].type == FrameType.LEVEL)
    assert len(peer.audio()) == before


async def test_mute_is_told_kept_and_only_ours_to_end(peer, rig) -> None:
    backend, _, _ = rig
    assert await ask(peer.store.directory, "mute") == {"muted": True}
    await peer.until(lambda: [m for m in peer.of(MuteState) if m.muted])
    assert peer.store.load().muted
    with pytest.raises(ControlError, match="off"):
        await ask(peer.store.directory, "button")
    assert (await ask(peer.store.directory, "status"))["muted"]
    await ask(peer.store.directory, "unmute")
    assert not peer.store.load().muted
    with pytest.raises(ControlError, match="status"):
        await ask(peer.store.directory, "open_gate")


async def test_mute_ends_the_right_to_be_heard(peer, rig) -> None:
    backend, events, _ = rig
    await ask(peer.store.directory, "button")
    await backend.run(1)
    await peer.until(lambda: "light_on" in events)
    await backend.run(20)
    await ask(peer.store.directory, "mute")
    await peer.until(lambda: [m for m in peer.of(MuteState) if m.muted])
    before = len(peer.audio())
    await backend.run(20)
    await ask(peer.store.directory, "unmute")
    peer.link.send(Floor(state="granted"))
    assert (await peer.until(lambda: peer.of(ErrorMessage)))[0].code == "not_woken"
    await backend.run(50)
    await peer.until(lambda: peer.frames[-1].type == FrameType.LEVEL)
    assert len(peer.audio()) == before


async def test_stop_reaches_the_hub(peer, rig) -> None:
    await ask(peer.store.directory, "stop")
    await peer.until(lambda: peer.of(Stop))


async def test_dead_sound_ends_the_satellite(peer, rig) -> None:
    backend, _, task = rig
    backend.failed(AudioFileError("The disk is full."))
    with pytest.raises(AudioFileError):
        await task


def test_the_watchdog_is_one_datagram(tmp_path, monkeypatch) -> None:
    assert not notify("READY=1")
    path = str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        assert notify("WATCHDOG=1")
        assert listener.recv(100) == b"WATCHDOG=1"


async def test_a_call_silences_the_room_before_the_hub_knows_of_it(peer, rig) -> None:
    backend, _, _ = rig
    peer.answer = None
    speaking = asyncio.ensure_future(peer.speak(1, np.tile(in_room(0.5), 8)))
    await peer.until(lambda: np.any(backend.chain.render()))
    await ask(peer.store.directory, "button")
    backend.chain.process(Block(backend.room[:480], backend.room[:480], 0, 0))
    await peer.until(lambda: backend.chain.render() is not None and peer.played("flushed"))
    assert not np.any(backend.chain.render())
    await peer.until(lambda: peer.of(Wake))
    speaking.cancel()
