from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.rooms.arbiter import Arbiter, Denial
from hub.rooms.evidence import call_from
from hub.rooms.reception import Reception
from hub.rooms.registry import Registry
from protocol.messages import Playback, Wake
from protocol.records import LevelBatch, LevelRecord, MeasureFlag
from tests.hub.rooms.simple_house import DIM, FAR, NEAR, SILENCE, loudness_db


@dataclass
class Line:
    device_id: str
    area_id: str
    name: str = "pi"
    clock_error_ms: float = 1.0
    features: frozenset = frozenset({"follow"})

    def to_hub_ms(self, satellite_us):
        return satellite_us / 1000.0


def playing(state):
    return Playback(generation=1, state=state, samples=0, time_us=0)


class Home:
    """Three satellites on the wire, as the hub meets them."""

    def __init__(self, presence=None):
        self.registry = Registry()
        self.reception = Reception(self.registry, Arbiter(), presence)
        self.rooms = [self.registry.add(Line(f"{n}" * 32, area)) for n, area in enumerate(("kitchen", "hall", "bath"))]
        self.now_ms = 1000.0
        self.handovers = []

    def hear(self, seconds, heard, voices=None):
        for _ in range(round(seconds * 50)):
            self.now_ms += 20.0
            for index, room in enumerate(self.rooms):
                snr_db, variance, hf_db = heard.get(index, SILENCE)
                flags = MeasureFlag.SPEECH if snr_db > 3.0 else MeasureFlag.NONE
                level_db = -60.0 + snr_db + loudness_db(self.now_ms, (voices or {}).get(index, 0))
                record = LevelRecord(level_db, 0.9, snr_db, variance, hf_db, flags)
                room.take(LevelBatch((record,), 1, None), self.now_ms)
            self.handovers.extend(self.reception.step(self.now_ms))

    def wake(self, index):
        end = int(self.now_ms * 24)
        wake = Wake(
            word="alexa", score=0.99, start_samples=end - 16_800, end_samples=end, time_us=int(self.now_ms * 1000)
        )
        return self.reception.call(call_from(self.rooms[index], wake, (), self.now_ms), self.now_ms)

    def owns(self, session, begun_ms, ended_ms):
        return self.reception.owns(session, begun_ms, ended_ms, self.now_ms)

    def decide(self):
        deadline = self.reception.due(self.now_ms + 1000.0)
        assert deadline is not None
        return deadline


@pytest.fixture
def home():
    made = Home()
    made.hear(1.5, {})
    return made


def test_a_far_satellite_that_fires_first_does_not_win(home):
    home.hear(0.9, {0: NEAR, 1: DIM, 2: FAR})
    home.wake(2)
    home.wake(1)
    home.wake(0)
    assert home.decide().winner.area_id == "kitchen"


def test_where_no_other_room_can_win_any_more_nobody_waits(home):
    home.hear(0.9, {0: NEAR, 2: FAR})
    home.wake(0)
    assert home.reception.due(home.now_ms) is not None


def test_where_another_room_hears_it_as_well_it_is_waited_for(home):
    home.hear(0.9, {0: NEAR, 1: NEAR})
    home.wake(0)
    assert home.reception.due(home.now_ms) is None


def test_the_room_that_heard_it_far_better_is_served_though_its_detector_was_deaf(home):
    home.hear(0.9, {0: NEAR, 2: FAR})
    home.wake(2)
    assert [room.area_id for room in home.reception.places(home.decide(), home.now_ms)] == ["kitchen"]


def test_a_television_is_told_that_it_was_not_meant(home):
    home.hear(13.0, {1: NEAR, 0: FAR})
    answer = home.wake(1)
    assert isinstance(answer, Denial)
    assert answer.why == "hall: a television said the wake word; a person who calls again at once is believed"


def test_who_was_taken_for_a_television_is_believed_when_he_insists(home):
    home.hear(13.0, {1: NEAR, 0: FAR})
    assert isinstance(home.wake(1), Denial)
    home.hear(3.0, {1: NEAR, 0: FAR})
    assert home.wake(1) is None
    assert home.decide().winner.area_id == "hall"


def test_our_own_voice_is_not_believed_however_often_it_says_it(home):
    home.registry.played(home.rooms[0].line, playing("started"), home.now_ms)
    for _ in range(3):
        home.hear(2.0, {0: DIM, 1: FAR})
        answer = home.wake(1)
        assert isinstance(answer, Denial)
        assert answer.why == "hall: our own voice said the wake word"
    home.registry.played(home.rooms[0].line, playing("finished"), home.now_ms)
    home.hear(1.5, {})
    home.hear(0.9, {1: NEAR})
    assert home.wake(1) is None


def test_who_calls_from_another_room_takes_the_conversation_along(home):
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.hear(2.0, {})
    home.hear(0.9, {1: NEAR, 0: FAR})
    home.wake(0)
    home.wake(1)
    decision = home.decide()
    assert [room.area_id for room in home.reception.places(decision, home.now_ms)] == ["hall"]


def test_the_conversation_that_is_spoken_in_is_the_one_attended_to(home):
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.reception.opened("s2", home.rooms[2], home.now_ms)
    home.hear(1.0, {0: NEAR})
    assert home.reception.attended is home.rooms[0]
    home.hear(0.5, {})
    home.hear(0.5, {2: NEAR})
    assert home.reception.attended is home.rooms[2]
    home.reception.closed("s2")
    assert home.reception.attended is home.rooms[0]


def test_a_walker_is_handed_over(home):
    home.hear(0.5, {0: NEAR})
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.hear(0.5, {0: NEAR})
    home.hear(1.6, {})
    home.hear(1.4, {1: NEAR, 0: FAR}, {0: 1, 1: 1})
    assert [(h.session, h.before.area_id, h.room.area_id) for h in home.handovers] == [("s1", "kitchen", "hall")]
    assert home.handovers[0].why.startswith("hall: the talker is heard here now, coming from kitchen (")
    assert home.reception.session_in(home.rooms[1]) == "s1"
    assert home.reception.session_in(home.rooms[0]) is None


def test_who_calls_next_door_while_the_talker_is_silent_has_a_session_of_his_own(home):
    home.hear(0.5, {0: NEAR})
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.hear(1.0, {0: NEAR, 1: FAR})
    home.hear(3.0, {})
    home.hear(0.7, {1: NEAR, 0: FAR})
    home.wake(0)
    home.wake(1)
    decision = home.decide()
    assert [room.area_id for room in home.reception.places(decision, home.now_ms)] == ["hall"]
    assert home.reception.superseded(home.rooms[1], decision) == []
    home.reception.opened("s2", home.rooms[1], home.now_ms)
    assert home.reception.attended is home.rooms[1]
    home.hear(1.5, {1: NEAR, 0: FAR})
    assert [home.reception.session_in(room) for room in home.rooms] == ["s1", "s2", None]


def test_who_was_heard_on_his_way_out_and_calls_next_door_takes_his_session_along(home):
    home.rooms[1].line.features = frozenset()  # it follows nobody; a call is a call
    home.hear(0.5, {0: NEAR})
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.hear(1.5, {0: NEAR, 1: FAR})
    home.hear(0.8, {0: DIM, 1: DIM})
    home.hear(0.4, {})
    home.hear(0.8, {1: NEAR})
    home.wake(1)
    assert home.handovers == []
    assert home.reception.superseded(home.rooms[1], home.decide()) == [("s1", home.rooms[0])]


def test_nobody_comes_to_a_room_whose_call_is_being_decided(home):
    home.hear(0.5, {0: NEAR})
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.hear(1.0, {0: NEAR})
    home.hear(2.0, {})
    home.hear(0.7, {1: NEAR, 2: NEAR})
    home.wake(1)
    home.hear(0.5, {1: NEAR, 2: NEAR})
    assert home.reception.callers
    assert home.handovers == []
    assert home.reception.session_in(home.rooms[0]) == "s1"


def test_a_sentence_that_two_sessions_hear_belongs_to_the_one_whose_room_hears_it_best(home):
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.reception.opened("s2", home.rooms[1], home.now_ms)
    home.hear(1.0, {}, {})
    home.hear(1.0, {0: DIM, 1: NEAR}, {0: 1, 1: 1})
    begun_ms, ended_ms = home.now_ms - 1000.0, home.now_ms
    assert [home.owns(session, begun_ms, ended_ms) for session in ("s1", "s2")] == [False, True]


def test_who_asks_about_the_past_loses_nothing_of_the_present(home):
    """The end of a sentence is known late; what rooms have reported since is still to be looked at."""
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.reception.opened("s2", home.rooms[1], home.now_ms)
    home.hear(1.0, {0: NEAR})
    ended_ms = home.now_ms
    speech = LevelRecord(-40.0, 0.9, 20.0, -0.2, -12.0, MeasureFlag.SPEECH)
    home.now_ms += 1000.0
    home.rooms[2].take(LevelBatch((speech,), 1, None), home.now_ms)
    assert home.owns("s1", ended_ms - 800.0, ended_ms)
    ears = home.registry.attention.ears
    ears.settle(home.now_ms)
    assert ears.newest[home.rooms[2].row] == home.now_ms // 20
    home.now_ms += 1000.0
    home.rooms[2].take(LevelBatch((speech,), 1, None), home.now_ms)
    end = int(ended_ms * 24)
    wake = Wake(word="alexa", score=0.9, start_samples=end - 16_800, end_samples=end, time_us=int(ended_ms * 1000))
    call_from(home.rooms[0], wake, (), home.now_ms)
    assert ears.newest[home.rooms[2].row] == home.now_ms // 20


def test_a_sentence_keeps_its_owner_however_it_goes_on(home):
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.reception.opened("s2", home.rooms[1], home.now_ms)
    home.hear(1.0, {0: DIM, 1: NEAR}, {0: 1, 1: 1})
    assert home.owns("s2", home.now_ms - 900.0, home.now_ms)
    begun_ms = home.now_ms - 900.0
    home.hear(0.6, {0: NEAR, 1: DIM}, {0: 1, 1: 1})
    assert [home.owns(session, begun_ms, home.now_ms) for session in ("s1", "s2")] == [False, True]


def test_two_people_who_speak_at_once_are_both_heard(home):
    home.reception.opened("s1", home.rooms[0], home.now_ms)
    home.reception.opened("s2", home.rooms[1], home.now_ms)
    home.hear(1.0, {0: NEAR, 1: NEAR}, {0: 1, 1: 2})
    assert all(home.owns(session, home.now_ms - 900.0, home.now_ms) for session in ("s1", "s2"))


class Sensors:
    def __init__(self, **nats):
        self.nats = nats

    def log_odds(self, area_id):
        return self.nats.get(area_id, 0.0)


@pytest.mark.parametrize(("nats", "winner"), [({"hall": 0.8, "kitchen": -0.8}, "hall"), ({"kitchen": 0.8}, "kitchen")])
def test_where_two_rooms_hear_it_alike_the_house_knows_who_is_there(nats, winner):
    home = Home(Sensors(**nats))
    home.hear(1.5, {})
    home.hear(0.9, {0: NEAR, 1: NEAR})
    home.wake(0)
    home.wake(1)
    assert home.decide().winner.area_id == winner


def test_what_the_house_knows_outweighs_no_ear():
    home = Home(Sensors(hall=0.8, kitchen=-0.8))
    home.hear(1.5, {})
    home.hear(0.9, {0: NEAR, 1: DIM})
    home.wake(0)
    home.wake(1)
    assert home.decide().winner.area_id == "kitchen"


class AnyDay(RuleBasedStateMachine):
    """Calls, conversations, comings and goings in any order."""

    def __init__(self):
        super().__init__()
        self.home = Home()
        self.open = set()
        self.count = 0

    @rule(
        seconds=st.sampled_from([0.1, 0.5, 1.0]),
        heard=st.dictionaries(st.integers(0, 2), st.sampled_from([NEAR, DIM, FAR])),
    )
    def speak(self, seconds, heard):
        self.home.hear(seconds, heard)

    @rule(index=st.integers(0, 2))
    def call(self, index):
        self.home.wake(index)

    @rule()
    def decide(self):
        decision = self.home.reception.due(self.home.now_ms + 1000.0)
        if decision is None:
            return
        for room in self.home.reception.places(decision, self.home.now_ms):
            for session, _ in self.home.reception.superseded(room, decision):
                self.home.reception.closed(session)
                self.open.discard(session)
            if self.home.reception.session_in(room) is None:
                self.count += 1
                self.open.add(f"s{self.count}")
                self.home.reception.opened(f"s{self.count}", room, self.home.now_ms)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def end(self, data):
        session = data.draw(st.sampled_from(sorted(self.open)))
        self.open.discard(session)
        self.home.reception.closed(session)

    @rule(index=st.integers(0, 2))
    def reconnect(self, index):
        old = self.home.rooms[index]
        session = self.home.reception.session_in(old)
        if session is not None:
            self.home.reception.closed(session)
            self.open.discard(session)
        self.home.registry.remove(old.line)
        self.home.rooms[index] = self.home.registry.add(Line(old.line.device_id, old.area_id))

    @invariant()
    def never_two_and_never_none_while_somebody_is_served(self):
        sessions = self.home.reception.sessions()
        assert {session for session, _ in sessions} == self.open
        assert len({id(room) for _, room in sessions}) == len(sessions)
        if self.open:
            assert self.home.reception.attended in [room for _, room in sessions]


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
