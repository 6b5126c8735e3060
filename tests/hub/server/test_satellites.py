"""The satellites' door against real TLS, real Opus, and a satellite written from `protocol` alone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from hub.server.satellites import SatelliteServer
from protocol.errors import RoomtoneError, UnknownDeviceError
from protocol.frames import Frame, FrameType
from protocol.handshake import satellite_login
from protocol.link import connect
from protocol.messages import ErrorMessage, Flush, Hello, MuteState, Playback, Stop, Wake, Welcome
from protocol.opus import OpusDecoder, OpusEncoder
from protocol.records import LevelRecord, Measurement, encode_levels, pack_measurements
from protocol.security import client_context, load_or_create_identity, new_device_id

MEASURED = Measurement(-30.0, -60.0, (-40.0,) * 10, 0.9, 0.0, 0.0)


def now_ms():
    return time.monotonic() * 1000.0


@dataclass
class Seen:
    """Records what the rooms are told."""

    up: list = field(default_factory=list)
    down: list = field(default_factory=list)
    batches: list = field(default_factory=list)
    wakes: list = field(default_factory=list)
    pcm: list = field(default_factory=list)
    played: list = field(default_factory=list)
    stops: int = 0
    mutes: list = field(default_factory=list)
    packets: list = field(default_factory=list)
    prerolls: list = field(default_factory=list)
    refusals: int = 0

    def satellite_up(self, line):
        self.up.append(line)

    def satellite_down(self, line, error):
        self.down.append((line, error.code))

    def levels(self, line, batch, samples, time_us):
        self.batches.append((batch, samples, time_us))

    def woke(self, line, wake, measurements):
        self.wakes.append((wake, measurements))

    def audio(self, line, pcm, measurement, samples, time_us, *, packet=None, preroll=False):
        self.prerolls.append(preroll)
        self.pcm.append((samples, pcm, measurement))
        self.packets.append(packet)

    def playback(self, line, playback):
        self.played.append(playback)

    def stop_asked(self, line):
        self.stops += 1

    def floor_refused(self, line):
        self.refusals += 1

    def muted(self, line, *, muted):
        self.mutes.append(muted)


class KnownDoor:
    """A door that knows some keys."""

    hub_id = "a" * 32
    hub_name = "Test hub"

    def __init__(self, identity, keys):
        self.certificate_hash, self.keys = identity.certificate_hash, keys

    def device_key(self, device_id):
        return self.keys.get(device_id)

    def welcome(self, device_id):
        return Welcome(hub_name=self.hub_name, area="kitchen", area_name="Kitchen")

    def pairing_code(self):
        return None

    def pairing_failed(self):
        raise AssertionError

    def area_for_pairing(self, asked):
        raise AssertionError

    def pairing_done(self, device_id, name, device_key, area_id):
        raise AssertionError


class Peer:
    """The satellite's end."""

    def __init__(self):
        self.frames, self.messages, self.lost = [], [], None

    def message_received(self, link, message):
        self.messages.append(message)

    def frame_received(self, link, frame):
        self.frames.append(frame)

    def link_lost(self, link, error):
        self.lost = error


@pytest.fixture
async def world(tmp_path):
    identity = load_or_create_identity(tmp_path)
    keys = {new_device_id(): bytes([number]) * 32 for number in range(2)}
    seen = Seen()
    server = SatelliteServer(identity, KnownDoor(identity, keys), seen, area_of=lambda _: "kitchen", now_ms=now_ms)
    port = await server.start("127.0.0.1", 0)

    async def join(device_id):
        link = await connect("127.0.0.1", port, ssl=client_context())
        await satellite_login(
            link,
            device_id=device_id,
            name="pi",
            software="test",
            device_key=keys[device_id],
            pinned_hash=identity.certificate_hash,
        )
        peer = Peer()
        link.attach(peer)
        return link, peer

    yield server, seen, list(keys), join, port
    await server.close()


async def until(condition, seconds=3.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_satellite_is_heard_and_answered(world):
    server, seen, (device, _), join, _ = world
    link, peer = await join(device)
    await until(lambda: seen.up)
    line = seen.up[0]
    link.send_frame(
        Frame(
            FrameType.LEVEL,
            encode_levels([LevelRecord(-40, 0.1, 3, -3, -10)], 4, None),
            stream=1,
            samples=480,
        )
    )
    link.send(
        Wake(
            word="alexa",
            start_samples=0,
            end_samples=480,
            time_us=1,
            measurements=pack_measurements([MEASURED]),
        )
    )
    link.send(Playback(generation=1, state="started", samples=0, time_us=1))
    link.send(Stop())
    link.send(MuteState(muted=True))
    await until(lambda: seen.mutes)
    assert seen.batches[0][1] == 480
    assert [(m.level_db, m.bands_db) for m in seen.wakes[0][1]] == [(-30.0, (-40.0,) * 10)]
    assert seen.stops == 1

    tone = (8000 * np.sin(np.arange(480 * 50) * 2 * np.pi * 440 / 24_000)).astype(np.int16).reshape(-1, 480)
    for index, frame in enumerate(tone):
        line.send_audio(frame, generation=4, samples=index * 480, last=index == 49)
    await until(lambda: len(peer.frames) == 50)
    decoder = OpusDecoder()
    back = np.concatenate([decoder.decode(frame.payload) for frame in peer.frames])
    assert np.abs(back[4800:]).max() > 5000
    assert peer.frames[-1].flags & 4
    line.send(Flush(generation=4))
    await until(lambda: peer.messages)


async def test_audio_is_decoded_only_while_the_floor_is_held(world):
    server, seen, (device, _), join, _ = world
    link, _ = await join(device)
    await until(lambda: seen.up)
    line, encoder = seen.up[0], OpusEncoder()

    sent = {}

    def speak(index):
        pcm = (9000 * np.sin(np.arange(480) * 0.1)).astype(np.int16)
        sent[index] = encoder.encode(pcm)
        link.send_frame(Frame(FrameType.AUDIO, MEASURED.pack() + sent[index], stream=1, samples=index * 480))

    speak(0)
    await until(lambda: line.refused_audio == 1)
    line.open_uplink()
    for index in (1, 2, 5):
        speak(index)
    await until(lambda: len(seen.pcm) == 5)
    assert [samples // 480 for samples, *_ in seen.pcm] == [1, 2, 3, 4, 5]
    assert seen.packets == [sent[1], sent[2], None, None, sent[5]]  # what was lost is concealed and has no packet
    line.close_uplink()
    speak(6)
    await until(lambda: line.refused_audio == 2)
    assert len(seen.pcm) == 5


async def test_a_broken_packet_costs_its_20_ms_and_nothing_else(world):
    server, seen, (device, _), join, _ = world
    link, _ = await join(device)
    await until(lambda: seen.up)
    line = seen.up[0]
    line.open_uplink()
    encoder = OpusEncoder()
    for index, packet in enumerate([b"\xff" * 40, encoder.encode(np.zeros(480, np.int16))]):
        link.send_frame(Frame(FrameType.AUDIO, MEASURED.pack() + packet, stream=1, samples=index * 480))
    await until(lambda: len(seen.pcm) == 2)
    assert line.bad_audio <= 1
    assert not link.closed


async def test_a_level_frame_of_nonsense_ends_the_link_with_its_code_and_costs_no_other(world):
    server, seen, (bad, good), join, _ = world
    bad_link, bad_peer = await join(bad)
    good_link, good_peer = await join(good)
    bad_link.send_frame(Frame(FrameType.LEVEL, b"\x00\x07nonsense", stream=1))
    await until(lambda: bad_peer.lost is not None)
    assert [m.code for m in bad_peer.messages if isinstance(m, ErrorMessage)] == ["bad_message"]
    await until(lambda: seen.down)
    assert not good_link.closed
    assert good_peer.lost is None


async def test_a_message_that_is_the_hubs_own_is_refused(world):
    server, seen, (device, _), join, _ = world
    link, peer = await join(device)
    link.send(Hello(device_id="b" * 32, name="x", nonce="00"))
    await until(lambda: peer.lost is not None)
    assert peer.messages[0].code == "bad_message"


async def test_too_many_calls_are_ignored_with_a_code(world):
    server, seen, (device, _), join, _ = world
    link, peer = await join(device)
    for _ in range(40):
        link.send(Wake(word="alexa", start_samples=0, end_samples=1, time_us=1))
    await until(lambda: len(peer.messages) >= 30)
    assert len(seen.wakes) == 5
    assert {message.code for message in peer.messages} == {"rate_limited"}
    assert not link.closed


async def test_the_newer_connection_of_a_satellite_is_the_true_one(world):
    server, seen, (device, _), join, _ = world
    first, first_peer = await join(device)
    second, _ = await join(device)
    await until(lambda: len(seen.up) == 2)
    await until(lambda: first_peer.lost is not None)
    assert first_peer.messages[0].code == "replaced"
    assert seen.down[0][0] is seen.up[0]
    assert server.lines[device] is seen.up[1]
    assert not second.closed


async def test_of_many_connections_of_one_satellite_at_once_one_stays(world):
    server, seen, (device, _), join, _ = world
    await join(device)
    joined = await asyncio.gather(*(join(device) for _ in range(4)))
    await until(lambda: len(seen.up) - len(seen.down) == 1)
    await asyncio.sleep(0.2)
    alive = [link for link, _ in joined if not link.closed]
    assert len(alive) == 1
    assert [line for line in seen.up if not line.link.closed] == [server.lines[device]]
    assert len({id(line) for line, _ in seen.down}) == len(seen.down) == len(seen.up) - 1


async def test_revoked_while_it_takes_the_place_of_an_older_connection(world):
    server, seen, (device, _), join, _ = world
    _, first_peer = await join(device)
    await until(lambda: seen.up)
    older = seen.up[0].link
    closed = older.wait_closed

    async def revoked_meanwhile():
        await closed()
        server._door.keys.pop(device, None)

    older.wait_closed = revoked_meanwhile
    _, peer = await join(device)
    await until(lambda: peer.lost is not None)
    assert peer.lost.code == "unknown_device"
    assert len(seen.up) == 1
    assert device not in server.lines


async def test_a_satellite_that_refuses_its_floor_is_not_waited_for(world):
    _, seen, (device, _), join, _ = world
    link, _ = await join(device)
    link.send(ErrorMessage(code="not_woken", message="Nobody here has called."))
    await until(lambda: seen.refusals == 1)
    assert seen.stops == 0


async def test_a_clock_that_runs_away_is_neither_in_the_future_nor_long_past(world):
    _, seen, (device, _), join, _ = world
    await join(device)
    await until(lambda: seen.up)
    line = seen.up[0]
    assert abs(line.to_hub_ms(0) - now_ms()) < 50  # not in step yet: the time of arrival
    assert line.clock_error_ms == 200.0
    here_us = int(now_ms() * 1000)
    for _ in range(8):
        line.link.clock.add(here_us, here_us, here_us, here_us)
    assert line.link.clock.synchronised
    assert line.to_hub_ms(here_us - 1_000_000) == pytest.approx(here_us / 1000 - 1000, abs=1)
    assert now_ms() - 10_100 < line.to_hub_ms(0) <= now_ms() - 9_900
    assert line.to_hub_ms(2**60) <= now_ms()


async def test_a_stranger_is_refused_and_told_why(world):
    server, _, (device, _), _, port = world
    link = await connect("127.0.0.1", port, ssl=client_context())
    with pytest.raises(UnknownDeviceError):
        await satellite_login(
            link,
            device_id="c" * 32,
            name="x",
            software="",
            device_key=b"k" * 32,
            pinned_hash=server._identity.certificate_hash,
        )


async def test_a_port_in_use_is_said(world, tmp_path):
    server, seen, _, _, port = world
    other = SatelliteServer(server._identity, server._door, seen, area_of=lambda _: "", now_ms=now_ms)
    with pytest.raises(RoomtoneError) as caught:
        await other.start("127.0.0.1", port)
    assert caught.value.code == "port_in_use"
