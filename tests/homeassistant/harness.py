"""A real Home Assistant for tests: its environment, its configuration, its process and its rooms.

By hand: `python tests/homeassistant/harness.py start --dir DIR --port 8123`, then `... stop --dir DIR`.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parent))  # test folders are no packages
from seeding import HarnessError, Talk, onboard, seed

__all__ = ["HarnessError", "NoPythonError", "Server", "Talk"]

VERSION = "2025.4.4"
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venvs" / f"homeassistant-{VERSION}"
# Home Assistant 2025.4 runs on Python 3.13.0, the versions after it want a later patch release.
PYTHON = "3.13"
# The frontend is asked for by the server's own rescue mode; without it nothing starts.
INTEGRATIONS = (
    "frontend",
    "http",
    "api",
    "websocket_api",
    "config",
    "conversation",
    "auth",
    "onboarding",
    "demo",
    "local_calendar",
)

# The reading lamp hangs on a socket: without it, Home Assistant itself calls the lamp unavailable.
_DEMO = """\
demo:
input_boolean:
  reading_lamp_socket:
    initial: true
light:
  - platform: template
    lights:
      reading_lamp:
        friendly_name: Reading Lamp
        unique_id: reading_lamp
        availability_template: "{{ is_state('input_boolean.reading_lamp_socket', 'on') }}"
        turn_on: []
        turn_off: []
        set_level: []
      oven_light:
        friendly_name: Oven Light
        unique_id: oven_light
        turn_on: []
        turn_off: []
"""


class NoPythonError(HarnessError):
    """This machine has no Python that this Home Assistant runs on."""


def find_python() -> Path:
    """A Python 3.13: from the path, or the newest of pyenv's."""
    on_path = shutil.which(f"python{PYTHON}")
    if on_path is not None and _works(Path(on_path)):
        return Path(on_path)
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted((root / "versions").glob(f"{PYTHON}.*/bin/python"))
    for python in reversed(found):
        if _works(python):
            return python
    raise NoPythonError(f"Home Assistant {VERSION} needs Python {PYTHON}: install it, or `pyenv install {PYTHON}.0`")


def _works(python: Path) -> bool:
    # pyenv puts shims on the path for versions that are not active; they answer with an error.
    answer = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and PYTHON in answer.stdout


def ensure_environment() -> Path:
    """The environment's `hass`, made on first use (some minutes, 0.8 GB); safe to call from several processes."""
    stamp = VENV / "ready"
    hass = VENV / "bin" / "hass"
    wanted = f"homeassistant {VERSION} with {', '.join(INTEGRATIONS)}\n"
    if stamp.is_file() and stamp.read_text() == wanted and hass.is_file():
        return hass
    VENV.parent.mkdir(exist_ok=True)
    with (VENV.parent / f"{VENV.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet"]
            subprocess.run([find_python(), "-m", "venv", VENV], check=True)
            subprocess.run([*pip, "--upgrade", "pip"], check=True)
            subprocess.run([*pip, f"homeassistant=={VERSION}"], check=True)
            package = next(VENV.glob("lib/python*/site-packages/homeassistant"))
            constraints = package / "package_constraints.txt"
            subprocess.run([*pip, "-c", constraints, *_requirements(package)], check=True)
            stamp.write_text(wanted)
    return hass


def _requirements(package: Path) -> list[str]:
    """What the enabled integrations would fetch at their first start: theirs and their dependencies'."""
    todo, seen = list(INTEGRATIONS), set[str]()
    wanted = {"pyotp==2.8.0", "PyQRCode==1.2.1"}  # the two-factor modules of `auth` name these in code
    components = package / "components"
    todo += [path.stem for path in (components / "demo").glob("*.py") if (components / path.stem).is_dir()]
    while todo:
        name = todo.pop()
        manifest = components / name / "manifest.json"
        if name in seen or not manifest.is_file():
            continue
        seen.add(name)
        held = json.loads(manifest.read_text())
        wanted.update(held.get("requirements", []))
        todo += held.get("dependencies", [])
    return sorted(wanted)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """One running Home Assistant in a folder of its own."""

    folder: Path
    port: int
    pid: int
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_file(self) -> Path:
        return self.folder / "token"


def write_configuration(folder: Path, port: int, home: Path | None = None) -> None:
    """Only what the tests touch: `default_config` would look for hardware and the internet.

    `home` is the file of a written home, which then stands in the place of Home Assistant's own demo.
    """
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(
        "homeassistant:\n  name: Test House\n  time_zone: Europe/Vienna\n  unit_system: metric\n"
        "  country: AT\n  latitude: 48.2\n  longitude: 16.4\n"
        f"http:\n  server_host: 127.0.0.1\n  server_port: {port}\n"
        "api:\nwebsocket_api:\nconfig:\nconversation:\nonboarding:\n" + (_DEMO if home is None else _written(home))
    )
    if home is not None:
        shutil.copytree(Path(__file__).parent / "written_home", folder / "custom_components" / "written_home")
    onboarding = storage / "onboarding"
    if not onboarding.exists():
        # These steps would start flows that ask the internet.
        done = {"done": ["core_config", "analytics", "integration"]}
        onboarding.write_text(json.dumps({"version": 4, "minor_version": 1, "key": "onboarding", "data": done}))


def _written(home: Path) -> str:
    told = json.loads(home.read_text())["entities"]
    scripts = {
        each["entity_id"].removeprefix("script."): {"alias": each["name"], "sequence": []}
        for each in told
        if each["entity_id"].startswith("script.")
    }
    return f"written_home:\n  file: {home}\nscript: {json.dumps(scripts)}\n"  # JSON is YAML


def spawn(folder: Path, port: int) -> Server:
    """Start the process; `wait_ready` then waits for it."""
    log = (folder / "hass.log").open("ab")
    with log:
        process = subprocess.Popen(
            [ensure_environment(), "--config", folder, "--skip-pip", "--log-no-color"],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    server = Server(folder, port, process.pid)
    _CHILDREN[process.pid] = process
    (folder / "server.json").write_text(json.dumps({"pid": process.pid, "port": port}))
    return server


_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


def end(server: Server, how: signal.Signals = signal.SIGTERM) -> None:
    """End this server's own process and wait until it is gone."""
    child = _CHILDREN.pop(server.pid, None)
    if child is not None:
        child.send_signal(how)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)
        return
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(server.pid, how)
        except ProcessLookupError:
            return
        time.sleep(0.3)
    raise HarnessError(f"Home Assistant (process {server.pid}) does not end")


async def wait_ready(server: Server, seconds: float = 60.0) -> None:
    """Until the server answers over HTTP."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(seconds):
        while True:
            child = _CHILDREN.get(server.pid)
            if child is not None and child.poll() is not None:
                raise HarnessError((server.folder / "hass.log").read_text()[-2000:])
            try:
                # A house that has an owner has no onboarding any more; there the interface asks for a token.
                path, ready = ("/api/", 401) if server.token_file.exists() else ("/api/onboarding", 200)
                async with session.get(server.url + path) as answer:
                    if answer.status == ready:
                        return
            except aiohttp.ClientConnectionError:
                pass  # it is not listening yet: that is what is waited for
            await asyncio.sleep(0.1)


async def start(folder: Path, port: int, home: Path | None = None) -> Server:
    """A server with an owner, a token (in `folder/token`, 0600), rooms and exposed devices: the demo's or a home's."""
    ensure_environment()
    write_configuration(folder, port, home)
    server = spawn(folder, port)
    try:
        await wait_ready(server)
        if server.token_file.exists():
            server.token = server.token_file.read_text().strip()
        else:
            server.token = await onboard(server.url)
            write_token(server.token_file, server.token)
            if home is None:
                await seed(server.url, server.token)
    except BaseException:
        end(server, signal.SIGKILL)
        raise
    return server


def write_token(path: Path, token: str) -> None:
    """A token that only its owner reads."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(token + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A real Home Assistant with a house to try.")
    parser.add_argument("command", choices=("install", "start", "stop"))
    parser.add_argument("--dir", type=Path, help="folder of its configuration")
    parser.add_argument("--port", type=int, default=8123)
    given = parser.parse_args()
    if given.command == "install":
        print(ensure_environment())
        return
    if given.dir is None:
        parser.error("--dir is needed")
    folder = given.dir.resolve()
    if given.command == "start":
        server = asyncio.run(start(folder, given.port))
        print(f"{server.url} runs as process {server.pid}; its token is in {server.token_file}")
        return
    held = json.loads((folder / "server.json").read_text())
    command = Path(f"/proc/{held['pid']}/cmdline")
    # The number may belong to another program by now.
    if command.exists() and re.search(re.escape(str(folder)), command.read_bytes().decode(errors="replace")):
        end(Server(folder, held["port"], held["pid"]))
    (folder / "server.json").unlink()


if __name__ == "__main__":
    main()
