"""A room with a voice that hears and talks by itself, in virtual time."""

from __future__ import annotations

import asyncio

import numpy as np

from hub.dialog.acting import Actor
from hub.dialog.conversation import Conversation
from hub.dialog.life import Life
from hub.dialog.voices import Opening, Voices
from hub.engine.port import Persona
from hub.engine.scripted_duplex import DuplexEngine
from hub.events import EventBus, TurnEnded
from hub.hearing.port import Final, Partial, SpeechStarted
from hub.home.demo import DemoHome
from hub.understanding.parser import Parser
from protocol.messages import Play, Playback
from tests.hub.dialog.conftest import FakeLine, HandHearing
from tests.virtual_time import VirtualLoop

LOUD = np.full(480, 6000, np.int16)
SILENCE = np.zeros(480, np.int16)
STORY = "Once upon a time there was a house that could talk all day and all night long."
LIGHTS = "Turn on the kitchen lights."


class Room:
    """A satellite in real time: what is sent to it is played 60 ms later, and said so every 100 ms."""

    def __init__(self, loop, engine, **given):
        self.loop, self.engine = loop, engine
        self.hearing = given.pop("hearing", None) or HandHearing()
        self.home, self.events = DemoHome(now=loop.time), []
        self.line = FakeLine(plays=False)
        self.line.send_audio, self.line.send = self.play, self.send
        self.begun_s = {}
        self.heard, self.closed, self.samples = [], [], 0
        bus = self.bus = EventBus()
        bus.subscribe(self.events.append)
        traces = iter(f"trace-{number}" for number in range(1, 10_000))
        self.voices = Voices(
            engine=engine,
            hearing=self.hearing,
            actor=Actor(self.home, Parser(), now_ms=loop.now_ms, evidence=given.pop("evidence", "both")),
            bus=bus,
            vocabulary=list,
            now_ms=loop.now_ms,
            new_trace=lambda: next(traces),
            follow_up_s=8.0,
            persona=lambda area: Persona("butler", "NATF2", f"You serve in the {area}."),
            **given,
        )
        generations = iter(range(1, 10_000))
        self.talk = Conversation(
            self.line,
            Opening("s-1", "trace-0", "alexa", "why", loop.now_ms(), loop.now_ms(), loop.now_ms()),
            self.voices,
            next_generation=lambda _line: next(generations),
            on_closed=lambda _talk, reason: self.closed.append(reason),
        )

    def send(self, message):
        self.line.sent.append(message)
        if isinstance(message, Play):
            self.begun_s[message.generation] = self.loop.time()

    def play(self, pcm, *, generation, samples, last):
        due_s = max(self.loop.time() + 0.06, getattr(self, "_free_s", 0.0))
        self._free_s = due_s + 0.02

        def played():
            if generation in self.line.flushed:
                return
            self.heard.append((self.loop.time(), generation, bool(pcm.any())))
            if last or samples % 2400 == 0:
                state = "finished" if last else "playing"
                word = Playback(
                    generation=generation, state=state, samples=samples + 480, time_us=int(self.loop.time() * 1e6)
                )
                self.talk.playback(self.line, word, self.loop.now_ms())

        self.loop.call_at(self._free_s, played)

    @property
    def ears(self):
        return self.hearing.streams[-1]

    @property
    def session(self):
        return self.engine.sessions[-1]

    def seen(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def sound_after(self, at_s):
        return [at for at, _generation, loud in self.heard if loud and at > at_s]

    async def begin(self):
        await self.home.start()
        await self.engine.start()
        assert await self.talk.open()

    async def pass_s(self, seconds, sound=SILENCE):
        for _ in range(round(seconds * 50)):
            self.talk.audio(sound, self.samples, self.loop.now_ms(), speech=sound is LOUD)
            self.samples += 480
            await asyncio.sleep(0.02)

    async def user_speaks(self, text, *, final_after_s=0.5, partial=True, second=None):
        """1 s of speech, then silence until the recogniser has the text; returns when the speech ended."""
        start = self.samples
        await self.pass_s(0.1, LOUD)
        self.ears.emit(SpeechStarted(start))
        await self.pass_s(0.5, LOUD)
        if partial:
            self.ears.emit(Partial(text.rstrip(".!?")))
        await self.pass_s(0.4, LOUD)
        ended_s, end = self.loop.time(), self.samples
        await self.pass_s(final_after_s)
        self.ears.emit(Final(text, start, end, 0.9, second, self.loop.now_ms()))
        return ended_s

    async def until(self, condition, seconds=10.0):
        for _ in range(round(seconds * 50)):
            if condition():
                return
            await self.pass_s(0.02)
        raise AssertionError("it did not come about")

    async def turn(self, number=1):
        await self.until(lambda: len(self.seen(TurnEnded)) >= number, 20.0)
        return self.seen(TurnEnded)[number - 1].record


def story(*replies, engine=None, **given):
    def wrap(told):
        def play():
            loop = VirtualLoop()
            broken = []
            loop.set_exception_handler(lambda _loop, context: broken.append(context))

            async def whole():
                voice = engine() if engine is not None else DuplexEngine()
                first = getattr(voice, "first", voice)
                first.script.replies = list(replies)
                room = Room(loop, voice, **given)
                await room.begin()
                try:
                    await told(room)
                finally:
                    await room.talk.close("test_over")
                    await room.home.close()
                    await voice.close()
                assert room.talk.life is Life.CLOSED
                assert asyncio.all_tasks() == {asyncio.current_task()}

            try:
                loop.run_until_complete(whole())
            finally:
                loop.close()
            assert broken == []

        play.__name__ = told.__name__
        return play

    return wrap
