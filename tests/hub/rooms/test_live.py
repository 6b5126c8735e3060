from __future__ import annotations

import numpy as np
import pytest

from hub.rooms.live import LiveFeatures
from protocol.measure import Measurer


def frames(seed, count):
    rng = np.random.default_rng(seed)
    for index in range(count):
        loud = 3000.0 if index % 9 < 4 else 60.0
        yield np.clip(rng.standard_normal(480) * loud, -32768, 32767).astype(np.int16)


def test_the_hub_makes_the_scalars_that_the_satellite_would_have_sent():
    measurer, live = Measurer(), LiveFeatures()
    for pcm in frames(1, 120):
        measurer.measure(pcm)
    floors = measurer.floors_db()
    for pcm in frames(2, 40):
        record = live.take(measurer.measure(pcm), floors)
    satellite = measurer.record()
    assert record.level_db == satellite.level_db
    assert record.variance == pytest.approx(satellite.variance, abs=1e-9)
    # The band floors are the hub's estimate: they have moved since they were reported.
    assert record.snr_db == pytest.approx(satellite.snr_db, abs=1.5)
    assert record.hf_db == pytest.approx(satellite.hf_db, abs=1.0)


def test_without_floors_the_quietest_frames_must_do():
    live, measurer = LiveFeatures(), Measurer()
    records = [live.take(measurer.measure(pcm), ()) for pcm in frames(3, 30)]
    assert records[-1].snr_db > 10.0


def test_after_a_pre_roll_the_first_frame_is_worth_as_much_as_any():
    measurer, warm, cold = Measurer(), LiveFeatures(), LiveFeatures()
    for pcm in frames(1, 120):
        measurement = measurer.measure(pcm)
        warm.prime(measurement)
    floors = measurer.floors_db()
    last = measurer.measure(next(frames(4, 1)))
    satellite = measurer.record()
    assert warm.take(last, floors).variance == pytest.approx(satellite.variance, abs=1e-9)
    assert cold.take(last, floors).variance != pytest.approx(satellite.variance, abs=1.0)
