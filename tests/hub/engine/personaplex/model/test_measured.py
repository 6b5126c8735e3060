"""What `roomtone engine check` runs in the engine's environment, with the tiny model."""

import json

import pytest

from hub.engine.personaplex.setup import checking

pytestmark = pytest.mark.engine


def test_one_size_is_measured_and_printed_as_one_line(weights, capsys):
    assert checking.main(["--rows", "2", "--device", "cpu", "--weights", str(weights), "--frames", "10"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert (measured["rows"], measured["device"], measured["dtype"]) == (2, "cpu", "float32")
    assert 0 < measured["step_p50_ms"] <= measured["step_p99_ms"]
    assert measured["parameters"] > 1_000_000


def test_a_folder_that_is_no_model_is_told_in_the_same_line(tmp_path, capsys):
    assert checking.main(["--device", "cpu", "--weights", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "engine_weights"


def test_the_model_speaks_sentences_into_files(weights, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", iter(["The door is open.\n", "\n", "Good night.\n"]))
    assert checking.main(["--device", "cpu", "--weights", str(weights), "--say-into", str(tmp_path)]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert len(files) == 2
    assert sorted(tmp_path.glob("*.wav")) == sorted(tmp_path / name.rpartition("/")[2] for name in files)
