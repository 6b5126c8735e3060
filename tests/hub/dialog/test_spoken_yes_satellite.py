"""A dangerous deed, asked for, asked about and answered by voice through a satellite's socket, in virtual time."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hub.dialog.acting import Actor
from hub.dialog.switchboard import Switchboard
from hub.dialog.voices import Voices
from hub.engine.scripted_duplex import DuplexEngine, DuplexScript
from hub.events import Acted, EventBus, TurnEnded
from hub.hearing.port import Final, Partial, SpeechStarted
from hub.home.demo import DemoHome
from hub.rooms.arbiter import Arbiter
from hub.server.satellites import SatelliteServer
from hub.understanding.parser import Parser
from protocol.frames import Frame, FrameFlag, FrameType
from protocol.handshake import satellite_login
from protocol.link import connect
from protocol.messages import Floor, Flush, Play, Playback, Wake
from protocol.opus import OpusDecoder, OpusEncoder
from protocol.records import MeasureFlag, Measurement
from protocol.security import client_context, load_or_create_identity
from tests.hub.dialog.conftest import HandHearing
from tests.hub.one_door import OneDoor

pytestmark = pytest.mark.virtual_time

LOUD = (np.sin(np.arange(480) * 2 * np.pi * 440 / 24_000) * 9000).astype(np.int16)
SILENCE = np.zeros(480, np.int16)
QUESTION = "Do you really want me to unlock the front door? Please say yes or no."


def measured(flags):
    return Measurement(-30.0, -60.0, (-40.0,) * 10, 0.9, 0.0, 0.0, flags).pack()


class Satellite:
    """Sends 20 ms packets all the time, plays what it gets and says so."""

    def __init__(self, link, hearing):
        self.link, self.hearing, self.encoder, self.decoder = link, hearing, OpusEncoder(), OpusDecoder()
        self.granted, self.released = asyncio.Event(), asyncio.Event()
        self.number, self.playing, self.loud, self.flushed = 0, 0, {}, set()
        self.sound, self.flags = SILENCE, MeasureFlag(0)
        self.task = asyncio.create_task(self.send())

    def message_received(self, link, message):
        match message:
            case Floor(state="granted"):
                self.granted.set()
            case Floor(state="released"):
                self.released.set()
            case Play(generation=generation):
                self.playing = generation
            case Flush(generation=generation):
                self.flushed.add(generation)

    def frame_received(self, link, frame):
        if frame.type != FrameType.AUDIO or frame.generation in self.flushed:
            return
        pcm = self.decoder.decode(frame.payload)
        self.loud[frame.generation] = self.loud.get(frame.generation, 0) + int(np.abs(pcm).max() > 300)
        last = bool(frame.flags & FrameFlag.LAST)
        state = "finished" if last else "playing"
        now_us = int(asyncio.get_running_loop().time() * 1e6)
        self.link.send(Playback(generation=frame.generation, state=state, samples=frame.samples + 480, time_us=now_us))

    def link_lost(self, link, error):
        pass

    async def send(self):
        while True:
            packet = self.encoder.encode(self.sound)
            frame = Frame(
                FrameType.AUDIO, measured(self.flags) + packet, 0, 1,
                samples=self.number * 480, time_us=int(asyncio.get_running_loop().time() * 1e6),
            )  # fmt: skip
            self.link.send_frame(frame)
            self.number += 1
            await asyncio.sleep(0.02)

    async def says(self, text, *, second=None, after_s=0.5):
        """A second of speech; its partial comes before its end, its transcript later."""
        (ears,) = self.hearing.streams
        start = self.number * 480
        self.sound, self.flags = LOUD, MeasureFlag.SPEECH
        await asyncio.sleep(0.2)
        ears.emit(SpeechStarted(start))
        await asyncio.sleep(0.6)
        ears.emit(Partial(text))
        await asyncio.sleep(0.2)
        self.sound, self.flags = SILENCE, MeasureFlag(0)
        end = self.number * 480
        await asyncio.sleep(after_s)
        ears.emit(Final(text, start, end, 0.9, second=second, decoded_ms=loop_ms()))


def loop_ms():
    return asyncio.get_running_loop().time() * 1000.0


class World:
    def __init__(self, satellite, engine, home, events):
        self.satellite, self.engine, self.home, self.events = satellite, engine, home, events

    def seen(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def said(self):
        return self.engine.sessions[0].said

    @property
    def lock(self):
        return self.home.house.entities["lock.front_door"].state

    @property
    def calls(self):
        return [(event.domain, event.service) for event in self.seen(Acted)]

    async def until(self, condition, seconds=30.0):
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)

    async def asked(self):
        """The user wants the door unlocked, and hears the whole question."""
        await self.satellite.says("Unlock the front door.")
        await self.until(lambda: len(self.seen(TurnEnded)) == 1)
        assert self.said == [QUESTION]
        assert self.lock == "locked"
        assert self.calls == []


@pytest.fixture
async def world(tmp_path):
    loop = asyncio.get_running_loop()
    replies = ["Sure, I'm unlocking the front door.", "Great, I have unlocked the front door.", "As you like."]
    engine, home, hearing = DuplexEngine(DuplexScript(replies=replies)), DemoHome(now=loop.time), HandHearing()
    bus, events, traces = EventBus(), [], iter(f"trace-{number}" for number in range(100))
    bus.subscribe(events.append)
    await home.start()
    await engine.start()
    voices = Voices(
        engine=engine, hearing=hearing, actor=Actor(home, Parser(), now_ms=loop_ms), bus=bus, vocabulary=list,
        now_ms=loop_ms, new_trace=lambda: next(traces), follow_up_s=6.0,
    )  # fmt: skip
    board = Switchboard(voices, Arbiter(), area_name=str)
    identity = load_or_create_identity(tmp_path)
    server = SatelliteServer(
        identity, OneDoor(identity.certificate_hash), board, area_of=lambda _: "kitchen", now_ms=loop_ms
    )
    port = await server.start("127.0.0.1", 0)
    link = await connect("127.0.0.1", port, ssl=client_context())
    await satellite_login(
        link,
        device_id=OneDoor.device,
        name="pi",
        software="",
        device_key=OneDoor.key,
        pinned_hash=identity.certificate_hash,
    )
    satellite = Satellite(link, hearing)
    link.attach(satellite)
    link.send(Wake(word="alexa", start_samples=0, end_samples=1, time_us=1))
    await satellite.granted.wait()
    yield World(satellite, engine, home, events)
    satellite.task.cancel()
    link.close()
    await board.close()
    await server.close()
    await engine.close()
    await home.close()


async def test_a_yes_that_both_recognisers_heard_unlocks_once(world):
    await world.asked()
    await world.satellite.says("Yes.", second="yes")
    await world.until(lambda: len(world.seen(TurnEnded)) == 2)
    assert world.calls == [("lock", "unlock")]
    assert world.lock == "unlocked"
    assert len(world.said) == 2
    assert "unlocked" in world.said[1]
    # The room heard question and report, and nothing that the voice made up.
    assert len([frames for frames in world.satellite.loud.values() if frames]) == 2


async def test_a_no_leaves_it_locked(world):
    await world.asked()
    await world.satellite.says("No.", second="no")
    await world.until(lambda: len(world.seen(TurnEnded)) == 2)
    assert "did not unlock" in world.said[1]
    assert world.calls == []
    assert world.lock == "locked"
