from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadMessageError
from protocol.frames import FrameFlag
from protocol.measure import (
    BANDS,
    LevelRecord,
    MeasureFlag,
    Measurement,
    decode_levels,
    encode_levels,
    pack_measurements,
    unpack_measurements,
)

DB = st.integers(0, 255).map(lambda byte: -0.5 * byte)
SHARE = st.integers(0, 255).map(lambda byte: byte / 255)
FLAGS = st.integers(0, 15).map(MeasureFlag)
MEASUREMENTS = st.builds(Measurement, DB, DB, st.tuples(*[DB] * BANDS), SHARE, SHARE, SHARE, FLAGS)
RECORD_BYTES = st.tuples(*[st.integers(0, 255)] * 5, st.integers(0, 15)).map(bytes)


@given(MEASUREMENTS)
def test_what_is_on_the_grid_survives_the_wire(measurement):
    assert Measurement.unpack(measurement.pack()) == measurement


@given(RECORD_BYTES)
def test_a_level_record_survives_the_wire(data):
    assert LevelRecord.unpack(data).pack() == data


def test_values_off_the_scale_are_clipped():
    loud = Measurement(20.0, -400.0, (5.0,) * BANDS, 2.0, -1.0, 0.5)
    back = Measurement.unpack(loud.pack())
    assert (back.level_db, back.floor_db, back.vad, back.wake) == (0.0, -127.5, 1.0, 0.0)
    assert LevelRecord.unpack(LevelRecord(0, 0, 99, -99, 99).pack()).snr_db == pytest.approx(41.0)


@given(st.lists(RECORD_BYTES.map(LevelRecord.unpack), min_size=1, max_size=50), st.integers(1, 50), st.booleans())
def test_level_batches_come_back(records, stride, with_floors):
    floors = tuple(-60.0 - band for band in range(BANDS)) if with_floors else None
    batch = decode_levels(encode_levels(records, stride, floors), FrameFlag.FLOORS if with_floors else 0)
    assert (batch.records, batch.stride_frames, batch.floors_db) == (tuple(records), stride, floors)


@given(st.binary(max_size=400), st.integers(0, 255))
def test_any_level_payload_is_a_batch_or_a_typed_error(payload, flags):
    try:
        batch = decode_levels(payload, flags)
    except BadMessageError:
        return
    assert 1 <= len(batch.records) <= 50
    assert len(payload) == 2 + 6 * len(batch.records) + (10 if batch.floors_db else 0)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_measurement_of_another_length_is_refused(size):
    with pytest.raises(BadMessageError):
        Measurement.unpack(bytes(size))
    with pytest.raises(BadMessageError):
        LevelRecord.unpack(bytes(size))


@given(st.lists(MEASUREMENTS, max_size=100))
def test_a_preroll_comes_back_and_fits_the_wake_message(measurements):
    text = pack_measurements(measurements)
    assert len(text) <= 4096
    assert unpack_measurements(text) == measurements


@given(st.text(max_size=60))
def test_any_text_is_a_preroll_or_a_typed_error(text):
    try:
        measurements = unpack_measurements(text)
    except BadMessageError:
        return
    assert len(measurements) * 16 == len(base64.b64decode(text))


def test_too_long_a_preroll_is_refused_on_both_sides():
    with pytest.raises(BadMessageError):
        unpack_measurements(base64.b64encode(bytes(16 * 101)).decode())
    with pytest.raises(ValueError, match="at most 100"):
        pack_measurements([Measurement.unpack(bytes(16))] * 101)
