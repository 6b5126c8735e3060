from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.tools.when import find_when
from hub.tools.words import count_words, moment_words

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 6, 1, 9, tzinfo=VIENNA)  # a Monday


@pytest.mark.parametrize(
    ("text", "day", "clock", "part", "duration_s"),
    [
        ("tomorrow at three", date(2026, 6, 2), time(15), None, None),
        ("next friday afternoon", date(2026, 6, 12), None, "afternoon", None),
        ("this Friday", date(2026, 6, 5), None, None, None),
        ("the third of june at half past seven", date(2026, 6, 3), time(7, 30), None, None),
        ("on June 21st at 3:30 p.m. for two hours", date(2026, 6, 21), time(15, 30), None, 7200),
        ("from three to four tomorrow", date(2026, 6, 2), time(15), None, 3600),
        ("between 2 and 4:30 pm on wednesday", date(2026, 6, 3), time(14), None, 9000),
        ("from eleven to one today", date(2026, 6, 1), time(11), None, 7200),
        ("quarter to eight tonight", date(2026, 6, 1), time(19, 45), None, None),
        ("tomorrow evening at eight", date(2026, 6, 2), time(20), None, None),
        ("in two weeks", date(2026, 6, 15), None, None, None),
        ("in half an hour", date(2026, 6, 1), time(9, 30), None, None),
        ("in an hour and a half", date(2026, 6, 1), time(10, 30), None, None),
        ("a week on tuesday", date(2026, 6, 9), None, None, None),
        ("the twenty third at noon", date(2026, 6, 23), time(12), None, None),
        ("on the 31st", date(2026, 7, 31), None, None, None),
        ("at 19:45", None, time(19, 45), None, None),
        ("at ten past six", None, time(18, 10), None, None),
        ("three thirty pm", None, time(15, 30), None, None),
        ("today at eight", date(2026, 6, 1), time(20), None, None),
        ("in the morning", None, None, "morning", None),
        ("for ninety minutes", None, None, None, 5400),
        ("for half an hour", None, None, None, 1800),
        ("february 30th", None, None, None, None),
        ("at 25:70", None, None, None, None),
        ("half to nine", None, None, None, None),
    ],
)
def test_what_people_say(text, day, clock, part, duration_s):
    when = find_when(text, NOW)
    assert (when.day, when.clock, when.part, when.duration_s) == (day, clock, part, duration_s)


def test_what_is_not_about_time_is_left_as_it_was_said():
    when = find_when("Put lunch with one friend on my calendar Friday at twelve for an hour", NOW)
    assert when.rest == "Put lunch with one friend on my calendar"


def test_a_word_that_ends_like_a_preposition_is_left_whole():
    when = find_when("book a lesson tomorrow at eleven", NOW)
    assert (when.day, when.rest) == (date(2026, 6, 2), "book a lesson")


def test_a_time_without_a_day_is_its_next_one():
    assert find_when("at eight", NOW).start(NOW) == NOW.replace(day=2, hour=8)
    assert find_when("at ten", NOW).start(NOW) == NOW.replace(hour=10)


def test_spans():
    assert find_when("this weekend", NOW).span(NOW) == (NOW.replace(day=6, hour=0), NOW.replace(day=8, hour=0))
    assert find_when("tomorrow morning", NOW).span(NOW) == (NOW.replace(day=2, hour=6), NOW.replace(day=2, hour=12))


@settings(deadline=None)
@given(st.text(max_size=700))
def test_no_text_breaks_it(text):
    when = find_when(text, NOW)
    assert when.duration_s is None or when.duration_s >= 0


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(0, 23), st.sampled_from(range(0, 60, 5)))
def test_what_the_hub_reads_back_it_understands_again(days, hour, minute):
    moment = (NOW + timedelta(days=days)).replace(hour=hour, minute=minute)
    assert find_when(moment_words(moment, NOW), NOW).start(NOW) == moment


@settings(deadline=None)
@given(st.dates(date(2026, 6, 8), date(2027, 5, 1)))
def test_every_date_that_is_read_back_is_understood_again(day):
    moment = datetime.combine(day, time(15), VIENNA)
    assert find_when(moment_words(moment, NOW), NOW).start(NOW) == moment


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 59))
def test_minutes_past_and_to(hour, minute):
    past = find_when(f"at {count_words(minute).replace('-', ' ')} past {count_words(hour)}", NOW).clock
    to = find_when(f"at {count_words(minute)} to {count_words(hour)}", NOW).clock
    assert (past.hour % 12, past.minute) == (hour % 12, minute)
    assert (to.hour % 12, to.minute) == ((hour - 1) % 12, 60 - minute)
