"""How much of a recording the recogniser understands, against what should have been said."""

from __future__ import annotations

import re
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from hub.hearing.decoders import RATE_HZ, WhisperDecoder
from hub.hearing.port import HearingError
from hub.hearing.weights import WHISPER_TINY_EN, WeightsFinder

MAX_RECORDING_S: Final = 120
_WORD = re.compile(r"[a-z0-9']+")


def words(text: str) -> list[str]:
    """The words of a sentence, in lower case and without punctuation."""
    return _WORD.findall(text.lower())


def word_error_rate(wanted: Sequence[str], heard: Sequence[str]) -> float:
    """Words put in, left out or replaced, over the words that were wanted; pairs of sentences.

    Raises:
        ValueError: another number of sentences, or no word wanted at all.
    """
    from rapidfuzz.distance import Levenshtein

    pairs = [(words(one), words(other)) for one, other in zip(wanted, heard, strict=True)]
    total = sum(len(one) for one, _other in pairs)
    if total == 0:
        raise ValueError("there are no words to compare with")
    return sum(Levenshtein.distance(one, other) for one, other in pairs) / total


class RecordingReader:
    """Writes down what is said in WAV files, with the recogniser that the hub's final texts come from.

    Args:
        cache_dir: where the proof of the model's files is remembered.

    Raises:
        HearingError: the recogniser is not installed.
    """

    def __init__(self, cache_dir: Path | None) -> None:
        self._decoder = WhisperDecoder(WeightsFinder(cache_dir).locate(WHISPER_TINY_EN))

    def read(self, path: Path) -> str:
        """The words of one file: mono, 16 bit, any rate, at most two minutes.

        Raises:
            HearingError: it is no such file.
        """
        try:
            with wave.open(str(path), "rb") as file:
                rate_hz = file.getframerate()
                if (
                    file.getnchannels() != 1
                    or file.getsampwidth() != 2
                    or file.getnframes() > MAX_RECORDING_S * rate_hz
                ):
                    raise HearingError(f"{path.name} is no mono 16-bit WAV file of at most {MAX_RECORDING_S} s.")
                raw = file.readframes(file.getnframes())
        except (OSError, EOFError, wave.Error) as error:
            raise HearingError(f"{path} cannot be read: {error}") from error
        pcm = np.frombuffer(raw, "<i2").astype(np.float32) / 32768.0
        speech = soxr.resample(pcm, rate_hz, RATE_HZ) if rate_hz != RATE_HZ else pcm
        return self._decoder.read(speech, self._decoder.prime((), ""), lambda: True).text

    def close(self) -> None:
        """Free the model."""
        self._decoder.close()
