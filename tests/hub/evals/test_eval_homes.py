"""Homes out of files: what is understood, and what is refused in words."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.evals.homes import HomeFileError, home_of, read_home

SAMPLE = Path(__file__).parents[2] / "evals" / "samples" / "home.json"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["entities", "areas", "floors", "dangerous", "entity_id", "name", "id", "aliases"]), inner
    ),
    max_leaves=12,
)  # fmt: skip


def test_the_sample_home_becomes_a_house_with_home_assistants_attributes():
    home = read_home(SAMPLE)
    house = home.house
    assert len(house.entities) == 64
    assert house.entities["light.floor_lamp"].attributes["brightness"] == 153
    assert house.entities["cover.living_room_blinds"].attributes["current_position"] == 100
    assert house.entities["climate.thermostat"].attributes["hvac_modes"] == ["off", "heat", "auto"]
    assert house.entities["climate.bedroom_ac"].attributes["fan_modes"] == ["low", "medium", "high", "auto"]


def test_a_home_that_is_warm_at_seventy_is_in_fahrenheit():
    def limits(domain, **attributes):
        entity = {"entity_id": f"{domain}.one", "name": "One", "state": "heat", "attributes": attributes}
        made = home_of({"entities": [entity]}).house.entities[f"{domain}.one"].attributes
        return made["min_temp"], made["max_temp"]

    assert limits("climate", temperature=21) == (5, 35)
    assert limits("climate", temperature=68) == (41, 95)
    assert limits("climate", temperature=None, current_temperature=74) == (41, 95)
    assert limits("climate", temperature=68, max_temp=80) == (41, 80)
    assert limits("water_heater", temperature=55) == (30, 80)
    assert limits("water_heater", temperature=120) == (86, 176)


def test_the_policy_is_exactly_what_the_file_calls_dangerous():
    home = read_home(SAMPLE)
    entities, policy = home.house.entities, home.policy
    assert policy.is_dangerous("lock.unlock", entities["lock.front_door"], {})
    assert not policy.is_dangerous("lock.lock", entities["lock.front_door"], {})
    assert policy.is_dangerous("cover.open_cover", entities["cover.garage_door"], {})
    assert not policy.is_dangerous("cover.close_cover", entities["cover.garage_door"], {})
    assert not policy.is_dangerous("cover.open_cover", entities["cover.awning"], {})


def test_strange_names_are_taken_as_they_are():
    names = ["", "🌙", "x" * 200, "مصباح", "turn off", "twin", "twin"]
    entities = [{"entity_id": f"light.l{n}", "name": name} for n, name in enumerate(names)]
    assert [e.name for e in home_of({"entities": entities}).house.entities.values()] == names


@pytest.mark.parametrize(
    ("described", "where"),
    [
        ([], "the whole file"),
        ({}, "entities"),
        ({"entities": [{"entity_id": "lamp"}]}, "entities.0.entity_id"),
        ({"entities": [{"entity_id": "light.a"}, {"entity_id": "light.a"}]}, "light.a"),
        ({"entities": [], "areas": [{"id": "a"}, {"id": "a"}]}, "area"),
    ],
)
def test_what_is_no_home_is_refused_with_its_place(described, where):
    with pytest.raises(HomeFileError, match=where):
        home_of(described)


@given(JSON)
def test_any_json_is_a_home_or_refused(described):
    with contextlib.suppress(HomeFileError):
        assert home_of(described).house.name is not None


def test_a_file_that_is_missing_or_no_json_is_refused(tmp_path):
    broken = tmp_path / "home.json"
    broken.write_text("{")
    for path in (broken, tmp_path / "none.json"):
        with pytest.raises(HomeFileError):
            read_home(path)


def test_deep_nesting_is_refused(tmp_path):
    deep = tmp_path / "home.json"
    deep.write_text("[" * 200_000)
    with pytest.raises(HomeFileError):
        read_home(deep)


def test_the_written_homes_keep_their_size():
    homes = Path(__file__).parents[2] / "evals" / "homes"
    sizes = {path.stem: len(json.loads(path.read_text(encoding="utf-8"))["entities"]) for path in homes.glob("*.json")}
    assert sizes["large"] > 300
    assert min(sizes.values()) >= 40
