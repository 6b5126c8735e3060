from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.rooms.arbiter import LATE_MS, Arbiter, Call, decide

NEAR = Call("near", "kitchen", "alexa", 0.996, snr_db=30.0, fired_ms=1000.0, onset_ms=300.0)
FAR = Call("far", "hallway", "alexa", 0.997, snr_db=14.0, fired_ms=960.0, onset_ms=330.0)

calls = st.builds(
    Call,
    device_id=st.uuids().map(str),
    area_id=st.sampled_from(["kitchen", "hallway", "bedroom"]),
    word=st.just("alexa"),
    score=st.floats(0, 1),
    snr_db=st.floats(-10, 90),
    fired_ms=st.floats(0, 1e9),
    onset_ms=st.none() | st.floats(0, 1e9),
    clock_error_ms=st.floats(0, 500),
)


def test_the_near_room_wins_although_the_far_one_fires_first_with_a_better_score():
    decision = decide((FAR, NEAR))
    assert decision.winner is NEAR
    assert decision.probability > 0.9
    assert decision.why == "kitchen: +30 dB over its noise floor, hallway +14 dB, 30 ms earlier"


def test_a_louder_microphone_in_a_noisier_room_does_not_win():
    # The same voice with 12 dB more gain also has 12 dB more noise: its SNR, which is all that counts, is lower.
    noisy = replace(FAR, snr_db=18.0, onset_ms=None)
    assert decide((noisy, replace(NEAR, onset_ms=None))).winner.area_id == "kitchen"


def test_with_equal_snr_the_earlier_onset_wins():
    early, late = replace(NEAR, snr_db=20.0, onset_ms=300.0), replace(FAR, snr_db=20.0, onset_ms=340.0)
    assert decide((late, early)).winner is early


def test_an_uncertain_clock_makes_the_onset_weigh_less():
    early = replace(NEAR, snr_db=19.0, onset_ms=300.0, clock_error_ms=200.0)
    late = replace(FAR, snr_db=20.0, onset_ms=340.0, clock_error_ms=200.0)
    assert decide((late, early)).winner is late


def test_calls_are_collected_until_the_window_closes():
    arbiter = Arbiter(window_ms=200)
    assert arbiter.call(FAR, now_ms=0, others_hearing=2) is None
    assert arbiter.due(199) is None
    assert arbiter.call(NEAR, now_ms=180, others_hearing=1) is None
    decision = arbiter.due(200)
    assert decision is not None
    assert decision.winner is NEAR
    assert decision.losers == (FAR,)
    assert arbiter.deadline_ms is None


def test_a_slow_wake_word_gets_a_longer_window():
    arbiter = Arbiter(window_ms=200, window_ms_of_word={"okay_nabu": 300})
    arbiter.call(replace(FAR, word="okay_nabu"), now_ms=0, others_hearing=1)
    assert arbiter.due(299) is None
    assert arbiter.due(300) is not None


def test_the_only_room_that_hears_is_not_kept_waiting():
    arbiter = Arbiter()
    arbiter.call(NEAR, now_ms=50, others_hearing=0)
    decision = arbiter.due(50)
    assert decision is not None
    assert decision.why.endswith("no other room came into question")


def test_a_late_echo_of_a_decided_call_loses_to_the_standing_decision():
    arbiter = Arbiter()
    arbiter.call(NEAR, now_ms=0, others_hearing=0)
    arbiter.due(0)
    standing = arbiter.call(FAR, now_ms=LATE_MS - 1, others_hearing=0)
    assert standing is not None
    assert standing.winner is NEAR
    assert arbiter.deadline_ms is None


def test_a_later_call_is_a_new_one():
    arbiter = Arbiter()
    arbiter.call(NEAR, now_ms=0, others_hearing=0)
    arbiter.due(0)
    assert arbiter.call(FAR, now_ms=LATE_MS + 1, others_hearing=0) is None
    decision = arbiter.due(LATE_MS + 1)
    assert decision is not None
    assert decision.winner is FAR


def test_a_satellite_that_leaves_takes_its_call_with_it():
    arbiter = Arbiter()
    arbiter.call(NEAR, now_ms=0, others_hearing=1)
    arbiter.withdraw("near")
    assert arbiter.due(1000) is None


@given(st.lists(calls, min_size=1, max_size=12, unique_by=lambda call: call.device_id))
def test_there_is_always_exactly_one_winner_and_the_order_of_arrival_does_not_matter(some):
    one, other = decide(tuple(some)), decide(tuple(reversed(some)))
    assert one.winner == other.winner
    assert {one.winner, *one.losers} == set(some)
    assert 0.0 < one.probability <= 1.0
    assert one.why.startswith(one.winner.area_id)
    assert "\n" not in one.why


@given(st.lists(calls, min_size=2, max_size=8, unique_by=lambda call: call.device_id), st.floats(-30, 30))
def test_a_common_shift_of_all_clocks_changes_nothing(some, shift_ms):
    moved = [
        replace(call, onset_ms=None if call.onset_ms is None else call.onset_ms + shift_ms, fired_ms=0.0)
        for call in some
    ]
    still = [replace(call, fired_ms=0.0) for call in some]
    first, second = decide(tuple(still)), decide(tuple(moved))
    # Ties may fall differently by rounding; a clear winner must not.
    if first.probability > 0.51:
        assert first.winner.device_id == second.winner.device_id


def test_a_late_echo_loses_although_another_call_is_being_collected():
    arbiter = Arbiter()
    arbiter.call(NEAR, now_ms=0, others_hearing=0)
    arbiter.due(0)
    other = replace(FAR, device_id="other", area_id="bedroom", word="hey_mycroft", snr_db=20.0)
    assert arbiter.call(other, now_ms=300, others_hearing=1) is None
    standing = arbiter.call(replace(FAR, snr_db=40.0), now_ms=350, others_hearing=0)
    assert standing is not None
    assert standing.winner is NEAR
    decision = arbiter.due(1000)
    assert decision is not None
    assert decision.winner is other
    # And the decision on the other word does not make the first one forgotten.
    assert arbiter.call(FAR, now_ms=1100, others_hearing=0) is standing


def test_the_line_is_about_the_room_that_is_served():
    decision = decide((FAR, NEAR))
    assert decision.why_in("kitchen") == decision.why
    assert decision.why_in("hallway").startswith(
        "hallway: of all rooms the call was clearest here, though kitchen woke"
    )


def test_somebody_else_who_calls_at_the_same_moment_is_heard_too():
    arbiter = Arbiter()
    arbiter.call(NEAR, now_ms=0.0, others_hearing=0)
    first = arbiter.due(0.0)
    assert arbiter.call(FAR, now_ms=100.0, others_hearing=0, another=lambda winner: winner is NEAR) is None
    second = arbiter.due(100.0)
    assert (first.winner, second.winner) == (NEAR, FAR)


def test_the_next_call_is_no_echo_of_the_last():
    arbiter = Arbiter()
    arbiter.call(NEAR, now_ms=0.0, others_hearing=0)
    arbiter.due(0.0)
    assert arbiter.call(replace(FAR, fired_ms=NEAR.fired_ms + 600.0), now_ms=700.0, others_hearing=0) is None
