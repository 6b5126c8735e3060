import asyncio
import threading

import numpy as np
import pytest

from hub.engine.cascade.voice import VoiceProcess
from hub.hearing.local import LocalHearing


@pytest.fixture(scope="session")
def models_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def speak(models_cache):
    """Speaks texts with the packaged voice, the same samples every time; the voice lives on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="test-voice")
    thread.start()
    voice = VoiceProcess(cache_dir=models_cache)

    def wait_for(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    async def say(text):
        return np.concatenate([pcm async for pcm in voice.speak(text)])

    wait_for(voice.start())
    yield lambda *texts: [wait_for(say(text)) for text in texts]
    wait_for(voice.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="session")
def hearing(models_cache):
    """The real recogniser, loaded once for all tests."""
    ears = LocalHearing(now_ms=lambda: 0.0, cache_dir=models_cache)
    asyncio.run(ears.start())
    yield ears
    asyncio.run(ears.close())
