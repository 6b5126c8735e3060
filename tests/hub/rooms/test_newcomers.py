"""Who begins to speak in another room while the house itself speaks; rooms of numbers, one every 40 ms."""

from __future__ import annotations

import numpy as np
import pytest

from hub.rooms.following import CALL_COLUMNS
from hub.rooms.listening import Moment
from hub.rooms.newcomers import Newcomers

SERVED, NEXT_DOOR, BATH = 0, 1, 2
NO_TELEVISION = np.zeros(3, np.bool_)
SILENT_DB = -10.0
SINCE = 0  # the house has been speaking from the beginning


def heard(instant: int, snr_db: dict[int, float], leak_db: float = 0.0) -> Moment:
    """What the rooms hear when our voice is heard with `leak_db` where we speak."""
    snr = np.array([snr_db.get(row, SILENT_DB) for row in range(3)])
    rise = snr - np.array([leak_db, 0.0, 0.0])
    return Moment(instant, snr, rise, snr - 60.0, rise, rise > 3.0)


class Listener:
    def __init__(self) -> None:
        self.newcomers, self.instant = Newcomers(), 100

    def hear(self, columns: int, snr_db: dict[int, float], leak_db: float = 0.0) -> list[int]:
        """The rows that were found while this went on."""
        found = []
        for _ in range(columns // 2):
            self.instant += 2
            moment = heard(self.instant, snr_db, leak_db)
            self.newcomers.listen(moment, SINCE, [SERVED])
            at = self.newcomers.found(moment, NO_TELEVISION)
            found += [] if at is None else [at[0]]
        return found


@pytest.fixture
def house() -> Listener:
    return Listener()


def test_who_talks_on_in_another_room_is_found_when_he_has_not_called(house):
    assert house.hear(CALL_COLUMNS, {NEXT_DOOR: 25.0}) == []
    assert house.hear(10, {NEXT_DOOR: 25.0})[0] == NEXT_DOOR


def test_what_hardly_rises_over_our_voice_is_our_voice(house):
    assert house.hear(100, {NEXT_DOOR: 9.0}) == []


def test_a_talker_beside_our_loudspeaker_is_not_next_door_where_he_stands_out_more(house):
    assert house.hear(100, {SERVED: 40.0, NEXT_DOOR: 22.0}, leak_db=30.0) == []


def test_who_has_called_from_a_room_has_not_just_come_in(house):
    house.newcomers.met(NEXT_DOOR, house.instant)
    assert house.hear(200, {NEXT_DOOR: 25.0}) == []
    assert house.hear(100, {BATH: 25.0})[0] == BATH


def test_who_has_been_talking_there_before_is_no_newcomer_for_a_while(house):
    house.hear(40, {NEXT_DOOR: 25.0})
    house.hear(60, {})
    assert house.hear(100, {NEXT_DOOR: 25.0}) == []
    house.hear(600, {})
    assert house.hear(100, {NEXT_DOOR: 25.0})[0] == NEXT_DOOR


def test_a_candidate_is_one_until_it_is_decided(house):
    house.hear(20, {NEXT_DOOR: 25.0})
    assert house.newcomers.candidate(house.instant) == NEXT_DOOR
    assert house.newcomers.candidate(house.instant + 100) is None
    house.newcomers.forget(NEXT_DOOR)
    assert house.newcomers.candidate(house.instant) is None
