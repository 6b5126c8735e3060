import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.cascade.sentences import split_for_speech, split_sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The light is on.", ["The light is on."]),
        ("It is on. It is 21.5 degrees.", ["It is on.", "It is 21.5 degrees."]),
        ("Really? Yes! Good.", ["Really?", "Yes!", "Good."]),
        ("Ask Dr. Smith. He knows.", ["Ask Dr. Smith.", "He knows."]),
        ("one\ntwo", ["one", "two"]),
        ("  ", []),
        ("", []),
    ],
)
def test_sentences_are_cut_at_their_ends(text, pieces):
    assert split_sentences(text) == pieces


def test_a_long_first_sentence_gives_up_its_first_clause():
    text = "The garage door is closed, and the back door has been open since half past seven. Shall I close it?"
    assert split_for_speech(text) == [
        "The garage door is closed,",
        "and the back door has been open since half past seven.",
        "Shall I close it?",
    ]
    assert split_for_speech("Alexa, turn on the light.") == ["Alexa, turn on the light."]


@given(st.text(max_size=1500))
def test_no_word_is_lost_and_no_piece_is_endless(text):
    for split in (split_sentences, split_for_speech):
        pieces = split(text)
        assert all(0 < len(piece) <= 310 for piece in pieces)
        kept = "".join("".join(pieces).split())
        whole = "".join(text.split())
        assert [letter for letter in kept if letter.isalnum()] == [letter for letter in whole if letter.isalnum()]
