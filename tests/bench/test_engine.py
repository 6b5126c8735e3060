"""What the engine process adds to its model's step, and the way of a frame in and of a word out.

The model is arithmetic, or tiny with random weights on a CPU: nothing here says how fast a GPU is. That table is
printed by `roomtone engine check --random-weights`, on the machine it is about.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import aiohttp
import numpy as np
import psutil
import pytest

from hub.engine.personaplex import wire
from hub.engine.personaplex.embedded.client import EngineClient
from hub.engine.personaplex.serving.ticker import Seat
from tests.hub.engine.personaplex.engine_server import serving

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / ".venvs" / "engine" / "bin" / "python"
TINY = ROOT / "tests" / "hub" / "engine" / "personaplex" / "tiny.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
FAKE = (sys.executable, "-m", "tests.hub.engine.personaplex.serve_fake", "--weights", ".")
ROWS = 4
SECONDS = 10.0


def p(values, share):
    return float(np.quantile(np.asarray(values), share))


class Room:
    """A client of the extension that speaks in real time and notes when answers come."""

    def __init__(self, http, port, voice):
        self.http, self.url, self.voice = http, f"http://127.0.0.1:{port}/api/chat", voice
        self.audio_at, self.texts, self.fed_at = [], [], {}
        self.client = None

    async def open(self):
        opening = wire.Open(voice=self.voice, prompt="You are the voice of this home.")
        began = time.perf_counter()
        self.client = await EngineClient.open(
            self.http, self.url, opening, on_message=self._message,
            on_audio=lambda _index, _pcm: self.audio_at.append(time.perf_counter()), on_lost=self._lost,
        )  # fmt: skip
        return time.perf_counter() - began

    def _message(self, message):
        if isinstance(message, wire.TextPiece):
            self.texts.append((message.frame, time.perf_counter()))

    def _lost(self, error):
        self.audio_at.append(float("nan"))

    async def speak(self, seconds):
        start = time.perf_counter()
        for number in range(int(seconds / 0.02)):
            await asyncio.sleep(max(0.0, start + number * 0.02 - time.perf_counter()))
            value = number // 4 + 1
            self.client.feed(np.full(480, value, np.int16))
            self.fed_at[value] = time.perf_counter()  # of the last quarter: then the frame is whole

    def gaps_ms(self, since, until):
        times = [at for at in self.audio_at if since <= at < until]
        return np.diff(times) * 1000


@contextlib.asynccontextmanager
async def engine(command, rows=ROWS):
    process = await asyncio.create_subprocess_exec(
        *command, "--rows", str(rows), "--port", "0", "--parent-pipe", "--device", "cpu",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT, cwd=ROOT,
    )  # fmt: skip
    try:
        port = 0
        async with asyncio.timeout(90):
            while (line := (await process.stdout.readline()).decode().split()) != ["ready"]:
                assert line, "the engine ended while it was starting"
                port = int(line[1]) if line[0] == "port" else port
        yield psutil.Process(process.pid), port
    finally:
        process.stdin.close()
        await process.wait()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    if not ENGINE.exists():
        pytest.fail("the engine's environment is missing: make bench makes it")
    folder = tmp_path_factory.mktemp("tiny")
    subprocess.run([ENGINE, TINY, folder], env=ENVIRONMENT, check=True, timeout=120)
    return folder


async def load(command, voice):
    """`ROWS` rooms talk for a while: CPU ms a tick, of one core, and the median step of the model, ms."""
    async with engine(command) as (process, port), aiohttp.ClientSession() as http:
        rooms = [Room(http, port, voice) for _ in range(ROWS)]
        opened = [await room.open() for room in rooms]
        await asyncio.gather(*(room.speak(2.0) for room in rooms))
        before, began = sum(process.cpu_times()[:2]), time.perf_counter()
        await asyncio.gather(*(room.speak(SECONDS) for room in rooms))
        cpu_s, wall_s = sum(process.cpu_times()[:2]) - before, time.perf_counter() - began
        async with http.get(f"http://127.0.0.1:{port}/api/health") as answer:
            health = await answer.json()
        for room in rooms:
            await room.client.close()
    return 1000 * cpu_s / (wall_s / 0.08), health, opened


async def test_what_the_process_adds_to_a_step(machine, weights):
    added_ms, _, _ = await load(FAKE, "NATF2.pt")
    real = (ENGINE, "-m", "hub.engine.personaplex.serving.serve", "--weights", weights, "--greedy")
    tick_ms, health, opened = await load(tuple(map(str, real)), "TINYF0.pt")
    step_ms = health["step_ms"]["p50"]
    print(f"\n{machine}; {ROWS} rows, {SECONDS:.0f} s")
    print(f"scheduler, transport and audio: {added_ms:.2f} ms of CPU a tick, {added_ms / ROWS:.2f} a row")
    print(f"  of the 80 ms of a tick: {added_ms / 80:.1%}")
    print(f"tiny model: step p50 {step_ms:.1f} ms, p99 {health['step_ms']['p99']:.1f}; process {tick_ms:.1f} ms a tick")
    print(f"  added to its step: {added_ms / step_ms:.1%}; ticks skipped {health['skipped_ticks']}")
    print(f"session open, first {opened[0] * 1000:.1f} ms, from the cached prompt {p(opened[1:], 0.5) * 1000:.1f} ms")
    assert added_ms / 80 < 0.10


def test_a_snapshot_is_copied_faster_than_a_prompt_is_read(machine, weights):
    code = """
        import json, sys, time
        from pathlib import Path
        from hub.engine.personaplex.model.loading import load_model
        from hub.engine.personaplex.port import ModelOptions, Prompt
        model = load_model(ModelOptions(Path(sys.argv[1]), device="cpu", rows=4, greedy=True))
        read, copied = [], []
        for number in range(20):
            began = time.perf_counter()
            reading = model.prefill(Prompt("TINYF0.pt", f"You are the voice of house number {number}."))
            while (snapshot := reading.advance()) is None:
                pass
            read.append(time.perf_counter() - began)
            began = time.perf_counter()
            model.join(number % 4, snapshot)
            copied.append(time.perf_counter() - began)
        print(json.dumps([sorted(read)[10], sorted(copied)[10], snapshot.frames, snapshot.size_bytes]))
    """
    done = subprocess.run(
        [ENGINE, "-c", textwrap.dedent(code), weights], env=ENVIRONMENT, capture_output=True, check=True, timeout=120
    )
    read_s, copied_s, frames, size_bytes = json.loads(done.stdout)
    print(f"\n{machine}; a prompt of {frames} frames, {size_bytes / 1e6:.2f} MB, n = 20")
    print(f"read {read_s * 1000:.2f} ms, copied {copied_s * 1000:.2f} ms: {read_s / copied_s:.0f} times")
    assert read_s > 5 * copied_s


async def test_the_way_of_a_frame_in_and_of_a_word_out(machine, monkeypatch):
    queued, stepped = {}, {}
    hear = Seat.hear

    def noted(self, pcm):
        queued.setdefault(round(float(pcm.mean()) * 32768), time.perf_counter())
        hear(self, pcm)

    monkeypatch.setattr(Seat, "hear", noted)
    async with serving(1) as engine_:
        step = engine_.model.step

        def timed(inputs):
            outputs = step(inputs)
            stepped[engine_.model.rows[0].frame - 1] = time.perf_counter()
            return outputs

        engine_.model.step = timed
        engine_.model.sample = lambda _row, frame: 12 if frame % 2 == 0 else 3
        room = Room(engine_.http, engine_.port, "NATF2.pt")
        await room.open()
        await room.speak(SECONDS)
        await asyncio.sleep(0.2)
        await room.client.close()
    frames_in = [1000 * (at - room.fed_at[value]) for value, at in queued.items() if value in room.fed_at]
    words_out = [1000 * (at - stepped[frame]) for frame, at in room.texts if frame in stepped]
    print(f"\n{machine}; hub and server on one event loop, n = {len(frames_in)} and {len(words_out)}")
    print(f"user's frame to the model's queue: p50 {p(frames_in, 0.5):.2f}, p99 {p(frames_in, 0.99):.2f} ms")
    print(f"end of the step to the word's event: p50 {p(words_out, 0.5):.2f}, p99 {p(words_out, 0.99):.2f} ms")
    assert min(len(frames_in), len(words_out)) > 50
    assert p(frames_in, 0.99) < 80 / 4  # a quarter of a tick
    assert p(words_out, 0.99) < 80 / 4


async def test_one_killed_and_one_stalled_client_leave_the_others_ticks_alone(machine):
    async with engine(FAKE) as (_process, port), aiohttp.ClientSession() as http, aiohttp.ClientSession() as doomed:
        rooms = [Room(http, port, "NATF2.pt"), Room(http, port, "NATF2.pt"), Room(doomed, port, "NATF2.pt")]
        for room in rooms:
            await room.open()
        speaking = [asyncio.create_task(room.speak(2 * SECONDS + 2)) for room in rooms]
        await asyncio.sleep(1.0)
        first = time.perf_counter()
        await asyncio.sleep(SECONDS)
        second = time.perf_counter()
        await doomed.close()  # gone without a word
        stalled = await http.ws_connect(rooms[0].url, protocols=(wire.SUBPROTOCOL,))
        await stalled.send_str(wire.Open(voice="NATF2.pt", prompt="You are never read.").model_dump_json())
        await asyncio.sleep(SECONDS)
        third = time.perf_counter()
        await asyncio.gather(*speaking)
        for room in rooms:
            await room.client.close()
        await stalled.close()
    before = np.concatenate([room.gaps_ms(first, second) for room in rooms[:2]])
    after = np.concatenate([room.gaps_ms(second, third) for room in rooms[:2]])
    print(f"\n{machine}; two rooms beside one killed and one stalled, n = {before.size} and {after.size}")
    print(f"from frame to frame, before: p50 {p(before, 0.5):.1f}, p99 {p(before, 0.99):.1f} ms")
    print(f"from frame to frame, after:  p50 {p(after, 0.5):.1f}, p99 {p(after, 0.99):.1f} ms")
    assert p(after, 0.99) < 1.2 * p(before, 0.99)
