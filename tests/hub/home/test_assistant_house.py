from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.home.assistant_house import (
    Registries,
    place,
    read_entity,
    read_exposed,
    read_registered,
    read_registries,
    read_states,
)
from hub.home.assistant_token import TokenFile
from hub.home.capabilities import capabilities
from hub.home.port import HomeRefusedTokenError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from(
    [
        "entity_id",
        "state",
        "attributes",
        "area_id",
        "floor_id",
        "name",
        "aliases",
        "id",
        "device_id",
        "exposed_entities",
        "location_name",
        "friendly_name",
        "supported_features",
        "supported_color_modes",
        "hvac_modes",
        "conversation",
    ]
)
SHAPED = st.recursive(
    JSON | st.sampled_from(["light.a", "climate.b", "den"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(SHAPED, SHAPED, SHAPED, SHAPED, SHAPED)
def test_no_answer_can_break_the_reading(first, second, third, fourth, states):
    registries = read_registries(
        config=first,
        floors=second,
        areas=third,
        devices=fourth,
        entities=first,
        exposed=second,
        entries=third,
    )
    for entity_id, entity in read_states(states, registries).items():
        assert entity_id == entity.entity_id
        assert isinstance(entity.name, str)
        assert isinstance(entity.state, str)
        assert place(entity, registries) == entity


@given(SHAPED)
def test_nothing_is_exposed_by_mistake(answer):
    assert all(isinstance(entity_id, str) for entity_id in read_registered(answer))
    for entity_id in read_exposed(answer):
        assert answer["exposed_entities"][entity_id]["conversation"] is True


@given(
    st.sampled_from(["light", "cover", "fan", "climate", "media_player", "robot"]),
    st.dictionaries(KEYS, JSON),
)
def test_capabilities_of_anything_are_words(domain, attributes):
    assert all(isinstance(word, str) for word in capabilities(domain, attributes))


@pytest.mark.parametrize(
    ("domain", "attributes", "found"),
    [
        ("light", {"supported_color_modes": ["onoff"]}, set()),
        ("light", {"supported_color_modes": ["color_temp", "hs"]}, {"brightness", "color", "color_temp"}),
        (
            "light",
            {"supported_color_modes": ["brightness"], "supported_features": 4},
            {"brightness", "effect"},
        ),
        ("cover", {"supported_features": 15}, {"open", "close", "stop", "position"}),
        ("fan", {"supported_features": 3}, {"percentage", "oscillate"}),
        ("climate", {"hvac_modes": ["off", "heat"], "supported_features": 1}, {"off", "heat", "temperature"}),
        ("switch", {}, set()),
    ],
)
def test_capabilities(domain, attributes, found):
    assert capabilities(domain, attributes) == found


def test_a_device_without_a_name_is_called_by_its_id():
    entity = read_entity({"entity_id": "light.hall_lamp", "state": "on"}, Registries())
    assert (entity.name, entity.exposed) == ("hall lamp", False)


def test_an_entitys_own_room_wins_over_its_devices():
    registries = read_registries(
        config={},
        floors=[],
        areas=[],
        devices=[{"id": "d", "area_id": "hall"}],
        entities=[
            {"entity_id": "light.a", "device_id": "d", "area_id": "den"},
            {"entity_id": "light.b", "device_id": "d", "area_id": None},
        ],
        exposed={},
        entries={},
    )
    assert registries.area_of == {"light.a": "den", "light.b": "hall"}


def test_a_token_is_read_and_its_file_watched(tmp_path, caplog):
    path = tmp_path / "token"
    tokens = TokenFile(path)
    assert tokens.version() is None
    with pytest.raises(HomeRefusedTokenError, match="cannot be read"):
        tokens.read()
    path.write_text("abc\n")
    path.chmod(0o640)
    assert tokens.read() == tokens.read() == "abc"
    assert caplog.text.count("chmod 600") == 1
    before = tokens.version()
    path.write_text("abcd")
    assert tokens.version() != before


@pytest.mark.parametrize("text", [b"", b"two words", b"a\nb", b"x" * 5000, b"\xff\xfe"])
def test_what_is_no_token(tmp_path, text):
    path = tmp_path / "token"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(HomeRefusedTokenError) as caught:
        TokenFile(path).read()
    assert "x" * 100 not in caught.value.sentence
