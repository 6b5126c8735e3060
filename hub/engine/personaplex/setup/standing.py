"""What of the engine is on this machine: GPU, environment, weights; and which voice would be chosen."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hub.config_engine import EngineSettings, default_venv
from hub.engine.choice import Choice, Facts, choose
from hub.engine.personaplex.setup.capacity import rows_to_serve
from hub.engine.personaplex.setup.gpu import Gpu, find_gpus
from hub.engine.personaplex.setup.install import Installed, installed
from hub.engine.personaplex.setup.weights import WeightsFolder, inspect


@dataclass(frozen=True, slots=True)
class Standing:
    """The findings.

    Attributes:
        python: the interpreter that would run the engine, None when there is none.
        environment: what `roomtone engine install` made, where it is what would be used.
        rows: conversations that would be admitted.
        facts: the same for choosing a voice; a device that is set to “cpu” counts as a GPU.
        choice: what `engine: {kind: auto}` would take.
    """

    gpus: tuple[Gpu, ...]
    python: Path | None
    environment: Installed | None
    weights: WeightsFolder
    rows: int
    facts: Facts
    choice: Choice

    def lines(self) -> list[tuple[str, str]]:
        """Name and fact, for a terminal."""
        gpu = ", ".join(
            f"{one.name}, {one.free_bytes / 1e9:.1f} of {one.total_bytes / 1e9:.1f} GB free, driver {one.driver}"
            for one in self.gpus
        )
        weights = (
            f"complete in {self.weights.folder}, {len(self.weights.voices)} voices"
            if self.weights.complete
            else f"{', '.join(self.weights.missing)} missing in {self.weights.folder}: roomtone engine fetch"
        )
        return [
            ("GPU", gpu or "none"),
            ("environment", self._environment()),
            ("weights", weights),
            ("conversations", str(self.rows)),
            ("auto chooses", self.choice),
        ]

    def _environment(self) -> str:
        if self.python is None:
            return "none: roomtone engine install"
        if self.environment is None:
            return str(self.python)
        cuda = f"CUDA {self.environment.cuda}" if self.environment.cuda else "CPU"
        return f"torch {self.environment.torch} ({cuda}), {self.python}"

    def to_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "gpus": [
                {"name": one.name, "total_bytes": one.total_bytes, "free_bytes": one.free_bytes, "driver": one.driver}
                for one in self.gpus
            ],
            "python": str(self.python) if self.python is not None else None,
            "torch": self.environment.torch if self.environment is not None else None,
            "cuda": self.environment.cuda if self.environment is not None else None,
            "weights": {
                "folder": str(self.weights.folder),
                "missing": list(self.weights.missing),
                "voices": list(self.weights.voices),
            },
            "conversations": self.rows,
            "auto": self.choice,
        }


def standing(settings: EngineSettings, state_dir: Path) -> Standing:
    """Look at this machine; opens no model and reaches for no server."""
    gpus = tuple(find_gpus())
    python = find_python(settings, state_dir)
    weights = inspect(settings.weights_in(state_dir), settings.voices)
    wants_gpu = settings.device != "cpu"
    facts = Facts(
        gpu=bool(gpus) or not wants_gpu,
        installed=python is not None,
        weights=weights.complete,
        url=settings.url is not None,
    )
    return Standing(
        gpus=gpus,
        python=python,
        environment=installed(default_venv(state_dir)) if settings.python is None else None,
        weights=weights,
        rows=settings.rows or rows_to_serve(state_dir, gpus if wants_gpu else (), int8=settings.int8),
        facts=facts,
        choice=choose("auto", facts),
    )


def find_python(settings: EngineSettings, state_dir: Path) -> Path | None:
    """The interpreter with torch and moshi: the one of the settings, the one installed here, or this very one."""
    if settings.python is not None:
        return settings.python if settings.python.exists() else None
    venv = default_venv(state_dir)
    if installed(venv) is not None:
        return venv / "bin" / "python"
    here = find_spec("torch") is not None and find_spec("moshi") is not None
    return Path(sys.executable) if here else None
