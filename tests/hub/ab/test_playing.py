"""A turn played to an engine: what is measured, on a clock of the test's own; and once for real, with real speech."""

import asyncio
import wave

import numpy as np
import pytest

from hub.ab.command import play_all
from hub.ab.playing import Play
from hub.ab.recording import RecordingReader, word_error_rate
from hub.ab.report import summary, table
from hub.ab.turns import Expected, ExpectedAction, RecordedTurn, read_turns
from hub.engine.cascade.engine import CascadeEngine
from hub.engine.cascade.voice import VoiceProcess
from hub.engine.port import EngineError, EngineInfo, SessionLost
from hub.engine.scripted import Script, ScriptedEngine
from hub.hearing.local import LocalHearing
from hub.hearing.port import Final
from hub.home.demo import DemoHome

LIGHTS = ExpectedAction(domain="light", service="turn_on", entity_id=("light.kitchen_lights",))


class VirtualTime:
    """Passes as it is slept through, twenty times as fast as on the wall, where the demo house lives."""

    def __init__(self):
        self.s = 100.0

    def now(self):
        return self.s

    async def sleep(self, seconds):
        self.s += seconds
        await asyncio.sleep(seconds / 20)


class Ears:
    """A recogniser that knows its text beforehand: speech from 0.5 s to 1.5 s, read 0.4 s later."""

    def __init__(self, pace, *texts):
        self.pace, self.texts = pace, list(texts)
        self.closed = False

    def open(self, _hints, on_event):
        ears = self

        class Stream:
            def feed(self, _pcm, samples):
                if samples == int(1.9 * 24_000) and ears.texts:
                    final = Final(ears.texts.pop(0), 12_000, 36_000, 0.9, decoded_ms=ears.pace.now() * 1e3)
                    on_event(final)

            async def close(self):
                ears.closed = True

        return Stream()


def turn(**expected):
    return RecordedTurn(None, np.ones(36_000, np.int16), Expected(file="a.wav", **expected))


async def play(engine, one, *texts):
    pace = VirtualTime()
    ears = Ears(pace, *texts)
    home = DemoHome()
    await engine.start()
    await home.start()
    try:
        result = await Play(engine, ears, home, pace).run(one, "kitchen")
    finally:
        await home.close()
        await engine.close()
    assert ears.closed
    return result


async def test_a_spoken_engine_says_what_was_done():
    engine = ScriptedEngine()
    result = await play(engine, turn(action=LIGHTS, text="Turn on the kitchen lights."), "Turn on the kitchen lights.")
    assert result.success
    assert result.action_right
    assert result.word_errors == 0
    assert result.transcript_ms == pytest.approx(400, abs=1)
    assert 400 <= result.understood_ms <= result.answer_ms < 6000
    assert result.spoke_over == 0


async def test_the_wrong_deed_is_no_success():
    result = await play(ScriptedEngine(), turn(action=LIGHTS), "Turn on the hallway light.")
    assert result.answered
    assert result.action_right is False
    assert not result.success


async def test_a_deed_where_nothing_may_be_done_is_no_success():
    result = await play(ScriptedEngine(), turn(action=None), "Turn on the kitchen lights.")
    assert result.action_right is False


async def test_nothing_understood_by_the_recogniser_is_no_answer_and_ends_in_time():
    result = await play(ScriptedEngine(), turn(text="Hello there"))
    assert (result.answered, result.answer_ms, result.transcript, result.word_errors) == (False, None, "", 1.0)
    assert not result.success


async def test_an_autonomous_engine_answers_by_itself_and_is_not_told_what_to_say():
    spoken = []

    class Autonomous(ScriptedEngine):
        info = EngineInfo("auto", autonomous=True, chats=True, capacity=1)

        async def open(self, request, on_event):
            session = await super().open(request, on_event)
            spoken.append(session.said)
            session.say("I am on it.")  # its own words, while the user still talks
            return session

    result = await play(Autonomous(Script()), turn(), "Turn on the kitchen lights.")
    assert spoken == [["I am on it."]]
    assert result.answer_ms is None or result.answer_ms >= 0


async def test_a_lost_engine_ends_the_turn_with_its_reason():
    class Lost(ScriptedEngine):
        async def open(self, request, on_event):
            session = await super().open(request, on_event)
            asyncio.get_running_loop().call_soon(on_event, SessionLost(EngineError("The GPU is gone.")))
            return session

    result = await play(Lost(), turn(), "Turn on the kitchen lights.")
    assert result.error == "The GPU is gone."
    assert not result.success


def test_the_table_puts_one_beside_the_other():
    async def both():
        good = await play(ScriptedEngine(), turn(action=LIGHTS), "Turn on the kitchen lights.")
        bad = await play(ScriptedEngine(), turn(action=LIGHTS))
        return good, bad

    good, bad = asyncio.run(both())
    text = table(("A: one", "B: other"), ([good], [bad]))
    assert "a.wav" in text
    assert "FAIL, no answer" in text
    assert summary([good, bad])["success"] == 0.5
    assert summary([])["answer_p50_ms"] is None


@pytest.mark.parametrize(
    ("wanted", "heard", "rate"),
    [("a b c d", "A, b c d.", 0.0), ("a b c d", "a x c", 0.5), ("a b", "", 1.0), ("a", "a b c", 2.0)],
)
def test_word_errors(wanted, heard, rate):
    assert word_error_rate([wanted], [heard]) == rate


def test_word_errors_need_words():
    with pytest.raises(ValueError, match="no words"):
        word_error_rate([""], ["a"])


@pytest.mark.speech
async def test_real_speech_through_two_real_engines(tmp_path):
    cache = tmp_path / "cache"
    voice = VoiceProcess(cache_dir=cache)
    await voice.start()
    try:
        parts = [pcm async for pcm in voice.speak("Turn on the kitchen lights.")]
    finally:
        await voice.close()
    lead = np.zeros(12_000, np.int16)
    with wave.open(str(tmp_path / "lights.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(np.concatenate([lead, *parts, lead]).astype("<i2").tobytes())
    (tmp_path / "turns.jsonl").write_text(
        Expected(file="lights.wav", text="Turn on the kitchen lights.", action=LIGHTS).model_dump_json()
    )
    reader = RecordingReader(cache)
    assert word_error_rate(["Turn on the kitchen lights."], [reader.read(tmp_path / "lights.wav")]) == 0
    reader.close()

    told = []
    loop = asyncio.get_running_loop()
    ears = LocalHearing(now_ms=lambda: loop.time() * 1e3, cache_dir=cache)
    engines = (CascadeEngine(cache_dir=cache), ScriptedEngine())
    (cascade,), (scripted,) = await play_all(read_turns([tmp_path]), engines, ears, "kitchen", told.append)
    for result in (cascade, scripted):
        assert result.success, result
        assert result.action_right
        assert result.word_errors == 0
        assert 0 < result.transcript_ms < 5000
    # Only one of them needs time to make its voice.
    assert cascade.answer_ms - cascade.understood_ms > scripted.answer_ms - scripted.understood_ms
    assert len(told) == 2
