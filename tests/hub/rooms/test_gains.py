from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rooms.gains import Gains
from tests.hub.rooms.simple_house import DIM, NEAR, SimpleHouse

BOTH = np.array([True, True])


def talk(gains, row, gains_db, loss_db=6.0):
    level_db = np.full(2, -40.0) + gains_db
    level_db[1 - row] -= loss_db
    gains.learn(row, level_db, BOTH)


@given(st.floats(-12, 12), st.floats(-12, 12), st.floats(0, 30))
def test_what_the_microphones_differ_by_is_found_whatever_lies_between_them(one_db, other_db, loss_db):
    gains = Gains(2)
    for _ in range(6):
        talk(gains, 0, np.array([one_db, other_db]), loss_db)
        talk(gains, 1, np.array([one_db, other_db]), loss_db)
    assert gains.difference_db(0, 1) == pytest.approx(one_db - other_db)
    assert gains.difference_db(1, 0) == pytest.approx(other_db - one_db)


def test_one_direction_alone_says_nothing():
    gains = Gains(2)
    for _ in range(20):
        talk(gains, 0, np.array([3.0, -3.0]))
    assert gains.difference_db(0, 1) is None


def test_a_loud_microphone_in_a_quiet_room_no_longer_wins():
    gains = Gains(2)
    for _ in range(6):
        talk(gains, 0, np.array([-5.0, 5.0]))
        talk(gains, 1, np.array([-5.0, 5.0]))
    # Somebody speaks in room 0: its level is lower by 4 dB, its microphone by 10.
    heard = gains.by_level(np.array([0.0, 0.5]), np.array([-45.0, -41.0]))
    assert heard[0] > heard[1]


def test_without_experience_nothing_changes():
    odds = np.array([0.0, 0.5])
    assert Gains(2).by_level(odds, np.array([-45.0, -41.0])) is odds


def test_a_new_satellite_begins_anew():
    gains = Gains(1)
    gains.grow(2)
    for _ in range(6):
        talk(gains, 0, np.zeros(2))
        talk(gains, 1, np.zeros(2))
    gains.forget(1)
    assert gains.difference_db(0, 1) is None


def test_a_day_in_the_house_teaches_them():
    house = SimpleHouse(2)
    house.quiet(1.5)
    for _ in range(6):
        for near in (0, 1):
            house.hear(0.9, {near: NEAR, 1 - near: DIM})
            house.quiet(0.8)
    assert house.attention.gains.difference_db(0, 1) == pytest.approx(0.0, abs=1.0)
