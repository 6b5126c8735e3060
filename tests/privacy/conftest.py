"""A home with a listening hub and one real satellite in it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.household import Person
from tests.privacy.recogniser import Recogniser
from tests.privacy.spec_hub import SpecHub


@dataclass
class Home:
    """The hub, and the state folder of the satellite that was paired with it."""

    hub: SpecHub
    port: int
    state_dir: Path

    async def satellite(self, *args: object) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "satellite.cli", args[0], "--state-dir", str(self.state_dir), *map(str, args[1:]),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def command(self, *args: object, timeout_s: float = 20) -> tuple[int | None, str]:
        process = await self.satellite(*args)
        async with asyncio.timeout(timeout_s):
            _, errors = await process.communicate()
        return process.returncode, errors.decode()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    hub = SpecHub(tmp_path)
    house = Home(hub, await hub.start(), tmp_path / "satellite")
    hub.code = "042917"
    code, errors = await house.command("pair", "--hub", f"127.0.0.1:{house.port}", "--code", hub.code)
    assert code == 0, errors
    hub.code = None
    yield house
    await hub.close()


@pytest.fixture(scope="session")
def person() -> Person:
    return Person()


@pytest.fixture(scope="session")
def whisper() -> Recogniser:
    return Recogniser()
