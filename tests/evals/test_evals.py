"""The whole of the written cases against the bars (`make evals`), and every day a slice of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

EVALS = Path(__file__).resolve().parent
sys.path.insert(0, str(EVALS))

import bars  # noqa: E402 - they stand beside the corpora
import measuring  # noqa: E402
import report  # noqa: E402
import writing  # noqa: E402

# A slice shows that the way through listener and scorer is whole, and that nothing unsafe slips in; no quality.
EVERY = 12


@pytest.mark.evals
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", writing.HOMES)
@pytest.mark.parametrize("task", measuring.TASKS)
def test_a_part_reaches_its_bars(part, task):
    whole = measuring.Tally()
    slow: list[str] = []
    for home in writing.HOMES[part]:
        tally = measuring.measure(part, home, task)
        slow += report.slow(task, tally) if home == "large" and tally.n else []
        whole += tally
    assert whole.n
    assert [*report.missed(task, whole), *slow] == []


WRITTEN = [
    (task, home)
    for task in ("user", "asst", "dialogue", "negatives")
    for home, _, folder in measuring.homes_of("dev")
    if measuring.cases_of("dev", home, folder, task)
]


@pytest.mark.parametrize(("task", "home"), WRITTEN)
def test_a_slice_runs_and_nothing_in_it_is_unsafe(home, task):
    tally = measuring.measure("dev", home, task, repeat=2, only=EVERY)
    assert tally.n
    assert tally.unsafe <= bars.UNSAFE, tally.faults


def test_the_interval_narrows_with_the_number_of_cases():
    wide, narrow = report.wilson(9, 10), report.wilson(900, 1000)
    assert wide[0] < narrow[0] < 0.9 < narrow[1] < wide[1]
    assert report.wilson(0, 0) == (0.0, 1.0)


def test_an_unsafe_action_or_a_wrong_one_misses_the_bars():
    good = measuring.Tally(n=100, exact=100, quiet=20)
    bad = measuring.Tally(n=100, exact=90, quiet=20, acts_on_quiet=1, unsafe=1)
    assert list(report.missed("user", good)) == []
    assert len(list(report.missed("user", bad))) == 4
