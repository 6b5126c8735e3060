from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from satellite.audio.capture_clock import CaptureClock

CHUNK, CHUNK_US = 240, 10_000
START_US = 7_000_000


class Device:
    """Delivers 10 ms after 10 ms, each late by chance, on a crystal that is off by `ppm`."""

    def __init__(self, clock: CaptureClock, *, jitter_us: int, ppm: float = 0.0) -> None:
        self.clock, self.jitter_us, self.ppm = clock, jitter_us, ppm
        self.chance = random.Random(1)
        self.now_us, self.samples = float(START_US), 0
        self.waiting_us, self.lost = 25_000.0, 0

    def begin(self) -> int:
        self.samples = self.clock.resume(self.samples, round(self.now_us))
        return self.samples

    def run(self, seconds: float, until_slip: bool = False) -> float:
        for tick in range(round(seconds * 100)):
            self.now_us += CHUNK_US * (1 + self.ppm / 1e6)
            self.samples += CHUNK
            late_us = self.chance.random() * self.jitter_us
            lost = self.clock.tick(self.samples, round(self.now_us + late_us), self.waiting_us + late_us)
            self.samples += lost
            self.lost += lost
            if until_slip and self.clock.slipped:
                return (tick + 1) / 100
        return seconds


@settings(deadline=None)
@given(ppm=st.floats(-1000, 1000), jitter_us=st.integers(0, 25_000))
def test_a_healthy_device_never_slips_and_its_time_is_smooth(ppm, jitter_us) -> None:
    clock = CaptureClock()
    device = Device(clock, jitter_us=jitter_us, ppm=ppm)
    device.begin()
    for _ in range(30):
        device.run(1)
        assert abs(clock.time_us(device.samples) - device.now_us) < max(jitter_us * 0.7, 1000) + 1000
    assert not clock.slipped
    assert not device.lost


@settings(deadline=None)
@given(lost_us=st.integers(65_000, 5_000_000), after_s=st.floats(1.1, 5))
def test_a_backlog_is_found_within_half_a_second_and_a_new_start_keeps_pace(lost_us, after_s) -> None:
    clock = CaptureClock()
    device = Device(clock, jitter_us=15_000)
    device.begin()
    device.run(after_s)
    assert not clock.slipped
    device.now_us += lost_us
    device.waiting_us += lost_us
    device.jitter_us = 0
    assert device.run(2, until_slip=True) <= 0.5
    before = device.samples
    position = device.begin()
    assert not clock.slipped
    assert position % 480 == 0
    assert position > before
    behind_us = device.now_us - START_US - position * 1e6 / 24_000
    assert -21_000 < behind_us < 25_000
    device.run(3)
    assert not clock.slipped


@settings(deadline=None)
@given(lost_us=st.integers(50_000, 5_000_000))
def test_lost_sound_is_counted_and_needs_no_new_start(lost_us) -> None:
    clock = CaptureClock()
    device = Device(clock, jitter_us=5_000)
    device.begin()
    device.run(3)
    device.now_us += lost_us
    device.run(3)
    assert not clock.slipped
    assert device.lost % 480 == 0
    assert abs(device.lost * 1e6 / 24_000 - lost_us) < 20_000
    assert abs(clock.time_us(device.samples) - device.now_us) < 6_000


def test_one_late_moment_is_no_slip() -> None:
    clock = CaptureClock()
    device = Device(clock, jitter_us=5000)
    device.begin()
    device.run(2)
    for _ in range(10):
        assert clock.tick(device.samples, round(device.now_us + 400_000), 420_000) == 0
        device.run(1)
    assert not clock.slipped
