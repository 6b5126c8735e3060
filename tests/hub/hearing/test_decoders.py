import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.hearing.decoders import first_round


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Turn on the light. Turn on the light. Turn on", "Turn on the light."),
        ("Is it open? Is it open?", "Is it open?"),
        ("Turn it on, no, turn it off", "Turn it on, no, turn it off"),
        ("no no no", "no no no"),
        ("Lights on, lights on", "Lights on, lights on"),
        ("", ""),
    ],
)
def test_a_circle_is_read_once(text, kept):
    assert first_round(text) == kept


@given(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=3, max_size=8, unique=True), st.integers(2, 5))
def test_every_circle_of_three_words_or_more_is_found(words, rounds):
    assert first_round(" ".join(words * rounds)) == " ".join(words)
