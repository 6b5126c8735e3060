from __future__ import annotations

import numpy as np
import pytest

from hub.rooms.arrival import alike, compare
from hub.rooms.ears import COLUMN_MS, Ears
from protocol.records import LevelRecord


def envelope(seed):
    """A talker's level over time, in dBFS, at any time."""
    rng = np.random.default_rng(seed)
    knots = np.arange(0, 4000, 70.0)
    levels = rng.uniform(-65, -30, knots.size)
    return lambda at_ms: np.interp(at_ms, knots, levels)


def ears_with(*rows, phases=(0.0, 0.0)):
    ears = Ears()
    for level_db, phase_ms in zip(rows, phases, strict=True):
        row = ears.add()
        for instant in range(100):
            at_ms = instant * COLUMN_MS + phase_ms
            ears.take(row, LevelRecord(float(level_db(at_ms)), 0.5, 10.0, 0.0, -10.0), at_ms, 1)
    ears.settle(1e6)
    return ears


@pytest.mark.parametrize("late_ms", [-25.0, -8.0, 0.0, 8.0, 25.0])
@pytest.mark.parametrize("phases", [(0.0, 0.0), (3.0, 17.0)])
def test_a_lag_far_below_the_rate_of_the_reports_is_found(late_ms, phases):
    voice = envelope(1)
    ears = ears_with(voice, lambda at_ms: voice(at_ms - late_ms) - 12.0, phases=phases)
    found = compare(ears, 0, 1, 95, 44)
    assert found.correlation > 0.9
    assert found.lag_ms == pytest.approx(late_ms, abs=4.0)


def test_two_people_are_not_alike():
    found = [alike(ears_with(envelope(seed), envelope(seed + 50)), 0, 1, 95, 44) for seed in range(20)]
    assert np.median(found) < 0.5


@pytest.mark.parametrize("seed", range(5))
def test_who_walks_from_one_room_to_the_other_sounds_alike_in_both(seed):
    voice = envelope(seed)
    walk = ears_with(lambda at_ms: voice(at_ms) - at_ms / 100, lambda at_ms: voice(at_ms) - 20.0 + at_ms / 100)
    assert alike(walk, 0, 1, 95, 44) > 0.8


def test_too_little_is_no_likeness():
    ears = Ears()
    ears.add(), ears.add()
    assert compare(ears, 0, 1, 95, 44) == (0.0, 0.0)
    assert alike(ears, 0, 1, 95, 44) == 0.0
