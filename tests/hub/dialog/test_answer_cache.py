"""Which answers are given again, to whom, and for how long; fillers; and what was heard of a cut sentence."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hub.dialog.answer_cache import MAX_ANSWERS, AnswerCache, is_lasting
from hub.dialog.filler import AGAIN_AFTER_S, FIRST_AFTER_S, Filler, Fillers
from hub.dialog.heard import heard_of


@pytest.mark.parametrize(
    "question",
    ["Explain black holes.", "Could you please compare gas and induction hobs?", "Why is the sky blue?"],
)
def test_questions_that_mean_the_same_tomorrow_are_lasting(question):
    assert is_lasting(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the weather like?",
        "What is happening in the stock market today?",
        "Who is the current president of France?",
        "Explain it again.",
        "And what about the other one?",
        "Should I sell my car?",
        "Tell me a joke about lawyers.",
        "Why?",
        "",
        "why " * 400,
    ],
)
def test_questions_of_the_moment_or_of_this_talk_are_not(question):
    assert not is_lasting(question)


def test_an_answer_lives_for_its_time_and_its_persona():
    now_s = 0.0
    cache = AnswerCache(60, now_s=lambda: now_s)
    cache.keep("Explain tides.", "butler", "The moon.")
    assert cache.find("please explain tides", "butler") == "The moon."
    assert cache.find("Explain tides.", "pirate") is None
    now_s = 60.0
    assert cache.find("Explain tides.", "butler") is None


def test_the_answer_that_was_not_asked_for_the_longest_goes_first():
    cache = AnswerCache(60, now_s=lambda: 0.0)
    for number in range(MAX_ANSWERS):
        cache.keep(f"Explain planet number {number}.", "", "Round.")
    cache.find("Explain planet number 0.", "")
    cache.keep("Explain tides.", "", "The moon.")
    assert cache.find("Explain planet number 0.", "") == "Round."
    assert cache.find("Explain planet number 1.", "") is None


def test_no_lifetime_keeps_nothing():
    cache = AnswerCache(0, now_s=lambda: 0.0)
    cache.keep("Explain tides.", "", "The moon.")
    assert cache.find("Explain tides.", "") is None


def test_a_filler_is_due_after_the_question_and_after_each_sound_with_other_words():
    filler = Filler(Fillers(), asked_s=10.0)
    assert filler.due_s == 10.0 + FIRST_AFTER_S
    said = []
    for until_s in (12.0, 15.0):
        said.append(filler.words())
        filler.sounded(until_s)
        assert filler.due_s == until_s + AGAIN_AFTER_S
    assert len(set(said)) == filler.count == 2


def speech(ending, heard_samples):
    ended = SimpleNamespace(done=lambda: ending is not None, result=lambda: ending)
    return SimpleNamespace(ended=ended, heard_samples=lambda _now_ms: heard_samples)


@pytest.mark.parametrize(
    ("ending", "heard_s", "wanted"),
    [
        ("finished", 0.1, "One two three four."),
        ("flushed", 0.0, ""),
        ("flushed", 0.4, "One"),
        ("flushed", 0.6, "One two"),
        ("flushed", 99.0, "One two three"),
        (None, 0.6, "One two"),
    ],
)
def test_what_was_heard_of_a_sentence(ending, heard_s, wanted):
    assert heard_of("One two three four.", speech(ending, int(heard_s * 24_000)), 0.0) == wanted
