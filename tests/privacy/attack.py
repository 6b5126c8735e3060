"""Turning measurements back into speech, as well as an eavesdropper with the whole LEVEL stream could.

Every attack ends in the same vocoder: ten band levels every 20 ms shape an excitation. They differ in how they guess
the ten levels from the six scalars of a record, and in what is shaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.privacy.spec_hub import Level

RATE_HZ = 24_000
HOP = 480
EDGES_HZ = np.array([125, 250, 400, 600, 900, 1300, 1900, 2700, 3900, 5500, 7500], float)
CENTRES_HZ = np.sqrt(EDGES_HZ[1:] * EDGES_HZ[:-1])
WINDOW_FRAMES = 20  # a record's scalars are of so many frames
PITCH_HZ = 115.0
# A vowel's and a fricative's long-term spectra, dB a band (Byrne et al. 1994, rounded): what a listener supplies.
VOWEL_DB = np.array([-4.0, -1, 0, -2, -7, -11, -15, -19, -23, -28])
FRICATIVE_DB = np.array([-30.0, -28, -26, -24, -20, -14, -8, -3, 0, -2])
Floats = NDArray[np.float64]
Excitation = Literal["noise", "buzz", "mixed"]


@dataclass(frozen=True)
class Scalars:
    """What LEVEL said of consecutive frames of 20 ms; each array is [n], the floors [n, 10]."""

    level_db: Floats
    snr_db: Floats
    variance: Floats
    hf_db: Floats
    speech: Floats
    floors_db: Floats

    def cut(self, begin: int, end: int) -> Scalars:
        parts = (self.level_db, self.snr_db, self.variance, self.hf_db, self.speech, self.floors_db)
        return Scalars(*(part[begin:end] for part in parts))


def on_grid(records: Sequence[Level], frames: int) -> Scalars:
    """Records of any stride, in order, on the grid of 20 ms; between records the last one holds."""
    table = np.zeros((frames, 15))
    floors, at = np.full(10, -70.0), 0
    row = np.array([-70.0, -10, -10, -20, 0, *floors])
    for record in records:
        place = min(frames, record.samples // HOP)
        table[at:place] = row
        at = max(at, place)
        if record.floors_db is not None:
            floors = np.array(record.floors_db)
        scalars = (record.level_db, record.snr_db, record.variance, record.hf_db, record.vad)
        row = np.array([*scalars, *floors])
    table[at:] = row
    return Scalars(*table.T[:5], table[:, 5:])


# --- from measurements to sound ---


def vocode(bands_db: Floats, excitation: Excitation, seed: int = 1) -> NDArray[np.float32]:
    """Sound whose ten bands have these levels; `mixed` is voiced where low bands lead."""
    frames, size = len(bands_db), 2 * HOP
    rng = np.random.default_rng(seed)
    total = (frames + 1) * HOP
    noise = rng.normal(0, 1, total)
    phase = np.cumsum(PITCH_HZ * (1 + 0.06 * np.sin(np.arange(total) * 2 * np.pi * 0.6 / RATE_HZ)) / RATE_HZ)
    pulses = np.zeros(total)
    pulses[1:][np.diff(np.floor(phase)) > 0] = np.sqrt(RATE_HZ / PITCH_HZ)  # of power 1, as the noise
    lead_db = bands_db[:, :5].max(axis=1) - bands_db[:, 6:].max(axis=1)
    voiced = np.ones(frames) if excitation == "buzz" else (lead_db > 3) * float(excitation == "mixed")
    mix = np.repeat(np.append(voiced, 0), HOP)
    source = pulses * mix + noise * (1 - mix)
    window = np.hanning(size + 1)[:-1]
    blocks = np.stack([source[i * HOP : i * HOP + size] for i in range(frames)]) * window
    density_db = bands_db - 10 * np.log10(np.diff(EDGES_HZ))
    bins_hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    position = np.interp(np.log(bins_hz + 1), np.log(CENTRES_HZ + 1), np.arange(10))
    low = np.minimum(position.astype(int), 8)
    curve_db = density_db[:, low] * (1 - (position - low)) + density_db[:, low + 1] * (position - low)
    gain = 10 ** (curve_db / 20)
    gain[:, (bins_hz < 100) | (bins_hz > 8000)] = 0
    shaped = np.fft.irfft(np.fft.rfft(blocks) * gain, size)
    sound = np.zeros(total)
    for i, block in enumerate(shaped):
        sound[i * HOP : i * HOP + size] += block * window
    return (sound * (0.08 / (np.sqrt(np.mean(sound**2)) + 1e-12))).clip(-1, 1).astype(np.float32)


# --- from LEVEL to guessed band levels ---


def from_shares(heard: Scalars, high: Floats) -> Floats:
    """Ten band levels: the frame's level, divided between a vowel's and a fricative's shape, over the floors."""
    shapes = np.stack([10 ** (VOWEL_DB / 10), 10 ** (FRICATIVE_DB / 10)])
    shapes /= shapes.sum(axis=1, keepdims=True)
    power = 10 ** (heard.level_db / 10)[:, None] * ((1 - high)[:, None] * shapes[0] + high[:, None] * shapes[1])
    return 10 * np.log10(power + 10 ** (heard.floors_db / 10) * 0.3)


def as_told(heard: Scalars) -> Floats:
    """The share of high frequencies as the newest record has it, moved back by half its window."""
    share = 1 / (1 + 10 ** (-heard.hf_db / 10))
    return np.append(share[WINDOW_FRAMES // 2 :], np.full(WINDOW_FRAMES // 2, share[-1]))[: len(share)]


def sharpened(heard: Scalars) -> Floats:
    """The share frame by frame: the running mean of 0.4 s undone by least squares, weighted with the known levels."""
    power = 10 ** (heard.level_db / 10)
    count = len(power)
    mean = np.tril(np.ones((count, count))) - np.tril(np.ones((count, count)), -WINDOW_FRAMES)
    mean = mean * power
    mean /= mean.sum(axis=1, keepdims=True)
    told = 1 / (1 + 10 ** (-heard.hf_db / 10))
    step = np.eye(count) - np.eye(count, k=-1)
    normal = mean.T @ mean + 0.002 * (step.T @ step) + 1e-4 * np.eye(count)
    return np.asarray(np.linalg.solve(normal, mean.T @ told + 1e-4 * as_told(heard)).clip(0, 1))


class Learned:
    """Band levels learned from other sentences of the same voice in the same room: more than an eavesdropper has.

    Ridge regression on random Fourier features of a second of records around each frame.
    """

    def __init__(self, heard: Sequence[Scalars], bands_db: Sequence[Floats], features: int = 1200) -> None:
        inputs = np.concatenate([self._context(part) for part in heard])
        targets = np.concatenate(bands_db)
        self._mean, self._scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-3
        rng = np.random.default_rng(7)
        self._turn = rng.normal(0, 0.35 / np.sqrt(inputs.shape[1]), (inputs.shape[1], features))
        self._shift = rng.uniform(0, 2 * np.pi, features)
        lifted = self._lift(inputs)
        normal = lifted.T @ lifted + 3.0 * np.eye(lifted.shape[1])
        self._weights = np.linalg.solve(normal, lifted.T @ targets)

    @staticmethod
    def _context(heard: Scalars) -> Floats:
        sharp = sharpened(heard)
        rows = np.stack([heard.level_db, heard.snr_db, heard.variance, heard.hf_db, sharp * 20], axis=1)
        near = [np.roll(rows, -shift, axis=0) for shift in range(-10, 31, 2)]
        return np.concatenate([*near, np.roll(rows, 1, axis=0), np.roll(rows, -1, axis=0)], axis=1)

    def _lift(self, inputs: Floats) -> Floats:
        normal = (inputs - self._mean) / self._scale
        waves = np.cos(normal @ self._turn + self._shift)
        return np.concatenate([waves, normal, np.ones((len(normal), 1))], axis=1)

    def bands_db(self, heard: Scalars) -> Floats:
        return np.asarray(self._lift(self._context(heard)) @ self._weights)


Attack = Callable[[Scalars], NDArray[np.float32]]


def attacks() -> dict[str, Attack]:
    """Those that need nothing but the stream."""
    return {
        "noise": lambda heard: vocode(from_shares(heard, as_told(heard)), "noise"),
        "buzz": lambda heard: vocode(from_shares(heard, as_told(heard)), "buzz"),
        "sharpened": lambda heard: vocode(from_shares(heard, sharpened(heard)), "mixed"),
    }
