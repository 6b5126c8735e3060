"""An hour of a living house, and a minute of it: who called is served where he is, and nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.soak]

ROOT = Path(__file__).parents[2]
HOUR = Path(__file__).parent / "hour.py"


class Run:
    """A run in a process of its own, whose clocks are virtual."""

    def __init__(self, out: Path, *arguments: str, seed: int = 1, hash_seed: int = 0) -> None:
        self._out = out
        command = [sys.executable, str(HOUR), "--seed", str(seed), "--out", str(out), *arguments]
        environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment)

    def ended(self) -> Run:
        self._process.wait()
        assert self._process.returncode in (0, 1), "it broke before it was over"
        return self

    @property
    def log(self) -> bytes:
        return (self._out / "events.jsonl").read_bytes()

    @property
    def verdict(self) -> dict[str, Any]:
        return json.loads((self._out / "verdict.json").read_text("utf-8"))

    @property
    def picture(self) -> str:
        return (self._out / "timeline.svg").read_text("utf-8")


@pytest.fixture(scope="module")
def minute(tmp_path_factory):
    """The small programme twice by the same seed, under hashes of their own, and its beginning by another seed."""
    runs = [
        Run(tmp_path_factory.mktemp("one"), "--scenes", "2", hash_seed=1),
        Run(tmp_path_factory.mktemp("same"), "--scenes", "2", hash_seed=2),
        Run(tmp_path_factory.mktemp("other"), "--scenes", "1", seed=2),
    ]
    return [run.ended() for run in runs]


@pytest.mark.timeout(900)
def test_a_minute_goes_well(minute):
    verdict = minute[0].verdict
    assert verdict["faults"] == []
    assert verdict["calls"] >= 1
    assert verdict["follow_ups"] >= 1
    assert verdict["slams"] == 1


@pytest.mark.timeout(900)
def test_the_same_seed_gives_the_same_event_log(minute):
    one, same, _ = minute
    assert one.log == same.log
    assert one.picture == same.picture


@pytest.mark.timeout(900)
def test_another_seed_gives_another(minute):
    one, _, other = minute
    assert one.log.splitlines()[:40] != other.log.splitlines()[:40]


@pytest.mark.parametrize("seed", [1])
def test_living_hour(seed):
    run = Run(ROOT / "out" / "living", "--minutes", "60", seed=seed).ended()
    assert run.verdict["faults"] == []
    assert run.verdict["calls"] >= 40
    assert run.verdict["follow_ups"] >= 40
