"""Timers, reminders, lists and deeds put off: what is said is what is kept."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.store import STORE_NAME
from hub.tools.deeds import action_of
from hub.understanding.house import Action

TRACES = itertools.count()


def do(hub, domain, service, area="kitchen", *, entity_ids=(), trace=None, **data):
    action = Action(domain, service, tuple(entity_ids), data, evidence="said so")
    assert hub.deeds.takes(action)
    return hub.deeds.act(action, area_id=area, trace=trace or f"t{next(TRACES)}")


async def test_a_timer_is_set_named_and_told(hub, clock):
    result = await do(hub, "timer", "start", duration=600, name="pasta")
    assert (result.verified, result.error) == (True, None)
    assert result.sentence == "The pasta timer is set for ten minutes."
    clock.pass_(360)
    assert hub.deeds.describe("timer", name="pasta") == "The pasta timer has four minutes left."
    assert [(t.name, t.remaining_s, t.running) for t in hub.deeds.timers()] == [("pasta", 240.0, True)]


async def test_timers_survive_a_restart_and_count_the_time_in_between(hub):
    await do(hub, "timer", "start", duration=600, name="pasta")
    await do(hub, "timer", "start", duration=900)
    await do(hub, "timer", "pause", name="pasta")
    hub.restart(off_s=300)
    told = {(t.name, t.remaining_s, t.running) for t in hub.deeds.timers()}
    assert told == {("", 600.0, True), ("pasta", 600.0, False)}


async def test_a_clock_set_back_while_the_hub_was_off_makes_no_timer_longer(hub):
    await do(hub, "timer", "start", duration=600)
    hub.restart(off_s=-86_400)
    assert hub.deeds.timers()[0].remaining_s == 600.0


async def test_setting_the_clock_moves_reminders_and_not_timers(hub, clock):
    await do(hub, "timer", "start", duration=600)
    await do(hub, "reminder", "start", text="call mum", at="2026-06-01T10:00:00")
    clock.wall += 1800  # summer time, or a first word from a time server
    hub.agenda.check_clock()
    left = {one.kind: hub.agenda.remaining_s(one) for one in hub.agenda}
    assert left == {"timer": 600.0, "reminder": 1800.0}
    hub.restart(off_s=60)
    left = {one.kind: hub.agenda.remaining_s(one) for one in hub.agenda}
    assert left == {"timer": 540.0, "reminder": 1740.0}


async def test_which_timer_is_meant(hub):
    await do(hub, "timer", "start", duration=300)
    assert (await do(hub, "timer", "cancel")).sentence == "The timer is cancelled."
    await do(hub, "timer", "start", duration=600, name="pasta")
    await do(hub, "timer", "start", duration=240, name="tea")
    await do(hub, "timer", "start", "bedroom", duration=1200)
    asked = await do(hub, "timer", "cancel")
    assert (asked.error, asked.sentence) == ("ambiguous", "Which one do you mean: the tea timer or the pasta timer?")
    assert (await do(hub, "timer", "cancel", name="Tee")).error is not None
    assert (await do(hub, "timer", "cancel", name="the tea timer")).verified
    assert (await do(hub, "timer", "cancel", "bedroom")).sentence == "The timer is cancelled."
    missing = await do(hub, "timer", "pause", name="laundry")
    assert (missing.error, missing.sentence) == (
        "no_such_timer",
        "There is no laundry timer. I keep the pasta timer.",
    )


async def test_timers_without_a_name_are_told_apart_by_their_time(hub):
    await do(hub, "timer", "start", duration=300)
    await do(hub, "timer", "start", duration=5400)
    asked = await do(hub, "timer", "cancel")
    assert asked.sentence == "Which one do you mean: the five minute timer or the one hour thirty minute timer?"
    assert (await do(hub, "timer", "cancel", name="five minute")).verified
    assert [t.remaining_s for t in hub.deeds.timers()] == [5400.0]


async def test_pausing_going_on_and_adding(hub, clock):
    await do(hub, "timer", "start", duration=300)
    clock.pass_(60)
    assert (await do(hub, "timer", "pause")).sentence == "The timer is paused with four minutes left."
    clock.pass_(3600)
    assert (await do(hub, "timer", "add", duration=60)).sentence == "The timer now has five minutes left."
    assert (await do(hub, "timer", "resume")).sentence == "The timer goes on with five minutes left."
    clock.pass_(60)
    assert (await do(hub, "timer", "add", duration=-60)).sentence == "The timer now has three minutes left."
    assert (await do(hub, "timer", "add", duration=-600)).error == "bad_value"
    assert hub.deeds.timers()[0].remaining_s == 180.0


async def test_all_at_once(hub):
    assert (await do(hub, "timer", "cancel_all")).error == "no_such_timer"
    await do(hub, "timer", "start", duration=300)
    await do(hub, "timer", "start", duration=400)
    await do(hub, "reminder", "start", text="bins", delay=400)
    assert (await do(hub, "timer", "cancel_all")).sentence == "Both timers are cancelled."
    assert hub.deeds.timers() == ()
    assert len(hub.agenda) == 1


@pytest.mark.parametrize("duration", [0, -5, None, "soon", True, float("nan"), float("inf"), 10**12])
async def test_no_timer_for_no_time(hub, duration):
    result = await do(hub, "timer", "start", duration=duration)
    assert result.error == "bad_value"
    assert hub.deeds.timers() == ()


async def test_reminders_are_told_with_their_time(hub):
    result = await do(hub, "reminder", "start", text="take the bins out", at="2026-06-02T07:30:00")
    assert result.sentence == "I will remind you tomorrow at 7:30 am: take the bins out."
    assert (await do(hub, "reminder", "start", text="x", at="2026-05-30T07:30:00")).error == "bad_value"
    assert (await do(hub, "reminder", "start", text="x", at="half past")).error == "bad_value"
    assert (await do(hub, "reminder", "start", delay=60)).error == "tool_failed"
    assert hub.deeds.describe("reminder") == "I will remind you tomorrow at 7:30 am: take the bins out."
    assert (await do(hub, "reminder", "cancel", text="bins")).verified
    assert hub.deeds.describe("reminder") == "There is no reminder."


async def test_a_deed_put_off_is_kept_whole(hub):
    result = await do(hub, "light", "turn_on", entity_ids=["light.x"], delay=600, brightness_pct=40)
    assert result.sentence == "I will do that in ten minutes."
    hub.restart(off_s=60)
    (one,) = hub.agenda
    assert action_of(one) == Action("light", "turn_on", ("light.x",), {"brightness_pct": 40}, "said so")
    assert hub.agenda.remaining_s(one) == 540.0
    assert hub.deeds.describe("deed") == "In nine minutes: said so."


async def test_devices_of_home_assistant_are_left_to_it(hub):
    assert not hub.deeds.takes(Action("light", "turn_on", ("light.x",)))
    assert not hub.deeds.takes(Action("todo", "add_item", ("todo.shopping",), {"item": "milk"}))
    assert not hub.deeds.takes(Action("timer", "start", ("timer.egg",), {"duration": 5}))


async def test_the_same_action_of_the_same_turn_is_done_once(hub):
    first = await do(hub, "todo", "add_item", trace="one", item="milk")
    again = await do(hub, "todo", "add_item", trace="one", item="milk")
    assert again is first
    await do(hub, "timer", "start", trace="one", duration=60)
    await do(hub, "timer", "start", trace="one", duration=60)
    assert len(hub.deeds.timers()) == 1


async def test_lists(hub):
    assert hub.deeds.describe("list") == "The shopping list is empty."
    added = await do(hub, "todo", "add_item", item="oat  milk")
    assert added.sentence == "I have added oat milk to the shopping list."
    assert (await do(hub, "todo", "add_item", item="Oat milk")).sentence == "Oat milk is on the shopping list already."
    await do(hub, "todo", "add_item", item="eggs")
    await do(hub, "todo", "add_item", item="screws", list="my hardware list")
    hub.restart(off_s=10)
    assert hub.deeds.describe("list") == "On the shopping list: oat milk and eggs."
    assert hub.deeds.describe("list", name="hardware") == "On the hardware list: screws."
    assert (await do(hub, "todo", "remove_item", item="egg")).sentence == "I have taken eggs off the shopping list."
    missing = await do(hub, "todo", "remove_item", item="bread")
    assert (missing.error, missing.sentence) == ("no_such_item", "Bread is not on the shopping list.")
    assert (await do(hub, "todo", "clear")).sentence == "The shopping list is empty now; it had one item."
    assert (await do(hub, "todo", "add_item")).error == "bad_value"


async def test_there_is_an_end_to_what_is_kept(hub):
    for number in range(200):
        assert (await do(hub, "timer", "start", duration=60 + number)).verified
    assert (await do(hub, "timer", "start", duration=60)).error == "bad_value"


_KEEPER = """
import sys, time
from pathlib import Path
from hub.store import Store
from hub.tools.agenda import Agenda
from hub.tools.agenda_store import AgendaStore
rows = AgendaStore(Store(Path(sys.argv[1])))
agenda = Agenda(rows, now_s=time.monotonic, wall_s=time.time, new_id=iter(map(str, range(99))).__next__)
for number in range(99):
    agenda.add("timer", text=str(number), area_id="kitchen", device_id="", delay_s=3600)
    rows.add_item("shopping list", str(number))
    print(number, flush=True)
"""


def test_what_was_said_to_be_kept_survives_being_killed(tmp_path, open_hub):
    path = tmp_path / "state" / STORE_NAME
    child = subprocess.Popen(
        [sys.executable, "-c", _KEEPER, path], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    told = [int(next(child.stdout)) for _ in range(20)]
    os.kill(child.pid, signal.SIGKILL)
    child.wait(10)
    child.stdout.close()
    hub = open_hub(path)
    kept = {int(one.text) for one in hub.agenda}
    listed = {int(item) for item in hub.rows.items("shopping list")}
    assert set(told) <= kept
    assert set(told) <= listed
