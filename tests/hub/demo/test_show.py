import numpy as np
import pytest

from hub.demo.person import Cue, Line, Scene
from hub.demo.show import fulfils, windows

LIGHT = Line("kitchen", "turn on the kitchen lights", turns_on="light")
QUESTION = Line("bedroom", "is the garage door open?")
SCENE = Scene({"kitchen": np.zeros(24_000)}, (Cue(LIGHT, 4.0, 6.0), Cue(QUESTION, 14.0, 16.0)))
FIRST, SECOND = windows(SCENE, 1_000_000.0)


def _turn(area="kitchen", played=1_007_000.0, **action):
    done = {"domain": "light", "service": "turn_on", "verified": True, "state": "on", **action}
    return {"area": area, "assistant": "Done.", "actions": [done], "t_ms": {"audio_played": played}}


def test_each_line_has_the_time_until_the_next_one():
    assert (FIRST.begin_ms, FIRST.end_ms, SECOND.begin_ms) == (1_004_000.0, 1_014_000.0, 1_014_000.0)
    assert SECOND.end_ms == float("inf")


def test_a_light_that_is_on_and_an_answer_that_was_played_fulfil_the_line():
    assert fulfils(_turn(), FIRST)


@pytest.mark.parametrize(
    "turn",
    [
        _turn(area="bedroom"),
        _turn(played=None),
        _turn(played=1_003_000.0),
        _turn(played=1_014_000.0),
        _turn(verified=False),
        _turn(state="off"),
        _turn(domain="switch"),
        {**_turn(), "actions": []},
        {**_turn(), "assistant": None},
    ],
    ids=["other room", "unheard", "too early", "too late", "unproved", "off", "other", "no action", "silent"],
)
def test_anything_less_does_not(turn):
    assert not fulfils(turn, FIRST)


def test_a_question_asks_for_an_answer_alone():
    answer = {**_turn(area="bedroom", played=1_020_000.0), "actions": []}
    assert fulfils(answer, SECOND)
