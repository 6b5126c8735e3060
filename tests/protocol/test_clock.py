from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.clock import ClockFilter


class Peer:
    """A remote clock, and a path with its own delay in each direction."""

    def __init__(self, offset_us: float, drift_ppm: float, jitter_us: float, seed: int) -> None:
        self.offset_us, self.drift, self.jitter_us = offset_us, drift_ppm * 1e-6, jitter_us
        self.dice = random.Random(seed)

    def shows(self, local_us: float) -> float:
        return local_us * (1 + self.drift) + self.offset_us

    def ping(self, clock: ClockFilter, at_us: float, *, extra_up_us: float = 0, extra_down_us: float = 0) -> float:
        there = at_us + 300 + self.dice.uniform(0, self.jitter_us) + extra_up_us
        leaves = there + 100
        back = leaves + 300 + self.dice.uniform(0, self.jitter_us) + extra_down_us
        clock.add(round(at_us), round(self.shows(there)), round(self.shows(leaves)), round(back))
        return back


@pytest.mark.parametrize("offset_ms", [-50, 50])
@pytest.mark.parametrize("drift_ppm", [-100, 0, 100])
@pytest.mark.parametrize(("jitter_ms", "bound_ms"), [(0, 0.5), (10, 3), (80, 15)])
def test_offset_and_mapping_stay_within_bounds(offset_ms, drift_ppm, jitter_ms, bound_ms):
    errors: list[float] = []
    for seed in range(8):
        clock, peer, now = ClockFilter(), Peer(offset_ms * 1000, drift_ppm, jitter_ms * 1000, seed), 5e6
        for _ in range(90):
            now = max(now + 2e6, peer.ping(clock, now))
        errors.append(abs(clock.to_local_us(round(peer.shows(now))) - now))
        truth = peer.shows(now - 2e6) - (now - 2e6)
        assert abs(clock.offset_us - truth) <= clock.error_us + 500
    assert max(errors) < bound_ms * 1000
    assert sorted(errors)[4] < bound_ms * 500


def test_drift_is_found_where_the_path_is_quiet():
    clock, peer = ClockFilter(), Peer(1e6, 80, 200, 1)
    for index in range(64):
        peer.ping(clock, index * 2e6)
    assert clock.drift_ppm == pytest.approx(80, abs=15)


def test_spikes_in_one_direction_pull_nothing():
    calm, spiky = ClockFilter(), ClockFilter()
    for clock, spike in ((calm, 0), (spiky, 400_000)):
        peer = Peer(20_000, 0, 2_000, 5)
        for index in range(60):
            peer.ping(clock, index * 2e6, extra_up_us=spike if index % 3 else 0)
    assert abs(spiky.offset_us - 20_000) < 2_500
    assert spiky.error_us < 5_000


@pytest.mark.parametrize("jump_us", [5_000_000, -5_000_000, 300_000])
def test_a_jump_of_a_clock_is_followed_at_once(jump_us):
    clock, peer = ClockFilter(), Peer(0, 20, 3_000, 2)
    for index in range(40):
        peer.ping(clock, index * 2e6)
    peer.offset_us += jump_us
    for index in range(40, 44):
        peer.ping(clock, index * 2e6)
    assert abs(clock.offset_us - jump_us) < 6_000
    assert clock.synchronised


def test_it_says_when_it_knows_enough_and_forgets_on_reset():
    clock, peer = ClockFilter(), Peer(7_000, 0, 0, 3)
    assert (clock.offset_us, clock.rtt_us, clock.synchronised) == (0, 0, False)
    for index in range(3):
        assert not clock.synchronised
        peer.ping(clock, index * 250_000)
    assert clock.synchronised
    assert clock.rtt_us == pytest.approx(600, abs=2)
    clock.reset()
    assert (clock.offset_us, clock.synchronised) == (0, False)


U64 = st.integers(0, 2**64 - 1)


@given(st.lists(st.tuples(U64, U64, U64, U64), max_size=8))
def test_a_lying_peer_harms_nobody(pings):
    clock = ClockFilter()
    for ping in pings:
        clock.add(*ping)
    assert clock.error_us >= 0
    assert isinstance(clock.to_local_us(2**63), int)


def test_times_that_contradict_themselves_are_ignored():
    clock = ClockFilter()
    clock.add(1000, 500, 400, 2000)
    clock.add(1000, 0, 5000, 2000)
    clock.add(2000, 500, 500, 1000)
    assert clock.rtt_us == 0
    assert clock.offset_us == 0
