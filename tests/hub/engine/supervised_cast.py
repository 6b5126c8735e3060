"""A supervised voice on a stage in virtual time: what both voices do, and what is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np

from hub.engine.port import (
    AudioOut,
    EngineError,
    SessionRequest,
    UtteranceEnded,
)
from hub.engine.scripted import Script, ScriptedEngine
from hub.engine.scripted_duplex import DuplexEngine
from hub.engine.supervisor import SupervisedEngine
from tests.virtual_time import VirtualLoop

REQUEST = SessionRequest("s-1", "kitchen", "t-1")
SILENCE = np.zeros(480, np.int16)
LOUD = np.full(480, 6000, np.int16)
LONG = "The garage door is still open and the light in the hall is on."


class PromptRefusedError(EngineError):
    code = "engine_prompt"
    retry = False


@dataclass
class Cast:
    first: DuplexEngine = field(default_factory=DuplexEngine)
    other: ScriptedEngine = field(default_factory=lambda: ScriptedEngine(Script(pace="real")))
    told: list = field(default_factory=list)
    heard: list = field(default_factory=list)

    def __post_init__(self):
        self.loop = asyncio.get_running_loop()
        self.engine = SupervisedEngine(self.first, self.other, publish=self.told.append, now_s=self.loop.time)

    async def open(self):
        return await self.engine.open(REQUEST, self.heard.append)

    def seen(self, kind):
        return [event for event in self.told if isinstance(event, kind)]

    def ends(self):
        return [event for event in self.heard if isinstance(event, UtteranceEnded)]

    def audible(self, utterance):
        return sum(
            event.pcm.size
            for event in self.heard
            if isinstance(event, AudioOut) and event.utterance == utterance and event.pcm.any()
        )

    @property
    def stand_in(self):
        return self.other.sessions[-1]


def story(told):
    """Play a story in virtual time; nothing of it may be left running."""

    def play(**_fixtures):
        loop = VirtualLoop()
        broken = []
        loop.set_exception_handler(lambda _loop, context: broken.append(context))

        async def whole():
            cast = Cast()
            try:
                await told(cast)
            finally:
                await cast.engine.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

        try:
            loop.run_until_complete(whole())
        finally:
            loop.close()
        assert broken == []

    play.__name__ = told.__name__
    return play


async def talk(session, seconds, sound=SILENCE):
    for _ in range(int(seconds * 50)):
        session.feed(sound, 0)
        await asyncio.sleep(0.02)
