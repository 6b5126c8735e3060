"""Rooms with a loudspeaker and a person for the echo canceller: real speech, rendered echoes, no device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray

from tests.e2e.household import RATE_HZ, Person

Signal = NDArray[np.float64]
BLOCK = RATE_HZ // 50

ANSWERS = (
    "The council has voted on the new bridge, and work is expected to begin in early spring.",
    "An egg takes between six and nine minutes, depending on how soft you like it, and on how large it is.",
    "The front door is locked, the back door is locked as well, and all the windows on the ground floor are closed.",
    "It will be sunny in the morning, with a few clouds after lunch, and the wind turns north in the evening.",
    "Honey keeps for years because there is so little water in it that nothing can live there.",
    "The tallest trees in the world grow along the coast, where fog rolls in from the sea every night.",
    "Your next appointment is at half past nine with the dentist, and after that there is nothing until the evening.",
    "Mix them, let the dough rest for an hour, fold it, and let it rest again until it has doubled in size.",
    "Light needs more than eight minutes from the sun to us, and four years from the nearest star.",
    "There are three items on your shopping list: butter, oranges and washing powder. Shall I add anything else?",
    "Cats sleep for most of the day because hunting takes short bursts of great effort.",
    "The first clocks had only one hand, and lost a quarter of an hour each day.",
)
WORDS = (
    "Stop, that is enough.",
    "What about tomorrow morning?",
    "No, the other one, the lamp beside the sofa.",
    "Turn on the light in the kitchen, please.",
    "Set a timer for twelve minutes.",
    "Is the front door locked?",
    "Switch everything off downstairs.",
    "How long does it take?",
)


@dataclass(frozen=True)
class Scene:
    """A room. Levels in dB: the echo against what is played, the person and the noise in dBFS at the microphone."""

    name: str
    rt60_s: float = 0.35
    echo_db: float = -6.0
    delay_ms: float = 60.0
    drive: float = 2.0  # how hard the loudspeaker is driven; 0 distorts nothing
    person_db: float = -30.0
    pitch: float = 1.2
    noise_db: float = -65.0


ROOMS = (
    Scene("living room, loud"),
    Scene("soft loudspeaker", echo_db=-16.0, drive=1.0),
    Scene("person far away", delay_ms=10.0, person_db=-38.0),
    Scene("echoing hall", rt60_s=0.6, echo_db=0.0, drive=1.5, person_db=-30.0),
    Scene("headset-like", rt60_s=0.25, echo_db=-26.0, drive=1.0, person_db=-40.0, pitch=0.85),
    Scene("long delay", delay_ms=320.0),
    Scene("no echo at all", echo_db=-200.0),
)


@cache
def _person() -> Person:
    return Person()


@cache
def spoken(text: str, pitch: float = 1.0) -> Signal:
    """The CPU voice at -22 dBFS; another person at another pitch."""
    pcm = _person().say(text).astype(np.float64) / 32768
    return soxr.resample(pcm, pitch * RATE_HZ, RATE_HZ)


def answers(seconds: float, seed: int) -> Signal:
    """What the loudspeaker says, with a pause behind each sentence."""
    random, parts, left = np.random.default_rng(seed), [], seconds * RATE_HZ
    while left > 0:
        pause = np.zeros(int(random.uniform(0.4, 1.2) * RATE_HZ))
        parts += [spoken(ANSWERS[random.integers(len(ANSWERS))]), pause]
        left -= parts[-1].size + parts[-2].size
    return np.concatenate(parts)[: int(seconds * RATE_HZ) // BLOCK * BLOCK]


def person(seconds: float, scene: Scene, from_s: float) -> tuple[Signal, list[int]]:
    """Words with a second between them, from `from_s` on, and the samples at which each begins to be heard."""
    out, at, onsets = np.zeros(int(seconds * RATE_HZ) // BLOCK * BLOCK), int(from_s * RATE_HZ), []
    gain = 10 ** ((scene.person_db + 22) / 20)
    for text in WORDS * 50:
        words = spoken(text, scene.pitch) * gain
        if at + words.size > out.size - RATE_HZ:
            return out, onsets
        out[at : at + words.size] += words
        onsets.append(at + int(np.flatnonzero(np.abs(words) > 0.1 * np.abs(words).max())[0]))
        at += words.size + RATE_HZ
    return out, onsets


def response(scene: Scene, seed: int) -> Signal:
    """From loudspeaker to microphone: the direct sound and a decaying tail 6 dB under it."""
    random, time_s = np.random.default_rng(seed), np.arange(int(1.2 * scene.rt60_s * RATE_HZ)) / RATE_HZ
    tail = random.normal(0, 1, time_s.size) * 10 ** (-3 * time_s / scene.rt60_s)
    tail *= 0.5 / np.sqrt(np.sum(tail**2))
    tail[2:10] += np.hanning(8) / np.sqrt(np.sum(np.hanning(8) ** 2))
    tail *= 10 ** (scene.echo_db / 20) / np.sqrt(np.sum(tail**2))
    return np.concatenate([np.zeros(int(scene.delay_ms * RATE_HZ / 1000)), tail])


def convolved(signal: Signal, by: Signal) -> Signal:
    """As long as `signal`."""
    size = 1 << (signal.size + by.size).bit_length()
    return np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(by, size), size)[: signal.size]


def echo_of(played: Signal, scene: Scene, seed: int) -> Signal:
    """What comes back: a small loudspeaker clips softly."""
    driven = np.tanh(scene.drive * played) / scene.drive if scene.drive else played
    return convolved(driven, response(scene, seed))


def pcm_of(signal: Signal) -> NDArray[np.int16]:
    return np.clip(np.rint(signal * 32768), -32768, 32767).astype(np.int16)


def powers(signal: Signal) -> Signal:
    """Of each block of 20 ms."""
    return np.mean(signal[: signal.size // BLOCK * BLOCK].reshape(-1, BLOCK) ** 2, axis=1)
