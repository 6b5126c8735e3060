from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.home.demo import DemoHome
from hub.home.demo_house import AREAS, ENTITIES, FLOORS, SCENES
from hub.home.demo_services import serve
from hub.home.errors import BadValueError, ServiceNotFoundError
from hub.understanding.house import Action


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
async def home():
    home = DemoHome()
    await home.start()
    yield home
    await home.close()


async def act(home, domain, service, *entity_ids, **data):
    return await home.act(Action(domain, service, entity_ids, data), trace="test")


def entity(home, entity_id):
    return home.house.entities[entity_id]


def test_the_house_holds_together():
    ids = [e.entity_id for e in ENTITIES]
    assert len(ids) == len(set(ids))
    assert 36 <= len(ids) <= 48
    areas = {area.id for area in AREAS}
    assert {e.area_id for e in ENTITIES} - {None} == areas
    assert {area.floor_id for area in AREAS} - {None} == {floor.id for floor in FLOORS}
    assert [e.entity_id for e in ENTITIES if e.state == "unavailable"] == ["light.garage_light"]
    assert [e.entity_id for e in ENTITIES if not e.exposed] == ["lock.back_door"]
    words = [word.casefold() for e in ENTITIES for word in (e.name, *e.aliases)]
    assert {word for word in words if words.count(word) > 1} <= {"front door", "back door"}


def test_every_scene_asks_only_for_what_its_devices_can():
    by_id = {e.entity_id: e for e in ENTITIES}
    assert set(SCENES) == {e.entity_id for e in ENTITIES if e.domain == "scene"}
    for steps in SCENES.values():
        for entity_id, service, data in steps:
            assert serve(by_id[entity_id], service, data, stamp="now")


async def test_it_says_that_it_is_a_demo_and_has_no_trouble(home):
    assert home.house.name == "Demo home"
    assert home.kind == "demo"
    assert home.trouble is None


async def test_the_kitchen_lights_go_on_and_listeners_hear_it(home):
    heard = []
    off = home.on_change(heard.append)
    assert entity(home, "light.kitchen_lights").state == "off"
    result = await act(home, "light", "turn_on", "light.kitchen_lights")
    assert (result.verified, result.state, result.error, result.failed) == (True, "on", None, ())
    assert 0 < result.confirmed_ms - result.called_ms < 1000
    assert entity(home, "light.kitchen_lights").attributes["brightness"] == 255
    assert heard == ["light.kitchen_lights"]
    off()
    await act(home, "light", "turn_off", "light.kitchen_lights")
    assert heard == ["light.kitchen_lights"]
    assert "brightness" not in entity(home, "light.kitchen_lights").attributes


async def test_a_moment_of_the_house_does_not_change(home):
    before = home.house
    await act(home, "light", "turn_on", "light.kitchen_lights")
    assert before.entities["light.kitchen_lights"].state == "off"
    assert home.house.revision == before.revision


@pytest.mark.parametrize(
    ("data", "attribute", "value"),
    [
        ({"brightness_pct": 40}, "brightness", 102),
        ({"brightness": 10}, "brightness", 10),
        ({"color_name": "Red"}, "rgb_color", (255, 0, 0)),
        ({"rgb_color": [0, 0, 255]}, "hs_color", (240.0, 100.0)),
        ({"color_temp_kelvin": 2700}, "color_temp_kelvin", 2700),
        ({"color_temp_kelvin": 9000}, "color_temp_kelvin", 6500),
    ],
)
async def test_lights_take_brightness_and_colour(home, data, attribute, value):
    result = await act(home, "light", "turn_on", "light.living_room_lamp", **data)
    assert result.verified
    assert entity(home, "light.living_room_lamp").attributes[attribute] == value


async def test_steps_of_brightness_go_from_where_the_light_is_to_off(home):
    await act(home, "light", "turn_on", "light.desk_lamp", brightness_pct=40)
    assert (await act(home, "light", "turn_on", "light.desk_lamp", brightness_step_pct=20)).verified
    assert entity(home, "light.desk_lamp").attributes["brightness"] == 153
    result = await act(home, "light", "turn_on", "light.desk_lamp", brightness_step_pct=-100)
    assert (result.verified, result.state) == (True, "off")


async def test_a_colour_leaves_the_brightness_alone(home):
    await act(home, "light", "turn_on", "light.bedside_lamp", brightness=50)
    await act(home, "light", "turn_on", "light.bedside_lamp", color_name="green")
    assert entity(home, "light.bedside_lamp").attributes["brightness"] == 50


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Action("cover", "stop_cover", ("cover.bedroom_curtains",)), "closed"),
        (Action("lock", "lock", ("lock.front_door",)), "locked"),
        (Action("lock", "unlock", ("lock.front_door",)), "unlocked"),
        (Action("climate", "set_temperature", ("climate.bedroom_radiator",), {"temperature": 21}), "21.0"),
        (Action("climate", "set_hvac_mode", ("climate.bedroom_radiator",), {"hvac_mode": "heat"}), "heat"),
        (Action("climate", "turn_off", ("climate.living_room_thermostat",)), "off"),
        (Action("climate", "set_preset_mode", ("climate.bedroom_radiator",), {"preset_mode": "eco"}), "eco"),
        (Action("fan", "turn_on", ("fan.bedroom_fan",)), "on"),
        (Action("fan", "set_percentage", ("fan.bedroom_fan",), {"percentage": 40}), "50"),
        (Action("fan", "increase_speed", ("fan.bedroom_fan",)), "25"),
        (Action("fan", "oscillate", ("fan.bedroom_fan",), {"oscillating": True}), "True"),
        (Action("switch", "toggle", ("switch.coffee_machine",)), "on"),
        (Action("homeassistant", "turn_on", ("switch.coffee_machine",)), "on"),
        (Action("media_player", "media_pause", ("media_player.kitchen_speaker",)), "paused"),
        (Action("media_player", "media_play_pause", ("media_player.kitchen_speaker",)), "paused"),
        (Action("media_player", "media_next_track", ("media_player.kitchen_speaker",)), "Track 2"),
        (
            Action("media_player", "volume_set", ("media_player.living_room_tv",), {"volume_level": 0.5}),
            "0.5",
        ),
        (Action("media_player", "volume_up", ("media_player.living_room_tv",)), "0.45"),
        (
            Action("media_player", "volume_mute", ("media_player.living_room_tv",), {"is_volume_muted": True}),
            "True",
        ),
        (
            Action("media_player", "select_source", ("media_player.living_room_tv",), {"source": "Films"}),
            "Films",
        ),
        (Action("vacuum", "start", ("vacuum.robot",)), "cleaning"),
        (Action("vacuum", "return_to_base", ("vacuum.robot",)), "returning"),
        (Action("todo", "add_item", ("todo.shopping_list",), {"item": "milk"}), "4"),
    ],
    ids=lambda value: f"{value.domain}.{value.service}" if isinstance(value, Action) else None,
)
async def test_every_kind_of_device_does_what_it_is_told(home, action, state):
    result = await home.act(action, trace="test")
    assert (result.verified, result.state, result.error) == (True, state, None)


async def test_a_blind_takes_its_time_and_gets_there(home):
    result = await home.act(
        Action("cover", "set_cover_position", ("cover.office_blind",), {"position": 50}), trace="test"
    )
    assert result.error is None
    async with asyncio.timeout(2):
        while home.house.entities["cover.office_blind"].attributes["current_position"] != 50:
            await asyncio.sleep(0.02)


async def test_the_garage_door_is_on_its_way_and_nobody_claims_that_it_is_open(home):
    assert entity(home, "cover.garage_door").state == "closed"
    result = await act(home, "cover", "open_cover", "cover.garage_door")
    assert (result.verified, result.state, result.error, result.failed) == (False, "opening", None, ())
    assert result.sentence == "The garage door is opening."
    assert result.confirmed_ms is None


async def test_devices_take_their_time_by_the_given_clock():
    clock = Clock()
    home = DemoHome(now=clock)
    call = asyncio.create_task(act(home, "cover", "open_cover", "cover.garage_door"))
    await asyncio.sleep(0)
    assert entity(home, "cover.garage_door").state == "closed"
    clock.now_s += 1.0
    assert entity(home, "cover.garage_door").state == "opening"
    clock.now_s += 10.0
    assert entity(home, "cover.garage_door").state == "open"
    assert (await call).state == "open"
    await home.close()


async def test_a_cover_can_be_stopped_half_way():
    clock = Clock()
    home = DemoHome(now=clock)
    call = asyncio.create_task(act(home, "cover", "close_cover", "cover.living_room_blinds"))
    await asyncio.sleep(0)
    clock.now_s += 1.0
    assert entity(home, "cover.living_room_blinds").state == "closing"
    stop = asyncio.create_task(act(home, "cover", "stop_cover", "cover.living_room_blinds"))
    await asyncio.sleep(0)
    clock.now_s += 60.0
    assert (await stop).verified
    blinds = entity(home, "cover.living_room_blinds")
    assert blinds.state == "open"
    assert 0 < blinds.attributes["current_position"] < 100
    call.cancel()
    await home.close()


async def test_a_scene_moves_its_devices_and_remembers_when(home):
    result = await act(home, "scene", "turn_on", "scene.movie_night")
    assert result.verified
    assert entity(home, "scene.movie_night").state.startswith("20")
    assert entity(home, "light.living_room_lamp").attributes["brightness"] == 51
    assert entity(home, "cover.living_room_blinds").state == "closing"


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        (Action("lock", "unlock", ("lock.back_door",)), "not_exposed", "Expose"),
        (Action("light", "turn_on", ("light.nowhere",)), "unknown_entity", "light.nowhere"),
        (Action("light", "turn_on", ("light.garage_light",)), "unavailable", "The garage light"),
        (Action("light", "fly", ("light.desk_lamp",)), "service_not_found", "light.fly"),
        (Action("sensor", "turn_on", ("sensor.kitchen_temperature",)), "service_not_found", "sensor.turn_on"),
        (Action("homeassistant", "restart", ("light.desk_lamp",)), "service_not_found", "restart"),
        (Action("light", "turn_on", ("switch.coffee_machine",)), "bad_value", "is no light"),
        (Action("light", "turn_on", ()), "bad_value", "no device"),
        (Action("light", "turn_on", ("light.desk_lamp",), {"area_id": "garage"}), "bad_value", "area_id"),
        (
            Action("light", "turn_on", ("light.desk_lamp",), {"brightness_pct": 140}),
            "bad_value",
            "at most 100",
        ),
        (
            Action("light", "turn_on", ("light.desk_lamp",), {"brightness": "much"}),
            "bad_value",
            "expected a number",
        ),
        (Action("light", "turn_on", ("light.desk_lamp",), {"wattage": 3}), "bad_value", "extra keys"),
        (
            Action("light", "turn_on", ("light.bedside_lamp",), {"color_name": "blurple"}),
            "bad_value",
            "color",
        ),
        (
            Action("light", "turn_on", ("light.bedside_lamp",), {"rgb_color": [1, 2]}),
            "bad_value",
            "3 numbers",
        ),
        (Action("cover", "set_cover_position", ("cover.office_blind",)), "bad_value", "required key"),
        (Action("fan", "increase_speed", ("fan.bathroom_fan",)), "bad_value", "does not support"),
        (
            Action("cover", "set_cover_position", ("cover.garage_door",), {"position": 5}),
            "bad_value",
            "does not support",
        ),
        (
            Action("climate", "set_temperature", ("climate.bedroom_radiator",), {"temperature": 50}),
            "bad_value",
            "Accepted range is 7 to 35",
        ),
        (
            Action("climate", "set_hvac_mode", ("climate.bedroom_radiator",), {"hvac_mode": "cool"}),
            "bad_value",
            "off, heat, auto",
        ),
        (Action("todo", "add_item", ("todo.shopping_list",), {"item": " "}), "bad_value", "name"),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(home, action, code, words):
    before = home.house.entities
    result = await home.act(action, trace="test")
    assert (result.verified, result.error) == (False, code)
    assert words in result.sentence
    assert result.failed == action.entity_ids
    assert home.house.entities == before


async def test_one_device_that_does_not_answer_does_not_hold_the_others(home):
    result = await act(home, "light", "turn_on", "light.garage_light", "light.desk_lamp")
    assert (result.verified, result.error, result.failed) == (False, "unavailable", ("light.garage_light",))
    assert entity(home, "light.desk_lamp").state == "on"


async def test_a_refused_call_for_several_changes_none_of_them(home):
    result = await act(home, "cover", "set_cover_position", "cover.office_blind", "cover.garage_door", position=10)
    assert result.error == "bad_value"
    await asyncio.sleep(0.1)
    assert entity(home, "cover.office_blind").attributes["current_position"] == 60


async def test_nothing_moves_after_the_end(caplog):
    home = DemoHome()
    call = asyncio.create_task(act(home, "light", "turn_on", "light.desk_lamp"))
    await asyncio.sleep(0)
    await home.close()
    await asyncio.sleep(0.1)
    assert entity(home, "light.desk_lamp").state == "off"
    call.cancel()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-500, 500),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers()),
)
_KEYS = st.sampled_from(
    [
        "brightness",
        "brightness_step_pct",
        "color_name",
        "rgb_color",
        "hs_color",
        "color_temp_kelvin",
        "position",
        "percentage",
        "temperature",
        "hvac_mode",
        "volume_level",
        "oscillating",
        "item",
        "source",
        "nonsense",
    ]
)


@given(
    st.sampled_from(ENTITIES),
    st.sampled_from(
        [
            "turn_on",
            "turn_off",
            "toggle",
            "set_cover_position",
            "set_percentage",
            "set_temperature",
            "lock",
            "set_hvac_mode",
            "volume_set",
            "oscillate",
            "add_item",
            "select_source",
            "media_next_track",
            "start",
        ]
    ),
    st.dictionaries(_KEYS, _VALUES, max_size=3),
)
def test_any_call_is_either_served_or_refused_with_a_sentence(entity, service, data):
    try:
        steps = serve(entity, service, data, stamp="2026-01-01T00:00:00+00:00")
    except (BadValueError, ServiceNotFoundError) as caught:
        refusal = caught
    else:
        assert steps
        assert [step.after_s for step in steps] == sorted(step.after_s for step in steps)
        assert all(isinstance(step.state, str) for step in steps)
        return
    assert refusal.sentence
