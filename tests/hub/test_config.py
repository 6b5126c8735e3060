"""Settings: where they come from, and what is said about wrong ones."""

import os
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config import Settings, default_config_path, load_settings, state_dir
from hub.config_file import MAX_FILE_BYTES
from hub.errors import ConfigError


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    for name in os.environ:
        if name.upper().startswith("ROOMTONE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


def fault(path, overrides=None):
    with pytest.raises(ConfigError) as caught:
        load_settings(path, overrides)
    return caught.value.sentence


def test_without_anything_every_setting_has_its_default():
    settings = load_settings()
    assert settings == Settings()
    assert (settings.network.port, settings.network.http_port) == (7460, 7461)
    assert settings.home.kind == "none"
    assert settings.rooms.okay_nabu_window_ms == 300


def test_the_default_file_is_read_where_xdg_has_it(tmp_path):
    path = tmp_path / "config" / "roomtone" / "config.yaml"
    assert default_config_path() == path
    path.parent.mkdir(parents=True)
    path.write_text("network: {name: attic}")
    assert load_settings().network.name == "attic"


def test_the_state_directory_follows_xdg_and_ignores_a_relative_one(tmp_path, monkeypatch):
    assert state_dir() == tmp_path / "state" / "roomtone"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_dir() == tmp_path / ".local" / "state" / "roomtone"


def test_file_under_environment_under_flags(write, monkeypatch):
    path = write("network: {port: 1, http_port: 2, name: file}\nhome: {kind: demo}\n")
    monkeypatch.setenv("ROOMTONE_NETWORK__HTTP_PORT", "20")
    monkeypatch.setenv("ROOMTONE_NETWORK__NAME", "environment")
    settings = load_settings(path, {"network": {"name": "flag"}})
    assert (settings.network.port, settings.network.http_port, settings.network.name) == (1, 20, "flag")
    assert settings.home.kind == "demo"


def test_paths_are_relative_to_the_file(write, tmp_path):
    path = write("home: {kind: assistant, url: 'http://house:8123', token_file: token}\nhearing: {models_dir: /m}\n")
    settings = load_settings(path)
    assert settings.home.token_file == tmp_path / "token"
    assert settings.home.client == "own"
    assert str(settings.hearing.models_dir) == "/m"


def test_an_unknown_key_is_told_with_its_line_and_the_nearest(write):
    sentence = fault(write("home:\n  kind: demo\nnetwork:\n  prot: 1\n"))
    assert "config.yaml, line 4" in sentence
    assert "“network.prot”" in sentence
    assert "“port”?" in sentence


def test_an_unknown_section_is_told(write):
    assert "“engine”?" in fault(write("engin: {kind: auto}\n"))


def test_an_unknown_key_in_a_list_is_told(write):
    sentence = fault(write("rooms:\n  areas:\n    - id: hall\n      name: Hall\n      alias: [x]\n"))
    assert "line 5" in sentence
    assert "“aliases”?" in sentence


def test_a_wrong_choice_is_told_with_the_nearest(write):
    sentence = fault(write("home: {kind: asistant}"))
    assert "expected one of assistant, demo, none" in sentence
    assert "“assistant”?" in sentence


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("network: {port: abc}", "integer"),
        ("network: {port: 65536}", "65535"),
        ("network: {port: true}", "number"),
        ("network: 7", "network"),
        ("network: {port: }", "empty"),
        ("rooms: {follow_up_s: .nan}", "greater than or equal to 0"),
        ("rooms: {areas: [{id: Living Room, name: x}]}", "rooms.areas.0.id"),
        ("rooms: {areas: [{id: hall, name: Hall}, {id: flur, name: x, aliases: [HALL]}]}", "two areas"),
        ("home: {url: 'ftp://x'}", "home.url"),
        ("home: {kind: assistant}", "url and token_file"),
        ("home: {client: hass-client}", "home.client"),
    ],
)
def test_a_wrong_value_is_told(write, text, word):
    assert word in fault(write(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("home: {kind: demo\nnetwork: 3\n", "line 2"),
        ("home:\n\tkind: demo\n", "line 2"),
        ("a: &a [*a]\nb: *c\n", "line 2"),
        ("home: {kind: demo}\nhome: {kind: none}\n", "line 2: the key “home” stands here twice"),
        ("- home\n", "at the top level"),
        ("3: 4\n", "at the top level"),
        ("a: 2026-99-99\n", "not valid YAML"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1"),
        ("[" * 3000, "not valid YAML"),
    ],
)
def test_broken_yaml_is_told_with_its_line(write, text, words):
    assert words in fault(write(text))


def test_a_file_that_is_missing_binary_or_huge_is_told(tmp_path, write):
    assert "cannot be read" in fault(tmp_path / "none.yaml")
    path = write("")
    path.write_bytes(b"a: 1\nb: \xff")
    assert "line 2: not UTF-8" in fault(path)
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    assert "larger than" in fault(path)


def test_an_empty_file_is_fine(write):
    assert load_settings(write("# nothing\n")) == Settings()


def test_an_unknown_environment_variable_is_told(monkeypatch):
    monkeypatch.setenv("ROOMTONE_NETWROK__PORT", "1")
    assert "“network”?" in fault(None)


def test_an_unknown_key_in_the_environment_is_told_as_such(monkeypatch):
    monkeypatch.setenv("ROOMTONE_NETWORK__PROT", "1")
    sentence = fault(None)
    assert sentence.startswith("environment, ROOMTONE_NETWORK__PROT")
    assert "“port”?" in sentence


def test_broken_json_in_the_environment_is_told(monkeypatch):
    monkeypatch.setenv("ROOMTONE_HOME", "{")
    assert "ROOMTONE_" in fault(None)


def test_a_wrong_flag_is_told_as_such():
    assert fault(None, {"network": {"port": -1}}).startswith("flag: “network.port”")


def test_the_value_of_an_unknown_key_is_never_repeated(write):
    assert "s3cret" not in fault(write("home: {token: s3cret}"))


@given(
    section=st.sampled_from(sorted(set(Settings.model_fields) - {"personas"})),  # a list, not a section
    key=st.text(string.ascii_lowercase + "_", min_size=1, max_size=20),
)
def test_any_unknown_key_is_named(section, key):
    known = Settings.model_fields[section].annotation.model_fields
    if key in known:
        return
    sentence = fault(None, {section: {key: 1}})
    assert f"“{section}.{key}”" in sentence


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from([*Settings.model_fields, "x"]),
        st.dictionaries(st.sampled_from(["kind", "url", "port", "areas", "name", "y"]), _JSON, max_size=3) | _JSON,
        max_size=4,
    )
)
def test_whatever_is_given_ends_in_settings_or_in_a_sentence(values):
    try:
        outcome = load_settings(None, values)
    except ConfigError as refused:
        outcome = refused.sentence
    assert isinstance(outcome, Settings) or len(outcome) > 10
