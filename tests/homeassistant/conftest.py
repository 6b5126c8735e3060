from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # test folders are no packages
import harness

from hub.home.assistant import AssistantHome


@pytest.fixture(scope="session")
def assistant_environment():
    """Home Assistant is installed; made on first use."""
    try:
        harness.ensure_environment()
    except harness.NoPythonError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def assistant_server(assistant_environment, tmp_path_factory):
    """A seeded Home Assistant of its own; tests that end it must start it again on the same port."""
    folder = tmp_path_factory.mktemp("homeassistant")
    server = asyncio.run(harness.start(folder, harness.free_port()))
    yield server
    harness.end(server)


@pytest.fixture
async def home(assistant_server):
    client = AssistantHome(url=assistant_server.url, token_file=assistant_server.token_file)
    await client.start()
    yield client
    await client.close()
