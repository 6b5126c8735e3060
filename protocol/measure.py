"""From 20 ms of sound to the few numbers by which rooms are compared; the same code on hub and satellite.

Everything is computed from values rounded to the grid of the wire, so that the hub, which sees only the wire,
gets bit for bit what the satellite got. The features (`snr_db`, `variance`, `hf_db`) do not change with the
microphone's gain, because no two microphones have the same.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.records import (
    BAND_EDGES_HZ,
    BANDS,
    HF_HIGH_DB,
    HF_LOW_DB,
    MAX_LEVELS,
    MAX_MEASUREMENTS,
    SNR_HIGH_DB,
    SNR_LOW_DB,
    VARIANCE_HIGH,
    VARIANCE_LOW,
    LevelBatch,
    LevelRecord,
    MeasureFlag,
    Measurement,
    decode_levels,
    encode_levels,
    pack_measurements,
    to_byte,
    unpack_measurements,
)

__all__ = [
    "BANDS",
    "BAND_EDGES_HZ",
    "FEATURE_FRAMES",
    "FRAME_SAMPLES",
    "MAX_LEVELS",
    "MAX_MEASUREMENTS",
    "SAMPLE_RATE_HZ",
    "SILENCE_DB",
    "LevelBatch",
    "LevelRecord",
    "MeasureFlag",
    "Measurement",
    "Measurer",
    "decode_levels",
    "encode_levels",
    "features",
    "pack_measurements",
    "unpack_measurements",
]

SAMPLE_RATE_HZ: Final = 24_000
FRAME_SAMPLES: Final = 480
SILENCE_DB: Final = -127.5
FEATURE_FRAMES: Final = 20  # 0.4 s

_LOW_BANDS: Final = slice(1, 5)  # 250 to 1300 Hz
_HIGH_BANDS: Final = slice(6, 9)  # 1900 to 5500 Hz

_WINDOW: Final = np.hanning(FRAME_SAMPLES + 1)[:-1]
_BIN_STARTS: Final = np.ceil(np.asarray(BAND_EDGES_HZ) * FRAME_SAMPLES / SAMPLE_RATE_HZ).astype(np.intp)
# One-sided spectrum, so twice; full scale is a mean square of 1.
_SPECTRUM_SCALE: Final = 2.0 / (FRAME_SAMPLES * float(np.sum(_WINDOW**2)) * 32768.0**2)
_SILENCE_POWER: Final = 10.0 ** (SILENCE_DB / 10)
# The wire's grid has 256 steps of half a decibel down from full scale, so powers and their roots are looked up.
_POWER_OF_STEP: Final = 10.0 ** (np.arange(256) / -20)
_ROOT_OF_STEP: Final = np.cbrt(_POWER_OF_STEP)

# The noise floor: a 40 % quantile that moves by such steps each frame. The first second finds it quickly; a change
# of more than 6 dB (a fan is switched on) is followed up to four times faster.
_QUANTILE: Final = 0.4
_STEP_DB, _STEP_IN_SPEECH_DB, _STEP_AT_START_DB = 0.25, 0.05, 3.0
_START_FRAMES: Final = 50
_FLOOR_MIN_DB: Final = -96.0  # 16 bits cannot carry a quieter room


def _features(bands_db: NDArray[np.float64], floors_db: NDArray[np.float64]) -> tuple[float, float, float]:
    steps = (-2.0 * bands_db).astype(np.intp)  # (frames, 10)
    power = _POWER_OF_STEP[steps]
    floor = 10.0 ** (floors_db / 10)
    frames = len(steps)
    mean_power = np.add.reduce(power, axis=0) / frames
    ratio = np.minimum(np.maximum(mean_power / floor - 1.0, 0.1), 10.0 ** (SNR_HIGH_DB / 10))
    snr_db = 10.0 * float(np.add.reduce(np.log10(ratio))) / BANDS
    # Wolf & Nadeu 2010: variance of cube-root envelopes; dividing by their mean takes the gain out.
    envelope = _ROOT_OF_STEP[steps]
    mean, mean_square = np.add.reduce(envelope, axis=0) / frames, np.add.reduce(envelope * envelope, axis=0) / frames
    spread = float(np.add.reduce(mean_square / (mean * mean) - 1.0)) / BANDS
    variance = math.log(max(0.0, spread) + 1e-5)
    excess = np.maximum(mean_power - floor, 0.01 * floor)
    hf_db = 10.0 * math.log10(np.add.reduce(excess[_HIGH_BANDS]) / np.add.reduce(excess[_LOW_BANDS]))
    return (
        snr_db,
        min(VARIANCE_HIGH, max(VARIANCE_LOW, variance)),
        min(HF_HIGH_DB, max(HF_LOW_DB, hf_db)),
    )


def features(measurements: Sequence[Measurement], floors_db: Sequence[float]) -> LevelRecord:
    """What `Measurer.record` says, from full measurements and the ten floors, e.g. of the last 0.4 s.

    Raises:
        ValueError: no measurement at all.
    """
    if not measurements:
        raise ValueError("features need at least one measurement")
    bands = np.asarray([m.bands_db for m in measurements], dtype=np.float64)
    newest = measurements[-1]
    return LevelRecord(
        newest.level_db, newest.vad, *_features(bands, np.asarray(floors_db, dtype=np.float64)), newest.flags
    )


class Measurer:
    """Measures one microphone, frame after frame. Not for several threads."""

    def __init__(self) -> None:
        self._recent: deque[Measurement] = deque(maxlen=FEATURE_FRAMES)
        self._floors = np.full(BANDS + 1, SILENCE_DB)  # ten bands, then the broadband level
        self._tracked_frames = 0

    def measure(
        self,
        pcm: NDArray[np.int16],
        *,
        vad: float = 0.0,
        wake: float = 0.0,
        echo: float = 0.0,
        flags: MeasureFlag = MeasureFlag.NONE,
    ) -> Measurement:
        """Measure 480 samples of int16 (20 ms at 24 kHz). CLIPPED is found here, other flags are the caller's.

        Raises:
            ValueError: another number of samples.
        """
        if pcm.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, not {pcm.shape}")
        samples = pcm.astype(np.float64)
        samples -= samples.mean()
        spectrum = np.fft.rfft(samples * _WINDOW)
        bins = spectrum.real**2 + spectrum.imag**2
        power = np.empty(BANDS + 1)
        power[:BANDS] = np.add.reduceat(bins, _BIN_STARTS)[:BANDS] * _SPECTRUM_SCALE
        power[BANDS] = float(samples @ samples) / (FRAME_SAMPLES * 32768.0**2)
        # The grid of the wire, so that hub and satellite compute from the same numbers.
        levels = np.rint(20.0 * np.log10(np.minimum(np.maximum(power, _SILENCE_POWER), 1.0))) * 0.5
        if pcm.max() == 32767 or pcm.min() == -32768:
            flags |= MeasureFlag.CLIPPED
        if MeasureFlag.MUTED not in flags:
            self._track(levels, quiet=not flags & (MeasureFlag.SPEECH | MeasureFlag.PLAYING))
        bands_db = tuple(levels[:BANDS].tolist())
        measurement = Measurement(
            float(levels[BANDS]),
            round(2.0 * float(self._floors[BANDS])) * 0.5,
            bands_db,
            to_byte(vad, 0.0, 1 / 255) / 255,
            to_byte(wake, 0.0, 1 / 255) / 255,
            to_byte(echo, 0.0, 1 / 255) / 255,
            flags,
        )
        self._recent.append(measurement)
        return measurement

    def _track(self, levels: NDArray[np.float64], *, quiet: bool) -> None:
        seen = np.maximum(levels, _FLOOR_MIN_DB)
        if self._tracked_frames == 0:
            self._floors = seen
        distance = seen - self._floors
        direction = _QUANTILE * (distance > 0) - (1.0 - _QUANTILE) * (distance < 0)
        if not quiet:
            direction *= _STEP_IN_SPEECH_DB
        elif self._tracked_frames < _START_FRAMES:
            share = self._tracked_frames / _START_FRAMES
            direction *= _STEP_AT_START_DB * (1 - share) + _STEP_DB * share
        else:
            direction *= _STEP_DB * np.minimum(np.maximum(np.abs(distance) / 6.0, 1.0), 4.0)
        self._floors = self._floors + direction
        self._tracked_frames += 1

    def floors_db(self) -> tuple[float, ...]:
        """Noise floors of the ten bands, dBFS, on the grid of the wire."""
        return tuple((np.rint(2.0 * self._floors[:BANDS]) * 0.5).tolist())

    def record(self) -> LevelRecord:
        """The scalars of the newest frame and the last 0.4 s.

        Raises:
            ValueError: nothing was measured yet.
        """
        return features(self._recent, self.floors_db())

    @property
    def snr_db(self) -> float:
        """Mean band SNR of the last 0.4 s over the own floor; -10 before the first frame."""
        return self.record().snr_db if self._recent else SNR_LOW_DB
