import asyncio
import os
import signal

import numpy as np
import pytest

from hub.engine.cascade.voice import VoiceProcess, _without_lead, find_voice
from hub.engine.port import EngineError


async def all_of(voice, text, **how):
    pieces = [pcm async for pcm in voice.speak(text, **how)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
async def started(fake_voice):
    voices = []

    async def start(fault="", **how):
        voice = fake_voice(fault, **how)
        await voice.start()
        voices.append(voice)
        return voice

    yield start
    for voice in voices:
        pid = voice.pid
        await voice.close()
        assert pid is None or not alive(pid)


async def test_sentences_come_at_24_khz_with_a_gap_between(started):
    voice = await started()
    pcm = await all_of(voice, "Ten chars. Ten chars.")
    assert pcm.dtype == np.int16
    assert len(pcm) == pytest.approx((2 * 0.1 + 0.12) * 24_000, abs=5)
    assert abs(int(pcm[1200])) == pytest.approx(10, abs=1)
    assert pcm[2400 + 1440] == 0
    assert len(await all_of(voice, "  ")) == 0


def test_the_silence_in_front_of_a_voice_is_taken_off():
    quiet, voice = np.full(1600, -40, np.int16), np.full(800, -3000, np.int16)
    assert len(_without_lead(np.concatenate((quiet, voice)), 16_000)) == 800 + 160
    assert len(_without_lead(voice, 16_000)) == 800
    assert len(_without_lead(quiet, 16_000)) == 1600


async def test_the_first_piece_of_a_sentence_does_not_wait_for_the_rest(started, go_on):
    voice = await started("halves")
    speaking = voice.speak("A sentence of some length, in two halves.")
    async with asyncio.timeout(5):
        first = await anext(speaking)
        go_on.touch()
        rest = [pcm async for pcm in speaking]
    whole = 41 * 240
    assert 0.3 * whole < len(first) < 0.5 * whole
    assert len(first) + sum(map(len, rest)) == pytest.approx(whole, abs=5)


async def test_death_in_mid_sentence_ends_it_with_an_error_and_the_next_works(started):
    voice = await started("dies", once=True)
    with pytest.raises(EngineError, match="died") as caught:
        await all_of(voice, "This one is lost.")
    assert caught.value.retry
    assert len(await all_of(voice, "This one is said.")) > 0
    assert voice.restarts == 1


async def test_garbage_from_the_process_is_a_death_too(started):
    voice = await started("garbage", once=True)
    with pytest.raises(EngineError):
        await all_of(voice, "This one is lost.")
    assert len(await all_of(voice, "This one is said.")) > 0


async def test_a_sentence_it_refuses_costs_only_that(started):
    voice = await started("refuses")
    with pytest.raises(EngineError, match="not this"):
        await all_of(voice, "bad")
    assert len(await all_of(voice, "good")) > 0
    assert voice.restarts == 0


async def test_a_caller_who_leaves_spoils_nothing_for_the_next(started):
    voice = await started("slow")
    leaving = asyncio.create_task(all_of(voice, "a" * 50))
    await asyncio.sleep(0.1)
    leaving.cancel()
    pcm = await all_of(voice, "b" * 20)
    assert len(pcm) == pytest.approx(0.2 * 24_000, abs=5)
    assert voice.restarts == 0


async def test_callers_take_turns_sentence_by_sentence(started):
    voice = await started("slow")
    order = []

    async def say(name):
        async for _pcm in voice.speak("One sentence. Two sentences. Three sentences."):
            order.append(name)  # noqa: PERF401 - the moment counts

    await asyncio.gather(say("a"), say("b"))
    assert order[:4] == ["a", "b", "a", "b"]


@pytest.mark.parametrize(("fault", "words"), [("unloadable", "no such voice"), ("stillborn", "died")])
async def test_a_voice_that_cannot_start_says_why(fake_voice, fault, words):
    voice = fake_voice(fault)
    with pytest.raises(EngineError, match=words):
        await voice.start()
    await voice.close()
    with pytest.raises(EngineError, match="2000"):
        await all_of(voice, "x" * 2001)


def test_a_named_voice_needs_both_files(tmp_path):
    with pytest.raises(EngineError, match=r"\.onnx\.json beside it"):
        find_voice(tmp_path / "none.onnx", None)


@pytest.mark.speech
async def once_it_is_back(voice, text):
    """Said again as the refusal tells: a busy machine takes longer to start the voice than a caller is kept waiting."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await all_of(voice, text)
            except EngineError:
                await asyncio.sleep(0.1)


async def test_the_real_voice_survives_kill_9_and_repeats_itself_exactly(tmp_path):
    voice = VoiceProcess(cache_dir=tmp_path)
    await voice.start()
    try:
        once = await all_of(voice, "Alexa, turn on the kitchen lights")
        again = await all_of(voice, "Alexa, turn on the kitchen lights")
        assert np.array_equal(once, again)
        assert 1.2 < len(once) / 24_000 < 3.5
        assert 3000 < np.abs(once).max() < 32_000
        busy = asyncio.create_task(all_of(voice, "This is a very long sentence that is never finished. " * 5))
        await asyncio.sleep(0.05)
        os.kill(voice.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="died"):
            await busy
        assert np.array_equal(await once_it_is_back(voice, "Alexa, turn on the kitchen lights"), once)
        last = voice.pid
    finally:
        await voice.close()
    assert not alive(last)
