import asyncio

import numpy as np
import pytest

from hub.engine.echo import EchoEngine
from hub.engine.port import AudioOut, EngineBusyError, EngineError, SessionRequest, TextOut, UtteranceEnded
from hub.engine.scripted import Script, ScriptedEngine, tones

REQUEST = SessionRequest("s", "kitchen", "t")
SILENCE = np.zeros(480, np.int16)
SPEECH = np.random.default_rng(0).integers(-8000, 8000, 480).astype(np.int16)


async def opened(script, **how):
    events = []
    engine = ScriptedEngine(script, **how)
    await engine.start()
    return engine, await engine.open(REQUEST, events.append), events


def audio(events):
    pieces = [event.pcm for event in events if isinstance(event, AudioOut)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


async def test_it_speaks_audibly_and_remembers_what_was_asked():
    engine, session, events = await opened(Script())
    assert session.say("The light is on") == 1
    await asyncio.sleep(0.05)
    assert np.array_equal(audio(events), tones("The light is on"))
    assert np.abs(audio(events)).max() > 3000
    assert "".join(e.piece for e in events if isinstance(e, TextOut)) == " The light is on"
    assert events[-1] == UtteranceEnded(1)
    assert session.said == ["The light is on"]
    await engine.close()


async def test_real_pace_takes_its_time():
    _engine, session, events = await opened(Script(pace="real", sound=lambda _text: np.ones(4800, np.int16)))
    began = asyncio.get_running_loop().time()
    session.say("hi")
    while not events or not isinstance(events[-1], UtteranceEnded):
        await asyncio.sleep(0.01)
    assert asyncio.get_running_loop().time() - began > 0.17
    await session.close()


async def test_an_autonomous_voice_answers_by_itself_in_audio_time():
    script = Script(replies=["hello there"], pace="input", answer_after_ms=400)
    _engine, session, events = await opened(script, autonomous=True)
    for step in range(10):
        session.feed(SPEECH, step * 480)
    silent_steps = 0
    while not events:
        session.feed(SILENCE, 0)
        silent_steps += 1
        assert silent_steps < 50
    assert silent_steps == pytest.approx(400 / 20, abs=2)
    for _ in range(40):
        session.feed(SILENCE, 0)
    assert np.array_equal(audio(events), tones("hello there"))
    assert [(e.piece, e.frame) for e in events if isinstance(e, TextOut)] == [(" hello", 0), (" there", 3)]
    assert events[-1] == UtteranceEnded(0)
    for _ in range(10):
        session.feed(SPEECH, 0)
    for _ in range(40):
        session.feed(SILENCE, 0)
    assert events[-1] == UtteranceEnded(0)
    assert len(session.heard) >= 100
    await session.close()


async def test_replies_may_be_a_function():
    script = Script(replies=lambda turn: f"answer {turn}", pace="input")
    _engine, session, events = await opened(script, autonomous=True)
    for _ in range(2):
        for piece in [SPEECH] * 8 + [SILENCE] * 60:
            session.feed(piece, 0)
    assert [e.piece for e in events if isinstance(e, TextOut)] == [" answer", " 0", " answer", " 1"]
    await session.close()


async def test_interruption_and_failures_as_scripted():
    script = Script(pace="input")
    engine, session, events = await opened(script, capacity=1)
    session.say("one two")
    session.feed(SILENCE, 0)
    session.interrupt()
    assert events[-1] == UtteranceEnded(1, interrupted=True)
    count = len(events)
    session.feed(SILENCE, 0)
    assert len(events) == count
    with pytest.raises(EngineBusyError):
        await engine.open(REQUEST, events.append)
    script.utterance_error = EngineError("broken")
    session.say("three")
    session.feed(SILENCE, 0)
    assert events[-1].error is script.utterance_error
    script.say_error = EngineError("mute")
    with pytest.raises(EngineError, match="mute"):
        session.say("four")
    await engine.close()
    with pytest.raises(EngineError, match="over"):
        session.say("five")
    with pytest.raises(EngineError, match="no start"):
        await ScriptedEngine(Script(start_error=EngineError("no start"))).start()
    with pytest.raises(EngineError, match="no door"):
        await ScriptedEngine(Script(open_error=EngineError("no door"))).open(REQUEST, events.append)


async def test_the_echo_gives_back_what_it_hears_at_once():
    events = []
    engine = EchoEngine(capacity=1)
    await engine.start()
    session = await engine.open(REQUEST, events.append)
    session.feed(SPEECH, 0)
    assert np.array_equal(audio(events), SPEECH)
    session.interrupt()
    with pytest.raises(EngineError, match="cannot say"):
        session.say("hello")
    with pytest.raises(EngineBusyError):
        await engine.open(REQUEST, events.append)
    await engine.close()
    session.feed(SPEECH, 0)
    assert len(events) == 1
