from __future__ import annotations

import numpy as np
import pytest

from satellite.dsp.delay import Realigner

RATE_HZ = 24_000


def talk(seconds: float, seed: int) -> np.ndarray:
    size = int(seconds * RATE_HZ)
    random = np.random.default_rng(seed)
    white = random.normal(0, 0.1, size) * np.repeat(random.uniform(0, 1, size // 2400 + 1), 2400)[:size]
    return np.convolve(white, np.ones(8) / 8, "same").astype(np.float32)


def run(near: np.ndarray, far: np.ndarray) -> tuple[Realigner, list[np.ndarray], int]:
    aligner, out, jumps = Realigner(), [], 0
    for at in range(0, near.size // 480 * 480, 480):
        played, jumped = aligner.take(near[at : at + 480], far[at : at + 480])
        out.append(played)
        jumps += jumped
    return aligner, out, jumps


@pytest.mark.parametrize("delay_ms", [200, 333, 480])
def test_a_long_delay_is_found_once_and_brought_within_reach(delay_ms: int) -> None:
    far, delay = talk(6.0, 1), delay_ms * 24
    near = np.concatenate([np.zeros(delay, np.float32), 0.3 * far[:-delay]])
    aligner, played, jumps = run(near, far)
    assert jumps == 1
    begins_ms = delay_ms - aligner.delay_blocks * 20
    assert 0 <= begins_ms <= 60
    last = np.concatenate(played)[-RATE_HZ:]
    lag = delay - aligner.delay_blocks * 480
    assert np.corrcoef(last[: RATE_HZ - lag], near[: last.size * 6][-RATE_HZ + lag :])[0, 1] > 0.99


@pytest.mark.parametrize("delay_ms", [0, 60, 110])
def test_a_usual_delay_is_left_alone(delay_ms: int) -> None:
    far = talk(5.0, 1)
    near = np.concatenate([np.zeros(delay_ms * 24, np.float32), 0.3 * far])[: far.size]
    aligner, played, jumps = run(near, far)
    assert jumps == 0
    assert aligner.delay_blocks == 0
    assert np.array_equal(np.concatenate(played), far)


def test_other_voices_move_nothing() -> None:
    _, _, jumps = run(talk(12.0, 7), talk(12.0, 1))
    assert jumps == 0
