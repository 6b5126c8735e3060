from __future__ import annotations

import numpy as np
import pytest

from satellite.dsp.kalman import Split
from satellite.dsp.residual import Residual

RATE_HZ = 24_000
RANDOM = np.random.default_rng(4)
NOISE_DB = -62.0


def noise(blocks: int, level_db: float) -> np.ndarray:
    return RANDOM.normal(0, 10 ** (level_db / 20), (blocks, 480)).astype(np.float32)


def level_db(signal: np.ndarray) -> float:
    return 10 * np.log10(float(np.mean(signal.astype(np.float64) ** 2)) + 1e-14)


def split(rest: np.ndarray, echo: np.ndarray | None = None, doubt: float = 0.0) -> Split:
    return Split(rest, np.zeros(480, np.float32) if echo is None else echo, np.full(241, doubt, np.float32))


@pytest.fixture
def learnt() -> Residual:
    """It knows the room's noise, and that the first stage leaves a hundredth of the echo."""
    residual = Residual()
    for block in noise(100, NOISE_DB):
        residual.take(split(block), talking=False)
    for echo, room in zip(noise(250, -25.0), noise(250, NOISE_DB), strict=True):
        residual.take(split(0.1 * echo + room, echo), talking=False)
    return residual


def test_silence_passes_unchanged_two_milliseconds_late() -> None:
    residual, sound = Residual(), noise(20, -40.0)
    out = np.concatenate([residual.take(split(block), talking=False) for block in sound])
    assert np.array_equal(out[48:], sound.ravel()[:-48])
    assert residual.excess_db == 0.0


def test_what_is_left_of_the_echo_goes_and_the_rooms_noise_stays(learnt: Residual) -> None:
    out, excess = [], []
    for echo, room in zip(noise(100, -25.0), noise(100, NOISE_DB), strict=True):
        out.append(learnt.take(split(0.1 * echo + room, echo), talking=False))
        excess.append(learnt.excess_db)
    assert abs(level_db(np.concatenate(out[10:])) - NOISE_DB) < 3
    assert max(excess) < 2.0


def test_a_person_stands_out_and_stays_as_loud(learnt: Residual) -> None:
    out, said, excess = [], [], []
    for echo, person in zip(noise(30, -25.0), noise(30, -32.0), strict=True):
        out.append(learnt.take(split(0.1 * echo + person, echo), talking=True))
        said.append(person)
        excess.append(learnt.excess_db)
    assert min(excess[1:]) > 8.0
    assert abs(level_db(np.concatenate(out[3:])) - level_db(np.concatenate(said[3:]))) < 2


def test_it_does_not_learn_a_person_as_echo(learnt: Residual) -> None:
    for echo, person in zip(noise(100, -25.0), noise(100, -32.0), strict=True):
        learnt.take(split(0.1 * echo + person, echo), talking=True)
    assert learnt.excess_db > 8.0
    for echo, person in zip(noise(400, -25.0), noise(400, -32.0), strict=True):
        learnt.take(split(0.1 * echo + person, echo), talking=False)
    assert learnt.excess_db < 2.0, "what never ends, and nobody took for a person, is the loudspeaker"


def test_a_first_stage_in_doubt_raises_no_alarm() -> None:
    residual, excess = Residual(), []
    for block in noise(60, NOISE_DB):
        residual.take(split(block), talking=False)
    for echo in noise(30, -25.0):  # it has learnt nothing yet: all of the echo is left, and it says so
        residual.take(split(echo, None, doubt=240 * 10 ** (-25.0 / 10)), talking=False)
        excess.append(residual.excess_db)
    assert max(excess) < 2.0
