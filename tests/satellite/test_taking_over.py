"""A satellite that is given the floor of a session that began elsewhere: only if its own ears agree."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from test_agent import HandBackend

from protocol.frames import Frame, FrameFlag, FrameType
from protocol.messages import ErrorMessage, Floor, MuteState, Play, Playback
from protocol.opus import OpusEncoder
from satellite.agent import Agent, Settings
from satellite.controls import ask
from satellite.dsp.echo import Off

MOVED = Floor(state="granted", because="moved", session="s", chime=True)
ASKED = Floor(state="granted", because="asked", session="s", chime=False)


class SpeechBackend(HandBackend):
    """Somebody speaks in this room, over and over."""

    def start(self, chain, failed) -> None:
        super().start(chain, failed)
        self.room = self.speech[: self.speech.size // 480 * 480]

    async def run(self, blocks: int) -> None:
        size = self.room.size
        turns = -(-(self.at + blocks * 480) // size) + 1
        self.room = np.concatenate([self.room] * turns) if size < self.at + blocks * 480 else self.room
        await super().run(blocks)


@pytest.fixture
async def start(peer):
    running = []

    async def begin(speech, *, follow=True):
        backend, events, stop = SpeechBackend() if speech is not None else HandBackend(), [], asyncio.Event()
        backend.speech = speech
        agent = Agent(
            peer.store, peer.identity, backend, canceller=Off(), report=events.append,
            settings=Settings(("alexa",), ("127.0.0.1", peer.port), follow=follow),
        )  # fmt: skip
        task = asyncio.ensure_future(agent.run(stop))
        running.append((stop, task))
        await peer.until(lambda: peer.of(MuteState))
        return backend, events

    yield begin
    for stop, task in running:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_is_heard_here_is_followed_here_with_light_and_without_a_chime(peer, start, answer):
    backend, events = await start(answer)
    await backend.run(60)
    await peer.until(lambda: len(peer.frames) > 10)
    peer.link.send(MOVED)
    await peer.until(lambda: "light_on" in events)
    assert (await ask(peer.store.directory, "status"))["session"] == "talking"
    await backend.run(40)
    await peer.until(lambda: [frame for frame in peer.audio() if not frame.flags & FrameFlag.PREROLL])
    assert [frame for frame in peer.audio() if frame.flags & FrameFlag.PREROLL]  # what he has just said
    assert not np.any(backend.chain.render())
    assert not peer.of(ErrorMessage)
    peer.link.send(Floor(state="released"))
    await peer.until(lambda: "light_off" in events)


async def test_in_a_silent_room_nobody_is_followed(peer, start):
    backend, events = await start(None)
    await backend.run(100)
    peer.link.send(MOVED)
    assert (await peer.until(lambda: peer.of(ErrorMessage)))[0].code == "not_woken"
    await backend.run(50)
    await peer.until(lambda: len(peer.frames) > 10)
    assert {frame.type for frame in peer.frames} == {FrameType.LEVEL}
    assert "light_on" not in events


async def test_a_room_that_is_told_not_to_follows_nobody(peer, start, answer):
    backend, events = await start(answer, follow=False)
    assert (await ask(peer.store.directory, "status"))["follow"] is False
    await backend.run(60)
    await peer.until(lambda: len(peer.frames) > 10)
    peer.link.send(MOVED)
    assert (await peer.until(lambda: peer.of(ErrorMessage)))[0].code == "not_woken"
    assert "light_on" not in events


@pytest.mark.parametrize(("kind", "heard"), [("question", True), ("intercom", True), ("announcement", False)])
async def test_an_answer_is_taken_where_a_question_was_heard(peer, start, kind, heard):
    backend, events = await start(None)
    peer.link.send(Play(generation=3, kind=kind))
    encoder = OpusEncoder()
    for number in range(5):
        packet = encoder.encode(np.full(480, 3000, np.int16))
        flags = FrameFlag.LAST if number == 4 else FrameFlag.NONE
        peer.link.send_frame(Frame(FrameType.AUDIO, packet, flags, 1, 3, samples=number * 480))
    await asyncio.sleep(0.1)
    await backend.run(20)
    await peer.until(lambda: [message for message in peer.of(Playback) if message.state == "finished"])
    peer.link.send(ASKED)
    if heard:
        await peer.until(lambda: "light_on" in events)
    else:
        assert (await peer.until(lambda: peer.of(ErrorMessage)))[0].code == "not_woken"
        assert "light_on" not in events
