from importlib.util import find_spec

import pytest

from hub.engine.personaplex.remote.engine import RemoteEngine
from hub.engine.personaplex.remote.request import RemoteOptions
from tests.hub.engine.personaplex.reference_server import Reference
from tests.hub.engine.personaplex.remote_talk import PERSONA, QUICK, loop_ms

# The model's tests and their fixtures import torch, which only the engine's environment has.
collect_ignore = [] if find_spec("torch") and find_spec("moshi") else ["model"]


@pytest.fixture
async def reference(tmp_path):
    """The stand-in of the reference server, with one voice, and a file that is none of its business."""
    voices = tmp_path / "voices"
    voices.mkdir()
    (voices / "NATF2.pt").write_bytes(bytes(5))
    (tmp_path / "secret.pt").write_bytes(bytes(5))
    server = Reference(voices)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def remote(reference):
    """Makes remote engines of that server, or of another address."""
    engines = []

    def make(url=None, persona=PERSONA, **more):
        options = RemoteOptions(url or f"ws://127.0.0.1:{reference.port}", persona, **{**QUICK, **more})
        engines.append(RemoteEngine(options, now_ms=loop_ms, jitter=lambda: 0.0))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.close()
