"""A voice that rambles on: what is about the request, and what is about the weather."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.understanding.beside import is_elsewhere, talks_on
from hub.understanding.judging import Request
from hub.understanding.parser import Parser
from hub.understanding.stance import Kind

PARSER = Parser()
NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)


@pytest.fixture
def asked(houses):
    house = houses["british"]
    words = "turn off the reading lamp"
    return Request(words, PARSER.understand(words, house, "lounge", NOW), "lounge", 1, True), house


@pytest.mark.parametrize(
    "words",
    [
        "if the river rises again the bridge will close",
        "nobody in town will ever forget the winter",
        "when the rain stops everybody goes to town",
        "the town never sleeps before the market opens",
    ],
)
@pytest.mark.parametrize("kind", [Kind.NEGATION, Kind.HYPOTHETICAL])
def test_a_not_or_an_if_about_the_weather_objects_to_nothing(asked, words, kind):
    assert is_elsewhere(words.split(), kind, *asked)


@pytest.mark.parametrize(
    "words",
    [
        "if the lamp goes off nobody will see anything",  # names the thing
        "when everybody is gone the lounge gets dark",  # and its room
        "not before everybody in town is asleep",  # an answer
        "if it rains the town will be wet",  # may point at it
        "i would not dream of touching anything tonight",  # who speaks
        "never",
    ],
)
@pytest.mark.parametrize("kind", [Kind.NEGATION, Kind.HYPOTHETICAL])
def test_but_one_that_may_be_about_the_request_does(asked, words, kind):
    assert not is_elsewhere(words.split(), kind, *asked)


@pytest.mark.parametrize("kind", [Kind.OFFER, Kind.QUESTION, Kind.REFUSAL])
def test_offers_questions_and_refusals_always_do(asked, kind):
    assert not is_elsewhere(["when", "the", "rain", "stops", "everybody", "goes", "to", "town"], kind, *asked)


def test_without_a_request_nothing_is_about_something_else(asked):
    words = "when the rain stops everybody goes to town".split()  # noqa: SIM905 - as it is said
    assert not is_elsewhere(words, Kind.HYPOTHETICAL, None, asked[1])


@pytest.mark.parametrize(
    ("words", "kind", "on"),
    [
        ("the weather has been lovely this week", Kind.REPORT, True),
        ("the weather has", Kind.REPORT, False),  # who knows yet
        ("it looks like the town is already asleep", Kind.REPORT, False),
        ("the old lamp has been lovely this week", Kind.REPORT, False),
        ("could the weather be any nicer this week", Kind.REPORT, False),
        ("the weather is lovely unless the wind turns", Kind.REPORT, False),
        ("the weather has been lovely this week", Kind.OFFER, False),
    ],
)
def test_whether_it_only_talks_on(asked, words, kind, on):
    assert talks_on(words.split(), kind, *asked) is on
