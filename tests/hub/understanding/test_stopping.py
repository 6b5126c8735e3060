""" "Stop it" after a deed: the end of what was begun, a question where nothing goes on, and never another device."""

import pytest

from hub.understanding.decisions import Act, Tell


@pytest.mark.parametrize(
    ("first", "done"),
    [
        ("Close the kitchen blind.", "cover.stop_cover"),
        ("Boil the kettle.", "switch.turn_off"),
        ("Turn on the desk fan.", "fan.turn_off"),
    ],
)
def test_what_was_begun_ends(talking, first, done):
    talk = talking("british", mode="user")
    talk.user("kitchen", first)
    acts = [d for d in talk.user("kitchen", "Stop it.") if isinstance(d, Act)]
    assert [f"{a.domain}.{a.service}" for act in acts for a in act.actions] == [done]


def test_a_light_cannot_be_stopped_and_the_radio_is_left_alone(talking):
    talk = talking("british", mode="user")
    talk.user("kitchen", "Turn on the reading lamp.")
    decisions = talk.user("kitchen", "Stop it.")
    assert not [d for d in decisions if isinstance(d, Act)]
    assert [d.sentence for d in decisions if isinstance(d, Tell)] == ["What shall I stop?"]
