from __future__ import annotations

import numpy as np
import pytest

from satellite.dsp.kalman import KalmanFilter

RATE_HZ = 24_000


def sound(seconds: float, seed: int, level: float = 0.1) -> np.ndarray:
    """Noise with syllables in it: what a filter can learn from, and learn wrongly from."""
    size = int(seconds * RATE_HZ) // 480 * 480
    random = np.random.default_rng(seed)
    syllables = np.repeat(random.uniform(0, 1, size // 2400 + 1) > 0.3, 2400)[:size]
    return (random.normal(0, level, size) * syllables).astype(np.float32)


def room(seed: int = 0, delay: int = 900) -> np.ndarray:
    taps = np.random.default_rng(seed).normal(0, 0.05, 2400) * np.exp(-np.arange(2400) / 500)
    return np.concatenate([np.zeros(delay), taps])


def echo(far: np.ndarray, response: np.ndarray) -> np.ndarray:
    return np.convolve(far, response)[: far.size].astype(np.float32)


def rest(canceller: KalmanFilter, near: np.ndarray, far: np.ndarray) -> np.ndarray:
    blocks = range(0, near.size, 480)
    return np.concatenate([canceller.process(near[at : at + 480], far[at : at + 480]).rest for at in blocks])


def level_db(signal: np.ndarray) -> float:
    return 10 * np.log10(float(np.mean(signal.astype(np.float64) ** 2)) + 1e-14)


def test_it_learns_the_room_within_a_second() -> None:
    far = sound(4.0, 1)
    near = echo(far, room()) + np.random.default_rng(2).normal(0, 1e-4, far.size).astype(np.float32)
    left = rest(KalmanFilter(), near, far)
    second = slice(RATE_HZ, 2 * RATE_HZ)
    assert level_db(left[second]) < level_db(near[second]) - 20
    assert level_db(left[-RATE_HZ:]) < level_db(near[-RATE_HZ:]) - 25


def test_who_talks_over_it_passes_unharmed_and_spoils_nothing() -> None:
    far, talker = sound(8.0, 1), sound(8.0, 5, 0.03)
    talker[: 4 * RATE_HZ] = talker[6 * RATE_HZ :] = 0
    near = echo(far, room()) + talker
    left = rest(KalmanFilter(), near, far)
    both, after = slice(4 * RATE_HZ, 6 * RATE_HZ), slice(6 * RATE_HZ + 4800, None)
    assert level_db(left[both] - talker[both]) < level_db(talker[both]) - 12
    assert level_db(left[after]) < level_db(near[after]) - 20


def test_with_no_echo_at_all_nothing_is_taken_away() -> None:
    far, talker = sound(4.0, 1), sound(4.0, 5, 0.03)
    taken = (talker - rest(KalmanFilter(), talker, far))[2 * RATE_HZ :]
    assert level_db(taken) < level_db(talker[2 * RATE_HZ :]) - 12


def test_silence_costs_nothing_and_is_passed_through_bit_for_bit() -> None:
    canceller, talker = KalmanFilter(), sound(1.0, 5)
    split = canceller.process(talker[:480], np.zeros(480, np.float32))
    assert np.array_equal(split.rest, talker[:480])
    assert not split.echo.any()
    assert not split.doubt.any()


def test_the_pause_between_two_answers_forgets_nothing() -> None:
    far = sound(6.0, 1)
    far[3 * RATE_HZ : 4 * RATE_HZ] = 0
    near = echo(far, room())
    left = rest(KalmanFilter(), near, far)
    again = slice(4 * RATE_HZ, 4 * RATE_HZ + 12_000)
    assert level_db(left[again]) < level_db(near[again]) - 20


def test_its_doubt_falls_as_it_learns() -> None:
    far = sound(3.0, 1)
    near, canceller = echo(far, room()), KalmanFilter()
    doubts = [
        (canceller.process(near[at : at + 480], far[at : at + 480]).doubt.mean(), np.mean(far[at : at + 480] ** 2))
        for at in range(0, far.size, 480)
    ]
    shares = [doubt / power for doubt, power in doubts if power > 1e-4]
    assert np.median(shares[-25:]) < 0.05 * shares[1]


@pytest.mark.parametrize("blocks", [1, 3])
def test_any_whole_number_of_hops_will_do(blocks: int) -> None:
    far = sound(0.6, 1)
    near, size = echo(far, room()), 240 * blocks
    canceller = KalmanFilter()
    parts = [canceller.process(near[at : at + size], far[at : at + size]).rest for at in range(0, 14_400, size)]
    assert np.allclose(np.concatenate(parts), rest(KalmanFilter(), near, far), atol=1e-5)
