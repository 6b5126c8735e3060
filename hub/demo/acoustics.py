"""How sound gets from a mouth to a microphone in the demo's house: distance, walls, reverberation, noise."""

from __future__ import annotations

import wave
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 24_000
_FRAME: Final = RATE_HZ // 50
_ACTIVE_BELOW_PEAK_DB: Final = 30.0
_SILENCE_DB: Final = -120.0
_REVERB_SEED: Final = 20

Samples = NDArray[np.float64]


def active_level_db(sound: Samples) -> float:
    """Level of the parts in which there is something to hear, in dBFS (a full-scale square wave is 0).

    A pause must not make a sentence seem quiet, so 20 ms frames more than 30 dB below the loudest do not count.
    """
    if len(sound) < _FRAME or not np.any(sound):
        return _SILENCE_DB
    frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.mean(frames**2, axis=1)
    active = power[power >= power.max() * 10 ** (-_ACTIVE_BELOW_PEAK_DB / 10)]
    return float(10 * np.log10(active.mean()))


def at_level(sound: Samples, level_db: float) -> Samples:
    """The same sound at an active level of `level_db` dBFS."""
    return sound * 10 ** ((level_db - active_level_db(sound)) / 20)


def room_response(*, distance_m: float, reverberation_s: float, direct: float) -> Samples:
    """A simple impulse response: the direct sound after its way through the air, then a decaying tail.

    Args:
        distance_m: from mouth to microphone.
        reverberation_s: RT60.
        direct: share of the energy that arrives directly, 0 to 1.
    """
    delay = round(distance_m / 343.0 * RATE_HZ)
    length = round(reverberation_s * RATE_HZ)
    seconds = np.arange(length) / RATE_HZ
    tail = np.random.default_rng(_REVERB_SEED).standard_normal(length) * 10 ** (-3 * seconds / reverberation_s)
    response = np.zeros(delay + length)
    response[delay:] = tail * np.sqrt((1 - direct) / np.sum(tail**2))
    response[delay] += np.sqrt(direct)
    return response


def through(sound: Samples, response: Samples) -> Samples:
    """`sound` as it arrives; as long as the sound and its reverberation."""
    length = len(sound) + len(response) - 1
    size = 1 << (length - 1).bit_length()
    arrived: Samples = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[:length]
    return arrived


def room_noise(area: str, samples: int, level_db: float) -> Samples:
    """Pink noise of a room: always the same for the same area, and another one in another area."""
    white = np.random.default_rng(zlib.crc32(area.encode())).standard_normal(samples)
    spectrum = np.fft.rfft(white)
    hertz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    spectrum /= np.sqrt(np.maximum(hertz, 50.0))  # below 50 Hz a microphone hears no more than at 50
    noise: Samples = np.fft.irfft(spectrum, samples)
    noise *= 10 ** (level_db / 20) / np.sqrt(np.mean(noise**2))
    return noise


def write_wav(path: Path, sound: Samples) -> None:
    """Write 24 kHz mono 16 bit; what is over full scale is clipped."""
    pcm = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm.tobytes())
