"""Making the engine's environment: whatever happens, what stands at its place is whole or what stood there before."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.engine.personaplex.setup import install as installing
from hub.engine.personaplex.setup.environment import engine_environment
from hub.engine.personaplex.setup.install import InstallError, install, installed, is_current

PROOF = '{"torch": "2.13.0+cpu", "cuda": null, "gpu": false, "python": "3.11.7"}'


class Programs:
    """Stands for `venv`, pip and the new interpreter; a test changes what they do."""

    def __init__(self, monkeypatch):
        self.installs = []
        self.fail = {}
        self.proof = PROOF
        monkeypatch.setattr(installing, "_run", self.run)
        monkeypatch.setattr(installing.subprocess, "run", self.prove)

    def run(self, command, what, tell, *, attached=False):
        if "venv" in command:
            folder = Path(command[-1])
            (folder / "bin").mkdir(parents=True)
            (folder / "pyvenv.cfg").touch()
            (folder / "bin" / "python").symlink_to(sys.executable)
            (folder / "bin" / "pip").write_text(f"#!{folder}/bin/python\n")
            return
        wanted = command[-1]
        self.installs.append(command[5:])
        for part, error in self.fail.items():
            if part in wanted:
                raise error

    def prove(self, command, **_options):
        return subprocess.CompletedProcess(
            command, 0 if self.proof else 1, f"chatter\n{self.proof}\n", "ImportError: x"
        )


@pytest.fixture
def programs(monkeypatch):
    return Programs(monkeypatch)


@pytest.fixture
def venv(tmp_path):
    return tmp_path / "engine" / "venv"


def make(venv, build="cpu"):
    return install(venv, build, lambda _line: None)


def test_torch_by_its_pin_then_the_locked_list_without_anybodys_own_list(programs, venv):
    found = make(venv)
    torch, rest = programs.installs
    assert torch == ["install", "torch==2.13.0+cpu"]
    assert rest[:4] == ["install", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    assert rest[-1].endswith("engine.lock")
    assert installed(venv) == found
    assert is_current(found, "cpu")
    assert not is_current(found, "cuda")


def test_the_cpu_build_is_taken_only_where_there_is_one(programs, venv):
    programs.fail = {"+cpu": InstallError("no such build")}
    make(venv)
    assert [one[-1] for one in programs.installs[:2]] == ["torch==2.13.0+cpu", "torch==2.13.0"]


def test_for_a_gpu_a_build_without_cuda_is_no_success(programs, venv):
    with pytest.raises(InstallError, match="without CUDA"):
        make(venv, "cuda")
    assert not venv.exists()


def test_scripts_name_the_place_they_end_at(programs, venv):
    make(venv)
    assert (venv / "bin" / "pip").read_text() == f"#!{venv}/bin/python\n"


def test_a_second_call_changes_nothing(programs, venv):
    make(venv)
    programs.installs.clear()
    make(venv)
    assert programs.installs == []


def test_another_list_of_packages_makes_it_anew(programs, venv, monkeypatch):
    make(venv)
    monkeypatch.setattr(installing, "TORCH", "9.9.9")
    make(venv)
    assert programs.installs[-2] == ["install", "torch==9.9.9+cpu"]
    assert is_current(installed(venv), "cpu")


@pytest.mark.parametrize("error", [InstallError("broken off"), KeyboardInterrupt(), OSError(28, "No space left")])
@pytest.mark.parametrize("at", ["torch", "engine.lock"])
def test_broken_off_it_leaves_nothing(programs, venv, error, at):
    programs.fail = {at: error}
    with pytest.raises((InstallError, KeyboardInterrupt)):
        make(venv)
    assert list(venv.parent.iterdir()) == []
    assert installed(venv) is None


def test_broken_off_it_leaves_what_was_there(programs, venv, monkeypatch):
    make(venv)
    before = installed(venv)
    monkeypatch.setattr(installing, "TORCH", "9.9.9")
    programs.fail = {"engine.lock": KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        make(venv)
    assert installed(venv) == before
    assert [path.name for path in venv.parent.iterdir()] == ["venv"]


def test_packages_that_cannot_be_imported_are_no_environment(programs, venv):
    programs.proof = ""
    with pytest.raises(InstallError, match="ImportError: x"):
        make(venv)
    assert not venv.exists()


def test_somebodys_folder_is_not_written_over(programs, venv):
    venv.mkdir(parents=True)
    (venv / "thesis.txt").write_text("years of work")
    with pytest.raises(InstallError, match="no Python environment"):
        make(venv)
    assert (venv / "thesis.txt").exists()


def test_too_small_a_disk_is_told_before_anything_is_made(programs, venv, monkeypatch):
    monkeypatch.setattr(installing.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 10**9}))
    with pytest.raises(InstallError, match="3 GB of disk are needed"):
        make(venv)
    assert not venv.parent.exists()


def test_two_installations_into_one_folder_do_not_mix(programs, venv):
    venv.parent.mkdir()
    with installing._alone(venv.parent), pytest.raises(InstallError, match="Another installation"):
        make(venv)
    make(venv)
    assert installed(venv) is not None


def test_every_line_of_the_list_is_exact_and_hashed_and_as_the_hub_has_it():
    def versions(path):
        blocks = re.split(r"\n(?=\S)", path.read_text().strip())
        assert all(re.match(r"[a-z0-9-]+==[^ ]+ ", block) and "--hash=sha256:" in block for block in blocks)
        return {tuple(re.split(r"==| ", block)[:2]) for block in blocks}

    folder = installing._lock_file().parent
    ours = versions(folder / "engine.lock")
    assert ("moshi", installing.MOSHI) in ours
    assert not any(name.startswith(("torch", "nvidia")) for name, _version in ours)
    hub = versions(folder / "run.lock")
    shared = {name for name, _version in hub} & {name for name, _version in ours}
    assert {"aiohttp", "numpy", "pydantic"} <= shared
    assert {one for one in ours if one[0] in shared} <= hub


@pytest.mark.parametrize("text", ["", "{", "[]", '{"torch": 1}'])
def test_a_half_environment_is_not_taken_as_good(venv, text):
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    assert installed(venv) is None
    (venv / "roomtone-engine.json").write_text(text)
    assert installed(venv) is None


def test_pips_own_last_words_are_told(tmp_path):
    script = "print('Collecting torch'); print('ERROR: No matching distribution found for torch'); raise SystemExit(1)"
    told = []
    with pytest.raises(InstallError, match="pip failed: ERROR: No matching distribution"):
        installing._run([sys.executable, "-c", script], "pip failed", told.append)
    assert told == ["  Collecting torch"]


def test_broken_off_it_ends_the_programs_children_too(tmp_path):
    alive = tmp_path / "alive"
    child = f"import time, pathlib\nwhile True: pathlib.Path({str(alive)!r}).touch(); time.sleep(0.01)"
    begin = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}])"
    script = f"{begin}; print('Collecting', flush=True); time.sleep(60)"

    def on_line(_line):
        while not alive.exists():
            pass
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installing._run([sys.executable, "-c", script], "pip failed", on_line)
    alive.unlink(missing_ok=True)
    assert not any(alive.exists() for _look in range(20_000))


def test_the_engines_python_finds_our_two_packages_and_nothing_else_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    environment = engine_environment(tmp_path)
    assert "PYTHONHOME" not in environment
    folder = tmp_path / "engine" / "source"
    assert environment["PYTHONPATH"] == str(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["hub", "protocol"]
    code = "import hub.engine.personaplex.wire, protocol.errors; print(hub.__file__)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(folder / "hub" / "__init__.py")


def test_links_to_a_place_that_moved_are_mended(tmp_path):
    folder = tmp_path / "engine" / "source"
    folder.mkdir(parents=True)
    (folder / "hub").symlink_to(tmp_path / "gone")
    engine_environment(tmp_path)
    assert (folder / "hub" / "engine" / "port.py").exists()
