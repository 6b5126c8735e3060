"""The NVIDIA GPUs of this machine, as their driver's own tool tells, without torch."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MIB: Final = 1 << 20
_ASK_S: Final = 20.0
_MEMINFO: Final = re.compile(r"^(MemTotal|MemAvailable):\s+(\d+) kB$", re.MULTILINE)
_FIELDS: Final = ("name", "memory.total", "memory.free", "driver_version")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, now."""

    name: str
    total_bytes: int
    free_bytes: int
    driver: str


def find_gpus() -> list[Gpu]:
    """Every GPU that the driver knows; empty where there is none, no driver, or one that does not answer."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        answer = subprocess.run(  # noqa: S603  a fixed question to the driver's tool
            [tool, f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_gpus(answer.stdout) if answer.returncode == 0 else []


def parse_gpus(text: str, shared_memory: str | None = None) -> list[Gpu]:
    """Read `nvidia-smi`'s table of name, MiB in all, MiB free, driver; lines of another shape are left out.

    Args:
        text: the table.
        shared_memory: `/proc/meminfo`'s text; None reads it when a GPU needs it, one that shares the computer's memory
            and has no numbers of its own.
    """
    gpus: list[Gpu] = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != len(_FIELDS):
            continue
        name, total, free, driver = parts
        if total.isdecimal() and free.isdecimal():
            gpus.append(Gpu(name, int(total) * _MIB, int(free) * _MIB, driver))
        elif total == free == "[N/A]":
            told = _read_meminfo() if shared_memory is None else shared_memory
            numbers = {key: int(kib) << 10 for key, kib in _MEMINFO.findall(told)}
            if len(numbers) == 2:
                gpus.append(Gpu(name, numbers["MemTotal"], numbers["MemAvailable"], driver))
    return gpus


def _read_meminfo() -> str:
    try:
        return Path("/proc/meminfo").read_text("ascii")
    except OSError:
        return ""
