import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.hearing.wake_phrase import strip_wake_phrase

HEARD = {
    "alexa": [
        ("Alexa, turn on the kitchen lights.", "Turn on the kitchen lights."),
        ("Alexis turn it on", "Turn it on"),
        ("Alex, turn it on", "Turn it on"),
        ("Alex. Turn it on", "Turn it on"),
        ("A Lexa, lights off", "Lights off"),
        ("Alexa's the garage door open?", "Is the garage door open?"),
        ("Alexa.", ""),
        ("Alexa. Alexa, Alexa.", ""),
    ],
    "hey_mycroft": [
        ("Hey Mycroft, turn on the porch light.", "Turn on the porch light."),
        ("Hey my croft turn it on", "Turn it on"),
        ("Hey, Necroft, turn on the porch light.", "Turn on the porch light."),
        ("Hey, Megcroft, switch everything off.", "Switch everything off."),
        ("Hey, Mick Roth, make the room warmer.", "Make the room warmer."),
        ("A. Micrough, turn off all the lights.", "Turn off all the lights."),
        ("Mycroft, stop", "Stop"),
        ("Hey, Minecraft", ""),
    ],
    "Okay Nabu": [
        ("Okay Nabu, turn it on", "Turn it on"),
        ("OK nah boo turn it on", "Turn it on"),
        ("Okay now boo, turn it on", "Turn it on"),
        ("Ok, now, boo, turn on the ceiling lights.", "Turn on the ceiling lights."),
        ("Ok, now Booth, set the lights to blue.", "Set the lights to blue."),
        ("O.K. Nabu, turn it on", "Turn it on"),
    ],
}
COMMANDS = [
    "Turn on the kitchen lights",
    "All lights off",
    "Is the garage door open?",
    "Unlock the front door",
    "Play some music",
    "Alarm off",
    "Microwave on",
    "Make it warmer",
    "Open the blinds",
    "Undo that",
    "Lights on",
]


@pytest.mark.parametrize(
    ("phrase", "heard", "rest"), [(w, heard, rest) for w, pairs in HEARD.items() for heard, rest in pairs]
)
def test_the_wake_phrase_is_taken_off_however_it_was_heard(phrase, heard, rest):
    assert strip_wake_phrase(heard, phrase) == (rest, True)


@pytest.mark.parametrize("phrase", list(HEARD))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_alone_is_left_whole(phrase, command):
    assert strip_wake_phrase(command, phrase) == (command, False)


@pytest.mark.parametrize("phrase", list(HEARD))
@pytest.mark.parametrize("command", COMMANDS)
def test_it_comes_off_once_and_only_in_front(phrase, command):
    name = phrase.replace("_", " ").title()
    assert strip_wake_phrase(f"{name}, {command}", phrase) == (command, True)
    assert strip_wake_phrase(f"{name}, {name}, {command}", phrase) == (f"{name}, {command}", True)
    assert strip_wake_phrase(f"{command} {name}", phrase) == (f"{command} {name}", False)


@pytest.mark.parametrize("phrase", list(HEARD))
@pytest.mark.parametrize("before", ["I left my keys in the kitchen.", "Thursday is fine, but", "Good evening"])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_was_said_before_the_call_goes_with_it(phrase, before, command):
    name = phrase.replace("_", " ").title()
    assert strip_wake_phrase(f"{before} {name}, {command}", phrase) == (command, True)


@given(st.text(max_size=80), st.sampled_from([*HEARD, "", "computer", "💡"]))
def test_any_text_keeps_its_end(text, phrase):
    rest, taken = strip_wake_phrase(text, phrase)
    assert isinstance(taken, bool)
    if not taken:
        assert rest == text.strip()
    elif len(rest) > 4:
        assert text.rstrip().casefold().endswith(rest[4:].casefold())


def test_without_a_wake_phrase_nothing_is_taken():
    assert strip_wake_phrase(" Alexa, stop ", "") == ("Alexa, stop", False)
