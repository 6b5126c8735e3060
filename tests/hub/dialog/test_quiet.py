"""Do-not-disturb: the settings' hours, a person's switches, and what outlives a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config_sounds import QuietSettings
from hub.dialog.quiet import QuietHours, QuietHoursError, Switched, next_time
from hub.dialog.quiet_store import QuietStore
from hub.events import EventBus, QuietSwitched
from hub.store import STORE_NAME, Store
from hub.understanding.house import Area
from tests.hub.dialog.speaking_house import Rows

BEDROOM = Area("bedroom", "Main Bedroom", aliases=("sleeping room",))


class Day:
    def __init__(self, *hours, rows=None, zone=UTC):
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=zone)
        self.bus, self.events = EventBus(), []
        self.bus.subscribe(self.events.append)
        self.rows = Rows() if rows is None else rows
        self.quiet = QuietHours(
            hours,
            self.rows,
            area=lambda area_id: BEDROOM if area_id == "bedroom" else None,
            now=lambda: self.now,
            bus=self.bus,
        )

    def at(self, clock, day=21):
        hour, minute = map(int, clock.split(":"))
        self.now = self.now.replace(day=day, hour=hour, minute=minute)
        return self.quiet.of("bedroom")


def hours(text, *areas):
    return QuietSettings(hours=text, areas=areas)


def test_hours_of_the_settings_over_midnight_for_rooms_by_any_of_their_names():
    for name in ("bedroom", "main bedroom", "Sleeping Room"):
        day = Day(hours("22:00-07:00", name))
        assert not day.at("21:59").quiet
        night = day.at("22:00")
        assert (night.quiet, night.by, night.until.strftime("%d %H:%M")) == (True, "hours", "22 07:00")
        assert day.at("06:59").until.strftime("%d %H:%M") == "21 07:00"
        assert not day.at("07:00").quiet
        day.at("23:00")
        assert not day.quiet.of("kitchen").quiet
    assert Day(hours("22:00-07:00")).at("23:00").quiet  # every room


def test_hours_that_meet_are_one_night_and_a_whole_day_has_no_end():
    day = Day(hours("20:00-22:00", "bedroom"), hours("22:00-06:30"))
    assert day.at("20:30").until.strftime("%d %H:%M") == "22 06:30"
    always = Day(hours("00:00-12:00"), hours("12:00-24:00"))
    state = always.at("15:00")
    assert (state.quiet, state.until) == (True, None)


def test_a_person_switches_it_on_for_good_for_a_while_and_off():
    day = Day()
    assert day.quiet.switch("bedroom", quiet=True).quiet
    assert day.at("12:00", day=28).by == "person"
    day.now = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    assert not day.quiet.switch("bedroom", quiet=False).quiet
    assert day.rows.kept == {}
    state = day.quiet.switch("bedroom", quiet=True, until=next_time("14:30", day.now))
    assert state.to_json() == {"quiet": True, "by": "person", "until": "2026-11-28T14:30+00:00"}
    with pytest.raises(QuietHoursError, match="Bed is not to be disturbed until 14:30"):
        day.quiet.refuse_if_quiet("bedroom", "Bed")
    assert not day.at("14:30", day=28).quiet
    day.quiet.refuse_if_quiet("bedroom", "Bed")
    assert [(event.quiet, event.until) for event in day.events if isinstance(event, QuietSwitched)] == [
        (True, None),
        (False, None),
        (True, "2026-11-28T14:30:00+00:00"),
    ]


def test_off_within_the_hours_holds_until_they_are_over():
    day = Day(hours("22:00-07:00"))
    day.at("23:00")
    state = day.quiet.switch("bedroom", quiet=False)
    assert (state.quiet, state.by, state.until.strftime("%d %H:%M")) == (False, "person", "22 07:00")
    assert not day.at("06:59", day=22).quiet
    assert day.at("22:30", day=22).quiet


def test_the_clock_change_moves_no_hour():
    berlin = ZoneInfo("Europe/Berlin")
    day = Day(hours("22:00-07:00"), zone=berlin)
    day.now = datetime(2026, 10, 24, 23, 0, tzinfo=berlin)  # at 3 in the night the clock goes back
    until = day.quiet.of("bedroom").until
    assert until == datetime(2026, 10, 25, 7, 0, tzinfo=berlin)
    assert until.timestamp() - day.now.timestamp() == 9 * 3600


def test_switches_outlive_the_hub(tmp_path):
    path = tmp_path / "state" / STORE_NAME
    with Store(path) as store:
        day = Day(rows=QuietStore(store))
        day.quiet.switch("bedroom", quiet=True, until=day.now + timedelta(hours=2))
        day.quiet.switch("kitchen", quiet=True)
        day.quiet.switch("hall", quiet=True)
        day.quiet.switch("hall", quiet=False)
    with Store(path) as store:
        assert set(QuietStore(store).load()) == {
            Switched("bedroom", True, (day.now + timedelta(hours=2)).timestamp()),
            Switched("kitchen", True, None),
        }
        again = Day(rows=QuietStore(store))
        assert again.at("13:59").quiet
        assert not again.at("14:01").quiet
        assert again.quiet.of("kitchen").quiet


def test_the_next_time_a_clock_shows_it():
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    assert next_time("12:01", now) == now + timedelta(minutes=1)
    assert next_time("12:00", now) == now + timedelta(days=1)
    with pytest.raises(ValueError, match="24:00"):
        next_time("24:00", now)


clocks = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda t: f"{t[0]:02}:{t[1]:02}")


@given(st.lists(st.tuples(clocks, clocks).filter(lambda t: t[0] != t[1]), max_size=4), clocks)
def test_until_is_the_first_moment_that_is_not_quiet_any_more(spans, clock):
    day = Day(*(hours(f"{start}-{end}") for start, end in spans))
    state = day.at(clock)
    if state.quiet and state.until is not None:
        assert state.until > day.now
        day.now = state.until
        assert not day.quiet.of("bedroom").quiet
        day.now = state.until - timedelta(minutes=1)
        assert day.quiet.of("bedroom").quiet
