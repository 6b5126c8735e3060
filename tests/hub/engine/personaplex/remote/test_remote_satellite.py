"""From a satellite's socket to a server elsewhere: real door, floor, conversation and failover around the stand-in."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hub.dialog.acting import Actor
from hub.dialog.switchboard import Switchboard
from hub.dialog.voices import Voices
from hub.engine.scripted import Script, ScriptedEngine
from hub.engine.supervisor import SupervisedEngine
from hub.events import EventBus
from hub.home.none import NoHome
from hub.rooms.arbiter import Arbiter
from hub.server.satellites import SatelliteServer
from hub.understanding.parser import Parser
from protocol.frames import Frame, FrameType
from protocol.handshake import satellite_login
from protocol.link import connect
from protocol.messages import Floor, Wake
from protocol.opus import OpusDecoder, OpusEncoder
from protocol.records import Measurement
from protocol.security import client_context, load_or_create_identity
from tests.hub.engine.personaplex.remote_talk import TONE, loop_ms, until
from tests.hub.one_door import OneDoor

pytestmark = pytest.mark.virtual_time

MEASURED = Measurement(-30.0, -60.0, (-40.0,) * 10, 0.9, 0.0, 0.0).pack()


class Deaf:
    """No recogniser is on this path."""

    async def start(self):
        pass

    def open(self, hints, on_event):
        return self

    def feed(self, pcm, samples):
        pass

    async def close(self):
        pass


class Satellite:
    """Sends packets in real time."""

    def __init__(self, link):
        self.link, self.granted, self.encoder, self.number = link, asyncio.Event(), OpusEncoder(), 0
        self.sent = []

    def message_received(self, link, message):
        if isinstance(message, Floor) and message.state == "granted":
            self.granted.set()

    def frame_received(self, link, frame):
        pass

    def link_lost(self, link, error):
        pass

    async def speak(self, frames, *, lost=()):
        """Send so many frames; of those in `lost` the packet goes missing."""
        for index in range(frames):
            packet = self.encoder.encode(TONE)
            if index not in lost:
                self.sent.append(packet)
                frame = Frame(
                    FrameType.AUDIO, MEASURED + packet, 0, 1, samples=self.number * 480, time_us=self.number * 20_000
                )
                self.link.send_frame(frame)
            self.number += 1
            await asyncio.sleep(0.02)


@pytest.fixture
async def world(tmp_path, remote):
    """A satellite with the floor in a hub whose voice is the stand-in, with a scripted one behind it."""
    other = ScriptedEngine(Script(pace="real"))
    engine = SupervisedEngine(remote(), other, publish=lambda _event: None, now_s=asyncio.get_running_loop().time)
    voices = Voices(
        engine=engine, hearing=Deaf(), actor=Actor(NoHome(), Parser(), now_ms=loop_ms),
        bus=EventBus(), vocabulary=list, now_ms=loop_ms, new_trace=lambda: "t", follow_up_s=30.0,
    )  # fmt: skip
    await engine.start()
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
    satellite = Satellite(link)
    link.attach(satellite)
    link.send(Wake(word="alexa", start_samples=0, end_samples=1, time_us=1))
    await satellite.granted.wait()
    yield satellite, other
    link.close()
    await board.close()
    await server.close()
    await engine.close()


async def test_what_a_satellite_sent_reaches_the_server_unchanged_and_the_other_voice_hears_sound(reference, world):
    satellite, other = world
    await until(lambda: reference.greeted >= 2)  # the first greeting was the look whether all is well
    await satellite.speak(60, lost={30})
    await until(lambda: satellite.sent[-1] in reference.packets)
    known = set(satellite.sent)
    passed = [packet for packet in reference.packets if packet in known]
    assert len(passed) >= 55  # the first went to nobody while the conversation was being opened
    assert passed == satellite.sent[-len(passed) :]
    # In place of the lost packet something of the hub's own went out: silence or what was made up.
    place = reference.packets.index(satellite.sent[30])
    assert reference.packets[place - 1] not in known
    decoder = OpusDecoder()
    heard = [decoder.decode(packet) for packet in satellite.sent]
    await reference.stop()
    await until(lambda: other.sessions)
    await satellite.speak(40)
    pcm = [sound for _samples, sound in other.sessions[-1].heard]
    assert len(pcm) >= 30
    assert all(sound.dtype == np.int16 and sound.shape == (480,) for sound in pcm)
    assert max(np.abs(sound.astype(int)).max() for sound in pcm) > 0.8 * np.abs(heard[-1].astype(int)).max()
