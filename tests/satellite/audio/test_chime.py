from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from satellite.audio.chime import PoliteChime, chime


def chimes(speech: list[bool]) -> list[int]:
    polite = PoliteChime()
    polite.wanted()
    return [index for index, spoken in enumerate(speech) if polite.due(speech=spoken)]


def test_a_pause_after_the_wake_word_is_answered_with_a_chime():
    assert chimes([True] * 5 + [False] * 30) == [16]


def test_a_request_in_one_breath_is_not_chimed_into():
    assert chimes([True] * 100 + [False] * 50) == []
    # Short gaps between words are no pause.
    assert chimes(([True] * 8 + [False] * 6) * 10) == []


def test_no_grant_no_chime():
    assert not PoliteChime().due(speech=False)
    polite = PoliteChime()
    polite.wanted()
    polite.dropped()
    assert not any(polite.due(speech=False) for _ in range(50))


@given(st.lists(st.booleans(), max_size=200))
def test_it_chimes_at_most_once_and_only_in_silence(speech):
    for index in chimes(speech):
        assert not any(speech[index - 11 : index + 1])
    assert len(chimes(speech)) <= 1


def test_the_sound_is_short_quiet_and_begins_and_ends_in_silence():
    pcm = chime()
    assert 0.15 < pcm.size / 24_000 < 0.25
    assert np.abs(pcm).max() < 0.13 * 32768
    assert abs(int(pcm[0])) < 50
    assert abs(int(pcm[-1])) < 50
