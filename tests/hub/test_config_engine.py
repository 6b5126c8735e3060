"""The settings of the voice: what is taken, and what is said about what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config import Settings, load_settings
from hub.config_engine import EngineSettings
from hub.engine.personaplex.port import PromptError
from hub.engine.personaplex.remote.request import chat_url
from hub.engine.port import Persona
from hub.errors import ConfigError


@pytest.fixture
def fault(tmp_path):
    def fault(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_settings(path)
        return caught.value.sentence

    return fault


def test_what_a_user_of_the_model_expects_is_the_default():
    engine = Settings().engine
    assert (engine.temperature_audio, engine.top_k_audio) == (0.8, 250)
    assert (engine.temperature_text, engine.top_k_text) == (0.7, 25)
    assert (engine.kind, engine.device, engine.rows, engine.int8, engine.greedy) == ("auto", "auto", None, False, False)
    assert engine.verify_tls
    assert engine.warm_up


def test_weights_and_environment_lie_in_the_state_directory_unless_told(tmp_path):
    engine = EngineSettings()
    assert engine.weights_in(tmp_path) == tmp_path / "engine" / "personaplex-7b-v1"
    assert engine.python_in(tmp_path) == tmp_path / "engine" / "venv" / "bin" / "python"
    told = EngineSettings(weights="/weights", python="/venv/bin/python")
    assert (str(told.weights_in(tmp_path)), str(told.python_in(tmp_path))) == ("/weights", "/venv/bin/python")


def test_paths_are_relative_to_the_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("engine: {weights: w, voices: ~/v, python: /p}")
    engine = load_settings(path).engine
    assert engine.weights == tmp_path / "w"
    assert engine.voices.is_absolute()
    assert engine.voices.name == "v"
    assert str(engine.python) == "/p"


def test_cpu_offload_is_refused_with_the_reason_and_what_to_do_instead(fault):
    sentence = fault("engine:\n  kind: auto\n  cpu_offload: true\n")
    assert "line 3" in sentence
    assert "real time" in sentence
    assert "int8" in sentence
    assert "unknown key" not in sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("engine: {kind: remote}", "also needs url"),
        ("engine: {url: 'http://gpu:8998'}", "pattern"),
        ("engine: {url: 'wss://gpu/x?y=1'}", "pattern"),
        ("engine: {url: 'ws://gpu', fingerprint: '" + "a" * 64 + "'}", "without TLS"),
        ("engine: {fingerprint: '" + "a" * 64 + "'}", "needs a url"),
        ("engine: {url: 'wss://gpu', fingerprint: abc}", "64 hexadecimal digits"),
        ("engine: {rows: 0}", "greater than or equal to 1"),
        ("engine: {rows: true}", "expected a number"),
        ("engine: {temperature_text: 0}", "greater than 0"),
        ("engine: {temperature_audio: .nan}", "is “nan”"),
        ("engine: {device: gpu}", "expected one of auto, cpu, cuda"),
        ("engine: {temperatur_text: 1}", "Did you mean “temperature_text”?"),
        ("engine: {persona: butler}", "no persona has this name"),
        ("personas: [{name: night butler, prompt: You sleep.}]\nengine: {persona: night buttler}", "night butler"),
        (
            "personas: [{name: p, prompt: '" + "w" * 1001 + "'}]\nengine: {kind: remote, url: 'wss://gpu'}",
            "“p” has 1001 characters, and the PersonaPlex server that engine.url names takes at most 1000",
        ),
    ],
)
def test_what_is_wrong_is_said(fault, text, words):
    assert words in fault(text)


@given(
    digits=st.text("0123456789abcdefABCDEF", min_size=64, max_size=64),
    separator=st.sampled_from(["", ":", " "]),
)
def test_a_fingerprint_is_taken_as_any_tool_prints_it(digits, separator):
    written = separator.join(digits[at : at + 2] for at in range(0, 64, 2))
    assert EngineSettings(url="wss://gpu", fingerprint=written).fingerprint == digits.lower()


def test_every_setting_is_described():
    undescribed = [name for name, field in EngineSettings.model_fields.items() if not field.description]
    assert undescribed == []


@pytest.mark.parametrize("engine", ["{kind: personaplex, url: 'wss://gpu'}", "{kind: auto}"])
def test_a_long_prompt_is_no_fault_where_no_server_elsewhere_reads_it(tmp_path, engine):
    path = tmp_path / "config.yaml"
    path.write_text(f"engine: {engine}\npersonas: [{{name: p, prompt: '{'w' * 1001}'}}]")
    assert len(load_settings(path).personas[0].prompt) == 1001


def test_settings_and_the_remote_engine_agree_on_the_longest_prompt(tmp_path):
    path, fits = tmp_path / "config.yaml", "w  " * 499 + "ww"  # spaces count once, as they are sent

    def written(prompt):
        path.write_text(f"engine: {{kind: auto, url: 'wss://gpu'}}\npersonas: [{{name: p, prompt: '{prompt}'}}]")
        return load_settings(path)

    written(fits)
    chat_url("wss://gpu", Persona("p", "NATF2", fits))
    with pytest.raises(ConfigError, match="1001 characters"):
        written(fits + "w")
    with pytest.raises(PromptError, match="1001 characters"):
        chat_url("wss://gpu", Persona("p", "NATF2", fits + "w"))
