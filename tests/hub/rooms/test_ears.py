from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hub.rooms.ears import COLUMN_MS, COLUMNS, Cue, Ears
from protocol.records import LevelRecord, MeasureFlag


def report(snr_db, level_db=-40.0, flags=MeasureFlag.NONE):
    return LevelRecord(level_db, 0.5, snr_db, -1.0, -10.0, flags)


def snr_at(ears, row, instant):
    cells, true = ears.window(instant, 1)
    return float(cells[Cue.SNR, row, 0]) if true[row, 0] else None


def test_a_report_of_a_quiet_room_stands_for_four_frames():
    ears = Ears()
    row = ears.add()
    ears.take(row, report(7.0), at_ms=200.0, frames=4)
    ears.settle(200.0)
    assert [snr_at(ears, row, instant) for instant in range(6, 12)] == [None, 7.0, 7.0, 7.0, 7.0, None]


def test_a_row_that_is_given_out_again_has_forgotten_everything():
    ears = Ears()
    row = ears.add()
    ears.take(row, report(7.0), at_ms=200.0, frames=1)
    ears.remove(row)
    assert ears.add() == row
    ears.settle(300.0)
    assert snr_at(ears, row, 10) is None
    assert ears.newest[row] == -1


def test_a_satellite_that_claims_to_report_from_the_future_is_not_believed():
    ears = Ears()
    liar, honest = ears.add(), ears.add()
    ears.take(liar, report(40.0), at_ms=60_000.0, frames=1)
    ears.take(honest, report(7.0), at_ms=980.0, frames=1)
    ears.settle(1000.0)
    assert ears.newest[liar] == -1
    assert snr_at(ears, honest, 49) == 7.0


def test_more_satellites_than_there_was_room_for():
    ears = Ears()
    rows = [ears.add() for _ in range(40)]
    assert rows == list(range(40))
    for row in rows:
        ears.take(row, report(float(row)), at_ms=100.0, frames=1)
    ears.settle(100.0)
    assert [snr_at(ears, row, 5) for row in rows] == [float(row) for row in rows]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 300)), unique=True, min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_does_not_matter(moments, random):
    def heard(order):
        ears = Ears()
        rows = [ears.add() for _ in range(3)]
        for row, instant in order:
            ears.take(rows[row], report((row + instant) % 40), at_ms=instant * COLUMN_MS, frames=1)
            ears.settle(1e6)
        newest = int(ears.newest.max())
        cells, true = ears.window(newest, COLUMNS)
        return np.where(true, cells[Cue.SNR], -99.0), ears.newest.tolist()

    mixed = list(moments)
    random.shuffle(mixed)
    one, other = heard(sorted(moments, key=lambda m: m[1])), heard(mixed)
    assert one[1] == other[1]
    assert (one[0] == other[0]).all()
