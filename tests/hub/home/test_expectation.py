from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.home.demo_house import ENTITIES
from hub.home.demo_services import serve
from hub.home.errors import BadValueError, ServiceNotFoundError
from hub.home.expectation import Beyond, Different, Equal, Hue, Near, Progress, as_number
from hub.home.expectation_rules import expect
from hub.understanding.house import Entity

SERVICES = (
    ("light", "turn_on"),
    ("light", "turn_off"),
    ("light", "toggle"),
    ("cover", "open_cover"),
    ("cover", "close_cover"),
    ("cover", "toggle"),
    ("cover", "set_cover_position"),
    ("lock", "lock"),
    ("lock", "unlock"),
    ("fan", "turn_on"),
    ("fan", "turn_off"),
    ("fan", "set_percentage"),
    ("fan", "increase_speed"),
    ("fan", "decrease_speed"),
    ("climate", "set_temperature"),
    ("climate", "set_hvac_mode"),
    ("climate", "turn_on"),
    ("climate", "turn_off"),
    ("media_player", "turn_on"),
    ("media_player", "turn_off"),
    ("media_player", "media_play_pause"),
    ("media_player", "volume_set"),
    ("media_player", "volume_up"),
    ("switch", "toggle"),
    ("vacuum", "start"),
    ("vacuum", "return_to_base"),
)
DATA = {
    "light": st.fixed_dictionaries(
        {},
        optional={
            "brightness_pct": st.integers(0, 100),
            "color_name": st.sampled_from(["red", "teal", "gold", "white"]),
        },
    )
    | st.fixed_dictionaries({"brightness_step_pct": st.integers(-100, 100)})
    | st.fixed_dictionaries({"color_temp_kelvin": st.integers(1500, 9000)}),
    "cover": st.fixed_dictionaries({"position": st.integers(0, 100)}),
    "fan": st.fixed_dictionaries({"percentage": st.integers(0, 100)}),
    "climate": st.fixed_dictionaries({"temperature": st.floats(7, 35)}),
    "media_player": st.fixed_dictionaries({"volume_level": st.floats(0, 1)}),
}


def after(entity, steps):
    for step in steps:
        held = {k: v for k, v in {**entity.attributes, **step.attributes}.items() if v is not None}
        entity = replace(entity, state=step.state, attributes=held)
        yield entity


@st.composite
def calls(draw):
    domain, service = draw(st.sampled_from(SERVICES))
    entity = draw(st.sampled_from([e for e in ENTITIES if e.domain == domain and e.state != "unavailable"]))
    data = draw(DATA.get(domain, st.just({})))
    if service in ("turn_off", "open_cover", "close_cover", "increase_speed", "decrease_speed", "volume_up"):
        data = {}
    if service == "set_hvac_mode":
        data = {"hvac_mode": draw(st.sampled_from(["off", "heat", "auto"]))}
    return entity, service, data


@given(calls())
def test_what_a_working_device_does_is_what_is_expected_of_it(call):
    """Two codes written apart, the devices and the rules, must agree about every end."""
    entity, service, data = call
    try:
        states = list(after(entity, serve(entity, service, data, stamp="now")))
    except (BadValueError, ServiceNotFoundError):
        return
    rule = expect(service, data, entity)
    assert rule is not None
    for end in states[-1:] if entity.domain != "vacuum" else states[:1]:
        assert rule.judge(end) is Progress.REACHED


@given(calls())
def test_a_device_that_stays_as_it_was_is_done_only_if_it_was_there_already(call):
    entity, service, data = call
    try:
        end = list(after(entity, serve(entity, service, data, stamp="now")))[-1]
    except (BadValueError, ServiceNotFoundError):
        return
    # A motor that stops a few per cent beside the place it was sent to has done its work.
    near = service == "set_cover_position" and abs(data["position"] - entity.attributes["current_position"]) <= 5
    if expect(service, data, entity).judge(entity) is Progress.REACHED and not near:
        assert end.state == entity.state


def light(state="off", **attributes):
    return Entity("light.a", "A", state=state, attributes=attributes, capabilities=frozenset({"brightness", "color"}))


def cover(state, **attributes):
    return Entity("cover.a", "A", state=state, attributes=attributes)


def test_a_light_that_came_on_in_the_wrong_brightness_is_not_done():
    rule = expect("turn_on", {"brightness_pct": 50}, light())
    assert rule.judge(light("on", brightness=128)) is Progress.REACHED
    assert rule.judge(light("on", brightness=255)) is Progress.NOT_YET
    assert rule.judge(light("on")) is Progress.NOT_YET


def test_a_colour_of_another_hue_is_not_done():
    rule = expect("turn_on", {"color_name": "blue"}, light())
    assert rule.judge(light("on", hs_color=[238.0, 95.0])) is Progress.REACHED
    assert rule.judge(light("on", hs_color=[0.0, 100.0])) is Progress.NOT_YET


def test_red_lies_on_both_ends_of_the_circle():
    assert Hue(2, 100).met_by((358, 100))
    assert not Hue(2, 100).met_by((180, 100))


def test_toggles_go_by_what_was_before():
    assert expect("toggle", {}, light("on")).judge(light("off")) is Progress.REACHED
    assert expect("toggle", {}, light("off")).judge(light("off")) is Progress.NOT_YET
    assert expect("toggle", {}, cover("closed")).judge(cover("open")) is Progress.REACHED


def test_a_door_that_moves_is_on_its_way():
    rule = expect("open_cover", {}, cover("closed"))
    assert rule.judge(cover("opening")) is Progress.ON_THE_WAY
    assert rule.judge(cover("open")) is Progress.REACHED
    assert rule.judge(cover("closing")) is Progress.NOT_YET
    assert rule.judge(cover("unavailable")) is Progress.UNAVAILABLE


def test_a_cover_with_a_position_is_open_only_at_its_end_and_moving_before():
    rule = expect("open_cover", {}, cover("open", current_position=30))
    assert rule.judge(cover("open", current_position=30)) is Progress.NOT_YET
    assert rule.judge(cover("open", current_position=60)) is Progress.ON_THE_WAY
    assert rule.judge(cover("open", current_position=100)) is Progress.REACHED


@pytest.mark.parametrize(
    "case",
    [
        ("alarm_control_panel", "disarmed", "alarm_arm_away", {}, "armed_away", "disarmed"),
        ("alarm_control_panel", "armed_home", "alarm_disarm", {}, "disarmed", "armed_home"),
        ("valve", "closed", "open_valve", {}, "open", "closed"),
        ("select", "a", "select_option", {"option": "b"}, "b", "a"),
        ("input_number", "1", "set_value", {"value": 4}, "4.0", "1"),
        ("button", "2026-01-01", "press", {}, "2026-01-02", "2026-01-01"),
        ("lawn_mower", "docked", "start_mowing", {}, "mowing", "docked"),
        ("water_heater", "eco", "set_operation_mode", {"operation_mode": "gas"}, "gas", "eco"),
        ("lock", "locked", "open", {}, "open", "locked"),
        ("todo", "3", "add_item", {"item": "x"}, "4", "3"),
        ("humidifier", "off", "turn_on", {}, "on", "off"),
    ],
)
def test_other_domains(case):
    domain, state, service, data, reached, missed = case
    before = Entity(f"{domain}.a", "A", state=state)
    rule = expect(service, data, before)
    assert rule.judge(replace(before, state=reached)) is Progress.REACHED
    assert rule.judge(replace(before, state=missed)) is Progress.NOT_YET


def test_what_no_state_can_show_is_not_guessed():
    assert expect("locate", {}, Entity("vacuum.a", "A", state="docked")) is None
    assert expect("send_message", {}, Entity("notify.a", "A")) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            "brightness",
            "hs_color",
            "current_position",
            "percentage",
            "temperature",
            "volume_level",
            "min_color_temp_kelvin",
            "color_temp_kelvin",
            "percentage_step",
            "rgb_color",
            "position",
            "color_name",
        ]
    ),
    JSON,
)


@given(st.sampled_from(SERVICES), st.text(max_size=6), ATTRIBUTES, ATTRIBUTES, ATTRIBUTES)
def test_any_house_can_be_judged(call, state, data, before, now):
    domain, service = call
    able = frozenset({"brightness", "color", "color_temp", "percentage"})
    entity = Entity(f"{domain}.a", "A", state=state, attributes=before, capabilities=able)
    rule = expect(service, data, entity)
    if rule is not None:
        read = replace(entity, attributes=now)
        assert rule.judge(read) in Progress
        assert isinstance(rule.show(read), str)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numbers_are_read_from_numbers_and_their_text(value):
    assert as_number(value) == as_number(str(value)) == value


@pytest.mark.parametrize("value", [None, True, "nan", "inf", float("nan"), "warm", [], 10**400])
def test_what_is_no_number_is_none(value):
    assert as_number(value) is None


def test_conditions():
    assert Near(1.0, 0.1).met_by("1.05")
    assert not Near(1.0, 0.1).met_by(None)
    assert Beyond(3, up=True).met_by(4)
    assert not Beyond(3, up=False).met_by(4)
    assert Equal("eco").met_by("eco")
    assert Different("a").met_by("b")
    assert not Different("a").met_by(None)
