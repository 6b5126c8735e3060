"""Manners of speaking: a talker is a voice, a size, a loudness and a manner.

Speed and pitch shift together make more talkers of one; a whisper keeps the spectrum's envelope and loses the voice; a
shout has more of the middle and less of the low.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr
from scipy.signal import istft, stft
from speech import RATE_HZ, Signal, spoken, voices

# Sound pressure to digital level at neutral gain: 60 dB SPL is -40 dBFS.
FULL_SCALE_DB_SPL: Final = 100.0
KINDS: Final = (("recorded", 0.4), ("neural", 0.25), ("formant", 0.35))
_TONES: Final = {
    "recorded": (0.92, 0.96, 1.0, 1.05, 1.1),
    "neural": (0.85, 0.93, 1.0, 1.08, 1.18, 1.3),
    "formant": (0.93, 1.0, 1.08),
}


class Talker:
    """One person."""

    def __init__(self, rng: np.random.Generator, number: int = 0, manner: str = "normal") -> None:
        self.rng, self.number, self.manner = rng, number, manner
        self.kind = str(rng.choice([kind for kind, _ in KINDS], p=[share for _, share in KINDS]))
        of_kind = voices()[self.kind]
        self._voice = of_kind[int(rng.integers(len(of_kind)))]
        self._tone = float(rng.choice(_TONES[self.kind]))
        levels = {"normal": (55.0, 66.0), "whisper": (38.0, 48.0), "shout": (72.0, 82.0)}[manner]
        self.level_db_spl = float(rng.uniform(*levels))

    def says(self, *, wake: bool) -> tuple[Signal, float]:
        """A phrase at its level re 100 dB SPL, and the length of the call it begins with, in seconds."""
        sound = self._one(self._voice.requests)
        word_s = 0.0
        if wake:
            word = self._one(self._voice.calls)
            word_s = (len(word) - 600) / RATE_HZ
            sound = np.concatenate([word, np.zeros(int(self.rng.uniform(0.05, 0.25) * RATE_HZ)), sound])
        if self.manner == "whisper":
            sound = whisper(sound, self.rng)
        elif self.manner == "shout":
            sound = shout(sound)
        return at_level(sound, self.level_db_spl - FULL_SCALE_DB_SPL), word_s

    def _one(self, pieces: tuple[Signal, ...]) -> Signal:
        return toned(pieces[int(self.rng.integers(len(pieces)))], self._tone)


def toned(sound: Signal, tone: float) -> Signal:
    """Another talker: `tone` above 1 is a smaller head and a higher voice."""
    shifted: Signal = soxr.resample(sound, RATE_HZ * tone, RATE_HZ)
    return shifted


def said(kind: str, index: int, tone: float) -> Signal:
    """An answer of the assistant, or a piece of a television's programme."""
    pieces = spoken(kind)
    return toned(pieces[index % len(pieces)], tone)


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
