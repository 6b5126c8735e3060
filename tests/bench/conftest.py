"""Benches print their tables; `-s` shows them, and `make bench` keeps them in `out/bench.txt`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.household import Household, Person


@pytest.fixture(scope="session")
def machine() -> str:
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at start, Python {platform.python_version()}"


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    house = Household(tmp_path)
    yield house
    house.close()
