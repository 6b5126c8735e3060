"""A satellite's whole day without a call, faster than real time: the real agent on recordings, the real TLS."""

from __future__ import annotations

import asyncio
import random
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from satellite.agent import Agent, Settings
from satellite.audio.files import FileBackend, FileSetting
from satellite.config import Store
from satellite.dsp.echo import TwoStage
from tests.e2e.household import RATE_HZ, Pcm, Person, track, write_wav
from tests.privacy.spec_hub import SpecHub

_BARRIER_BLOCKS = 5
_LEAD_S = 2.0
HOP = 480


class Scene(NamedTuple):
    """A recording and what is said in it.

    Attributes:
        pcm: int16 at 24 kHz, whole blocks.
        said: sentences with the frames of 20 ms from which and to which they are heard.
    """

    pcm: Pcm
    said: list[tuple[str, int, int]]


def scene(person: Person, duration_s: float, texts: list[str], *, seed: int) -> Scene:
    """Sentences in changing order and loudness with pauses of 0.6 to 4 s, in a room with its own noise."""
    draw = random.Random(seed)
    parts: list[float | Pcm] = [_LEAD_S]
    said, at, waiting = [], round(_LEAD_S * RATE_HZ), []
    while at < duration_s * RATE_HZ:
        if not waiting:
            waiting = draw.sample(texts, len(texts))
        text = waiting.pop()
        voice = (person.say(text) * 10 ** (draw.uniform(-4, 2) / 20)).astype(np.int16)
        pause_s = draw.uniform(0.6, 4.0)
        said.append((text, at // HOP, (at + voice.size) // HOP + 1))
        parts += [voice, pause_s]
        at += voice.size + int(pause_s * RATE_HZ)
    pcm = track(*parts, noise_db=-65.0, seed=seed)
    return Scene(pcm[: pcm.size // HOP * HOP], said)


class Hurry:
    """A clock that runs as fast as the satellite's event loop keeps up, so that nothing is dropped."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._at_us = 1_000_000
        self._blocks = 0

    def now_us(self) -> int:
        return self._at_us

    def unix_s(self) -> float:
        return 1000.0

    def wait_until(self, deadline_us: int, stop: threading.Event) -> None:
        self._at_us = max(self._at_us, deadline_us)
        self._blocks += 1
        if self._blocks % _BARRIER_BLOCKS == 0 and not stop.is_set():
            reached = threading.Event()
            self._loop.call_soon_threadsafe(reached.set)
            reached.wait(5)


async def live_through(pcm: Pcm, hub: SpecHub, port: int, state_dir: Path, timeout_s: float) -> list[str]:
    """Let the paired satellite hear all of it; what it reported."""
    store = Store(state_dir)
    identity = store.load()
    assert identity is not None
    setting = FileSetting(write_wav(state_dir / "mic.wav", pcm), state_dir / "speaker.wav")
    events: list[str] = []
    agent = Agent(
        store, identity, FileBackend(setting, Hurry(asyncio.get_running_loop())),
        canceller=TwoStage(), settings=Settings(("okay_nabu",), ("127.0.0.1", port)), report=events.append,
    )  # fmt: skip
    stop = asyncio.Event()
    task = asyncio.ensure_future(agent.run(stop))
    end = pcm.size - 4 * HOP

    def over() -> bool:
        return task.done() or bool(hub.frames and max(f.samples for f in hub.frames[-4:]) >= end)

    try:
        await hub.until(over, timeout_s)
    finally:
        stop.set()
        await task
    return events


def floats(pcm: Pcm) -> NDArray[np.float32]:
    return pcm.astype(np.float32) / 32768
