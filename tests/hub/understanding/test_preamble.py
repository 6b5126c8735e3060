"""What people say beside a request: why they ask, what it is about, what is the matter. It asks for nothing itself."""

import pytest

from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("I can't find my glasses, turn the reading lamp on.", "Turn on the reading lamp."),
        ("We don't need the festoon lights any longer, switch them off.", "Switch off the festoon lights."),
        ("The hall light is a bit bright, bring it down a touch.", "Turn the hall light down a touch."),
        ("That desk fan's driving me mad, turn it off.", "Turn off the desk fan."),
        ("Somebody's left the kettle on, could you switch it off?", "Switch off the kettle."),
        ("Who left the bathroom light on? Turn it off.", "Turn off the bathroom light."),
        ("Is the back door shut? Never mind, just lock it.", "Lock the back door."),
        ("Is the front door locked? Lock it if not.", "Lock the front door."),
        ("How about the festoon lights, turn them on.", "Turn on the festoon lights."),
        ("Give us a bit of air, start the extractor fan.", "Turn on the extractor fan."),
        ("Let the dog in, unlock the back door.", "Unlock the back door."),
        ("I can't see my hand, landing light on.", "Landing light on."),
        ("Reading lamp off, I've got a headache.", "Reading lamp off."),
        ("Turn the telly down a bit, I'm on the phone.", "Turn the telly down a bit."),
        ("Unlock the front door, the plumber is here.", "Unlock the front door."),
        ("Pause the telly while I fetch the post.", "Pause the telly."),
        ("Festoon lights on, they look lovely.", "Festoon lights on."),
        ("Turn off the hall light so the baby can sleep.", "Turn off the hall light."),
        ("Switch off the kettle before we go out.", "Switch off the kettle."),
        ("Boil the kettle, my sister is coming.", "Boil the kettle."),
        ("Hall light on at twenty percent so nobody trips.", "Hall light on at twenty percent."),
        ("The dog's after waking up so would you turn the telly down a bit.", "Turn the telly down a bit."),
        ("The cup's broken, turn on the hall light.", "Turn on the hall light."),
        ("God, it's been a day, can you turn off the hall light?", "Turn off the hall light."),
        ("Everyone in the car, start leaving the house.", "Leaving the house."),
        ("Telly off, dinner.", "Telly off."),
        ("Telly off, bedtime kids.", "Telly off."),
        ("Bathroom light on for the night.", "Bathroom light on."),
        ("Lock each and every door before we drop off.", "Lock every door."),
    ],
)
def test_only_the_request_counts(hear, said, plain):
    whole, bare = hear("british", "lounge", said), hear("british", "lounge", plain)
    assert deeds_of(bare)
    assert deeds_of(whole) == deeds_of(bare), whole.explanation


@pytest.mark.parametrize(
    "sentence",
    [
        "My uncle told me to turn off the hall light.",
        "I remember how we turned the kettle off.",
        "I saw the cleaner switch off the hall light.",
        "I need you to know the kettle is on.",
        "The leaflet says turn off the heating.",
        "I hate it when people leave the hall light on.",
        "I have to lock the back door.",
        "Let the children turn on the telly.",
        "We want someone to close the curtains.",
        "I like the kitchen lights on.",
        "What a shame you turned the telly off.",
        "The song is called turn off the lights.",
        "You could always dim the hall light.",
        "If it's late, lock the back door.",
        "I'm too tired to switch off the telly.",
        "I want a pizza and turn off the hall light.",
        "Shut up, you're joking.",
        "I can't turn off the hall light.",
        "The kids in the car turn on the kettle.",
        "People at the office switch off the hall light.",
        "Add so nobody trips to the film.",
        "On the landing there's a",
        "On the landing.",
    ],
)
def test_what_others_do_or_say_is_no_request(hear, sentence):
    heard = hear("british", "lounge", sentence)
    assert not deeds_of(heard), heard.explanation


def test_it_is_never_an_alarm_or_a_door_that_nobody_named(hear):
    for sentence in ("Turn it off.", "Unlock it.", "Lock it.", "Hold it right there."):
        assert not deeds_of(hear("british", "lounge", sentence)), sentence
