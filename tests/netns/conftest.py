"""Several hosts on one machine: network namespaces on a bridge that belongs to nobody else. Needs root."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_IP = shutil.which("ip") or "/usr/sbin/ip"


def ip(*words: str) -> None:
    subprocess.run([_IP, *words], check=True, capture_output=True)


@dataclass
class Host:
    """A host of its own: address, processes."""

    namespace: str
    address: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, module: str, *args: str) -> list[str]:
        return [_IP, "netns", "exec", self.namespace, sys.executable, "-m", module, *map(str, args)]

    def start(self, module: str, *args: str, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as file:
            process = subprocess.Popen(
                self.command(module, *args),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def run(self, module: str, *args: str, timeout_s: float = 30.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(module, *args),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Three hosts that can reach each other and nothing else."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    tag = f"rt{os.getpid() % 10000}"
    switch = f"{tag}-sw"
    made: list[Host] = []
    names = [switch]
    try:
        ip("netns", "add", switch)
        ip("-n", switch, "link", "add", "br0", "type", "bridge")
        ip("-n", switch, "link", "set", "br0", "up")
        for number in range(1, 4):
            name, address = f"{tag}-h{number}", f"10.77.0.{number}"
            ip("netns", "add", name)
            names.append(name)
            ip(
                "link",
                "add",
                f"{tag}v{number}",
                "netns",
                name,
                "type",
                "veth",
                "peer",
                "name",
                f"p{number}",
                "netns",
                switch,
            )
            ip("-n", switch, "link", "set", f"p{number}", "master", "br0", "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", f"{tag}v{number}")
            ip("-n", name, "link", "set", f"{tag}v{number}", "up")
            ip("-n", name, "link", "set", "lo", "up")
            made.append(Host(name, address))
        yield made
    finally:
        for host in made:
            host.stop()
        for name in reversed(names):
            subprocess.run([_IP, "netns", "del", name], check=False, capture_output=True)


def wait_until(condition, timeout_s: float, what: str):
    """Poll a fact of other processes until it holds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {timeout_s} s")
