"""Real speech through the real models. The speech is synthetic (Piper joe), so the rates hold for it alone."""

import asyncio
import re
import threading

import numpy as np
import pytest
import soxr

from hub.hearing import local
from hub.hearing.local import LocalHearing
from hub.hearing.port import Final, HearingError, HearingHints, Partial, SpeechStarted

pytestmark = pytest.mark.speech

NAMES = (
    "Kitchen Lights",
    "Bedroom Lamp",
    "Garage Door",
    "Front Door",
    "Hall Light",
    "Porch Light",
    "Thermostat",
)
COMMANDS = {
    "Alexa, turn on the kitchen lights": "turn on the kitchen lights",
    "Alexa, is the garage door open?": "is the garage door open",
    "Alexa, set the thermostat to twenty one degrees": "set the thermostat to 21 degrees",
    "Alexa, turn off the bedroom lamp": "turn off the bedroom lamp",
    "Alexa, what's the temperature in the living room?": "what's the temperature in the living room",
    "Alexa, dim the hall light to thirty percent": "dim the hall light to 30%",
    "Alexa, close the blinds in the office": "close the blinds in the office",
    "Alexa, lock the front door": "lock the front door",
    "Alexa, turn the fan on": "turn the fan on",
    "Hey Mycroft, turn on the porch light": "turn on the porch light",
    "Hey Mycroft, open the garage door": "open the garage door",
    "Hey Mycroft, make the living room warmer": "make the living room warmer",
    "Hey Mycroft, turn off all the lights": "turn off all the lights",
    "Okay nah boo, turn on the ceiling lights": "turn on the ceiling lights",
}
WAKE_WORDS = {"A": "alexa", "H": "hey_mycroft", "O": "okay_nabu"}


def bare(text):
    return re.sub(r"[^a-z0-9%' ]", "", text.lower().replace("-", " ").replace(" percent", "%")).strip()


def in_room(pcm, *, before_ms=300, after_ms=1000, noise_db=-60.0, level=0.4):
    rng = np.random.default_rng(7)
    whole = np.concatenate([np.zeros(before_ms * 24), pcm * level, np.zeros(after_ms * 24)])
    noisy = whole + rng.normal(0.0, 32768 * 10 ** (noise_db / 20), len(whole))
    return noisy.clip(-32768, 32767).astype(np.int16)


async def hear(hearing, pcm, hints=None, *, burst=False, settle_s=0.8, speed=8):
    """Play at eight times real time (or at once) and collect what comes."""
    events, done = [], asyncio.Event()

    def take(event):
        events.append(event)
        if isinstance(event, Final) and event.text:
            done.set()

    stream = hearing.open(hints or HearingHints(NAMES, "", lambda _text: True), take)
    for start in range(0, len(pcm) - 479, 480):
        stream.feed(pcm[start : start + 480], start)
        if not burst and start % 1920 == 0:
            await asyncio.sleep(0.08 / speed)
    try:
        async with asyncio.timeout(15.0 if settle_s > 0.5 else settle_s):
            await done.wait()
    except TimeoutError:
        pass  # the tests of silence want exactly this
    await stream.close()
    assert stream.dropped_samples == 0
    return events


async def test_commands_are_heard_word_for_word(hearing, speak):
    spoken = speak(*COMMANDS)
    wrong = []
    for (text, wanted), pcm in zip(COMMANDS.items(), spoken, strict=True):
        hints = HearingHints(NAMES, WAKE_WORDS[text[0]], lambda _text: True)
        events = await hear(hearing, in_room(pcm), hints)
        finals = [event for event in events if isinstance(event, Final)]
        assert len(finals) == 1, (text, finals)
        assert isinstance(events[0], SpeechStarted)
        assert finals[0].second is None  # a whole request waits for no second reading
        assert 0.3 < finals[0].confidence <= 1.0
        true_end = 300 * 24 + int(np.max(np.nonzero(np.abs(pcm) > 300)))
        assert finals[0].end_samples == pytest.approx(true_end, abs=250 * 24)
        if bare(finals[0].text) != wanted:
            wrong.append(finals[0].text)
    assert len(wrong) <= 2, wrong


async def test_words_come_while_they_are_spoken(hearing, speak):
    (pcm,) = speak("Set the thermostat in the living room to twenty one degrees and close the blinds")
    events = await hear(hearing, in_room(pcm), speed=2)  # partials give way to everything else and skip what they miss
    partials = [event.text for event in events if isinstance(event, Partial)]
    assert any("the thermostat" in bare(partial) for partial in partials)
    assert events.index(next(event for event in events if isinstance(event, Final))) > 1


@pytest.mark.parametrize("pause_ms", [300, 450, 600])
async def test_a_pause_inside_a_sentence_does_not_cut_it(hearing, speak, pause_ms):
    first, second = speak("Turn on the lights", "in the bedroom")
    loud = [np.flatnonzero(np.abs(part) > 300) for part in (first, second)]
    pcm = np.concatenate(
        [first[: loud[0][-1]], np.zeros(pause_ms * 24, np.int16), second[loud[1][0] :]],
    )
    hints = HearingHints(NAMES, "", lambda text: "bedroom" in text.lower())
    finals = [event for event in await hear(hearing, in_room(pcm), hints) if isinstance(event, Final)]
    assert [bare(final.text) for final in finals] == ["turn on the lights in the bedroom"]


def trimmed(pcm):
    loud = np.flatnonzero(np.abs(pcm) > 300)
    return pcm[loud[0] : loud[-1]]


def noises():
    rng = np.random.default_rng(5)
    size = 24_000 * 3
    time_s = np.arange(size) / 24_000
    notes = [np.sin(2 * np.pi * hz * np.arange(6000) / 24_000) * np.hanning(6000) for hz in (262, 330, 392, 523) * 3]
    return {
        "silence": np.zeros(size),
        "noise": rng.normal(0, 3000, size),
        "clipping noise": np.sign(rng.normal(0, 1, size)) * 32767,
        "hum": 8000 * np.sin(2 * np.pi * 50 * time_s),
        "tone": 12000 * np.sin(2 * np.pi * 440 * time_s),
        "clipped square": 32767 * np.sign(np.sin(2 * np.pi * 150 * time_s)),
        "melody": 9000 * np.concatenate(notes),
        "clicks": (rng.random(size) < 0.0005) * 20000.0,
    }


@pytest.mark.parametrize("name", list(noises()))
async def test_what_is_no_speech_gives_no_words(hearing, name):
    events = await hear(hearing, noises()[name].astype(np.int16), HearingHints(NAMES, "hey_mycroft"), settle_s=0.4)
    assert [event for event in events if isinstance(event, Final)] == []


async def test_the_prompt_never_comes_out_of_silence(hearing):
    decoder = hearing._recognisers.final
    rng = np.random.default_rng(9)
    for level in (0.0, 0.001, 0.03):
        for wake_word in ("", "alexa", "hey_mycroft"):
            prompt = decoder.prime(NAMES, wake_word)
            assert 20 < len(prompt) <= 220
            reading = decoder.read(rng.normal(0, level, 24_000).astype(np.float32), prompt, lambda: True)
            assert reading.text == ""
    assert len(decoder.prime(NAMES * 60, "alexa")) <= 220


async def test_a_reading_that_is_wanted_no_longer_is_given_up_between_its_steps(hearing, speak, monkeypatch):
    decoder = hearing._recognisers.final
    prompt = decoder.prime(NAMES, "alexa")
    (pcm,) = speak("Alexa, turn on the kitchen lights")
    speech = soxr.resample(in_room(pcm).astype(np.float32) / 32768, 24_000, 16_000)

    generated = []
    generate = decoder._generate

    def counted(*args):
        generated.append(1)
        return generate(*args)

    monkeypatch.setattr(decoder, "_generate", counted)
    assert "kitchen lights" in decoder.read(speech, prompt, lambda: True).text
    assert generated == [1]
    assert decoder.read(speech, prompt, lambda: False).text == ""
    assert generated == [1]  # the longer half of the work was not begun


async def test_the_wake_word_then_a_pause_then_the_command(hearing, speak):
    wake, command = speak("Alexa", "Turn on the kitchen lights")
    pcm = np.concatenate([wake, np.zeros(1500 * 24, np.int16), command])
    events = await hear(hearing, in_room(pcm), HearingHints(NAMES, "alexa", lambda text: "lights" in text))
    said = [bare(event.text) for event in events if isinstance(event, Final)]
    assert said == ["", "turn on the kitchen lights"]  # the wake word alone: sound without words


async def test_a_follow_up_keeps_its_first_word(hearing, speak):
    first, second = (trimmed(pcm) for pcm in speak("Turn on the kitchen lights", "Is the garage door open?"))
    for gap_ms in (700, 1600):
        pcm = np.concatenate([first, np.zeros(gap_ms * 24, np.int16), second])
        finals = []
        stream = hearing.open(HearingHints(NAMES, "", lambda _text: True), finals.append)
        noisy = in_room(pcm, before_ms=40)
        for start in range(0, len(noisy) - 479, 480):
            stream.feed(noisy[start : start + 480], start)
            await asyncio.sleep(0.005)
        async with asyncio.timeout(5):
            while sum(isinstance(event, Final) for event in finals) < 2:
                await asyncio.sleep(0.01)
        await stream.close()
        texts = [bare(event.text) for event in finals if isinstance(event, Final)]
        assert texts == ["turn on the kitchen lights", "is the garage door open"]


async def test_a_pre_roll_that_comes_at_once(hearing, speak):
    (pcm,) = speak("Alexa, turn on the kitchen lights")
    events = await hear(hearing, in_room(pcm, before_ms=100, after_ms=900), HearingHints(NAMES, "alexa"), burst=True)
    assert [bare(event.text) for event in events if isinstance(event, Final)] == ["turn on the kitchen lights"]


async def test_three_rooms_at_once(hearing, speak):
    spoken = speak("Turn on the kitchen lights", "Is the garage door open?", "Turn off the bedroom lamp")
    heard = await asyncio.gather(*(hear(hearing, in_room(pcm)) for pcm in spoken))
    finals = [[bare(event.text) for event in events if isinstance(event, Final)] for events in heard]
    assert finals == [
        ["turn on the kitchen lights"],
        ["is the garage door open"],
        ["turn off the bedroom lamp"],
    ]


async def test_moonshine_stands_in_for_whisper(models_cache, speak, tmp_path):
    ears = LocalHearing(now_ms=lambda: 0.0, cache_dir=models_cache, whisper_dir=tmp_path)
    await ears.start()
    try:
        assert ears.name == "Moonshine"
        assert "model.bin is missing" in ears.troubles[0].sentence
        (pcm,) = speak("Turn on the kitchen lights")
        finals = [event for event in await hear(ears, in_room(pcm)) if isinstance(event, Final)]
        assert "kitchen lights" in finals[0].text
        assert finals[0].second is None
    finally:
        await ears.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "hearing-stream"]


async def test_whisper_alone_gives_no_partials(models_cache, speak, monkeypatch):
    def gone(_folder):
        raise HearingError("gone")

    monkeypatch.setattr(local, "MoonshineDecoder", gone)
    ears = LocalHearing(now_ms=lambda: 0.0, cache_dir=models_cache)
    await ears.start()
    try:
        (pcm,) = speak("Turn on the kitchen lights")
        events = await hear(ears, in_room(pcm))
        assert [type(event) for event in events] == [SpeechStarted, Final]
    finally:
        await ears.close()


async def test_without_any_model_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(
        local.WeightsFinder,
        "locate",
        lambda _self, model: (_ for _ in ()).throw(HearingError(f"No {model.title}.")),
    )
    ears = LocalHearing(now_ms=lambda: 0.0)
    with pytest.raises(HearingError, match=r"No Whisper tiny\.en\. No Moonshine tiny-en\."):
        await ears.start()
    with pytest.raises(HearingError, match="not running"):
        ears.open(HearingHints(), lambda _event: None)
    await ears.close()
