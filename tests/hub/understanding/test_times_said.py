"""Clock times, durations and delays: whichever way one is said, it is the same moment or the same span."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.understanding.clock import next_time
from hub.understanding.normalise import normalise, plain_words
from hub.understanding.schedule import schedules, without_times

NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
hours = st.integers(1, 12)
minutes = st.integers(1, 59)


def in_words(number):
    if number < 20:
        return _ONES[number]
    return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")


def counted(number, unit):
    return f"{in_words(number)} {unit}{'' if number == 1 else 's'}"


@st.composite
def spans(draw):
    """Seconds, and a way of saying them."""
    days, left = draw(st.integers(0, 6)), draw(st.integers(1, 86399))
    size = draw(st.sampled_from([("hour", 3600), ("minute", 60), ("second", 1)]))
    parts, seconds = [], 0
    if size[0] == "hour" and days:
        parts, seconds = [counted(days, "day")], days * 86400
    for unit, worth, most in (("hour", 3600, 24), ("minute", 60, 60), ("second", 1, 60)):
        count = left // worth % most
        if count and worth >= size[1]:
            parts.append(counted(count, unit))
            seconds += count * worth
    assume(parts)
    joint = draw(st.sampled_from([" and ", " "]))
    return seconds, joint.join(parts) if len(parts) < 3 else f"{' '.join(parts[:-1])} and {parts[-1]}"


def ways_of(hour, minute):
    """A time of day in every way that people say it, without its half of the day."""
    following = hour % 12 + 1
    ways = [f"{hour}:{minute:02d}"]
    if minute == 30:
        ways += [f"half past {in_words(hour)}", f"half {in_words(hour)}"]
    if minute == 15:
        ways += [f"quarter past {in_words(hour)}", f"a quarter past {in_words(hour)}"]
    if minute == 45:
        ways += [f"quarter to {in_words(following)}", f"a quarter to {in_words(following)}"]
    if minute < 30:
        ways.append(f"{in_words(minute)} past {in_words(hour)}")
    if minute > 30:
        ways.append(f"{in_words(60 - minute)} to {in_words(following)}")
    if minute >= 10:
        ways.append(f"{in_words(hour)} {in_words(minute)}")
    return ways


def the_time(said):
    words = " ".join(plain_words(f"at {said}"))
    return next_time(words.removeprefix("at "), NOW)


@given(spans())
def test_a_duration_in_words_is_as_long_as_it_says(span):
    seconds, words = span
    assert plain_words(f"for {words}") == ["for", f"{seconds}s"]


@given(spans())
def test_a_request_put_off_happens_when_it_says(span):
    seconds, words = span
    plain, _ = normalise(f"close the shutters in {words}")
    found = next(iter(schedules(plain, NOW)))
    assert (found.rest, found.delay_s, found.span_s) == ("close the shutters", seconds, 0)
    assert without_times(plain) == "close the shutters"


@given(hours, minutes)
def test_every_way_of_saying_a_time_is_the_same_moment(hour, minute):
    moments = {the_time(way) for way in ways_of(hour, minute)}
    assert len(moments) == 1
    moment = moments.pop()
    assert NOW < moment <= NOW + timedelta(hours=12)
    assert (moment.hour % 12, moment.minute) == (hour % 12, minute)


@given(hours, minutes, st.sampled_from(["in the morning", "in the evening", "tonight", "tomorrow morning"]))
def test_a_part_of_the_day_settles_which_of_the_two_it_is(hour, minute, part):
    assume(hour != 12)
    for way in ways_of(hour, minute):
        moment = the_time(f"{way} {part}")
        assert moment is not None
        assert (moment.hour < 12) == ("morning" in part)
        assert moment.date() > NOW.date() if "tomorrow" in part else moment > NOW


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("an hour and a half", 5400), ("half an hour", 1800), ("three quarters of an hour", 2700),
        ("a couple of hours", 7200), ("an hour and twenty", 4800), ("two and a half minutes", 150),
        ("quarter of an hour", 900), ("an hour and twenty minutes", 4800),
    ],
)  # fmt: skip
def test_shares_of_an_hour(said, seconds):
    assert plain_words(f"for {said}") == ["for", f"{seconds}s"]


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("another five minutes", "another 300s"), ("ten more minutes", "600s more"),
        ("an extra minute", "an extra 60s"),
        ("half past", "half past"), ("the back half ten people saw", "the back half 10 people saw"),
    ],
)  # fmt: skip
def test_words_beside_a_time_stay(said, plain):
    assert " ".join(plain_words(said)) == plain


@pytest.mark.parametrize(
    ("clause", "rest", "delay_s"),
    [
        ("give the oven 600s then switch it off", "switch the oven off", 600),
        ("give it 600s then close the hatch", "close the hatch", 600),
        ("wait 60s and then close the hatch", "close the hatch", 60),
        ("close the hatch in 3600s time", "close the hatch", 3600),
        ("close the hatch at 3:30", "close the hatch", 1500),
        ("close the hatch at around 3:30", "close the hatch", 1500),
    ],
)
def test_ways_of_putting_off(clause, rest, delay_s):
    assert (rest, delay_s) in [(s.rest, s.delay_s) for s in schedules(clause, NOW)]
