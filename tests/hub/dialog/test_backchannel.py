"""Words about the talk itself."""

from __future__ import annotations

import pytest

from hub.dialog.backchannel import is_backchannel, is_nod, is_stop, may_be_hum, says_little


@pytest.mark.parametrize(
    "text",
    [
        "Stop.", "Please stop.", "Okay, stop. Okay, stop.", "Stop it, please.", "Stop talking now.", "No, stop.",
        "That\u2019s enough.", "Enough of that.", "All right, that is enough, thank you.", "Be quiet, please.",
    ],
)  # fmt: skip
def test_words_that_want_silence_and_nothing_else(text):
    assert is_stop(text)
    assert not is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Stop the music.", "Stop the vacuum, please.", "Stop it at half past seven.", "Quiet music, please.",
        "Is that enough?", "That's enough light.", "Stop and open the blinds.", "Never mind.", "Okay.", "No.",
        "Turn the volume down, that's enough.", "Enough is enough for my sister.",
    ],
)  # fmt: skip
def test_words_that_want_more_or_less_than_silence(text):
    assert not is_stop(text)


@pytest.mark.parametrize("text", ["And?", "And then,", "Amen.", "I'm a man.", "Mm-M.", "M.H.N.", "In Emma.", ""])
def test_what_recognisers_make_of_a_hum_may_be_one(text):
    assert may_be_hum(text)
    assert is_nod(text, confidence=0.4, said_ms=500.0)


@pytest.mark.parametrize("text", ["What about?", "No.", "Stop.", "Wait,", "Is the front?", "How long?", "Turn it off."])
def test_words_with_consonants_are_words(text):
    assert not may_be_hum(text)
    assert not is_nod(text, confidence=0.7, said_ms=400.0)


def test_a_long_or_a_clear_turn_is_no_nod():
    assert not is_nod("And me?", confidence=0.9, said_ms=500.0)
    assert not is_nod("And then, mom.", confidence=0.4, said_ms=1500.0)
    assert is_nod("Okay.", confidence=0.9, said_ms=1500.0)
    assert is_nod("Tenchi.", confidence=0.3, said_ms=300.0), "a noise that was read as something"


@pytest.mark.parametrize(
    ("text", "said_ms", "little"),
    [("So", 224, True), ("I", 224, True), ("So what", 224, False), ("Turn", 224, False), ("So", 480, False)],
)
def test_a_small_word_of_a_quarter_of_a_second_is_too_little_to_go_by(text, said_ms, little):
    assert says_little(text, said_ms=said_ms) is little
