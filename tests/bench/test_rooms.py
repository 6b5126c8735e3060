"""What deciding between many rooms costs: 64 satellites, reports exactly as the wire brings them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hub.rooms.attention import Attention
from hub.rooms.ears import Ears
from protocol.records import LevelRecord, MeasureFlag
from tests.hub.rooms.simple_house import DIM, FAR, NEAR, SILENCE

AREAS = 64
SECONDS = 20
HEARING = {1: NEAR, **dict.fromkeys(range(2, 5), DIM), **dict.fromkeys(range(5, 9), FAR)}


def share_of_a_core(hearing):
    """CPU time over the time that was simulated, the best of five."""
    shares = []
    for _ in range(5):
        attention = Attention(Ears())
        rows = [attention.ears.add() for _ in range(AREAS)]
        records = {
            row: LevelRecord(
                -40.0, 0.5, *hearing.get(row, SILENCE), MeasureFlag.SPEECH if row in hearing else MeasureFlag.NONE
            )
            for row in rows
        }
        spent = 0
        for tick in range(SECONDS * 50):
            now_ms = tick * 20.0
            begun = time.process_time_ns()
            for row in rows:
                if row in hearing or (tick + row) % 4 == 0:
                    attention.ears.take(row, records[row], now_ms, 1 if row in hearing else 4)
            attention.step(now_ms)
            spent += time.process_time_ns() - begun
        shares.append(spent / (SECONDS * 1e9))
    return min(shares), float(np.median(shares))


@pytest.mark.bench
@pytest.mark.parametrize(("name", "hearing"), [("nobody speaks", {}), ("eight rooms hear somebody", HEARING)])
def test_64_areas_take_a_small_part_of_a_core(name, hearing):
    best, usual = share_of_a_core(hearing)
    print(f"\n64 areas, {name}: {100 * best:.2f} % of a core at best, {100 * usual:.2f} % usually")
    assert best < 0.015


@pytest.mark.bench
def test_five_minutes_by_the_command_are_answered_as_in_this_process():
    bench = Path(__file__).parent / "rooms" / "run.py"
    families = "single,gain,tv,selfvoice,barge,two,followme"
    command = [sys.executable, str(bench), "--compare", "--scenes", "4", "--families", families, "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert float(done.stdout.split(" scenes, ")[-1].split(" minutes")[0]) >= 5.0
