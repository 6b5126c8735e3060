from __future__ import annotations

import time

import numpy as np
import pytest

from protocol.measure import (
    BAND_EDGES_HZ,
    FEATURE_FRAMES,
    MeasureFlag,
    Measurement,
    Measurer,
    features,
    pack_measurements,
    unpack_measurements,
)

RATE = 24_000


def room(seconds: float, *, gain: float = 1.0, speech_from: float = 1e9, seed: int = 3) -> np.ndarray:
    """Pink-like noise at about -60 dBFS, and from `speech_from` on syllables of a buzz at about -30."""
    dice = np.random.default_rng(seed)
    count = int(seconds * RATE) // 480 * 480
    at = np.arange(count) / RATE
    noise = np.convolve(dice.standard_normal(count), [0.5, 0.3, 0.2], mode="same") * 40
    buzz = sum(np.sin(2 * np.pi * 140 * k * at + k) / k**0.7 for k in range(1, 40))
    syllables = np.clip(np.sin(2 * np.pi * 4 * at), 0, 1) ** 2
    speech = buzz * syllables * 500 * (at >= speech_from)
    return np.clip((noise + speech) * gain, -32768, 32767).astype(np.int16).reshape(-1, 480)


def run(frames: np.ndarray, speech_from: float = 1e9) -> tuple[Measurer, list[Measurement]]:
    measurer = Measurer()
    measured = []
    for index, frame in enumerate(frames):
        flags = MeasureFlag.SPEECH if index * 0.02 >= speech_from + 0.1 else MeasureFlag.NONE
        measured.append(measurer.measure(frame, vad=0.5, flags=flags))
    return measurer, measured


@pytest.mark.parametrize("band", range(10))
def test_a_tone_is_found_in_its_band_at_its_level(band):
    middle = (BAND_EDGES_HZ[band] + BAND_EDGES_HZ[band + 1]) / 2
    tone = (16384 * np.sin(2 * np.pi * middle * np.arange(480) / RATE)).astype(np.int16)
    measured = Measurer().measure(tone)
    assert int(np.argmax(measured.bands_db)) == band
    # half of full scale: -6 dB, as a sine -3 dB more; the narrow low bands lose some of the window's main lobe
    assert measured.bands_db[band] == pytest.approx(-9.0, abs=1.6)
    assert measured.level_db == pytest.approx(-9.0, abs=0.6)


def test_a_constant_offset_is_no_sound():
    assert Measurer().measure(np.full(480, 9000, np.int16)).level_db == -127.5


def test_the_features_do_not_change_with_the_gain():
    quiet, _ = run(room(4, gain=1.0, speech_from=3), 3)
    loud, _ = run(room(4, gain=4.0, speech_from=3), 3)
    a, b = quiet.record(), loud.record()
    assert b.level_db - a.level_db == pytest.approx(12.0, abs=0.6)
    assert b.snr_db == pytest.approx(a.snr_db, abs=0.8)
    assert b.variance == pytest.approx(a.variance, abs=0.1)
    assert b.hf_db == pytest.approx(a.hf_db, abs=0.8)


def test_speech_stands_out_and_noise_does_not():
    noise, _ = run(room(4))
    speech, _ = run(room(4, speech_from=3), 3)
    assert noise.snr_db < 0
    assert speech.snr_db > 10
    assert speech.record().variance > noise.record().variance + 1


def test_floors_converge_in_the_first_second_and_follow_a_fan():
    frames = room(1)
    measurer, measured = run(frames)
    median = np.median([m.bands_db for m in measured], axis=0)
    assert np.abs(np.array(measurer.floors_db()) - median).max() < 3.5
    for frame in room(4, gain=10.0, seed=9):
        measurer.measure(frame)
    assert np.abs(np.array(measurer.floors_db()) - median - 20).max() < 3.5


def test_speech_hardly_lifts_the_floor_and_the_own_voice_neither():
    for flag in (MeasureFlag.SPEECH, MeasureFlag.PLAYING):
        measurer, _ = run(room(2))
        before = np.array(measurer.floors_db())
        for frame in room(2, speech_from=0, gain=3.0):
            measurer.measure(frame, flags=flag)
        assert (np.array(measurer.floors_db()) - before).max() < 2.5


def test_a_muted_microphone_teaches_no_floor():
    measurer, _ = run(room(2))
    before = measurer.floors_db()
    for _ in range(200):
        measurer.measure(np.zeros(480, np.int16), flags=MeasureFlag.MUTED)
    assert measurer.floors_db() == before


def test_clipping_is_marked():
    frame = np.zeros(480, np.int16)
    assert MeasureFlag.CLIPPED not in Measurer().measure(frame).flags
    frame[17] = -32768
    assert MeasureFlag.CLIPPED in Measurer().measure(frame).flags


def test_the_hub_computes_bit_for_bit_what_the_satellite_did():
    measurer, measured = run(room(3.5, speech_from=3), 3)
    there = unpack_measurements(pack_measurements(measured[-FEATURE_FRAMES:]))
    assert there == measured[-FEATURE_FRAMES:]
    assert features(there, measurer.floors_db()) == measurer.record()


@pytest.mark.parametrize(
    "pcm", [np.zeros(480, np.int16), np.full(480, 32767, np.int16), np.full(480, -32768, np.int16)]
)
def test_silence_and_full_scale_give_finite_numbers(pcm):
    measurer = Measurer()
    for _ in range(60):
        measurer.measure(pcm, vad=float("1"), wake=7.0, echo=-1.0)
    record = measurer.record()
    assert np.isfinite([record.level_db, record.snr_db, record.variance, record.hf_db]).all()
    assert len(record.pack()) == 6


def test_a_frame_of_another_length_is_refused():
    with pytest.raises(ValueError, match="480"):
        Measurer().measure(np.zeros(481, np.int16))
    with pytest.raises(ValueError, match="at least one"):
        Measurer().record()


def test_a_frame_costs_little():
    measurer, frames = Measurer(), room(2)
    best_s, transform_s = 1.0, 1.0
    for frame in np.concatenate([frames, frames]):
        began = time.perf_counter()
        measurer.measure(frame)
        measured = time.perf_counter()
        np.fft.rfft(frame)
        best_s, transform_s = min(best_s, measured - began), min(transform_s, time.perf_counter() - measured)
    assert best_s < 7 * transform_s  # of this machine, as busy as it is
