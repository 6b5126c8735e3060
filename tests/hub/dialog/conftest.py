"""The edges of a conversation, played by hand: a line that records, a recogniser and a voice that obey."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pytest

from hub.dialog import filler
from hub.dialog.acting import Actor
from hub.dialog.expert import Expert
from hub.dialog.voices import Voices
from hub.engine.port import AudioOut, EngineBusyError, EngineError, EngineInfo, UtteranceEnded
from hub.events import EventBus
from hub.home.demo import DemoHome
from hub.llm.openai import ModelOptions, OpenAiModel
from hub.understanding.parser import Parser
from protocol.messages import Flush, Play, Playback
from tests.hub.llm.expert_server import ExpertServer


@dataclass
class FakeLine:
    """A satellite that plays everything at once and says so."""

    device_id: str = "0" * 32
    area_id: str = "kitchen"
    name: str = "kitchen"
    features: frozenset = frozenset({"ask", "follow"})
    clock_error_ms: float = 0.0
    plays: bool = True
    sent: list = field(default_factory=list)
    audio: list = field(default_factory=list)
    uplink: bool = False
    on_playback: object = None

    def send(self, message):
        self.sent.append(message)

    def send_audio(self, pcm, *, generation, samples, last):
        self.audio.append((generation, samples, last, pcm))
        if self.plays and self.on_playback is not None:
            state = "finished" if last else "playing"
            now_us = int(asyncio.get_running_loop().time() * 1e6)
            done = Playback(generation=generation, state=state, samples=samples + 480, time_us=now_us)
            asyncio.get_running_loop().call_soon(self.on_playback, self, done)

    def to_hub_ms(self, satellite_us):
        return satellite_us / 1000.0

    def open_uplink(self):
        self.uplink = True

    def close_uplink(self):
        self.uplink = False

    def of(self, kind):
        return [message for message in self.sent if isinstance(message, kind)]

    @property
    def generations(self):
        return [message.generation for message in self.of(Play)]

    @property
    def flushed(self):
        return [message.generation for message in self.of(Flush)]


class HandHearing:
    """Emits what the test says."""

    def __init__(self):
        self.streams = []

    async def start(self):
        pass

    def open(self, hints, on_event):
        stream = HandStream(hints, on_event)
        self.streams.append(stream)
        return stream

    async def close(self):
        pass


class HandStream:
    def __init__(self, hints, on_event):
        self.hints, self.emit, self.closed, self.fed = hints, on_event, False, 0

    def feed(self, pcm, samples):
        self.fed += pcm.size

    async def close(self):
        self.closed = True


class HandEngine:
    """Makes `seconds` of sound for each sentence; `hold` keeps the end back so that a test can cut in.

    `eager` speaks before `say` returns, `fails` ends every sentence with an error, opening takes `opening_s`.
    """

    def __init__(self):
        self.info = EngineInfo("by hand", autonomous=False, chats=False, capacity=4)
        self.sessions, self.said, self.seconds, self.busy, self.hold = [], [], 0.1, False, False
        self.eager, self.fails, self.opening_s, self.capacity = False, False, 0.0, 4
        self.autonomous = False

    async def start(self):
        pass

    async def open(self, request, on_event):
        if self.busy or sum(not session.closed for session in self.sessions) >= self.capacity:
            raise EngineBusyError("Every place is taken.")
        if self.opening_s:
            await asyncio.sleep(self.opening_s)
        session = HandSession(self, on_event)
        self.sessions.append(session)
        return session

    async def close(self):
        pass


class HandSession:
    def __init__(self, engine, on_event):
        self.autonomous, self.listening = engine.autonomous, False
        self.engine, self.emit, self.number, self.closed = engine, on_event, 0, False
        self.waiting = []

    @property
    def running(self):
        return bool(self.waiting)

    @property
    def running_count(self):
        return len(self.waiting)

    def feed(self, pcm, samples, packet=None):
        pass

    def say(self, text):
        self.number += 1
        self.waiting.append(self.number)
        self.engine.said.append(text)
        if self.engine.eager:
            self._speak(self.number)
        else:
            asyncio.get_running_loop().call_soon(self._speak, self.number)
        return self.number

    def _speak(self, number):
        if number not in self.waiting or self.closed:
            return
        self.emit(AudioOut(np.full(int(self.engine.seconds * 24_000), 1000, np.int16), number))
        if not self.engine.hold and number in self.waiting:
            self.waiting.remove(number)
            self.emit(UtteranceEnded(number, error=EngineError("The voice broke.") if self.engine.fails else None))

    def listen_only(self, *, on):
        self.listening = on

    def user_said(self, text):
        pass

    def interrupt(self):
        cut, self.waiting = self.waiting, []
        for number in cut:
            self.emit(UtteranceEnded(number, interrupted=True))

    async def close(self):
        self.closed, self.waiting = True, []


@dataclass
class Cast:
    """Everybody a test needs."""

    line: FakeLine
    hearing: HandHearing
    engine: HandEngine
    home: DemoHome
    voices: Voices
    events: list

    def seen(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
async def cast():
    loop = asyncio.get_running_loop()
    home, hearing, engine, bus, events = DemoHome(now=loop.time), HandHearing(), HandEngine(), EventBus(), []
    await home.start()
    bus.subscribe(events.append)

    def now_ms():
        return loop.time() * 1000.0

    traces = iter(f"trace-{number}" for number in range(1, 100))
    voices = Voices(
        engine=engine,
        hearing=hearing,
        actor=Actor(home, Parser(), now_ms=now_ms),
        bus=bus,
        vocabulary=list,
        now_ms=now_ms,
        new_trace=lambda: next(traces),
        follow_up_s=0.4,
    )
    yield Cast(FakeLine(), hearing, engine, home, voices, events)
    await home.close()


@pytest.fixture
async def expert_server():
    """A model's server; it says what a test gives it to say."""
    server = ExpertServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def make_expert(expert_server):
    made = []

    def make(timeout_s=5.0, cache_lifetime_s=60.0, now_s=None, **options):
        model = OpenAiModel(ModelOptions(expert_server.url, "tiny", **options))
        loop = asyncio.get_running_loop()
        expert = Expert(
            model,
            now_s=now_s or loop.time,
            wall_clock=lambda: datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
            timeout_s=timeout_s,
            cache_lifetime_s=cache_lifetime_s,
        )
        made.append(expert)
        return expert

    yield make
    for expert in made:
        await expert.close()


@pytest.fixture
def hasty_fillers(monkeypatch):
    """Fillers come soon."""
    monkeypatch.setattr(filler, "FIRST_AFTER_S", 0.05)
    monkeypatch.setattr(filler, "AGAIN_AFTER_S", 0.1)
