"""Our own engine process, asked by a hub that takes it for the reference server."""

import pytest

from hub.engine.personaplex.faults import EngineRefusedError
from hub.engine.personaplex.port import PAD
from hub.engine.personaplex.remote.engine import RemoteEngine
from hub.engine.personaplex.remote.request import RemoteOptions
from hub.engine.port import AudioOut, Persona, TextOut
from tests.hub.engine.personaplex.engine_server import serving
from tests.hub.engine.personaplex.remote_talk import PERSONA, QUICK, of, opened, until


async def test_our_own_engine_serves_a_remote_hub_too():
    async with serving() as engine:
        engine.model.loud = True
        engine.model.sample = lambda _row, frame: 11 if frame == 5 else PAD
        server = RemoteEngine(RemoteOptions(f"ws://127.0.0.1:{engine.port}", PERSONA, **QUICK))
        session, events = await opened(server)
        await until(lambda: len(of(AudioOut, events)) > 10)
        assert [(event.piece, event.frame) for event in of(TextOut, events)] == [(" w11", 6)]
        frames = [event.frame for event in of(AudioOut, events)]
        assert frames == list(range(frames[0], frames[0] + len(frames)))
        await session.close()
        await server.close()
        stranger = RemoteEngine(RemoteOptions(f"ws://127.0.0.1:{engine.port}", Persona("p", "VARF1", "Hi"), **QUICK))
        with pytest.raises(EngineRefusedError):
            await stranger.start()
        await stranger.close()
