"""The demo's processes: a hub and its satellites, started, paired, awaited and ended. Nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from hub.server.control_client import call, watch
from protocol.errors import RoomtoneError

READY_S: Final = 180.0  # a first start reads every model from disk
PAIR_S: Final = 30.0
UP_S: Final = 30.0
END_S: Final = 8.0
_CONFIG: Final = """\
# The demo's hub: this machine alone, and short conversations, so that the next scene may begin soon.
home: {kind: demo}
rooms: {follow_up_s: 3}
network: {host: 127.0.0.1, name: Roomtone demo, announce: false}
"""


class DemoFailedError(RoomtoneError):
    """A process of the demo did not do its part; its log is named."""

    code = "demo_failed"


def satellite_command() -> tuple[str, ...]:
    """How a satellite is called."""
    return (sys.executable, "-m", "satellite.cli")


def hub_command() -> tuple[str, ...]:
    """How a hub is called."""
    return (sys.executable, "-m", "hub.cli")


class Stage:
    """Starts processes and ends exactly those, in reverse order, when the block is left.

    Args:
        state_dir: keys and sockets of this demo's hub and satellites; theirs alone.
        report_dir: where the hub writes `turns.jsonl`, and `logs/`.
        hub: how a hub is called.
        satellite: how a satellite is called.
    """

    def __init__(
        self,
        state_dir: Path,
        report_dir: Path,
        *,
        hub: Sequence[str] | None = None,
        satellite: Sequence[str] | None = None,
    ) -> None:
        self.state_dir = state_dir
        self.logs = report_dir / "logs"
        self._report_dir = report_dir
        self._hub = tuple(hub or hub_command())
        self._satellite = tuple(satellite or satellite_command())
        self._running: list[tuple[str, asyncio.subprocess.Process]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._port = 0

    async def __aenter__(self) -> Self:
        """Prepare the folders."""
        self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every process, the newest first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _name, process in reversed(self._running):
            await _end(process)

    async def start_hub(self, progress: Callable[[str], None]) -> None:
        """Start the hub with its demo house and wait until it is warm.

        Raises:
            DemoFailedError: it ended, or was not ready in time.
        """
        config = self.state_dir / "demo.yaml"
        config.write_text(_CONFIG, encoding="utf-8")
        flags: list[str | Path] = ["--config", config, "--home", "demo", "--port", "0", "--http-port", "0", "--json"]
        process = await self._start(
            "hub",
            (*self._hub, "hub", "run", *flags, "--report", self._report_dir, "--state-dir", self.state_dir),
            stdout=asyncio.subprocess.PIPE,
        )
        if process.stdout is None:
            raise DemoFailedError("The hub's output cannot be read.")
        try:
            async with asyncio.timeout(READY_S):
                async for event in _json_lines(process.stdout):
                    if event.get("event") == "progress":
                        progress(str(event.get("what", "")))
                    elif event.get("event") == "ports":
                        self._port = int(event["port"])
                    elif event.get("event") == "ready":
                        break
                else:
                    raise self.failed("hub", "ended before it was ready")
        except TimeoutError:
            raise self.failed("hub", f"was not ready within {READY_S:.0f} s") from None
        # From here on its output is only read so that the pipe never fills.
        self._tasks.append(asyncio.create_task(_drain(process.stdout), name="hub-output"))

    async def pair(self, area: str) -> None:
        """Make a satellite for `area`: the hub's code goes through the satellite's own command.

        Raises:
            DemoFailedError: the satellite was refused.
            RoomtoneError: the hub has no such area.
        """
        code = str((await call(self.state_dir, "pair_open", {"area": area}))["code"])
        name = f"pair-{area}"
        arguments: list[str | Path] = ["pair", "--hub", f"127.0.0.1:{self._port}", "--code", code, "--area", area]
        process = await self._start(name, (*self._satellite, *arguments, "--state-dir", self._room_state(area)))
        try:
            async with asyncio.timeout(PAIR_S):
                if await process.wait() != 0:
                    raise self.failed(name, "was refused")
        except TimeoutError:
            raise self.failed(name, f"took longer than {PAIR_S:.0f} s") from None

    async def start_satellite(self, area: str, audio: str, *, exit_when_done: bool) -> None:
        """Start the paired satellite of `area`; `audio` as its command wants it."""
        arguments: list[str | Path] = [
            "run",
            "--audio",
            audio,
            "--wake-word",
            "alexa",
            "--state-dir",
            self._room_state(area),
        ]
        if exit_when_done:
            arguments.append("--exit-when-done")
        await self._start(area, (*self._satellite, *arguments))

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """What happens in the hub."""
        return watch(self.state_dir)

    async def rooms(self) -> dict[str, Any]:
        """The hub's rooms."""
        return await call(self.state_dir, "rooms")

    async def ended(self, areas: Sequence[str], timeout_s: float) -> bool:
        """Wait until the satellites of `areas` have ended by themselves; whether all did, and well.

        Raises:
            DemoFailedError: one ended with a fault.
        """
        chosen = [(name, process) for name, process in self._running if name in areas]
        try:
            async with asyncio.timeout(timeout_s):
                for name, process in chosen:
                    if await process.wait() != 0:
                        raise self.failed(name, "failed")
        except TimeoutError:
            return False
        return True

    def fallen(self) -> str | None:
        """The name of a process that has ended with a fault, or of a hub that has ended at all."""
        for name, process in self._running:
            if process.returncode is not None and (process.returncode != 0 or name == "hub"):
                return name
        return None

    def _room_state(self, area: str) -> Path:
        return self.state_dir / area

    def failed(self, name: str, what: str) -> DemoFailedError:
        """What became of a process, with the place of its log."""
        return DemoFailedError(f"The demo's process “{name}” {what}. Its log is {self.logs / f'{name}.log'}.")

    async def _start(
        self, name: str, command: Sequence[str | Path], stdout: int | None = None
    ) -> asyncio.subprocess.Process:
        with (self.logs / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                env=child_environment(os.environ),
                start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends its processes in order
            )
        self._running.append((name, process))
        return process


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without this user's own Roomtone settings, which mean another hub."""
    return {key: value for key, value in environment.items() if not key.startswith("ROOMTONE_")}


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        # Not process.send_signal: it reaps a child that has just ended, which asyncio's own watcher then misses.
        os.kill(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()


async def _json_lines(stream: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects among the lines; anything else on the output is not for us."""
    async for line in stream:
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass
