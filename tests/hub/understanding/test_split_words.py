"""Words that a recogniser wrote apart, or as another one that sounds the same."""

import pytest

from hub.understanding.normalise import normalise
from tests.hub.understanding.deeds import deeds_of


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("un lock it", "unlock it"), ("un mute the tea v", "unmute the tv"), ("the d humidifier", "the dehumidifier"),
        ("set a timer four twenty five minutes", "set a timer for 1500s"),
        ("tell me weather the door is open", "tell me whether the door is open"),
        ("tell me the weather", "tell me the weather"), ("the four lamps", "the 4 lamps"),
    ],
)  # fmt: skip
def test_small_words_are_put_together(written, plain):
    assert normalise(written)[0] == plain


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("up stairs lights off", "Upstairs lights off."),
        ("the lights down stairs off", "The lights downstairs off."),
        ("kitchen light soft", "Kitchen lights off."),
        ("shut of the reading lamp", "Shut off the reading lamp."),
        ("un lock the front door", "Unlock the front door."),
    ],
)
def test_they_come_to_what_was_said(hear, written, said):
    meant = deeds_of(hear("british", "lounge", said))
    assert meant
    assert deeds_of(hear("british", "lounge", written)) == meant


def test_a_border_one_letter_off_in_a_question(hear):
    heard = hear("british", "lounge", "is the front door locked")
    assert heard.kind == "answer"
    assert hear("british", "lounge", "the front door it's not still locked is it").asked == heard.asked
