"""`roomtone engine` and `roomtone ab` as a person types them, with fake programs where GPUs and gigabytes would be."""

import io
import json
import os
import subprocess
import sys
import wave

import pytest

from hub.cli import main
from hub.engine.personaplex.setup.install import Installed
from tests.hub.engine.personaplex.setup.test_weights_folder import complete

SMI = "#!/bin/sh\necho 'NVIDIA RTX 4090, 24564, 24100, 590.44'\n"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("ROOMTONE_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state" / "roomtone"
    (folder / "engine").mkdir(parents=True)
    return folder


@pytest.fixture
def gpu(tmp_path):
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.write_text(SMI)
    tool.chmod(0o755)


@pytest.fixture
def environment(state, tmp_path):
    """An installed environment whose Python prints a measurement, or its arguments."""
    folder = state / "engine" / "venv"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(
        f"#!{sys.executable}\nimport sys, os, json\nargs = sys.argv[1:]\n"
        "if 'hub.engine.personaplex.serving.serve' in args:\n"
        "    print(json.dumps({'args': args, 'path': os.environ['PYTHONPATH']})); sys.exit(7)\n"
        "rows = int(args[args.index('--rows') + 1])\n"
        "print(json.dumps({'rows': rows, 'device': args[args.index('--device') + 1], 'dtype': 'bfloat16',\n"
        "    'parameters': 7, 'frames': 1, 'step_p50_ms': 20.0, 'step_p99_ms': 25.0, 'prefill_ms': 9.0,\n"
        "    'prompt_frames': 9, 'start_p50_ms': 30.0, 'load_s': 1.0, 'memory_bytes': (34 + rows * 3) << 29}))\n"
    )
    python.chmod(0o755)
    marker = {"python": "3.11", "torch": "2.13.0", "cuda": "13.0", "gpu": True, "lock": "x"}
    assert Installed(**marker)
    (folder / "roomtone-engine.json").write_text(json.dumps(marker))
    return folder


def run(capsys, *arguments):
    code = main(["engine", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_status_of_a_bare_machine_says_what_to_type(capsys):
    code, out, _err = run(capsys, "status")
    assert code == 0
    assert "roomtone engine install" in out
    assert "roomtone engine fetch" in out
    assert "cascade" in out


def test_status_of_a_whole_one(capsys, gpu, environment, state):
    weights = state / "engine" / "personaplex-7b-v1"
    weights.mkdir()
    complete(weights)
    code, out, _err = run(capsys, "status", "--json")
    found = json.loads(out)
    assert (code, found["auto"], found["torch"], found["conversations"]) == (0, "personaplex", "2.13.0", 2)
    assert found["gpus"][0]["name"] == "NVIDIA RTX 4090"


def test_voices_tell_what_is_here_and_what_is_your_own(capsys, tmp_path):
    complete(tmp_path)
    (tmp_path / "voices" / "anna.wav").write_bytes(b"RIFF")
    code, out, _err = run(capsys, "voices", "--weights", str(tmp_path))
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 19)
    assert lines[0] == "NATF0  natural, female"
    assert "not fetched yet" in lines[1]
    assert "consent" in lines[-1]


def test_a_fetch_without_acceptance_fetches_nothing_and_shows_the_licence(capsys, monkeypatch, state):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))  # a pipe's yes is nobody's
    code, _out, err = run(capsys, "fetch")
    assert code == 1
    assert "NVIDIA Open Model License Agreement" in err
    assert "licence_not_accepted" in err
    assert list((state / "engine").iterdir()) == []


def test_a_fetch_from_nowhere_is_one_sentence(capsys, tmp_path):
    code, _out, err = run(
        capsys, "fetch", "--accept-licence", "--endpoint", "http://127.0.0.1:9", "--to", str(tmp_path)
    )
    assert code == 1
    assert "cannot be reached" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "--random-weights"], "need a GPU"),
        (["check", "--device", "cuda"], "No NVIDIA GPU"),
        (["check"], "roomtone engine fetch"),
        (["serve"], "roomtone engine install"),
    ],
)
def test_what_cannot_be_done_here_says_why(capsys, arguments, words):
    code, _out, err = run(capsys, *arguments)
    assert code == 1
    assert words in err


def test_random_weights_have_nothing_to_say(capsys, gpu):
    code, _out, err = run(capsys, "check", "--random-weights", "--say")
    assert code == 1
    assert "--say needs the real ones" in err


def test_a_check_prints_table_and_verdict_and_is_remembered(capsys, gpu, environment):
    code, out, err = run(capsys, "check", "--random-weights", "--rows", "1,2,4")
    assert code == 0
    assert "timing 250 steps" in err
    assert out.splitlines()[0] == "NVIDIA RTX 4090, 25.8 GB, 25.3 free, driver 590.44"
    assert len([line for line in out.splitlines() if "GiB" in line and " ms" in line]) == 3
    assert "1.50 GiB" in out
    assert "not yet heard" in out
    assert out.splitlines()[-1].startswith("NVIDIA RTX 4090 holds 2 conversations at once")
    _code, status, _err = run(capsys, "status", "--json")
    assert json.loads(status)["conversations"] == 2


def test_a_check_for_programs(capsys, gpu, environment):
    code, out, _err = run(capsys, "check", "--random-weights", "--rows", "1,2", "--json")
    found = json.loads(out)
    assert (code, found["verdict"]["rows"], found["say"], len(found["sizes"])) == (0, 2, "not yet heard", 2)


@pytest.mark.parametrize("rows", ["0", "65", "x", "", "1,,2"])
def test_sizes_that_are_none_are_wrong_usage(capsys, rows):
    with pytest.raises(SystemExit) as ended:
        main(["engine", "check", "--rows", rows])
    assert ended.value.code == 2


def test_serve_becomes_the_engines_python_with_the_settings_and_what_was_typed(tmp_path, environment, state):
    (tmp_path / "config.yaml").write_text("engine: {rows: 3, greedy: true}\n")
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "engine", "serve", "--config", str(tmp_path / "config.yaml"),
         "--weights", "/w", "--port", "0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    told = json.loads(done.stdout)
    assert told["path"] == str(state / "engine" / "source")
    assert {"--rows=3", "--greedy", "--device=auto"} <= set(told["args"])
    assert told["args"][-4:] == ["--weights", "/w", "--port", "0"]


def test_serve_refuses_what_it_does_not_know_before_anything_starts(environment):
    with pytest.raises(SystemExit) as ended:
        main(["engine", "serve", "--cpu-offload"])
    assert ended.value.code == 2


@pytest.mark.parametrize("command", ["install", "fetch", "check", "voices", "status"])
def test_every_command_takes_state_dir_json_and_config(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main(["engine", command, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for option in ("--state-dir", "--json", "--config"):
        assert option in out


def test_a_comparison_with_a_server_that_is_not_named_is_refused(capsys, tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(bytes(4800))
    assert main(["ab", "--turns", str(tmp_path), "--a", "remote", "--b", "scripted"]) == 1
    assert "no server to compare with" in capsys.readouterr().err


def test_a_comparison_of_nothing_says_so(capsys, tmp_path):
    assert main(["ab", "--turns", str(tmp_path), "--a", "scripted", "--b", "scripted"]) == 1
    assert "no WAV file in" in capsys.readouterr().err
