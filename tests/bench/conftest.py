"""Benches print their tables; `-s` shows them, and `make bench` keeps them in `out/bench.txt`."""

from __future__ import annotations

import os
import platform

import pytest


@pytest.fixture(scope="session")
def machine() -> str:
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at start, Python {platform.python_version()}"
