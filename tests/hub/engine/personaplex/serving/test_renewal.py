"""When a session starts again, and what it is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.port import EPAD, FRAME_SAMPLES, PAD
from hub.engine.personaplex.serving.renewal import MAX_TURN_CHARS, PAUSE_FRAMES, Dialogue, Need, Pauses, Window, need

_QUIET = np.zeros(FRAME_SAMPLES, np.float32)
_LOUD = np.full(FRAME_SAMPLES, 0.2, np.float32)


def _count(text: str) -> int:
    return len(text.split())


def test_the_window_of_the_released_model():
    window = Window.of(3000)
    assert (window.soft / 12.5, window.hard / 12.5, window.end / 12.5) == (180, 200, 230)


@given(st.integers(0, 3200), st.booleans(), st.booleans(), st.booleans())
def test_a_say_is_never_cut_before_the_window_ends(position, pause, speaking, wanted):
    window = Window.of(3000)
    got = need(window, position, pause=pause, speaking=speaking, wanted=wanted)
    if position >= window.end or (position >= window.hard and not speaking):
        assert got is Need.RENEW
    elif speaking:
        assert got is not Need.RENEW
    elif got is Need.RENEW:
        assert pause
        assert wanted or position >= window.soft


def test_another_persona_comes_in_the_next_pause():
    window = Window.of(3000)
    assert need(window, 100, pause=False, speaking=False, wanted=True) is Need.PREPARE
    assert need(window, 100, pause=True, speaking=False, wanted=True) is Need.RENEW


@pytest.mark.parametrize(
    ("heard", "text", "spoken"), [(_LOUD, PAD, _QUIET), (_QUIET, 50, _QUIET), (_QUIET, PAD, _LOUD)]
)
def test_a_pause_is_of_both(heard, text, spoken):
    pauses = Pauses()
    for _ in range(PAUSE_FRAMES):
        assert not pauses.pause
        pauses.see(_QUIET, EPAD, _QUIET)
    assert pauses.pause
    pauses.see(heard, text, spoken)
    assert not pauses.pause


def test_the_newest_of_the_dialogue_goes_along():
    dialogue = Dialogue()
    dialogue.user("What is the capital of France?")
    for piece in (" It", " is", " Par", "is", "."):
        dialogue.assistant(piece)
    dialogue.user("And of Spain?")
    prompt = dialogue.prompt("You are kind.", _count, 100)
    assert prompt.startswith("You are kind. ")
    assert prompt.endswith("User: What is the capital of France? You: It is Paris. User: And of Spain?")


@given(st.lists(st.tuples(st.booleans(), st.text(alphabet="ab cé", max_size=60)), max_size=60), st.integers(0, 60))
def test_the_prompt_is_bounded(turns, budget):
    dialogue = Dialogue()
    for by_user, text in turns:
        (dialogue.user if by_user else dialogue.assistant)(text)
    prompt = dialogue.prompt("You are kind.", _count, budget)
    assert prompt.startswith("You are kind.")
    assert _count(prompt) <= 3 + budget


def test_an_endless_speech_does_not_grow():
    dialogue = Dialogue()
    for _ in range(5000):
        dialogue.assistant(" word")
    assert len(dialogue.prompt("P", len, 10**6)) < MAX_TURN_CHARS + 60


def test_nothing_said_leaves_the_persona_alone():
    assert Dialogue().prompt("You are kind.", _count) == "You are kind."
