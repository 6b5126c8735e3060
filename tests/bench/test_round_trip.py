"""Satellite to echo engine and back over TLS, through hub server, floor, decoder, conversation, pacing and encoder."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from hub.dialog.acting import Actor
from hub.dialog.switchboard import Switchboard
from hub.dialog.voices import Voices
from hub.engine.echo import EchoEngine
from hub.events import EventBus
from hub.home.none import NoHome
from hub.rooms.arbiter import Arbiter
from hub.server.satellites import SatelliteServer
from hub.understanding.parser import Parser
from protocol.frames import Frame, FrameType
from protocol.handshake import satellite_login
from protocol.link import connect
from protocol.messages import Floor, Wake, Welcome
from protocol.opus import OpusDecoder, OpusEncoder
from protocol.records import Measurement
from protocol.security import client_context, load_or_create_identity, new_device_id

pytestmark = [pytest.mark.bench, pytest.mark.timeout(120)]

SECONDS, EVERY = 30, 25  # a click every half second
MEASURED = Measurement(-30.0, -60.0, (-40.0,) * 10, 0.9, 0.0, 0.0).pack()


class Deaf:
    """No recogniser is on this path."""

    async def start(self):
        pass

    def open(self, hints, on_event):
        return self

    def feed(self, pcm, samples, packet=None):
        pass

    async def close(self):
        pass


class Door:
    """One known satellite."""

    hub_id, hub_name = "a" * 32, "bench"

    def __init__(self, certificate_hash, device, key):
        self.certificate_hash, self.device, self.key = certificate_hash, device, key

    def device_key(self, device_id):
        return self.key if device_id == self.device else None

    def welcome(self, device_id):
        return Welcome(hub_name="bench", area="kitchen", area_name="Kitchen")


class Clicks:
    """The satellite's end: hears its clicks come back."""

    def __init__(self):
        self.granted, self.decoder, self.heard_ms = asyncio.Event(), OpusDecoder(), []

    def message_received(self, link, message):
        if isinstance(message, Floor) and message.state == "granted":
            self.granted.set()

    def frame_received(self, link, frame):
        pcm = self.decoder.decode(frame.payload)
        if np.abs(pcm.astype(np.int32)).max() > 4000:
            now_ms = time.perf_counter() * 1000
            if not self.heard_ms or now_ms - self.heard_ms[-1] > 200:
                self.heard_ms.append(now_ms)

    def link_lost(self, link, error):
        pass


async def test_round_trip(tmp_path, machine):
    identity, device, key = load_or_create_identity(tmp_path), new_device_id(), b"k" * 32

    def now_ms():
        return time.monotonic() * 1000

    voices = Voices(
        engine=EchoEngine(), hearing=Deaf(), actor=Actor(NoHome(), Parser(), now_ms=now_ms), bus=EventBus(),
        vocabulary=list, now_ms=now_ms, new_trace=lambda: "t", follow_up_s=SECONDS + 10.0,
    )  # fmt: skip
    board = Switchboard(voices, Arbiter(), area_name=str)
    door = Door(identity.certificate_hash, device, key)
    server = SatelliteServer(identity, door, board, area_of=lambda _: "kitchen", now_ms=now_ms)
    port = await server.start("127.0.0.1", 0)
    link = await connect("127.0.0.1", port, ssl=client_context())
    await satellite_login(
        link, device_id=device, name="pi", software="", device_key=key, pinned_hash=identity.certificate_hash
    )
    ears = Clicks()
    link.attach(ears)
    link.send(Wake(word="alexa", start_samples=0, end_samples=1, time_us=1))
    await ears.granted.wait()
    encoder, sent_ms = OpusEncoder(), []
    click = np.zeros(480, np.int16)
    click[:240] = (12_000 * np.sin(np.arange(240) * 2 * np.pi * 1000 / 24_000)).astype(np.int16)
    start = time.perf_counter()
    for index in range(SECONDS * 50):
        await asyncio.sleep(max(0.0, start + index * 0.02 - time.perf_counter()))
        clicks = index % EVERY == EVERY - 1
        packet = encoder.encode(click if clicks else np.zeros(480, np.int16))
        if clicks:
            sent_ms.append(time.perf_counter() * 1000)
        link.send_frame(Frame(FrameType.AUDIO, MEASURED + packet, 0, 1, samples=index * 480, time_us=index * 20_000))
    await asyncio.sleep(0.5)
    link.close()
    await board.close()
    await server.close()
    trips = [heard - sent for sent in sent_ms for heard in ears.heard_ms if 0 <= heard - sent < 400]
    print(f"\n{machine}; n={len(trips)}")
    p50, p95 = np.percentile(trips, [50, 95])
    print(f"| wire round trip through the echo engine | p50 {p50:.1f} ms | p95 {p95:.1f} ms |")
    assert len(trips) >= 0.95 * len(sent_ms)
    assert p95 < 5 * 20 * 1.0  # five audio frames
