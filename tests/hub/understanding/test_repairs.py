"""What a recogniser writes instead of a word, put right where nothing dangerous can come of it."""

import pytest

from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Said the hall light to 30%.", "Set the hall light to 30%."),
        ("Turn in the hall light.", "Turn on the hall light."),
        ("Turn on the hall like.", "Turn on the hall light."),
        ("Turn off the reading lap.", "Turn off the reading lamp."),
        ("Turn on the bathroom van.", "Turn on the bathroom fan."),
        ("Dim the reading, lamp to 30%.", "Dim the reading lamp to 30%."),
        ("Set the hall light to have brightness.", "Set the hall light to half brightness."),
        ("Them the hall light.", "Dim the hall light."),
        ("Paws the music.", "Pause the music."),
        ("Switch the hall light of.", "Switch the hall light off."),
        ("Clothes the lounge curtains.", "Close the lounge curtains."),
    ],
)
def test_a_sound_alike_is_put_right(hear, written, said):
    repaired, meant = hear("british", "lounge", written), hear("british", "lounge", said)
    assert meant.kind == repaired.kind
    assert [(a.service, a.entity_ids, a.data) for a in repaired.actions] == [
        (a.service, a.entity_ids, a.data) for a in meant.actions
    ]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Is the front door lot.", "Yes, the front door is locked"),
        ("Is the front door lock?", "Yes, the front door is locked"),
        ("Is the garage door clothes?", "Yes, the garage door is closed"),
        ("His the kitchen window open?", "Yes, the kitchen window is open"),
    ],
)
def test_a_misheard_question_is_answered(hear, written, words):
    heard = hear("british", "hall", written)
    assert (heard.kind, heard.actions) == ("answer", ())
    assert words in heard.reply


@pytest.mark.parametrize(
    "written",
    ["I mocked the front door.", "Clothes the garage door.", "Turned of the alarm system alike.",
     "On lock the front door.", "And lock the front door.", "An lock the back door.", "Look the front door.",
     "Flock the front door.", "Hope and the garage door.", "Clothes the garage."],
)  # fmt: skip
def test_what_lets_people_in_is_never_touched_on_a_guess(hear, written):
    heard = hear("british", "hall", written)
    assert not heard.actions, heard.explanation
    assert not heard.pending, heard.explanation


def test_lock_or_unlock_is_asked(hear):
    assert hear("british", "hall", "And lock the front door.").reply == "Do you want that locked or unlocked?"


@pytest.mark.parametrize(
    "chatter",
    ["Turned off the hall light.",
     "I like the hall light.", "That was fun in the kitchen.", "We had a lamb in the kitchen.",
     "She said the hall light was on.", "They turned the lights in the kitchen."],
)  # fmt: skip
def test_chatter_is_not_repaired_into_a_command(hear, chatter):
    assert not hear("british", "kitchen", chatter).actions


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Reading lamp on, hang on, wrong one, hall light on.", "Hall light on."),
        ("Turn on the kettle, no that's the wrong one, turn on the hall light.", "Turn on the hall light."),
        ("Set the hall light to sixty percent, actually forty's plenty.", "Set the hall light to forty percent."),
        ("Hall light to sixty, actually forty is enough.", "Hall light to forty."),
        ("Turn on the gadget the kettle.", "Turn on the kettle."),
    ],
)
def test_only_what_was_meant_at_last_is_done(hear, said, meant):
    whole, plain = hear("british", "lounge", said), hear("british", "lounge", meant)
    assert deeds_of(plain)
    assert deeds_of(whole) == deeds_of(plain), whole.explanation
