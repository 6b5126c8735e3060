from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dialog.track import Track

FRAME_MS = 20.0


def test_without_a_walk_positions_are_the_satellites_own():
    track = Track("kitchen")
    assert [track.place(480 * n, 20.0 * n) for n in (5, 6, 9)] == [2400, 2880, 4320]
    assert track.area_at(4320) == "kitchen"
    assert track.ms_of(4320 + 24) == pytest.approx(181.0)


@given(
    zeros=st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)),
    heard=st.integers(1, 50),
    preroll=st.integers(0, 40),
    late=st.integers(0, 40),
    skew_ms=st.floats(-9.0, 9.0),
)
def test_over_a_walk_no_moment_comes_twice_and_none_that_was_sent_is_missing(zeros, heard, preroll, late, skew_ms):
    """The new room sends from `preroll` frames before the old one ended, and is `late` where it did not reach back."""
    track, (before, zero) = Track("kitchen"), zeros
    for n in range(heard):
        last = track.place(before + 480 * n, 1000.0 + FRAME_MS * n)
    end_ms = 1000.0 + FRAME_MS * heard
    track.move("hall")
    first_ms = end_ms + skew_ms + FRAME_MS * (late or -preroll)
    placed = [track.place(zero + 480 * n, first_ms + FRAME_MS * n) for n in range(preroll + 60)]
    kept = [position for position in placed if position is not None]
    assert len(kept) == len(placed) - (0 if late else preroll)
    assert kept == list(range(kept[0], kept[0] + 480 * len(kept), 480))
    assert kept[0] - (last + 480) == (0 if not late else pytest.approx(24 * (FRAME_MS * late + skew_ms), abs=1))
    assert track.area_at(last) == "kitchen"
    assert track.area_at(kept[0]) == track.area_at(kept[-1]) == track.area_id == "hall"


def test_who_walks_to_and_fro_was_in_each_room_at_its_time():
    track = Track("kitchen")
    for number, area in enumerate(["hall", "kitchen", "bath"]):
        track.place(480 * number, 20.0 * number)
        track.move(area)
    track.place(480 * 3, 60.0)
    assert [track.area_at(480 * n) for n in range(4)] == ["kitchen", "hall", "kitchen", "bath"]


def test_who_is_first_heard_when_he_has_just_come_was_in_the_middle_of_something():
    track = Track("kitchen")
    assert not track.is_torn(track.place(0, 0.0))
    track.move("hall")
    joined = track.place(90_000, 1000.0)
    assert [track.is_torn(joined + 24 * after_ms) for after_ms in (-20, 0, 300, 900)] == [False, True, True, False]
