"""Makes the engine's own Python environment: torch for this machine, moshi, and the rest from a hash-locked list.

The environment is made under another name and gets its own only when it is whole and has proved that it can import
the engine: what stands at its place is always good, whenever somebody pressed Ctrl-C.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from hub.engine.port import EngineError

TORCH: Final = "2.13.0"
MOSHI: Final = "0.2.13"
# Unpacked, with the downloads beside it until pip has done: measured for cpu, from the wheels' sizes for cuda.
NEEDED_BYTES: Final = {"cpu": 3 << 30, "cuda": 12 << 30}
_MARKER: Final = "roomtone-engine.json"
_PROOF: Final = """
import json, platform
import sphn, sentencepiece, pyloudnorm, safetensors, aiohttp, pydantic, opuslib_next
import torch
import moshi.models.loaders
print(json.dumps({"torch": torch.__version__, "cuda": torch.version.cuda, "gpu": torch.cuda.is_available(),
                  "python": platform.python_version()}))
"""
_MAX_PROOF_S: Final = 300.0
_MAX_TOLD_LINES: Final = 6

Build = Literal["cpu", "cuda"]
Tell = Callable[[str], None]


class InstallError(EngineError):
    """The engine's environment cannot be made."""

    code = "engine_install"
    retry = True


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that has proved itself.

    Attributes:
        cuda: CUDA version that torch was built for, None for a CPU build.
        gpu: whether torch found a GPU when it was made.
        lock: hash of the list it was made from.
    """

    python: str
    torch: str
    cuda: str | None
    gpu: bool
    lock: str


def installed(venv: Path) -> Installed | None:
    """What stands at this place; None when there is nothing that was made here and is whole."""
    try:
        value = json.loads((venv / _MARKER).read_text("utf-8"))
        found = Installed(**value)
    except (OSError, ValueError, TypeError):
        return None
    return found if (venv / "bin" / "python").exists() else None


def is_current(found: Installed, build: Build) -> bool:
    """Whether it is what this version of Roomtone would make."""
    return found.lock == _lock_hash() and (build == "cuda") == (found.cuda is not None)


def this_machines_build() -> Build:
    """Whether a GPU driver answers here."""
    from hub.engine.personaplex.setup.gpu import find_gpus

    return "cuda" if find_gpus() else "cpu"


def install(venv: Path, build: Build, tell: Tell, *, attached: bool = False) -> Installed:
    """Make the environment, or leave a good one as it is.

    Args:
        venv: where it shall stand.
        build: which torch.
        tell: takes one line of progress at a time.
        attached: pip draws its own progress on standard error, for a person at a terminal.

    Raises:
        InstallError: it cannot be made; nothing stands at `venv` that did not before.
    """
    found = installed(venv)
    if found is not None and is_current(found, build):
        tell(f"{venv} is complete: torch {found.torch}, moshi {MOSHI}.")
        return found
    _check_place(venv)
    _check_disk(venv, build)
    with _building(venv) as new:
        tell(f"Making {venv} with Python {sys.version.split()[0]} ...")
        _run([sys.executable, "-m", "venv", str(new)], "Python cannot make an environment", tell)
        pip = _Pip(new, tell, attached=attached)
        tell(f"Installing torch {TORCH} for {'the GPU' if build == 'cuda' else 'the CPU'} ...")
        _install_torch(pip, build)
        tell(f"Installing moshi {MOSHI} and what the engine needs beside it ...")
        # moshi's own list asks for a torch older than the newest GPUs need, so no list but the locked one is followed.
        pip.install("--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(_lock_file()))
        tell("Trying it ...")
        result = _prove(new, build)
        (new / _MARKER).write_text(json.dumps(asdict(result)) + "\n", "utf-8")
        _move_into_place(new, venv)
    if build == "cuda" and not result.gpu:
        tell(f"torch {result.torch} is built for CUDA {result.cuda} and finds no GPU: is the NVIDIA driver new enough?")
    tell(f"Done: {venv}")
    return result


def _check_place(venv: Path) -> None:
    if venv.exists() and not (venv / "pyvenv.cfg").exists() and (not venv.is_dir() or any(venv.iterdir())):
        raise InstallError(f"{venv} exists and is no Python environment. Name another folder with --venv.")


def _check_disk(venv: Path, build: Build) -> None:
    place = next(parent for parent in venv.absolute().parents if parent.exists())
    free_bytes = shutil.disk_usage(place).free
    if free_bytes < NEEDED_BYTES[build]:
        raise InstallError(
            f"About {NEEDED_BYTES[build] / 1e9:.0f} GB of disk are needed at {place}, and {free_bytes / 1e9:.1f} GB are"
            " free. Free some, or name a folder on another disk with --venv."
        )


@contextmanager
def _building(venv: Path) -> Iterator[Path]:
    """A folder beside the final one; gone afterwards, whatever happens."""
    new = venv.with_name(f"{venv.name}.new")
    try:
        venv.parent.mkdir(parents=True, exist_ok=True)
        # The folder itself is the lock, so that nothing is left of it.
        with _alone(venv.parent):
            try:
                shutil.rmtree(new, ignore_errors=True)  # of a process that was killed
                yield new
            finally:
                shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise InstallError(f"{venv} cannot be made: {error.strerror or error}.") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InstallError(f"Another installation into {folder} is running.") from error
        yield
    finally:
        os.close(handle)


class _Pip:
    """The pip of one environment."""

    def __init__(self, venv: Path, tell: Tell, *, attached: bool) -> None:
        self._command = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        self._tell = tell
        self._attached = attached

    def install(self, *arguments: str) -> None:
        """Raises InstallError with pip's own last words."""
        _run([*self._command, "install", *arguments], "pip failed", self._tell, attached=self._attached)


def _install_torch(pip: _Pip, build: Build) -> None:
    """The exact version, of the smaller build where there is no GPU.

    pip prefers a build with a suffix (such as +cpu) to one without; three equal signs take the one without.
    """
    first, second = (
        (f"torch=={TORCH}+cpu", f"torch=={TORCH}") if build == "cpu" else (f"torch==={TORCH}", f"torch=={TORCH}")
    )
    try:
        pip.install(first)
    except InstallError:
        pip.install(second)


def _prove(venv: Path, build: Build) -> Installed:
    try:
        answer = subprocess.run(  # noqa: S603  our own interpreter and our own words
            [str(venv / "bin" / "python"), "-I", "-c", _PROOF],
            capture_output=True,
            text=True,
            timeout=_MAX_PROOF_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InstallError("torch was installed and does not start within five minutes.") from error
    if answer.returncode != 0:
        raise InstallError(f"The packages are there and cannot be used: {_last_words(answer.stderr.splitlines())}")
    facts: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    if build == "cuda" and facts["cuda"] is None:
        raise InstallError(
            f"pip found only a torch {TORCH} without CUDA. Let it look where the CUDA build is (PIP_INDEX_URL), or"
            " install for the CPU: roomtone engine install --cpu"
        )
    return Installed(**facts, lock=_lock_hash())


def _move_into_place(new: Path, venv: Path) -> None:
    """Scripts hold the path of their environment; `bin/python` itself does not."""
    for script in (new / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            data = script.read_bytes()
            script.write_bytes(data.replace(os.fsencode(new.absolute()), os.fsencode(venv.absolute())))
    old = venv.with_name(f"{venv.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if venv.exists():
        venv.rename(old)
    new.rename(venv)
    shutil.rmtree(old, ignore_errors=True)


def _run(command: Sequence[str], what: str, tell: Tell, *, attached: bool = False) -> None:
    """Run a program to its end, its news told line by line."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    lines: list[str] = []
    output = sys.stderr if attached else subprocess.PIPE
    # A group of its own: whoever breaks off ends the program's children too, which would go on writing.
    with subprocess.Popen(  # noqa: S603  our own interpreter with our own arguments
        list(command), stdout=output, stderr=subprocess.STDOUT, text=True, env=environment, process_group=0
    ) as process:
        try:
            for line in process.stdout or ():
                lines = [*lines[-50:], line.rstrip()]
                if line.lstrip().startswith(("Collecting", "Downloading", "Installing")):
                    tell(f"  {line.strip()[:100]}")
            code = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if code != 0:
        words = "its own lines above say why" if attached else _last_words(lines)
        raise InstallError(f"{what}: {words}")


def _last_words(lines: Sequence[str]) -> str:
    told = [line.strip() for line in lines if line.strip()]
    errors = [line for line in told if "error" in line.lower()]
    return " ".join((errors or told)[-_MAX_TOLD_LINES:]) or "it said nothing"


def _lock_file() -> Path:
    """Beside this file in an installed package, in `requirements/` in a source tree."""
    packed = Path(__file__).with_name("engine.lock")
    return packed if packed.exists() else Path(__file__).parents[4] / "requirements" / "engine.lock"


def _lock_hash() -> str:
    try:
        return hashlib.sha256(f"{TORCH} ".encode() + _lock_file().read_bytes()).hexdigest()
    except OSError as error:
        raise InstallError(f"The list of packages is missing from this installation: {error.filename}.") from error
