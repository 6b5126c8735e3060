from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hub.rooms.own_voice import OwnVoice


def speak(voice, row, seconds, snr_db, now_ms=0.0):
    voice.plays(row, now_ms, playing=True)
    for _ in range(round(seconds * 25)):
        voice.listen(np.asarray(snr_db, float), 2)
    voice.plays(row, now_ms + 1000 * seconds, playing=False)
    voice.listen(np.full(len(snr_db), -6.0), 2)


def test_how_loud_a_loudspeaker_is_elsewhere_is_known_once_it_has_spoken():
    voice = OwnVoice()
    assert np.isinf(voice.at_most_db({0}, 2)).all()
    speak(voice, 0, 6.0, [20.0, 5.0])
    at_most_db = voice.at_most_db({0}, 2)
    assert 20.0 <= at_most_db[0] <= 24.0
    assert 5.0 <= at_most_db[1] <= 9.0
    assert np.isinf(voice.at_most_db({1}, 2)).all()
    assert np.isinf(voice.at_most_db({0, 1}, 2)).all()


def test_a_word_is_too_little_to_learn_from():
    voice = OwnVoice()
    speak(voice, 0, 1.0, [20.0, 5.0])
    assert np.isinf(voice.at_most_db({0}, 2)).all()


def test_who_talks_over_it_once_is_not_taken_for_it():
    voice = OwnVoice()
    speak(voice, 0, 6.0, [20.0, 5.0])
    speak(voice, 0, 3.0, [20.0, 30.0])
    speak(voice, 0, 3.0, [20.0, 5.0])
    assert voice.at_most_db({0}, 2)[1] < 10.0


def test_a_loudspeaker_that_was_turned_up_is_known_anew():
    voice = OwnVoice()
    speak(voice, 0, 20.0, [20.0, 5.0])
    speak(voice, 0, 12.0, [32.0, 17.0])
    assert voice.at_most_db({0}, 2)[1] >= 17.0


def test_of_two_that_speak_at_once_nothing_is_learnt_and_the_louder_counts():
    voice = OwnVoice()
    voice.plays(1, 0.0, playing=True)
    speak(voice, 0, 6.0, [30.0, 30.0])
    voice.plays(1, 6000.0, playing=False)
    assert np.isinf(voice.at_most_db({0}, 2)).all()
    speak(voice, 0, 6.0, [20.0, 5.0])
    speak(voice, 1, 6.0, [8.0, 25.0])
    assert voice.at_most_db({0, 1}, 2).tolist() == [23.0, 28.0]


def test_what_was_learnt_of_a_satellite_goes_with_it():
    voice = OwnVoice()
    speak(voice, 0, 6.0, [20.0, 5.0])
    voice.plays(0, 9000.0, playing=True)
    voice.forget(0)
    assert not voice.in_air(9100.0)
    assert np.isinf(voice.at_most_db({0}, 2)).all()


def test_only_who_sounded_before_a_word_and_until_its_end_may_have_said_it():
    voice = OwnVoice()
    voice.plays(0, 1000.0, playing=True)
    assert voice.sources(1300.0) == frozenset()
    assert voice.sources(1500.0) == {0}
    voice.plays(0, 2000.0, playing=False)
    assert voice.sources(2400.0) == {0}
    assert voice.sources(2500.0) == frozenset()
    voice.plays(2, 2100.0, playing=True)
    assert voice.sources(2600.0) == {2}


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.floats(1.0, 900.0)), max_size=40))
def test_whatever_begins_and_stops_who_may_have_spoken_is_in_the_air(events):
    voice, now_ms = OwnVoice(), 0.0
    for row, playing, later_ms in events:
        voice.plays(row, now_ms, playing=playing)
        voice.listen(np.zeros(3), 2)
        now_ms += later_ms
        assert bool(voice.sources(now_ms)) <= voice.in_air(now_ms)
