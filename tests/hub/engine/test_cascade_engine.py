import asyncio

import numpy as np
import pytest

from hub.engine.cascade.engine import CascadeEngine
from hub.engine.port import AudioOut, EngineBusyError, EngineError, SessionRequest, TextOut, UtteranceEnded

REQUEST = SessionRequest("s", "kitchen", "t")


@pytest.fixture
async def engines(fake_voice):
    made = []

    async def make(fault="", **how):
        engine = CascadeEngine(process=fake_voice(fault, once=how.pop("once", False)), **how)
        await engine.start()
        made.append(engine)
        return engine

    yield make
    for engine in made:
        await engine.close()


class Ear:
    def __init__(self):
        self.events = []
        self.changed = asyncio.Event()

    def __call__(self, event):
        self.events.append(event)
        self.changed.set()

    async def ended(self, count=1):
        async with asyncio.timeout(10):
            while len(found := [e for e in self.events if isinstance(e, UtteranceEnded)]) < count:
                self.changed.clear()
                await self.changed.wait()
        return found


async def test_it_says_text_then_audio_then_the_end(engines):
    engine, ear = await engines(), Ear()
    assert (engine.info.autonomous, engine.info.chats, engine.info.capacity) == (False, False, 4)
    session = await engine.open(REQUEST, ear)
    assert [session.say("The light is on."), session.say("Good night.")] == [1, 2]
    assert await ear.ended(2) == [UtteranceEnded(1), UtteranceEnded(2)]
    assert ear.events[0] == TextOut("The light is on.", 1)
    audio = [e for e in ear.events if isinstance(e, AudioOut)]
    assert {event.utterance for event in audio} == {1, 2}
    assert all(event.pcm.dtype == np.int16 and len(event.pcm) <= 1920 for event in audio)


async def test_an_interruption_silences_within_one_chunk(engines):
    engine, ear = await engines(), Ear()
    chunks = []

    def cut(event):
        ear(event)
        if isinstance(event, AudioOut):
            chunks.append(event)
            session.interrupt()

    session = await engine.open(REQUEST, cut)
    session.say("x" * 200)
    session.say("never said")
    assert await ear.ended(2) == [UtteranceEnded(1, interrupted=True), UtteranceEnded(2, interrupted=True)]
    await asyncio.sleep(0.05)
    assert len(chunks) == 1
    session.say("Heard again.")
    assert (await ear.ended(3))[2].utterance == 3


async def test_an_interruption_before_the_first_sound(engines):
    engine, ear = await engines("slow"), Ear()
    session = await engine.open(REQUEST, ear)
    session.say("Too late.")
    await asyncio.sleep(0.05)
    session.interrupt()
    session.interrupt()
    session.say("In time.")
    assert await ear.ended(2) == [UtteranceEnded(1, interrupted=True), UtteranceEnded(2)]
    assert {event.utterance for event in ear.events if isinstance(event, AudioOut)} == {2}


async def test_a_dead_voice_ends_the_utterance_with_its_error(engines):
    engine, ear = await engines("dies", once=True), Ear()
    session = await engine.open(REQUEST, ear)
    session.say("Lost.")
    session.say("Said.")
    first, second = await ear.ended(2)
    assert isinstance(first.error, EngineError)
    assert second == UtteranceEnded(2)


async def test_the_queue_and_the_places_are_bounded(engines):
    engine, ear = await engines("slow", capacity=1), Ear()
    session = await engine.open(REQUEST, ear)
    with pytest.raises(EngineBusyError) as caught:
        await engine.open(REQUEST, ear)
    assert caught.value.code == "engine_busy"
    for _ in range(8):
        session.say("waits")
    with pytest.raises(EngineError, match="already wait"):
        session.say("too much")
    await session.close()
    seen = len(ear.events)
    with pytest.raises(EngineError, match="over"):
        session.say("late")
    await (await engine.open(REQUEST, ear)).close()
    await asyncio.sleep(0.4)
    assert len(ear.events) == seen
