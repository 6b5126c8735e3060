"""Voices of espeak-ng, which comes inside Piper: a program of its own, for its licence. Words in, sound out."""

from __future__ import annotations

import importlib.util
import struct
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ: Final = 24_000
Sound = NDArray[np.float32]
_ACTIVE_DB: Final = 30.0

_PROGRAM: Final = Path(__file__).parents[1] / "espeak_voice.py"


class Espeak:
    """A running synthesiser.

    The same words in the same voice sound the same every time, but for the voices that breathe (f2, f3, f5).
    """

    def __init__(self) -> None:
        found = importlib.util.find_spec("piper.espeakbridge")
        if found is None or found.origin is None:
            raise RuntimeError("piper-tts is not installed: make setup installs it")
        self._process = subprocess.Popen(
            [sys.executable, _PROGRAM, found.origin], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._said: dict[tuple[str, int, str], Sound] = {}

    def say(self, text: str, voice: str, words_a_minute: int = 175) -> Sound:
        """24 kHz, float32, without silence around it, at an active level of 1."""
        key = voice, words_a_minute, text
        if key not in self._said:
            self._said[key] = self._make(*key)
        return self._said[key]

    def _make(self, voice: str, words_a_minute: int, text: str) -> Sound:
        to, back = _piped(self._process.stdin), _piped(self._process.stdout)
        to.write(f"{voice}\t{words_a_minute}\t{text}\n".encode())
        to.flush()
        rate_hz, length = struct.unpack("<II", back.read(8))
        raw = np.frombuffer(back.read(length), "<i2").astype(np.float32) / 32768.0
        sound = soxr.resample(raw, rate_hz, RATE_HZ)
        loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
        sound = sound[loud[0] : loud[-1] + 240]
        frames = sound[: sound.size // 480 * 480].reshape(-1, 480)
        power = np.mean(frames.astype(np.float64) ** 2, axis=1)
        active = power[power >= power.max() * 10 ** (-_ACTIVE_DB / 10)].mean()
        return (sound / np.sqrt(active)).astype(np.float32)

    def close(self) -> None:
        """End it."""
        _piped(self._process.stdin).close()
        self._process.wait(timeout=10)
        _piped(self._process.stdout).close()


def _piped(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("a process was started without its pipes")
    return stream
