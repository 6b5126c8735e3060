"""Whom and what a request is for: nothing of it is asked for, and nothing of it is which device is meant."""

import pytest

from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Put the festoon lights on for our visitors.", "Put the festoon lights on."),
        ("Reading lamp on for Granny's crossword.", "Reading lamp on."),
        ("Unlock the front door for the gas man.", "Unlock the front door."),
        ("Boil the kettle for the hot water bottle.", "Boil the kettle."),
        ("Landing light on for the kids please.", "Landing light on."),
    ],
)
def test_the_purpose_changes_nothing(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert deeds_of(bare)
    assert deeds_of(whole) == deeds_of(bare)


@pytest.mark.parametrize(
    "said",
    [
        "Turn on the light for the greenhouse.",  # may be a light of that name
        "Turn the reading lamp off for good.",
        "Turn off the reading lamp for when we are asleep.",
        "Turn the landing light on for the hall.",
    ],
)
def test_what_may_tell_which_device_or_when_is_no_purpose(hear, said):
    assert not hear("british", "lounge", said).actions
