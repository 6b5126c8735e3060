"""Fixtures of the satellite's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # hub_peer

from hub_peer import HubPeer, paired_store, say


@pytest.fixture(scope="session")
def alexa() -> np.ndarray:
    return say("Alexa, turn on the kitchen lights.")


@pytest.fixture(scope="session")
def answer() -> np.ndarray:
    return say("The kitchen lights are on now, and the garage door is closed.")


@pytest.fixture
async def peer(tmp_path: Path):
    folder = tmp_path / "hub"
    folder.mkdir()
    hub = HubPeer(folder)
    hub.port = await hub.start()
    hub.store, hub.identity = paired_store(tmp_path / "sat", hub, hub.port)
    yield hub
    await hub.close()
