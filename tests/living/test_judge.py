"""The judge of the living hour sees each kind of fault in a log that has it, and none in one that has not."""

from __future__ import annotations

import pytest

from tests.living.ears import Heard
from tests.living.judge import judge

CALL = {
    "t_ms": 1000, "event": "said", "n": 1, "who": "ash", "areas": ["kitchen"], "to": "house", "kind": "call",
    "wake": True, "text": "Okay Nabu, lights on.", "end_ms": 2500, "acts": [["light.turn_on", "light.one"]],
}  # fmt: skip
WALKED = {"t_ms": 0, "event": "walked", "who": "ash", "area": "kitchen"}
GRANTED = {
    "t_ms": 1900,
    "event": "hub FloorGranted",
    "session": "s1",
    "trace": "t1",
    "area": "kitchen",
    "why": "",
    "losers": [],
}
FINAL = {
    "t_ms": 3000,
    "event": "hub HeardFinal",
    "session": "s1",
    "trace": "t1",
    "area": "kitchen",
    "text": "Lights on.",
}
ACTED = {
    "t_ms": 3050, "event": "hub Acted", "session": "s1", "trace": "t1", "area": "kitchen", "domain": "light",
    "service": "turn_on", "entity_ids": ["light.one"], "verified": True,
}  # fmt: skip
ENDED = {
    "t_ms": 4000, "event": "hub TurnEnded", "session": "s1", "trace": "t1", "area": "kitchen", "user": "Lights on.",
    "assistant": "They are on.",
}  # fmt: skip
RELEASED = {"t_ms": 12_000, "event": "hub FloorReleased", "session": "s1", "area": "kitchen", "reason": "silence"}
WELL = [WALKED, CALL, GRANTED, FINAL, ACTED, ENDED, RELEASED]
END = {"t_ms": 90_000, "event": "end", "floors": 0}
HEARD = [Heard(2.95, "kitchen-pi", "Lights on.", (1,))]


def judged(*entries, heard=HEARD):
    return judge(sorted(entries, key=lambda entry: entry["t_ms"]), heard, begin_s=0.0)


def without(*left_out):
    return [entry for entry in WELL if entry not in left_out]


def test_a_served_call_is_no_fault():
    verdict = judged(*WELL)
    assert verdict.faults == []
    assert (verdict.calls, verdict.calls_answered, verdict.deeds_done, verdict.sessions) == (1, 1, 1, 1)


def test_a_call_without_an_answer_is_lost_unless_it_was_refused_politely():
    unanswered = [WALKED, CALL]
    assert len(judged(*unanswered, heard=[]).calls_lost) == 1
    busy = {"t_ms": 2000, "event": "hub Trouble", "code": "engine_busy", "sentence": "Every place is taken."}
    assert judged(*unanswered, busy, heard=[]).calls_refused_politely == 1


def test_a_floor_in_another_room_is_wrong():
    assert judged(*without(GRANTED), GRANTED | {"area": "office"}).wrong_rooms
    assert judged(*WELL, {"t_ms": 6000, "event": "hub FloorMoved", "session": "s1", "area": "office"}).wrong_rooms


def test_a_floor_that_goes_on_to_the_right_room_at_once_is_right():
    moved = {"t_ms": 1910, "event": "hub FloorMoved", "session": "s1", "area": "kitchen"}
    assert judged(*without(GRANTED), GRANTED | {"area": "hallway"}, moved).faults == []


def test_a_hand_over_to_where_its_talker_has_gone_is_right():
    walked = {"t_ms": 5500, "event": "walked", "who": "ash", "area": "office"}
    moved = {"t_ms": 6000, "event": "hub FloorMoved", "session": "s1", "area": "office"}
    verdict = judged(*WELL, walked, moved)
    assert verdict.hand_overs == 1
    assert verdict.faults == []


def test_a_floor_for_nobody_is_a_ghost_and_one_for_a_slam_is_not():
    assert judged(GRANTED, RELEASED, heard=[]).ghost_sessions
    assert judged({"t_ms": 1500, "event": "slam", "area": "hallway"}, GRANTED, RELEASED, heard=[]).faults == []


@pytest.mark.parametrize("released_ms", [None, 80_000])
def test_a_floor_that_stays_is_stuck(released_ms):
    later = [] if released_ms is None else [RELEASED | {"t_ms": released_ms}]
    assert judged(*without(RELEASED), *later, END).stuck_floors


def test_what_a_television_is_given_is_a_fault():
    television = CALL | {"who": "television", "to": "viewers", "kind": "television's wake word"}
    assert judged(television, GRANTED, RELEASED, heard=[]).television_answered
    assert judged(*without(CALL, ACTED), television).television_answered


def test_two_replies_to_people_who_talk_to_each_other_are_a_fault():
    talk = [CALL | {"n": n, "to": "person", "kind": "talk", "wake": False} for n in (2, 3)]
    finals = [FINAL | {"t_ms": 5000 + n, "trace": f"t{n}", "text": f"talk {n}"} for n in (2, 3)]
    ends = [ENDED | {"t_ms": 5100 + n, "trace": f"t{n}"} for n in (2, 3)]
    heard = [*HEARD, *(Heard(5.0, "kitchen-pi", f"talk {n}", (n,)) for n in (2, 3))]
    verdict = judged(*WELL, *talk, *finals, *ends, heard=heard)
    assert len(verdict.replies_not_meant) == 2
    assert verdict.faults


def test_follow_ups_that_nobody_answers_are_a_fault():
    follow_up = CALL | {"n": 2, "t_ms": 6000, "end_ms": 7000, "kind": "follow-up", "wake": False, "acts": []}
    assert "0.0% of the follow-ups answered" in judged(*WELL, follow_up).faults


def test_deeds_that_are_not_done_as_asked_are_a_fault():
    wrong = ACTED | {"service": "turn_off"}
    assert judged(*without(ACTED), wrong).faults == ["0.0% of the deeds done as asked"]
    sorry = ENDED | {"assistant": "Sorry, I did not understand that."}
    assert judged(*without(ACTED, ENDED), sorry).faults == ["0.0% of the deeds done as asked"]


def test_what_is_left_over_is_a_fault():
    end = {"t_ms": 60_000, "event": "end", "floors": 1, "talking": []}
    assert judged(*WELL, end).faults == ["left over: {'floors': 1, 'talking': []}"]
