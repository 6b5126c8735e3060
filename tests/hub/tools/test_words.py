from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.tools.words import compact_duration, count_words, day_words, duration_words, listed, moment_words, time_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "no time"), (1, "one second"), (59.6, "one minute"), (90, "one minute and thirty seconds"),
        (240, "four minutes"), (3600, "one hour"), (5400, "one hour and thirty minutes"),
        (3661, "one hour and one minute"), (3599, "fifty-nine minutes and fifty-nine seconds"),
        (7199, "two hours"), (90_000, "one day and one hour"), (86_399, "one day"),
    ],
)  # fmt: skip
def test_durations(seconds, words):
    assert duration_words(seconds) == words


@settings(deadline=None)
@given(st.floats(0.6, 400 * 86_400))
def test_a_duration_in_words_is_never_far_from_the_truth(seconds):
    units = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
    counts = {count_words(number): number for number in range(1000)}
    said = 0
    for part in duration_words(seconds).replace("hundred and ", "hundred+").split(" and "):
        count, unit = part.replace("hundred+", "hundred and ").rsplit(" ", 1)
        said += counts[count] * units[unit.removesuffix("s")]
    assert abs(said - seconds) <= max(0.5, seconds / 47)


def test_before_a_noun():
    assert compact_duration(300) == "five minute"
    assert compact_duration(5400) == "one hour thirty minute"


def test_days_and_times():
    monday = date(2026, 6, 1)
    assert [day_words(date(2026, 6, day), monday) for day in (1, 2, 5, 9, 22)] == [
        "today", "tomorrow", "on Friday", "on Tuesday the 9th of June", "on Monday the 22nd of June",
    ]  # fmt: skip
    assert day_words(date(2027, 6, 3), monday) == "on Thursday the 3rd of June 2027"
    times = [(0, 0), (0, 5), (9, 0), (12, 0), (12, 30), (19, 30)]
    assert [time_words(datetime(2026, 6, 1, *hm, tzinfo=UTC)) for hm in times] == [
        "midnight", "12:05 am", "9 am", "noon", "12:30 pm", "7:30 pm",
    ]  # fmt: skip
    assert moment_words(datetime(2026, 6, 2, 15, tzinfo=UTC), datetime(2026, 6, 1, 9, tzinfo=UTC)) == "tomorrow at 3 pm"


def test_lists_of_words():
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")] == [
        "", "a", "a and b", "a, b or c",
    ]  # fmt: skip
