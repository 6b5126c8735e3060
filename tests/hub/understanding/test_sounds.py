"""How far apart two words sound."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.sounds import distance, sounds_of

WORDS = st.text(alphabet="abcdefghijklmnoprstuvwyz", min_size=1, max_size=14).map(sounds_of)


@given(one=WORDS, other=WORDS, most=st.floats(min_value=0.0, max_value=6.0))
def test_a_limit_hides_only_what_is_beyond_it(one, other, most):
    apart = distance(one, other)
    assert distance(one, other, most) == (apart if apart <= most else inf)


@given(one=WORDS, other=WORDS)
def test_the_distance_is_the_same_both_ways_and_none_from_itself(one, other):
    assert abs(distance(one, other) - distance(other, one)) < 1e-9
    assert distance(one, one) == 0.0
