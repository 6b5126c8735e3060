from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satellite.dsp.barge_in import BargeIn


def told(excess: list[float], *, playing: bool = True) -> list[bool]:
    detector = BargeIn()
    return [detector.hear(db, playing=playing) for db in excess]


def test_a_clear_voice_is_found_at_once_and_a_likely_one_when_it_goes_on() -> None:
    assert told([0, 12]) == [False, True]
    assert told([0, 6, 6]) == [False, False, True]
    assert told([0, 6, 1, 6, 1]) == [False] * 5


def test_what_is_left_of_the_echo_is_nobody() -> None:
    assert not any(told([3.5, 4.0, 3.0, 4.4] * 100))


def test_the_pause_between_two_words_is_not_the_end_and_140_ms_are() -> None:
    over = told([12] * 10 + [0] * 6 + [12] * 5 + [0] * 20)
    assert all(over[:21])
    assert over[21:28] == [True] * 6 + [False]
    assert not any(over[28:])


def test_a_sound_that_never_ends_is_the_rooms() -> None:
    over = told([12.0] * 1000)
    assert 100 <= sum(over[:150]) <= 130
    over = told([12.0] * 10_000)
    assert sum(over) / len(over) < 0.15, "a television is yielded to less and less"


def test_nobody_talks_over_silence() -> None:
    assert not any(told([20.0] * 50, playing=False))


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=400))
def test_it_never_yields_for_longer_than_its_bound(blocks: list[tuple[float, bool]]) -> None:
    detector, run = BargeIn(), 0
    for excess_db, playing in blocks:
        over = detector.hear(excess_db, playing=playing)
        run = run + 1 if over else 0
        assert run <= 126
        assert not (over and not playing)
