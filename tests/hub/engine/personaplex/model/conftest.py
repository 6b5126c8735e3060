from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.engine.personaplex.model.duplex import DuplexModel
from hub.engine.personaplex.model.loading import load_model
from hub.engine.personaplex.port import ModelOptions
from tests.hub.engine.personaplex import tiny

Load = Callable[..., DuplexModel]


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("weights") / "tiny")


@pytest.fixture(scope="session")
def load(weights: Path) -> Load:
    """Load the tiny model on the CPU, greedy; any option can be another."""

    def load(**options) -> DuplexModel:
        return load_model(ModelOptions(**{"weights": weights, "device": "cpu", "rows": 1, "greedy": True} | options))

    return load


@pytest.fixture(scope="session")
def four(load: Load) -> DuplexModel:
    return load(rows=4)


@pytest.fixture(scope="session")
def alone(load: Load) -> DuplexModel:
    return load()
