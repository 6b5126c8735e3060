"""The house between turns: states follow actions, and what the house refuses fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.evals.homes import read_home
from hub.evals.household import Household
from hub.understanding.house import Action

BRITISH = Path(__file__).parents[2] / "evals" / "homes" / "british.json"


@pytest.fixture
def household():
    return Household(read_home(BRITISH).house)


@pytest.mark.parametrize(
    ("entity_id", "service", "data", "state"),
    [
        ("light.uplighter", "turn_on", {"brightness_pct": 30}, "on"),
        ("cover.lounge_curtains", "close_cover", {}, "closed"),
        ("lock.back_door", "lock", {}, "locked"),
        ("alarm_control_panel.house", "alarm_arm_night", {}, "armed_night"),
        ("valve.stopcock", "close_valve", {}, "closed"),
        ("humidifier.bedroom", "turn_on", {}, "on"),
        ("climate.heating", "set_hvac_mode", {"hvac_mode": "off"}, "off"),
        ("water_heater.boiler", "set_operation_mode", {"operation_mode": "performance"}, "performance"),
        ("media_player.telly", "turn_off", {}, "off"),
        ("vacuum.henry", "return_to_base", {}, "docked"),
        ("fan.desk", "set_percentage", {"percentage": 60}, "on"),
    ],
)
def test_a_device_ends_in_the_state_that_was_asked_for(household, entity_id, service, data, state):
    domain = entity_id.partition(".")[0]
    result = household.act(Action(domain, service, (entity_id,), data))
    assert result.error is None
    assert household.house.entities[entity_id].state == state


def test_a_relative_change_starts_from_the_state_before(household):
    step = Action("light", "turn_on", ("light.standard_lamp",), {"brightness_step_pct": 20})
    household.act(step)
    household.act(step)
    assert household.house.entities["light.standard_lamp"].attributes["brightness"] == pytest.approx(204, abs=2)


def test_a_refused_call_changes_nothing_and_says_why(household):
    before = household.house
    result = household.act(Action("climate", "set_temperature", ("climate.heating",), {"temperature": 90}))
    assert result.error == "bad_value"
    assert household.house is before
    assert household.act(Action("light", "turn_on", ("light.none",))).error == "unknown_entity"
    assert household.act(Action("light", "explode", ("light.hob",))).error == "service_not_found"


def test_a_deferred_action_changes_nothing_yet(household):
    household.act(Action("light", "turn_on", ("light.hob",), {"delay": 600}))
    assert household.house.entities["light.hob"].state == "off"


def test_timers_are_kept_in_the_order_of_their_ringing(household):
    household.act(Action("timer", "start", (), {"duration": 600, "name": "rice"}))
    household.act(Action("timer", "start", (), {"duration": 60}))
    household.act(Action("timer", "add", (), {"duration": 30, "name": "rice"}))
    household.act(Action("timer", "pause", (), {}))
    assert [(t.name, t.remaining_s, t.running) for t in household.house.timers] == [
        ("", 60, False),
        ("rice", 630, True),
    ]
    household.act(Action("timer", "cancel", (), {"name": "rice"}))
    household.act(Action("timer", "resume", (), {}))
    assert [t.running for t in household.house.timers] == [True]
    household.act(Action("timer", "cancel_all", (), {}))
    assert household.house.timers == ()
