from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.remote.uplink import (
    FORGIVE_MS,
    FRAME_MS,
    QUEUE_FRAMES,
    SKIP_MS,
    SLACK_MS,
    USUAL_MS,
    WINDOW_MS,
    Uplink,
)


def fed(uplink, count, *, quiet=False):
    for number in range(count):
        uplink.push(number, quiet=quiet)


def test_what_comes_goes_out_at_once_in_order():
    uplink = Uplink(0.0)
    fed(uplink, 3)
    assert uplink.take(0.0) == [0, 1, 2]
    assert uplink.take(0.0) == []


def test_silence_fills_in_after_the_slack_and_in_real_time():
    uplink = Uplink(0.0)
    assert uplink.take(SLACK_MS - 1) == []
    sent = 0
    for now in range(0, 2000, 20):
        got = uplink.take(float(now))
        assert set(got) <= {None}
        sent += len(got)
        uplink.answered(FRAME_MS * len(got), float(now))
    assert sent * FRAME_MS == 2000 - 20 - SLACK_MS + FRAME_MS


def test_audio_that_comes_after_its_silence_is_sent_and_then_no_more_silence_is_due():
    uplink = Uplink(0.0)
    assert uplink.take(200.0) == [None] * 6
    fed(uplink, 6)
    assert uplink.take(200.0) == [0, 1, 2, 3, 4, 5]
    assert uplink.take(300.0) == []  # the stream is ahead of real time now


def test_no_more_goes_out_than_the_window_and_answers_open_it_again():
    uplink = Uplink(0.0)
    fed(uplink, 100)
    assert len(uplink.take(0.0)) == WINDOW_MS / FRAME_MS
    assert uplink.take(10.0) == []
    assert uplink.late_ms == WINDOW_MS - USUAL_MS
    uplink.answered(80.0, 20.0)
    assert len(uplink.take(20.0)) == 4


def test_a_late_server_is_spared_the_users_silence_but_no_word():
    uplink = Uplink(0.0)
    fed(uplink, int(SKIP_MS / FRAME_MS))
    uplink.take(0.0)
    fed(uplink, 5, quiet=True)
    uplink.push("word", quiet=False)
    assert uplink.take(0.0) == ["word"]
    assert uplink.skipped == 5


def test_the_oldest_is_given_up_when_too_much_waits():
    uplink = Uplink(0.0)
    fed(uplink, QUEUE_FRAMES + 7)
    assert uplink.dropped == 7
    assert uplink.take(0.0)[0] == 7


def test_lost_sound_does_not_close_the_window_for_ever():
    uplink = Uplink(0.0)
    fed(uplink, QUEUE_FRAMES)
    uplink.take(0.0)
    assert uplink.take(FORGIVE_MS - 1) == []
    assert uplink.take(FORGIVE_MS) != []


def test_a_stall_is_not_made_up_for_by_a_burst_of_silence():
    uplink = Uplink(0.0)
    assert len(uplink.take(10_000.0)) <= 2 * SLACK_MS / FRAME_MS


def test_another_session_begins_with_what_waits_and_nothing_under_way():
    uplink = Uplink(0.0)
    fed(uplink, QUEUE_FRAMES)
    uplink.take(0.0)
    uplink.restart(5000.0)
    assert uplink.under_way_ms == 0
    assert uplink.take(5000.0) == list(range(int(WINDOW_MS / FRAME_MS), QUEUE_FRAMES))


@given(
    st.lists(st.tuples(st.sampled_from(["loud", "quiet", "answer", "take", "wait"]), st.integers(1, 40)), max_size=60)
)
def test_what_is_under_way_stays_in_the_window_and_order_is_kept(steps):
    uplink, now, pushed, taken = Uplink(0.0), 0.0, 0, []
    for kind, count in steps:
        if kind in ("loud", "quiet"):
            for _ in range(count):
                uplink.push(pushed, quiet=kind == "quiet")
                pushed += 1
        elif kind == "answer":
            uplink.answered(80.0 * count, now)
        elif kind == "wait":
            now += 20.0 * count
        else:
            taken += [piece for piece in uplink.take(now) if piece is not None]
        assert 0 <= uplink.under_way_ms <= WINDOW_MS
    assert taken == sorted(set(taken))
    assert len(taken) + uplink.dropped + uplink.skipped <= pushed
