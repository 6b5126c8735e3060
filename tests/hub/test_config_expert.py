"""The settings of the expert: what is taken, and what is said about what is not."""

import pytest

from hub.config import Settings, load_settings
from hub.config_expert import ExpertSettings
from hub.errors import ConfigError


def test_nobody_is_asked_unless_told():
    assert Settings().expert.url is None


def test_a_whole_section_and_its_key_file_beside_the_configuration(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("expert: {url: 'http://localhost:11434/v1', model: qwen3, api_key_file: key, threshold: 0.7}\n")
    expert = load_settings(path).expert
    assert (expert.url, expert.model, expert.threshold) == ("http://localhost:11434/v1", "qwen3", 0.7)
    assert expert.api_key_file == tmp_path / "key"


def test_the_environment_sets_it_too(monkeypatch, tmp_path):
    monkeypatch.setenv("ROOMTONE_EXPERT__URL", "http://gpu:8000/v1")
    monkeypatch.setenv("ROOMTONE_EXPERT__MODEL", "big")
    path = tmp_path / "config.yaml"
    path.write_text("")
    assert load_settings(path).expert == ExpertSettings(url="http://gpu:8000/v1", model="big")


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{url: 'http://x/v1'}", "model"),
        ("{url: 'ftp://x', model: m}", "url"),
        ("{url: 'http://x/v1?key=1', model: m}", "url"),
        ("{modle: m}", "model"),
        ("{temperature: 3}", "temperature"),
        ("{timeout_s: yes}", "number"),
        ("{threshold: 2}", "threshold"),
        ("{max_tokens: 0}", "max_tokens"),
    ],
)
def test_faults_are_named(tmp_path, section, said):
    path = tmp_path / "config.yaml"
    path.write_text(f"expert: {section}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert said in caught.value.sentence
