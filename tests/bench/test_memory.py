"""Resident memory of real processes in a conversation. `tests/e2e/test_bad_input.py` bounds the hub without models."""

from __future__ import annotations

import psutil
import pytest

from tests.e2e.conftest import household, person  # noqa: F401 (fixtures)
from tests.e2e.household import track

pytestmark = [pytest.mark.bench, pytest.mark.timeout(180)]


def rss_mb(process):
    return psutil.Process(process.pid).memory_info().rss / 1e6


def test_processes_in_a_conversation(household, person, machine):  # noqa: F811
    household.start_hub()
    household.pair("kitchen")
    household.satellite("kitchen", track(1.0, person.say("Alexa, turn on the kitchen lights."), 10.0), args=())
    household.wait_turns(1)
    satellite = rss_mb(household.processes["kitchen"])
    hub = rss_mb(household.processes["hub"])
    voice = sum(child.memory_info().rss for child in psutil.Process(household.processes["hub"].pid).children()) / 1e6
    print(f"\n{machine}")
    print(f"| satellite, file backend, in a conversation | {satellite:.0f} MB |")
    print(f"| hub with its recognisers | {hub:.0f} MB |")
    print(f"| voice process | {voice:.0f} MB |")
    assert satellite < 80
