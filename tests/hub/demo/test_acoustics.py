import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.demo.acoustics import (
    RATE_HZ,
    active_level_db,
    at_level,
    room_noise,
    room_response,
    through,
    write_wav,
)


def _tone(seconds: float, amplitude: float) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)


def test_a_pause_does_not_make_a_sentence_seem_quieter():
    spoken = _tone(1.0, 0.5)
    paused = np.concatenate([spoken, np.zeros(3 * RATE_HZ), spoken])
    assert active_level_db(paused) == pytest.approx(active_level_db(spoken), abs=0.1)
    assert active_level_db(spoken) == pytest.approx(-9.03, abs=0.05)  # a sine of 0.5: power 1/8


@settings(max_examples=30, deadline=None)
@given(level_db=st.floats(-60, -3), amplitude=st.floats(0.001, 1))
def test_at_level_reaches_the_level_from_any_loudness(level_db, amplitude):
    assert active_level_db(at_level(_tone(0.2, amplitude), level_db)) == pytest.approx(level_db, abs=0.01)


def test_silence_has_a_level_and_never_divides_by_zero():
    assert active_level_db(np.zeros(RATE_HZ)) == -120.0
    assert active_level_db(np.zeros(3)) == -120.0


def test_sound_arrives_after_its_way_through_the_air_and_dies_away():
    response = room_response(distance_m=3.43, reverberation_s=0.4, direct=0.5)
    click = np.zeros(10)
    click[0] = 1.0
    heard = through(click, response)
    first = int(np.flatnonzero(np.abs(heard) > 1e-6)[0])
    assert first == RATE_HZ // 100
    early, late = heard[first + 50 : first + 1050], heard[-1000:]
    assert 10 * np.log10(np.mean(late**2) / np.mean(early**2)) < -45


def test_a_distant_response_holds_less_direct_sound():
    def share(direct: float) -> float:
        response = room_response(distance_m=1, reverberation_s=0.5, direct=direct)
        return float(np.max(response**2) / np.sum(response**2))

    assert share(0.8) > 0.6
    assert share(0.2) < 0.4


def test_noise_is_a_room_s_own_and_the_same_every_time():
    kitchen = room_noise("kitchen", RATE_HZ, -60.0)
    assert np.array_equal(kitchen, room_noise("kitchen", RATE_HZ, -60.0))
    assert abs(np.corrcoef(kitchen, room_noise("bedroom", RATE_HZ, -60.0))[0, 1]) < 0.2
    assert 10 * np.log10(np.mean(kitchen**2)) == pytest.approx(-60.0, abs=0.01)


def test_noise_is_pink_rather_than_white():
    power = np.abs(np.fft.rfft(room_noise("hall", 4 * RATE_HZ, -50.0))) ** 2
    octave_low, octave_high = power[4 * 200 : 4 * 400].sum(), power[4 * 3200 : 4 * 6400].sum()
    assert octave_low / octave_high == pytest.approx(1.0, abs=0.3)


def test_a_track_becomes_a_wav_and_what_is_too_loud_is_clipped(tmp_path):
    path = tmp_path / "kitchen" / "mic.wav"
    write_wav(path, np.array([0.0, 0.5, 2.0, -2.0]))
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert np.frombuffer(file.readframes(9), "<i2").tolist() == [0, 16384, 32767, -32768]
