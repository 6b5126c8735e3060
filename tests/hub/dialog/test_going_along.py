"""Words that only go along with what the assistant says."""

from __future__ import annotations

import pytest

from hub.dialog.going_along import Agreement, is_agreement


@pytest.mark.parametrize(
    "text",
    [
        "Yeah, okay, right.", "Mm-hm, I see.", "Oh, that\u2019s interesting.", "Yes.", "Okay, got it.", "Yes, exactly.",
        "Oh yes, that's right.", "Right, sure, of course.", "How interesting!", "That is very good.", "No way!",
        "Uh-huh, yeah. I know.", "",
    ],
)  # fmt: skip
def test_several_words_of_agreement_want_nothing(text):
    assert is_agreement(text)


@pytest.mark.parametrize(
    "text",
    [
        "Okay, stop.", "Yeah, turn it off.", "That's enough.", "I see no lamp.", "Is that right?",
        "Right, what about me?", "Good night.", "No.", "Thank you.", "How good are they?", "It's too loud.",
        "Yes, please.", "Clear the table.",
        "Really? Why?", "I know a better one.",
    ],
)  # fmt: skip
def test_what_wants_more_is_no_agreement(text):
    assert not is_agreement(text)


@pytest.mark.parametrize(
    "readings",
    [
        ["Okay.", "Okay. I.", "Okay, I say,", "Okay, I see."],
        ["Yes,", "Yes, eh, e", "Yes, exact.", "Yes, exactly."],
        [
            "Oh, you know",
            "Oh yes, that's what.",
            "Oh yes that's right",
            "Oh yes, that's right. Okay, yeah.",
            "Oh yes that's right okay yeah and um",
            "Oh yes that's right okay yeah and i'm not i'm",
        ],
        ["That.", "That's", "That's right."],
        [
            "Oh yes okay yeah",
            "Oh yes okay yeah and um",
            "Oh yes okay yeah and i'm",
            "Oh yes, okay. Yeah. Mm-hmm. I see.",
        ],
    ],
)
def test_the_last_word_of_an_unfinished_agreement_may_be_misread(readings):
    agreement = Agreement()
    assert all(agreement.may_be(reading) for reading in readings)


@pytest.mark.parametrize(
    ("readings", "decided_at"),
    [
        (["What", "What about"], 0),
        (["Yeah.", "Yeah, turn", "Yeah, turn it", "Yeah, turn it off."], 2),
        (["Okay, is", "Okay, is the front", "Okay, is the front door"], 1),
        (["I", "I want", "I want the"], 1),
        (["Yeah and", "Yeah and I'm", "Yeah and I'm cold", "Yeah and I'm cold in"], 3),
    ],
)
def test_words_that_want_more_are_believed_at_once_or_when_two_readings_say_so(readings, decided_at):
    agreement = Agreement()
    assert [agreement.may_be(reading) for reading in readings].index(False) == decided_at
