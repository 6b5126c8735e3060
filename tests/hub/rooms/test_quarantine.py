from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rooms.quarantine import Quarantine
from protocol.records import LevelBatch, LevelRecord, MeasureFlag

ACTIVE_MS, IDLE_MS = 20.0, 80.0


def batch(record, stride=1):
    return LevelBatch((record,), stride, None)


def heard(level_db=-40.0, snr_db=20.0, flags=MeasureFlag.SPEECH):
    return LevelRecord(level_db, 0.9, snr_db, -1.0, -12.0, flags)


def report(quarantine, records, *, stride=1, begin_ms=0.0, captured=lambda now_ms: now_ms - 40.0):
    """Reports one after the other; the codes of what was found."""
    codes = []
    for index, record in enumerate(records):
        now_ms = begin_ms + index * stride * 20.0
        error = quarantine.reported("hall", batch(record, stride), captured(now_ms), now_ms)
        if error is not None:
            codes.append(error.code)
    return codes


levels = st.builds(
    LevelRecord,
    st.floats(-80, -6).map(lambda x: round(2 * x) / 2),
    st.floats(0, 1),
    st.floats(-10, 40),
    st.floats(-10, 2),
    st.floats(-40, 20),
    st.sampled_from([MeasureFlag.NONE, MeasureFlag.SPEECH, MeasureFlag.PLAYING]),
)


@given(st.lists(levels, min_size=2, max_size=12, unique_by=lambda record: record.level_db), st.floats(0, 400))
def test_a_room_that_is_measured_is_never_held(records, late_ms):
    quarantine = Quarantine()
    assert report(quarantine, records * 20, captured=lambda now_ms: now_ms - late_ms) == []


@given(st.lists(st.floats(1_500, 20_000), max_size=60))
def test_nobody_who_calls_again_and_again_is_held(pauses_ms):
    quarantine, now_ms = Quarantine(), 0.0
    for pause_ms in pauses_ms:
        now_ms += pause_ms
        assert quarantine.called("hall", now_ms) is None
    assert quarantine.held("hall", now_ms) is None


def test_a_thousand_calls_a_second_are_one_report_and_a_minute_without_it():
    quarantine = Quarantine()
    errors = [quarantine.called("hall", float(now_ms)) for now_ms in range(1000)]
    found = [error for error in errors if error is not None]
    assert [error.code for error in found] == ["satellite_calls_without_end"]
    assert "hall" in found[0].sentence
    assert "1 minute." in found[0].sentence
    assert quarantine.held("hall", 60_500.0) is not None
    assert quarantine.held("kitchen", 500.0) is None
    assert quarantine.held("hall", 61_000.0) is None


def test_it_is_longer_each_time_and_forgotten_after_a_good_hour():
    quarantine, now_ms, minutes = Quarantine(), 0.0, []
    for pause_ms in (0.0, 120_000.0, 300_000.0, 3 * 3_600_000.0):
        now_ms += pause_ms
        error = None
        while error is None:
            now_ms += 10.0
            error = quarantine.called("hall", now_ms)
        minutes.append(error.sentence.split("for ")[-1])
    assert minutes == ["1 minute.", "2 minutes.", "4 minutes.", "1 minute."]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (heard(), "satellite_is_frozen"),
        (heard(level_db=-0.5), "satellite_levels_impossible"),
        (heard(level_db=-120.0, snr_db=38.0), "satellite_levels_impossible"),
    ],
)
def test_what_no_room_sounds_like_is_found_in_seconds(record, code):
    quarantine = Quarantine()
    assert report(quarantine, [record] * 200) == [code]
    assert quarantine.held("hall", 4_000.0) is not None


@pytest.mark.parametrize(
    "record",
    [
        heard(level_db=-127.5, snr_db=-10.0, flags=MeasureFlag.MUTED),
        heard(level_db=-127.5, snr_db=-10.0, flags=MeasureFlag.NONE),  # a microphone that is switched off by hand
        heard(level_db=-60.0, snr_db=0.4, flags=MeasureFlag.NONE),
    ],
)
def test_silence_is_always_the_same(record):
    assert report(Quarantine(), [record] * 300, stride=4) == []


def alive():
    """Records of a room that lives."""
    return [heard(level_db=-40.0 - index % 7) for index in range(200)]


def test_times_that_come_again_and_again_are_found():
    quarantine = Quarantine()
    assert report(quarantine, alive(), captured=lambda now_ms: (now_ms % 40) * 500) == ["satellite_clock_jumps"]


def test_times_that_have_not_come_yet_are_found():
    assert report(Quarantine(), alive(), captured=lambda now_ms: now_ms + 5_000) == ["satellite_clock_jumps"]


def test_a_clock_that_is_put_right_and_a_network_that_stalls_are_not():
    quarantine = Quarantine()
    assert report(quarantine, alive(), captured=lambda now_ms: now_ms - (9_000 if now_ms > 2_000 else 0)) == []
    assert report(quarantine, alive(), begin_ms=60_000.0, captured=lambda now_ms: now_ms - 30_000 + now_ms % 90) == []
