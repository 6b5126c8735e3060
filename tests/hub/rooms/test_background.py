from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hub.rooms.background import Background, over

EVERYBODY = np.array([True, True])


def hear(background, snr_db, frames, unattended=EVERYBODY):
    for _ in range(frames):
        background.follow(np.asarray(snr_db, float), unattended, 1)


def test_a_television_is_known_after_some_seconds_and_forgotten_after_it_was_off_for_long():
    background = Background(2)
    hear(background, [-6.0, 15.0], 150)
    assert background.television.tolist() == [False, True]
    hear(background, [-6.0, -6.0], 500)
    assert background.television.tolist() == [False, True]
    hear(background, [-6.0, -6.0], 1500)
    assert background.television.tolist() == [False, False]


def talk(background, turns, said_s, pause_s, snr_db=20.0):
    for _ in range(turns):
        hear(background, [-6.0, snr_db], round(50 * said_s))
        hear(background, [-6.0, -6.0], round(50 * pause_s))


def test_a_television_seldom_pauses():
    background = Background(2)
    talk(background, 8, 3.0, 0.4)
    assert background.established.tolist() == [False, True]
    talk(background, 4, 3.0, 0.4)
    hear(background, [-6.0, -6.0], 35)
    assert background.established.tolist() == [False, True]


@pytest.mark.parametrize(("said_s", "pause_s"), [(2.5, 3.0), (6.0, 1.5), (2.0, 0.8)])
def test_people_who_talk_to_each_other_or_to_a_telephone_are_no_television(said_s, pause_s):
    background = Background(2)
    for _ in range(20):
        talk(background, 1, said_s, pause_s)
        hear(background, [-6.0, 20.0], round(50 * said_s))
        assert not background.established.any()
        hear(background, [-6.0, -6.0], round(50 * pause_s))


def test_a_television_that_was_switched_off_is_none_when_people_talk():
    background = Background(2)
    talk(background, 20, 3.0, 0.3)
    assert background.established[1]
    hear(background, [-6.0, -6.0], 250)
    hear(background, [-6.0, 20.0], 200)
    assert not background.established.any()


def test_nothing_rises_over_a_television_but_somebody_who_is_louder():
    background = Background(2)
    hear(background, [-6.0, 15.0], 200)
    rise_db = over(np.array([20.0, 15.0]), background.level_db(playing=False))
    assert rise_db[0] == 20.0
    assert rise_db[1] < 6.0
    assert over(np.array([20.0, 27.0]), background.level_db(playing=False))[1] > 12.0


def test_who_is_served_is_not_learnt():
    background = Background(2)
    hear(background, [-6.0, -6.0], 100)
    hear(background, [25.0, 12.0], 500, unattended=np.array([False, False]))
    assert background.usual_db.max() < 0.0
    assert not background.television.any()


def test_our_own_voice_is_put_aside_when_it_ends():
    background = Background(2)
    hear(background, [-6.0, -6.0], 100)
    background.begin_leak()
    for _ in range(100):
        background.follow_leak(np.array([30.0, 12.0]), 1)
    playing = over(np.array([30.0, 20.0]), background.level_db(playing=True))
    assert playing[0] < 6.0
    after = over(np.array([20.0, 20.0]), background.level_db(playing=False))
    assert after.tolist() == [20.0, 20.0]


def test_a_new_satellite_is_unknown_for_a_second():
    background = Background(1)
    background.grow(3)
    assert len(background.usual_db) == 3
    assert not background.known.any()
    for _ in range(50):
        background.follow(np.full(3, -6.0), np.ones(3, bool), 1)
    assert background.known.all()
    background.forget(1)
    assert background.known.tolist() == [True, False, True]


@given(arrays(float, (80, 2), elements=st.floats(-10, 40)), st.integers(1, 50))
def test_the_usual_level_stays_within_what_was_heard(heard, frames):
    background = Background(2)
    for snr_db in heard:
        background.follow(snr_db, EVERYBODY, frames)
        assert (background.usual_db >= -10.0).all()
        assert (background.usual_db <= heard.max() + 1e-9).all()
