"""What is named first and spoken of after: requests and questions in any order of words."""

import pytest

from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("The reading lamp, can you turn that on?", "Turn on the reading lamp."),
        ("Reading lamp, could you turn it on for me?", "Turn on the reading lamp."),
        ("The festoon lights, I'd like them off.", "Turn off the festoon lights."),
        ("That desk fan, can you slow it down?", "Slow down the desk fan."),
    ],
)
def test_what_is_named_first_is_meant(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert deeds_of(bare)
    assert deeds_of(whole) == deeds_of(bare)


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("The front door, is it locked?", "Is the front door locked?"),
        ("The front door's locked, isn't it?", "Is the front door locked?"),
        ("I locked the front door, didn't I?", "Is the front door locked?"),
        ("The reading lamp, is it on?", "Is the reading lamp on?"),
        ("The heating is set to what?", "What is the heating set to?"),
    ],
)
def test_a_question_is_put_in_its_plain_order(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert bare.kind == "answer"
    assert (whole.kind, whole.asked) == ("answer", bare.asked)


def test_a_tag_on_what_is_no_device_asks_nothing(hear):
    assert not hear("british", "lounge", "The weather is nice, isn't it?").asked


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("What's it set to, the heating?", "What is the heating set to?"),
        ("Is it locked, the back door?", "Is the back door locked?"),
        ("What percent is the desk fan at?", "What is the desk fan at?"),
    ],
)
def test_what_is_named_last_is_asked_about(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert bare.kind == "answer"
    assert set(whole.asked) == set(bare.asked) != set()
