"""What the doctor says of the full-duplex voice."""

import json

import pytest

from hub.config_engine import EngineSettings
from hub.doctor_engine import check_engine
from hub.engine.personaplex.setup import standing as looking
from hub.engine.personaplex.setup.gpu import Gpu
from tests.hub.engine.personaplex.setup.test_weights_folder import complete

GPU = Gpu("NVIDIA RTX 4090", 24 << 30, int(23.6 * (1 << 30)), "590.44")


@pytest.fixture
def gpus(monkeypatch):
    found = []
    monkeypatch.setattr(looking, "find_gpus", lambda: found)
    return found


def environment(state, cuda="13.0"):
    folder = state / "engine" / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    facts = {"python": "3.11.7", "torch": "2.13.0", "cuda": cuda, "gpu": cuda is not None, "lock": "x"}
    (folder / "roomtone-engine.json").write_text(json.dumps(facts))


def findings(tmp_path, **settings):
    return {one.name: one for one in check_engine(EngineSettings(**settings), tmp_path)}


def test_on_a_bare_machine_nothing_is_wrong_and_each_line_says_what_it_would_take(gpus, tmp_path):
    found = findings(tmp_path)
    assert list(found) == ["GPU", "engine environment", "engine weights"]
    assert {one.level for one in found.values()} == {"ok"}
    assert "The CPU speaks instead" in found["GPU"].advice
    assert "roomtone engine install" in found["engine environment"].advice
    assert "roomtone engine fetch" in found["engine weights"].advice


def test_who_asks_for_this_very_engine_is_told_of_faults(gpus, tmp_path):
    found = findings(tmp_path, kind="personaplex")
    assert {one.level for one in found.values()} == {"fault"}
    assert all(one.advice for one in found.values())


def test_a_whole_machine(gpus, tmp_path):
    gpus.append(GPU)
    environment(tmp_path)
    weights = tmp_path / "engine" / "personaplex-7b-v1"
    weights.mkdir()
    complete(weights)
    found = findings(tmp_path, kind="personaplex")
    assert {one.level for one in found.values()} == {"ok"}
    assert "room for 2 conversations" in found["GPU"].found
    assert "CUDA 13.0" in found["engine environment"].found
    assert "1 voices" in found["engine weights"].found


def test_a_cpu_build_beside_a_gpu_is_worth_a_word(gpus, tmp_path):
    gpus.append(GPU)
    environment(tmp_path, cuda=None)
    found = findings(tmp_path)["engine environment"]
    assert found.level == "warning"
    assert "--cuda" in found.advice


@pytest.mark.parametrize("kind", ["cascade", "scripted"])
def test_another_voice_needs_none_of_it(gpus, tmp_path, kind):
    assert findings(tmp_path, kind=kind) == {}


def test_a_server_elsewhere_is_named(gpus, tmp_path):
    assert "wss://gpu:8998" in findings(tmp_path, kind="remote", url="wss://gpu:8998")["engine"].found


def test_an_interpreter_of_the_settings_that_is_gone_is_none(gpus, tmp_path):
    assert findings(tmp_path, kind="personaplex", python="/gone/python")["engine environment"].level == "fault"


@pytest.mark.parametrize(
    ("there", "url", "choice"),
    [
        (("gpu", "environment", "weights"), None, "personaplex"),
        (("gpu", "environment"), None, "cascade"),
        (("environment", "weights"), None, "cascade"),
        (("gpu", "weights"), "wss://gpu", "remote"),
        (("gpu", "environment", "weights"), "wss://gpu", "personaplex"),
    ],
)
def test_what_auto_takes(gpus, tmp_path, there, url, choice):
    if "gpu" in there:
        gpus.append(GPU)
    if "environment" in there:
        environment(tmp_path)
    weights = tmp_path / "w"
    weights.mkdir()
    if "weights" in there:
        complete(weights)
    assert looking.standing(EngineSettings(weights=weights, url=url), tmp_path).choice == choice
