"""Steps that correct another deed are meant from how it was before."""

from __future__ import annotations

from hub.understanding.house import Action, Entity
from hub.understanding.rebasing import rebased

LAMP = Entity("light.a", "Lamp", state="on", attributes={"brightness": 204}, capabilities=frozenset({"brightness"}))
OFF = Entity("light.b", "Other Lamp", state="off")
HEATING = Entity("climate.a", "Heating", state="heat", attributes={"temperature": 20.0})
BEFORE = {e.entity_id: e for e in (LAMP, OFF, HEATING)}


def test_a_lamp_is_brighter_than_it_was():
    (made,) = rebased([Action("light", "turn_on", ("light.a",), {"brightness_step_pct": 20})], BEFORE)
    assert made.data == {"brightness_pct": 100}
    (made,) = rebased([Action("light", "turn_on", ("light.a",), {"brightness_step_pct": -90})], BEFORE)
    assert made.data == {"brightness_pct": 1}


def test_a_heating_is_warmer_than_it_was():
    step = Action("climate", "set_temperature", ("climate.a",), {"temperature": 20.0}, step={"temperature_delta": 2})
    (made,) = rebased([step], BEFORE)
    assert (made.data, made.step) == ({"temperature": 22.0}, {})


def test_what_was_off_or_unknown_and_what_is_no_step_stays_as_it_is():
    for action in (
        Action("light", "turn_on", ("light.b",), {"brightness_step_pct": 20}),
        Action("light", "turn_on", ("light.c",), {"brightness_step_pct": 20}),
        Action("light", "turn_on", ("light.a",), {"brightness_pct": 20}),
    ):
        assert rebased([action], BEFORE) == (action,)


def test_devices_that_come_to_the_same_stay_together():
    before = {"light.a": LAMP, "light.b": LAMP}
    (made,) = rebased([Action("light", "turn_on", ("light.a", "light.b"), {"brightness_step_pct": -30})], before)
    assert (made.entity_ids, made.data) == (("light.a", "light.b"), {"brightness_pct": 50})
