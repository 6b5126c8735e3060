from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rooms.gains import BadGainsError, Gains
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


def learnt(rows_of):
    """Gains that have heard two devices; `rows_of` gives each its row."""
    gains = Gains(2)
    for device_id, row in rows_of.items():
        gains.join(row, device_id)
    for _ in range(6):
        talk(gains, 0, np.array([4.0, -4.0]))
        talk(gains, 1, np.array([4.0, -4.0]))
    return gains


def test_what_was_learnt_outlives_the_hub_whatever_rows_the_devices_get():
    kept = json.loads(json.dumps(learnt({"sofa": 0, "window": 1}).to_json()))
    gains = Gains(1)
    gains.load(kept)
    for row, device_id in ((0, "hall"), (1, "window"), (2, "sofa")):
        gains.join(row, device_id)
    assert gains.difference_db(2, 1) == pytest.approx(8.0)
    assert gains.difference_db(0, 1) is None
    assert gains.to_json() == kept


def test_what_was_learnt_outlives_a_connection():
    gains = learnt({"sofa": 0, "window": 1})
    gains.forget(0)
    assert gains.difference_db(0, 1) is None
    gains.join(3, "sofa")
    assert gains.difference_db(3, 1) == pytest.approx(8.0)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        {},
        {"version": 2, "pairs": []},
        {"version": 1, "pairs": [{"near": "a", "far": "b", "louder_db": float("nan"), "count": 3}]},
        {"version": 1, "pairs": [{"near": "a", "far": "b", "louder_db": 3.0, "count": -1}]},
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(kept):
    with pytest.raises(BadGainsError, match="learnt anew"):
        Gains(2).load(kept)


@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=3) | st.lists(inner, max_size=3),
        max_leaves=6,
    )
)
def test_nothing_else_can_happen(kept):
    with contextlib.suppress(BadGainsError):
        Gains(2).load(kept)
