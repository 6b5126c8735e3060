from __future__ import annotations

import pytest

from tests.hub.rooms.simple_house import DIM, FAR, NEAR, SimpleHouse

GONE = (13.0, -1.2, -20.0)


@pytest.fixture
def house():
    """Somebody has been speaking in room 0 for a while, and has the floor there."""
    made = SimpleHouse(3)
    made.quiet(1.5)
    made.hear(0.5, {0: NEAR, 1: FAR}, {0: 1, 1: 1})
    made.attention.hold("s", 0)
    made.attention.confirmed(0)
    made.hear(1.5, {0: NEAR, 1: FAR}, {0: 1, 1: 1})
    return made


def where(house):
    return house.attention.following.row_of("s")


def test_whoever_stays_is_not_moved(house):
    house.hear(4.0, {0: NEAR, 1: DIM}, {0: 1, 1: 1})
    assert house.moved == []


def test_who_walks_on_while_he_speaks_is_followed(house):
    house.hear(0.3, {0: DIM, 1: DIM}, {0: 1, 1: 1})
    house.hear(0.6, {0: GONE, 1: NEAR}, {0: 1, 1: 1})
    assert [(moved.before, moved.row) for moved in house.moved] == [(0, 1)]
    assert where(house) == 1


def test_a_second_person_does_not_steal_the_session(house):
    house.hear(3.0, {0: NEAR, 1: (28.0, 0.2, -10.0)}, {0: 1, 1: 2})
    assert house.moved == []


def test_a_second_person_does_not_steal_it_when_the_first_lowers_his_voice(house):
    house.hear(1.2, {0: GONE, 1: NEAR}, {0: 1, 1: 2})
    assert house.moved == []


@pytest.mark.parametrize("doors", ["open", "closed"])
def test_who_has_had_time_to_walk_is_followed_when_he_has_not_called(house, doors):
    house.quiet(2.0)
    heard = {1: NEAR, 0: FAR} if doors == "open" else {1: NEAR}
    house.hear(0.7, heard, {0: 1, 1: 1})
    assert house.moved == []
    house.hear(0.4, heard, {0: 1, 1: 1})
    assert where(house) == 1


def test_who_said_one_word_after_walking_is_followed_though_he_is_silent_by_then(house):
    house.quiet(2.0)
    house.hear(0.5, {1: NEAR})
    house.quiet(0.9)
    assert where(house) == 1


def test_who_was_heard_on_his_way_out_is_followed_at_his_first_syllable(house):
    house.hear(0.8, {0: DIM, 1: DIM}, {0: 1, 1: 1})
    house.quiet(0.5)
    house.hear(0.3, {1: NEAR})
    assert where(house) == 1


@pytest.mark.parametrize("pause_s", [0.4, 0.8])
def test_nobody_is_in_another_room_at_once(house, pause_s):
    house.quiet(pause_s)
    house.hear(3.0, {1: NEAR})
    house.quiet(0.8)
    house.hear(3.0, {1: NEAR})
    assert house.moved == []


def test_who_has_been_talking_there_before_has_not_come_in(house):
    house.attention.release("s")
    house.hear(1.0, {1: NEAR})
    house.attention.hold("s", 0)
    house.hear(0.6, {0: NEAR, 1: FAR}, {0: 1, 1: 1})
    house.quiet(3.0)
    house.hear(2.0, {1: NEAR})
    assert house.moved == []


def test_who_goes_on_where_he_was_has_not_left(house):
    house.quiet(2.0)
    house.hear(0.6, {1: NEAR})
    house.hear(2.0, {0: NEAR, 1: FAR}, {0: 1, 1: 1})
    assert house.moved == []


def test_a_call_made_in_time_keeps_the_session_where_it_is(house):
    house.quiet(2.0)
    house.hear(0.7, {1: NEAR})
    house.attention.hold("other", 1)
    house.hear(1.5, {1: NEAR})
    assert house.moved == []


def test_nobody_is_followed_to_and_fro(house):
    for _ in range(6):
        house.hear(0.12, {0: GONE, 1: NEAR}, {0: 1, 1: 1})
        house.hear(0.12, {0: NEAR, 1: GONE}, {0: 1, 1: 1})
    assert len(house.moved) <= 1


def test_who_spoke_there_at_the_same_time_is_somebody_else_also_when_the_first_ends(house):
    house.hear(1.5, {0: NEAR, 1: NEAR}, {0: 1, 1: 2})
    house.hear(1.5, {0: FAR, 1: NEAR}, {0: 2, 1: 2})
    assert house.moved == []


def test_a_room_that_hears_somebody_else_through_a_door_is_not_moved_to(house):
    house.attention.hold("other", 1)
    house.quiet(0.6)
    house.hear(0.8, {1: NEAR, 2: DIM, 0: FAR}, {0: 2, 1: 2, 2: 2})
    assert house.moved == []


def test_a_session_does_not_move_into_another_one(house):
    house.attention.hold("other", 1)
    house.quiet(0.6)
    house.hear(0.6, {1: NEAR, 0: FAR}, {0: 2, 1: 2})
    assert house.moved == []


def test_a_room_with_a_television_is_not_moved_to(house):
    house.attention.background.suspect(1)
    house.quiet(0.6)
    house.hear(1.0, {1: NEAR})
    assert house.moved == []


@pytest.fixture
def answering(house):
    """The house answers in room 0, and is heard in room 1 as well."""
    house.quiet(0.3)
    house.attention.plays(0, house.now_ms, playing=True)
    house.hear(4.0, OUR_VOICE)
    return house


OUR_VOICE = {0: FAR, 1: FAR}


def test_who_speaks_in_the_next_room_during_the_answer_is_followed_by_it(answering):
    answering.hear(0.6, {0: FAR, 1: NEAR})
    assert answering.moved == []  # he may yet be somebody who calls
    answering.hear(0.4, {0: FAR, 1: NEAR})
    assert [(moved.before, moved.row) for moved in answering.moved] == [(0, 1)]
    assert where(answering) == 1


def test_the_house_does_not_follow_its_own_voice(house):
    house.quiet(0.3)
    house.attention.plays(0, house.now_ms, playing=True)
    for _ in range(6):
        house.hear(1.2, {0: DIM, 1: NEAR, 2: DIM})
        house.quiet(0.4)
    assert house.moved == []


def test_people_who_were_talking_there_before_do_not_call_the_answer_away(house):
    house.quiet(0.4)
    house.hear(0.7, {1: NEAR, 0: FAR}, {0: 2, 1: 2})
    house.moved.clear()
    house.attention.hold("s", 0)
    house.attention.plays(0, house.now_ms, playing=True)
    house.hear(3.0, OUR_VOICE)
    house.hear(1.0, {0: FAR, 1: NEAR})
    assert house.moved == []


def test_with_two_conversations_nobody_knows_whose_talker_it_is(answering):
    answering.attention.hold("other", 2)
    answering.hear(0.6, {0: FAR, 1: NEAR})
    assert answering.moved == []


def test_a_television_next_door_does_not_call_the_answer_away(answering):
    answering.attention.background.suspect(1)
    answering.hear(1.0, {0: FAR, 1: NEAR})
    assert answering.moved == []
