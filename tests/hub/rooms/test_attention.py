from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.rooms.arbiter import Loudspeaker
from hub.rooms.attention import Talk
from tests.hub.rooms.simple_house import DIM, FAR, NEAR, SILENCE, SimpleHouse


@pytest.fixture
def house():
    made = SimpleHouse(3)
    made.quiet(1.5)
    return made


def test_the_room_of_the_talker_is_guessed_from_his_first_syllables(house):
    house.hear(0.16, {0: DIM, 1: NEAR, 2: FAR})
    assert house.attention.guess == 1


def test_a_guess_ends_with_the_utterance(house):
    house.hear(0.5, {0: DIM, 1: NEAR})
    house.quiet(0.8)
    assert house.attention.guess is None
    assert house.attention.talk is Talk.SILENCE


def test_two_rooms_that_hear_it_alike_are_not_decided_at_once(house):
    house.hear(0.16, {0: NEAR, 1: NEAR})
    assert house.attention.guess is None
    house.hear(0.5, {0: NEAR, 1: NEAR})
    assert house.attention.guess in {0, 1}


def test_whoever_spoke_already_when_we_began_to_listen_is_a_television():
    house = SimpleHouse(2)
    for _ in range(4):
        house.hear(1.2, {0: NEAR, 1: FAR})
        assert house.attention.guess is None
        house.quiet(0.5)
    assert house.attention.background.television.tolist()[:2] == [True, False]


def test_beside_a_television_somebody_else_is_still_heard():
    house = SimpleHouse(3)
    house.hear(3.0, {0: DIM})
    house.hear(0.4, {0: DIM, 1: NEAR})
    assert house.attention.guess == 1


def test_a_television_that_says_the_wake_word_has_not_risen_over_itself():
    house = SimpleHouse(2)
    house.hear(13.0, {0: NEAR, 1: DIM})
    word = house.attention.heard(house.now_ms - 700.0, house.now_ms, house.now_ms)
    assert house.attention.loudspeaker(word) is Loudspeaker.TELEVISION


def test_somebody_who_calls_beside_the_television_is_no_television():
    house = SimpleHouse(3)
    house.hear(4.0, {0: DIM})
    house.hear(1.0, {0: DIM, 1: NEAR})
    word = house.attention.heard(house.now_ms - 700.0, house.now_ms, house.now_ms)
    assert house.attention.loudspeaker(word) is None


def loudspeaker(house, word_s=0.7):
    word = house.attention.heard(house.now_ms - 1000 * word_s, house.now_ms, house.now_ms)
    return house.attention.loudspeaker(word)


@pytest.mark.parametrize(("said_s", "pause_s"), [(2.5, 3.0), (4.0, 1.6), (2.0, 1.2)])
def test_who_has_talked_to_a_telephone_for_minutes_is_no_television_when_he_calls(said_s, pause_s):
    house = SimpleHouse(2)
    house.quiet(1.5)
    for _ in range(6):
        house.hear(said_s, {0: NEAR, 1: DIM})
        house.quiet(pause_s)
    house.hear(0.8, {0: NEAR, 1: DIM})
    assert loudspeaker(house) is None


def test_who_stops_reading_aloud_and_calls_is_no_television():
    house = SimpleHouse(2)
    house.quiet(1.5)
    house.hear(20.0, {0: NEAR, 1: DIM})
    assert loudspeaker(house) is Loudspeaker.TELEVISION  # in one breath nothing tells them apart
    house.quiet(1.2)
    house.hear(0.8, {0: NEAR, 1: DIM})
    assert loudspeaker(house) is None


def we_speak(house, seconds, others=None):
    """From the loudspeaker of row 0, which row 1 hears dimly and row 2 not at all."""
    house.attention.plays(0, house.now_ms, playing=True)
    house.hear(seconds, {0: FAR, 1: DIM} | (others or {}))


def we_have_spoken(house, seconds):
    we_speak(house, seconds)
    house.attention.plays(0, house.now_ms, playing=False)
    house.quiet(2.0)


def test_who_has_talked_where_our_voice_is_not_heard_may_call_there(house):
    we_have_spoken(house, 6.0)
    we_speak(house, 4.0, {2: NEAR})
    assert loudspeaker(house) is None


def test_who_has_talked_over_our_voice_may_call_over_it(house):
    we_have_spoken(house, 6.0)
    we_speak(house, 3.0, {1: NEAR})
    assert loudspeaker(house) is None


def test_our_voice_as_it_always_was_is_ours_however_long_we_know_it(house):
    we_have_spoken(house, 6.0)
    we_have_spoken(house, 6.0)
    we_speak(house, 3.0)
    assert loudspeaker(house) is Loudspeaker.OURS


def test_what_was_said_while_we_spoke_is_no_din_afterwards(house):
    house.hear(1.0, {2: NEAR})
    we_speak(house, 5.0, {2: NEAR})
    assert house.attention.background.usual_db[house.rows].max() < 12.0


@pytest.mark.parametrize(("before_s", "during_s", "after_s"), [(1.0, 0.3, 0.0), (0.0, 0.2, 0.6)])
def test_of_which_we_have_not_said_all_was_not_said_by_us(house, before_s, during_s, after_s):
    house.hear(before_s, {0: DIM, 1: DIM})
    we_speak(house, during_s, {0: DIM})
    if after_s:
        house.attention.plays(0, house.now_ms, playing=False)
        house.hear(after_s, {0: DIM, 1: DIM})
    assert loudspeaker(house) is None


def test_our_own_voice_next_door_is_not_somebody(house):
    house.attention.plays(0, house.now_ms, playing=True)
    house.hear(2.5, {0: DIM, 1: DIM})
    assert house.attention.guess is None
    word = house.attention.heard(house.now_ms - 700.0, house.now_ms, house.now_ms)
    assert house.attention.loudspeaker(word) is Loudspeaker.OURS


def test_a_person_who_talks_over_us_is_somebody(house):
    house.attention.plays(0, house.now_ms, playing=True)
    house.hear(2.5, {0: FAR, 1: FAR})
    house.hear(0.9, {0: FAR, 1: NEAR})
    word = house.attention.heard(house.now_ms - 600.0, house.now_ms, house.now_ms)
    assert house.attention.loudspeaker(word) is None
    assert int(word.odds.argmax()) == 1


def test_talk_that_nobody_called_us_for_becomes_a_part_of_the_house(house):
    house.hear(8.0, {1: NEAR})
    assert house.attention.guess is None
    assert house.attention.talk is Talk.IGNORED


class AnyHouse(RuleBasedStateMachine):
    """Whatever is reported, held, released, played: no illegal step, and only rows that exist are attended to."""

    def __init__(self):
        super().__init__()
        self.house = SimpleHouse(3)
        self.held = {}
        self.count = 0

    @rule(
        seconds=st.floats(0.02, 1.2),
        heard=st.dictionaries(st.integers(0, 2), st.sampled_from([NEAR, DIM, FAR, SILENCE])),
        voices=st.dictionaries(st.integers(0, 2), st.integers(0, 3)),
    )
    def speak(self, seconds, heard, voices):
        self.house.hear(seconds, heard, voices)
        for moved in self.house.moved:
            assert self.held[moved.session] == moved.before
            self.held[moved.session] = moved.row
        self.house.moved.clear()

    @rule(row=st.integers(0, 2))
    def open(self, row):
        if row not in self.held.values():
            self.count += 1
            self.held[f"s{self.count}"] = row
            self.house.attention.hold(f"s{self.count}", row)
            self.house.attention.confirmed(row)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def close(self, data):
        session = data.draw(st.sampled_from(sorted(self.held)))
        self.held.pop(session)
        self.house.attention.release(session)

    @rule(row=st.integers(0, 2), playing=st.booleans())
    def play(self, row, playing):
        self.house.attention.plays(row, self.house.now_ms, playing=playing)

    @invariant()
    def a_session_is_in_one_room_and_a_room_in_one_session(self):
        following = self.house.attention.following
        assert {session: following.row_of(session) for session in self.held} == self.held
        assert len(set(following.rows)) == len(following.rows)

    @invariant()
    def only_rooms_that_exist_are_guessed(self):
        assert self.house.attention.guess in {None, *self.house.rows}

    @invariant()
    def no_step_was_illegal(self):
        assert not self.house.attention._talk.counts.refused


TestAnyHouse = AnyHouse.TestCase
TestAnyHouse.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
