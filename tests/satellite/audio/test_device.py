"""The device backend against a PortAudio that the test moves by hand."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
import threading
import time
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from satellite.audio.device import DeviceBackend
from satellite.audio.duplex import load_portaudio
from satellite.dsp.echo import TwoStage
from satellite.errors import AudioDeviceError, AudioLibraryError


class PortAudioError(Exception):
    pass


class Stream:
    """One opened stream. What it plays is kept, what it hears is the number of the chunk."""

    latency = (0.02, 0.03)

    def __init__(self, owner, *, callback, finished_callback, latency, **shape) -> None:
        assert shape == {"samplerate": 24_000, "blocksize": 240, "channels": 1, "dtype": "int16"}
        if owner.missing:
            raise PortAudioError("Error querying device -1")
        self.callback, self.finished_callback = callback, finished_callback
        self.started = self.closed = False
        self.waiting_s = 0.02
        self.played: list[bytes] = []
        owner.streams.append(self)

    def start(self) -> None:
        self.started = True

    def close(self) -> None:
        self.closed = True

    def move(self, chunks: int = 1, *, status: bool = False) -> None:
        for _ in range(chunks):
            out = bytearray(480)
            number = np.full(240, len(self.played) % 30_000, np.int16)
            times = SimpleNamespace(currentTime=1000.0, inputBufferAdcTime=1000.0 - self.waiting_s)
            self.callback(number.tobytes(), memoryview(out), 240, times, status)
            self.played.append(bytes(out))

    async def live(self, seconds: float) -> None:
        """In real time, catching up whatever the machine was late with."""
        began = time.monotonic()
        done = 0
        while (passed := time.monotonic() - began) < seconds:
            self.move(int(passed * 100) - done)
            done = int(passed * 100)
            await asyncio.sleep(0.004)


class PortAudio:
    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.missing = False
        self.streams: list[Stream] = []
        self.looked = 0

    def RawStream(self, **options) -> Stream:  # noqa: N802 - as the package names it
        return Stream(self, **options)

    def _terminate(self) -> None:
        self.looked += 1

    def _initialize(self) -> None: ...


class Room:
    """A chain that counts: block n is made of samples of n + 1."""

    def __init__(self) -> None:
        self.blocks: queue.Queue = queue.Queue()
        self.rendered = self.silences = 0
        self.pause = threading.Event()
        self.pause.set()

    def render(self) -> np.ndarray:
        self.rendered += 1
        return np.full(480, self.rendered, np.int16)

    def process(self, block) -> None:
        self.pause.wait()
        self.blocks.put(block)

    def silence(self) -> None:
        self.silences += 1

    async def next(self):
        return await asyncio.to_thread(self.blocks.get, timeout=5)


async def until(condition, timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def rig(monkeypatch):
    portaudio, room, failures = PortAudio(), Room(), []
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    backend = DeviceBackend()
    backend.start(room, failures.append)
    yield SimpleNamespace(backend=backend, portaudio=portaudio, room=room, failures=failures)
    room.pause.set()
    await asyncio.to_thread(backend.close)
    assert all(stream.closed for stream in portaudio.streams)
    assert not failures


async def test_what_was_played_stands_beside_what_was_heard_at_the_same_instant(rig) -> None:
    stream = rig.portaudio.streams[0]
    for number in range(40):
        stream.move(2)
        block = await rig.room.next()
        assert block.samples == number * 480
        assert block.realigned == (number == 0)
        assert list(block.near[[0, 239, 240, 479]]) == [
            2 * number,
            2 * number,
            2 * number + 1,
            2 * number + 1,
        ]
        assert block.far.tobytes() == b"".join(stream.played[2 * number : 2 * number + 2])
    played = np.frombuffer(b"".join(stream.played), np.int16)
    sounding = played[played > 0]
    assert sounding[0] == 1
    assert set(np.diff(sounding)) <= {0, 1}  # every rendered block once, in order
    assert np.flatnonzero(played)[0] <= 4 * 240  # at most 40 ms after it was asked for
    assert rig.backend.status() | {"device_latency_ms": 50, "xruns": 0, "starved": 0} == rig.backend.status()


async def test_slow_work_costs_the_oldest_sound_and_is_counted(rig) -> None:
    rig.room.pause.clear()
    stream = rig.portaudio.streams[0]
    stream.move(60)
    assert rig.backend.dropped_blocks >= 15
    assert rig.backend.status()["starved"] > 40
    rig.room.pause.set()
    blocks = [await rig.room.next() for _ in range(5)]
    assert blocks[-1].samples > 10 * 480
    for block in blocks:  # both halves still belong together
        assert block.far.tobytes() == b"".join(stream.played[block.samples // 240 :][:2])


async def test_an_xrun_realigns_the_canceller_once(rig) -> None:
    stream = rig.portaudio.streams[0]
    for index in range(10):
        stream.move(2, status=index == 4)
        block = await rig.room.next()
        assert block.realigned == (index in (0, 4))
    assert rig.backend.status()["xruns"] == 2


async def test_a_device_that_fell_behind_is_started_anew_and_the_count_goes_on(rig) -> None:
    first = rig.portaudio.streams[0]
    await first.live(1.2)
    await asyncio.sleep(0.3)
    first.waiting_s = 0.32  # the machine slept; from here on every sample comes 300 ms late
    live = asyncio.ensure_future(first.live(3))
    await until(lambda: len(rig.portaudio.streams) == 2 and rig.portaudio.streams[1].started)
    live.cancel()
    assert first.closed
    rig.portaudio.streams[1].move(4)
    await until(lambda: rig.backend.status()["restarts"] == 1)
    blocks = []
    while not blocks or not (blocks[-1].realigned and len(blocks) > 1):
        blocks.append(await rig.room.next())
    jump = blocks[-1].samples - blocks[-2].samples
    assert jump % 480 == 0
    assert 200 < jump / 24 < 1000  # what was lost, in ms
    assert rig.room.silences == 0
    assert rig.backend.problem == ""


async def test_sound_that_was_lost_leaves_a_gap_in_the_count(rig) -> None:
    stream = rig.portaudio.streams[0]
    await stream.live(1.2)
    await asyncio.sleep(0.3)
    await stream.live(1.3)
    blocks = []
    while not rig.room.blocks.empty():
        blocks.append(rig.room.blocks.get())
    jumps = [(later, later.samples - earlier.samples) for earlier, later in pairwise(blocks)]
    ((after, jump),) = [(block, jump) for block, jump in jumps if jump != 480]
    assert after.realigned
    assert jump % 480 == 0
    assert 270 < jump / 24 < 370  # ms
    assert blocks[-1].samples / 24_000 == pytest.approx(2.8, abs=0.1)
    assert rig.backend.status()["xruns"] == 1
    assert rig.backend.status()["restarts"] == 0


async def test_a_device_that_goes_away_is_said_to_be_away_and_taken_up_again(rig) -> None:
    stream = rig.portaudio.streams[0]
    stream.move(10)
    for _ in range(5):
        last = await rig.room.next()
    rig.portaudio.missing = True
    stream.finished_callback()
    await until(lambda: rig.room.silences >= 2)
    assert stream.closed
    assert "No microphone and loudspeaker" in rig.backend.problem
    assert rig.backend.status()["state"] == "lost"
    rig.portaudio.missing = False
    await until(lambda: len(rig.portaudio.streams) == 2)
    await until(lambda: rig.backend.status()["state"] == "running")
    rig.portaudio.streams[1].move(2)
    block = await rig.room.next()
    assert block.realigned
    assert (block.samples - last.samples) / 24_000 > 0.5
    assert rig.portaudio.looked >= 2


async def test_a_device_that_says_nothing_any_more_is_gone_too(rig) -> None:
    rig.portaudio.streams[0].move(2)
    await until(lambda: "went away" in rig.backend.problem, timeout_s=4)


async def test_without_a_device_there_is_a_sentence(monkeypatch) -> None:
    portaudio = PortAudio()
    portaudio.missing = True
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    backend = DeviceBackend()
    with pytest.raises(AudioDeviceError, match="arecord -l"):
        backend.start(Room(), lambda error: None)
    backend.close()


def test_without_the_package_there_is_a_sentence(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioLibraryError, match="pip install"):
        load_portaudio()


async def test_a_broken_chain_is_told(monkeypatch) -> None:
    portaudio, failures = PortAudio(), []
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    room = Room()
    room.process = lambda block: 1 / 0
    backend = DeviceBackend()
    backend.start(room, failures.append)
    portaudio.streams[0].move(2)
    await until(lambda: failures)
    assert isinstance(failures[0], ZeroDivisionError)
    assert portaudio.streams[0].closed
    backend.close()


BLOCKER = """
import ctypes.util, sys
found = ctypes.util.find_library
ctypes.util.find_library = lambda name: None if name == "portaudio" else found(name)
from satellite.cli import main
sys.exit(main(sys.argv[1:]))
"""


async def test_the_command_names_the_one_command_that_helps(peer) -> None:
    arguments = ["run", "--json", "--state-dir", str(peer.store.directory)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BLOCKER, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b'"no_audio_library"' in out
    assert "sudo apt-get install libportaudio2" in err.decode()
    assert b"Traceback" not in err


def test_a_realigned_canceller_is_quiet_at_once(answer) -> None:
    speech = np.tile(answer, 4)[: 24_000 * 10].astype(np.float64)
    jump = 24_000 * 6 // 480 * 480

    def residue(realign: bool) -> float:
        late, early = (np.concatenate([np.zeros(delay), 0.5 * speech])[: speech.size] for delay in (1440, 480))
        near = np.concatenate([late[:jump], early[jump:]]) + np.random.default_rng(1).normal(0, 10, speech.size)
        canceller, clean = TwoStage(), []
        for at in range(0, speech.size, 480):
            if at == jump and realign:
                canceller.realign()
            clean.append(canceller.process(*(x[at : at + 480].astype(np.int16) for x in (near, speech))))
        after = np.concatenate(clean)[jump : jump + 48_000] / 32768
        return 10 * np.log10(np.mean(after**2))

    assert residue(realign=True) < residue(realign=False) - 15
    assert residue(realign=True) < -55


def test_a_sound_library_that_hangs_is_abandoned_and_said(monkeypatch) -> None:
    monkeypatch.setattr("satellite.audio.device._CLOSE_S", 0.05)
    backend, never = DeviceBackend(), threading.Event()
    assert not backend.abandoned
    backend._thread = threading.Thread(target=never.wait, daemon=True)
    backend._thread.start()
    backend.close()
    assert backend.abandoned
    never.set()
    backend._thread.join(5)
    assert not backend.abandoned
