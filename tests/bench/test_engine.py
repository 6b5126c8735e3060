"""The full-duplex engine around its model: scheduling, transport, snapshots, and clients that misbehave.

The parts with torch take tiny weights on the CPU; what a GPU does with the real ones, `roomtone engine check` measures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import numpy as np
import psutil
import pytest

from hub.engine.personaplex import wire
from hub.engine.personaplex.embedded.session import EmbeddedSession
from hub.engine.port import AudioOut, TextOut

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / ".venvs" / "engine" / "bin" / "python"
TINY = ROOT / "tests" / "hub" / "engine" / "personaplex" / "tiny.py"
TONE = (8000 * np.sin(np.arange(480) * 0.1)).astype(np.int16)
ROWS, SECONDS, TICK_S = 4, 12.0, 0.08
SNAPSHOTS = """
import json, sys, time
from pathlib import Path
from hub.engine.personaplex.model.loading import load_model
from hub.engine.personaplex.port import ModelOptions, Prompt
model = load_model(ModelOptions(Path(sys.argv[1]), device="cpu", rows=4, greedy=True))
def took(work):
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer
def read(text):
    reading = model.prefill(Prompt("TINYF0.pt", text))
    while (snapshot := reading.advance()) is None:
        pass
    return snapshot
read("Warm.")
prefills, copies = [], []
for number in range(12):
    seconds, snapshot = took(lambda: read(f"You are the voice of home number {number}, kind and brief."))
    prefills.append(seconds)
    for place in range(4):
        copies.append(took(lambda: model.join(place, snapshot))[0])
        model.leave(place)
print(json.dumps([prefills, copies, snapshot.frames]))
"""


@contextlib.asynccontextmanager
async def process(*command):
    """An engine process that is ready; gives its handle and port."""
    running = await asyncio.create_subprocess_exec(
        *map(str, command), "--rows", str(ROWS), "--port", "0", "--parent-pipe",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
    )  # fmt: skip
    try:
        port = 0
        async with asyncio.timeout(120):
            while (line := (await running.stdout.readline()).decode().split()) != ["ready"]:
                assert line, "the engine process ended"
                port = int(line[1]) if line[0] == "port" else port
        yield running, port
    finally:
        running.stdin.close()
        async with asyncio.timeout(10):
            await running.wait()


class Client:
    """A hub's session that talks in real time, and when it sent and got what."""

    def __init__(self):
        self.session = EmbeddedSession(self._on_event, lambda _session: None)
        self.sent_s, self.text_s, self.audio_s, self.talking = [], [], [], None

    def _on_event(self, event):
        if isinstance(event, TextOut):
            self.text_s.append((event.frame, time.monotonic()))
        elif isinstance(event, AudioOut):
            self.audio_s.append(time.monotonic())

    async def open(self, http, port, voice="NATF2.pt", prompt="You are kind."):
        url = f"ws://127.0.0.1:{port}{wire.ROUTE}"
        began = time.monotonic()
        await self.session.connect(http, url, wire.Open(voice=voice, prompt=prompt))
        took_s = time.monotonic() - began
        # Every frame is to be seen, those between words too.
        heard = self.session._on_audio
        self.session._client._on_audio = lambda frame, pcm: (self.audio_s.append(time.monotonic()), heard(frame, pcm))
        return took_s

    def talk(self):
        self.talking = asyncio.create_task(self._talk())

    async def _talk(self):
        began = time.monotonic()
        for index in range(1 << 20):
            await asyncio.sleep(max(0.0, began + 0.02 * index - time.monotonic()))
            self.sent_s.append(time.monotonic())
            self.session.feed(TONE, 0)

    async def close(self):
        if self.talking is not None:
            self.talking.cancel()
            await asyncio.gather(self.talking, return_exceptions=True)
        await self.session.close()


@contextlib.asynccontextmanager
async def talking(port, count, **opening):
    async with aiohttp.ClientSession() as http, contextlib.AsyncExitStack() as ends:
        clients = []
        for _ in range(count):
            clients.append(Client())
            ends.push_async_callback(clients[-1].close)
            await clients[-1].open(http, port, **opening)
            clients[-1].talk()
        yield http, clients


def quantiles(seconds):
    return tuple(float(value) * 1000 for value in np.percentile(seconds, [50, 99]))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    engine_python(TINY, folder)
    return folder


def engine_python(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [ENGINE, *map(str, arguments)], env=environment, check=True, capture_output=True, text=True, timeout=200
    ).stdout


def fake(notes):
    return sys.executable, "-m", "tests.bench.engine_process", notes, "--weights", notes.parent


async def health(http, port):
    async with http.get(f"http://127.0.0.1:{port}{wire.HEALTH_ROUTE}") as answer:
        return await answer.json()


def used_s(running):
    times = psutil.Process(running.pid).cpu_times()
    return times.user + times.system


async def overhead_us(command, opening):
    """CPU time of the process for each row and tick in us, and the model's own step at the median in us."""
    async with process(*command) as (running, port), talking(port, ROWS, **opening) as (http, _clients):
        await asyncio.sleep(1.0)
        before, ticks = used_s(running), (await health(http, port))["ticks"]
        await asyncio.sleep(SECONDS)
        after = await health(http, port)
        moved = after["ticks"] - ticks
        return (used_s(running) - before) / moved / ROWS * 1e6, after["step_ms"]["p50"] * 1000


async def test_what_a_tick_costs_beside_the_model(tmp_path, weights, machine):
    free_us, _step_us = await overhead_us(fake(tmp_path / "notes"), {})
    tiny = (ENGINE, "-m", "hub.engine.personaplex.serving.serve", "--weights", weights, "--device", "cpu", "--greedy")
    opening = {"voice": "TINYF0.pt"}
    _all_us, step_us = await overhead_us(tiny, opening)
    share = free_us * ROWS / step_us
    print(f"\n{machine}; {ROWS} rows, {SECONDS:g} s each")
    print(f"| scheduler, transport and codec, for each row and tick | {free_us:.0f} us of CPU |")
    print(f"| step of {ROWS} rows, tiny weights | {step_us / 1000:.1f} ms |")
    print(f"| the first for {ROWS} rows against the second | {100 * share:.1f} % |")
    print(f"| the first for {ROWS} rows against a tick of 80 ms | {100 * free_us * ROWS / 80_000:.2f} % |")
    assert share <= 0.25


def test_a_snapshot_is_copied_and_not_read_again(weights, machine):
    prefills, copies, frames = json.loads(engine_python("-c", SNAPSHOTS, weights))
    prefill, copy = statistics.median(prefills), statistics.median(copies)
    print(f"\n{machine}; n={len(prefills)} prefills of {frames} frames, {len(copies)} copies")
    print(f"| prefill | {prefill * 1000:.1f} ms | copy | {copy * 1000:.3f} ms | ratio | {prefill / copy:.0f} |")
    assert prefill >= 5 * copy


async def test_opening_from_a_cached_snapshot(weights, machine):
    tiny = (ENGINE, "-m", "hub.engine.personaplex.serving.serve", "--weights", weights, "--device", "cpu", "--greedy")
    took_s = {"cached": [], "new": []}
    prompt = "You are the voice of this home, kind and brief. " * 3
    async with process(*tiny) as (_running, port), aiohttp.ClientSession() as http:
        for number in range(42):
            client = Client()
            text = f"{prompt}You are number {number}." if number % 2 else prompt
            took_s["new" if number % 2 else "cached"].append(await client.open(http, port, "TINYF0.pt", text))
            await client.close()
            await asyncio.sleep(0.2)  # the step that its row was in is over
    print(f"\n{machine}")
    for name, values in took_s.items():
        p50, p99 = quantiles(values[1:])
        print(f"| open, {name} prompt | p50 {p50:.1f} ms | p99 {p99:.1f} ms | n={len(values) - 1} |")
    assert statistics.median(took_s["cached"][1:]) < statistics.median(took_s["new"][1:])


async def test_between_hub_and_model(tmp_path, machine):
    notes = tmp_path / "notes"
    async with process(*fake(notes)) as (_running, port), talking(port, 1) as (_http, (client,)):
        await asyncio.sleep(3 * SECONDS)
    noted = json.loads(notes.read_text())
    inbox = noted["queued"][-1][0]
    queued = {number: at_s for where, number, at_s in noted["queued"] if where == inbox}
    # The fourth piece of 20 ms completes a frame of 80.
    frames_s = [at_s - client.sent_s[4 * number + 3] for number, at_s in queued.items()]
    said = {frame: at_s for _row, frame, at_s in noted["words"][-len(client.text_s) - 20 :]}
    texts_s = [at_s - said[frame] for frame, at_s in client.text_s if frame in said]
    print(f"\n{machine}")
    for name, values in {"text token to hub event": texts_s, "user's frame to model queue": frames_s}.items():
        print(f"| {name} | p50 {quantiles(values)[0]:.2f} ms | p99 {quantiles(values)[1]:.2f} ms | n={len(values)} |")
        assert len(values) >= 50
        assert 0 < quantiles(values)[0] < 0.25 * TICK_S * 1000


async def test_clients_that_die_or_do_not_read_cost_the_others_nothing(tmp_path, machine):
    p99 = {}
    async with process(*fake(tmp_path / "notes")) as (_running, port), talking(port, ROWS) as (_http, clients):
        good, dying, stalled = clients[:2], clients[2], clients[3]

        async def watch(name):
            for client in good:
                client.audio_s.clear()
            await asyncio.sleep(SECONDS)
            steps_s = np.concatenate([np.diff(client.audio_s) for client in good])
            p99[name] = quantiles(steps_s)[1], len(steps_s)

        await asyncio.sleep(1.0)
        await watch("before")
        dying.session._client._websocket._response.connection.transport.abort()
        stalled.session._client._websocket._response.connection.transport.pause_reading()
        await watch("after")
    print(f"\n{machine}")
    for name, (value, count) in p99.items():
        print(f"| between two frames of the other rows, {name} | p99 {value:.2f} ms | n={count} |")
    assert p99["after"][0] <= 1.2 * p99["before"][0]
