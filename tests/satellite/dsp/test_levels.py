"""When a room reports, and in how many frames."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.measure import LevelRecord
from protocol.records import decode_levels
from satellite.dsp.levels import ACTIVE_STRIDE, IDLE_RECORDS, IDLE_STRIDE, LevelPace, LevelReports

FLOORS_DB = (-70.0,) * 10
LONGEST_FRAMES = IDLE_RECORDS * IDLE_STRIDE


def test_speech_speeds_the_reports_up_until_a_second_after():
    pace = LevelPace()
    strides = [pace.step(speech=100 <= i < 110) for i in range(300)]
    assert [i for i in range(300) if strides[i] == 1] == list(range(100, 159))
    assert sum(s == 4 for s in strides) in range(58, 62)


def told(speech):
    """Every record: when it was measured, when it was sent, its stride; and when floors were sent."""
    now = [0]
    reports = LevelReports(lambda: LevelRecord(-(now[0] % 100) / 1.0, 0.0, 0.0, -6.0, -12.0), lambda: FLOORS_DB)
    records, floors = [], []
    for frame, speaking in enumerate(speech):
        now[0] = frame
        for payload, flags, samples, time_us in reports.step(frame * 480, frame * 20_000, speech=speaking):
            batch = decode_levels(payload, flags)
            assert time_us == samples // 480 * 20_000
            floors += [frame] * (batch.floors_db is not None)
            for number, record in enumerate(batch.records):
                measured = samples // 480 + number * batch.stride_frames
                assert record.level_db == -(measured % 100)
                records.append((measured, frame, batch.stride_frames))
    return records, floors


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 70)), max_size=8))
def test_each_record_is_sent_once_in_order_and_soon(spans):
    speech = [speaking for speaking, frames in spans for _ in range(frames)]
    pace = LevelPace()
    due = [(frame, stride) for frame, s in enumerate(speech) if (stride := pace.step(speech=s))]
    records, _ = told(speech)
    waiting = due[len(records) :]
    assert [(measured, stride) for measured, _, stride in records] == due[: len(records)]
    assert len(waiting) < IDLE_RECORDS
    for measured, sent, stride in records:
        assert 0 <= sent - measured < LONGEST_FRAMES
        assert stride == IDLE_STRIDE or sent == measured
    # Nothing waits while somebody speaks.
    assert not any(measured < frame < sent for frame, s in enumerate(speech) if s for measured, sent, _ in records)
    assert not (speech and speech[-1] and waiting)


def test_floors_come_about_once_a_second():
    _, floors = told([False] * 1000)
    assert {later - sooner for sooner, later in pairwise(floors)} <= set(range(44, 66))
    assert len(floors) in range(15, 22)


def test_what_is_forgotten_is_not_sent_later():
    reports = LevelReports(lambda: LevelRecord(-50.0, 0.0, 0.0, -6.0, -12.0), lambda: FLOORS_DB)
    for frame in range(6):
        assert reports.step(frame * 480, frame, speech=False) == []
    reports.forget()
    assert reports.rest() == []
    (first,) = reports.step(6 * 480, 6, speech=True)
    assert decode_levels(first.payload, first.flags).stride_frames == ACTIVE_STRIDE
