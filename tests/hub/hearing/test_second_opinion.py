import pytest

from hub.hearing.second_opinion import agrees, second_is_better

REQUESTS = {
    "What's the weather like?",
    "Shut the blinds and turn on the lamp.",
    "Turn on the lights.",
    "Unlock the door.",
}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("What's the weather light?", "What's the weather like?"),
        ("Check the blinds and turn on the lamp.", "Shut the blinds and turn on the lamp."),
    ],
)
def test_the_second_reading_is_taken_where_only_it_is_a_request(first, second):
    assert second_is_better(first, second, REQUESTS.__contains__)
    assert not second_is_better(second, first, REQUESTS.__contains__)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Don't turn on the lights.", "Turn on the lights."),
        ("I turn on the lights.", "Turn on the lights."),
        ("Never turn on lights.", "Turn on the lights."),
        ("I mocked the door.", "Unlock the door."),
        ("Lock the door.", "Unlock the door."),
        ("The soup is nearly done.", "Turn on the lights."),
        ("Turn on the lights.", "Turn on the lights."),
        ("", "Turn on the lights."),
    ],
)
def test_it_is_not_taken_where_the_sentence_may_be_another(first, second):
    assert not second_is_better(first, second, REQUESTS.__contains__)


@pytest.mark.parametrize(
    ("before", "now", "agreed"),
    [
        ("Turn on the kit", "Turn on the kitchen lights.", True),
        ("Turned on the kitchen,", "Turn on the kitchen lights", True),
        ("Turn on the kitchen lights", "Turn on the kitchen lights.", True),
        ("Turn on", "Turn on the kitchen lights", False),  # which says next to nothing
        ("Turn on the", "Turn off the kitchen lights", False),
        ("Switch the floor of the floor", "Switch the floor lamp off", False),
        ("Turn on the kitchen lights", "Turn on", False),
        ("Turn", "Turn on the light", False),
        ("", "Turn on the light", False),
    ],
)
def test_a_reading_of_more_agrees_with_the_one_before(before, now, agreed):
    assert agrees(before, now) is agreed
