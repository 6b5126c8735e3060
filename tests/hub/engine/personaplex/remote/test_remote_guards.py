"""Each guard against a defect of the reference server: first the defect, shown on the stand-in, then the guard."""

import asyncio

import aiohttp
import pytest

from hub.engine.personaplex.faults import EngineDownError, EngineSilentError
from hub.engine.personaplex.port import PromptError, VoiceError
from hub.engine.personaplex.remote.link import RemoteDroppedError
from hub.engine.personaplex.remote.request import RemoteAddressError, chat_url
from hub.engine.port import EngineBusyError, Lagging, Persona, SessionLost, UtteranceEnded
from tests.hub.engine.personaplex.remote_talk import TONE, of, opened, request, until

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as http:
        yield http


async def raw(http, reference, query):
    """What the server does to a client without guards: the messages until it ends, and how it ended."""
    async with http.ws_connect(f"ws://127.0.0.1:{reference.port}/api/chat", params=query) as ws:
        got = []
        while True:
            message = await ws.receive(timeout=5)
            if message.type is not aiohttp.WSMsgType.BINARY:
                return got, ws.close_code
            got.append(message.data)
            if message.data == b"\x00":
                return got, None


@pytest.mark.parametrize(
    ("query", "persona", "error"),
    [
        ({"voice_prompt": "NATF2.pt", "text_prompt": ""}, Persona("p", "NATF2", " \n "), PromptError),
        ({"voice_prompt": "../secret.txt", "text_prompt": "Hi"}, Persona("p", "../secret.pt", "Hi"), VoiceError),
        ({"voice_prompt": "", "text_prompt": ""}, Persona("p", "", "Hi"), VoiceError),
    ],
)
async def test_what_drops_the_connection_is_never_sent(reference, remote, query, persona, error):
    async with aiohttp.ClientSession() as http:
        assert await raw(http, reference, query) == ([], 1006)
    engine = remote(persona=persona)
    opens = reference.opens
    with pytest.raises(error):
        await engine.start()
    assert reference.opens == opens


async def test_a_voice_outside_of_its_folder_is_served_by_the_server_and_never_asked_for(reference, remote, http):
    assert await raw(http, reference, {"voice_prompt": "../secret.pt", "text_prompt": "Hi"}) == ([b"\x00"], None)
    for voice in ("../secret.pt", "/etc/voice.pt", "a/b.pt", "..pt", "voice.exe", "a\n.pt"):
        with pytest.raises(VoiceError):
            chat_url("ws://h", Persona("p", voice, "Hi"))


async def test_a_voice_the_server_does_not_have_is_told_as_a_dropped_greeting(reference, remote, http):
    query = {"voice_prompt": "anna.wav", "text_prompt": "Hi"}
    assert await raw(http, reference, query) == ([], 1006)
    with pytest.raises(RemoteDroppedError, match="does not have this voice"):
        await remote(persona=Persona("p", "anna.wav", "Hi")).start()


async def test_a_seed_ends_a_session_and_is_never_sent(reference, remote, http):
    query = {"voice_prompt": "NATF2.pt", "text_prompt": "Hi", "seed": "1"}
    assert await raw(http, reference, query) == ([], 1006)
    with pytest.raises(RemoteAddressError, match="must not bring parameters"):
        await remote(url=f"ws://127.0.0.1:{reference.port}/api/chat?seed=1").start()
    session, _events = await opened(remote())
    assert set(reference.queries[-1]) == {"voice_prompt", "text_prompt"}
    await session.close()


async def test_a_prompt_that_is_never_answered_is_never_sent(reference, remote, http):
    query = {"voice_prompt": "NATF2.pt", "text_prompt": "x" * 3000}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await raw(http, reference, query)
    opens = reference.opens
    with pytest.raises(PromptError, match="3000 characters"):
        await remote(persona=Persona("p", "NATF2", "x" * 3000)).start()
    assert reference.opens == opens


async def test_no_audio_is_sent_before_the_greeting(reference, remote, http):
    async with http.ws_connect(
        f"ws://127.0.0.1:{reference.port}/api/chat", params={"voice_prompt": "NATF2.pt", "text_prompt": "Hi"}
    ) as ws:
        await ws.send_bytes(b"\x01OggS and OpusHead are lost")
        assert (await ws.receive(timeout=5)).data == b"\x00"
    assert reference.early_bytes > 0
    reference.early_bytes = 0
    reference.prompt_step_s = 0.02
    session, _events = await opened(remote())
    await until(lambda: reference.frames >= 3)  # and so it is decoded
    assert reference.early_bytes == 0
    await session.close()


async def test_a_server_that_serves_somebody_else_is_busy_long_before_the_handshakes_deadline(reference, remote, http):
    engine = remote()
    await engine.start()
    query = {"voice_prompt": "NATF2.pt", "text_prompt": "Hi"}
    async with http.ws_connect(f"ws://127.0.0.1:{reference.port}/api/chat", params=query) as other:
        assert (await other.receive(timeout=5)).data == b"\x00"
        async with http.ws_connect(f"ws://127.0.0.1:{reference.port}/api/chat", params=query, autoping=False) as waits:
            with pytest.raises(TimeoutError):
                await waits.receive(timeout=1)  # the silent queue behind the lock
        began = asyncio.get_running_loop().time()
        with pytest.raises(EngineBusyError):
            await engine.open(request(), lambda _event: None)
        assert asyncio.get_running_loop().time() - began < 2.0
        opens = reference.opens
        another = remote()
        await another.start()  # busy is no illness
        await another.start()
        assert reference.opens == opens + 1


async def test_a_slow_greeting_is_waited_for_because_the_server_shows_that_it_reads_our_prompt(reference, remote):
    engine = remote()
    await engine.start()
    reference.prompt_step_s = 0.07  # 22 frames: longer than `busy_s`
    session = await engine.open(request(), lambda _event: None)
    await session.close()


async def test_a_greeting_that_never_comes_is_given_up_and_told_apart_from_a_busy_server(reference, remote):
    reference.prompt_step_s = 0.2
    with pytest.raises(EngineSilentError, match="shorter prompt"):
        await remote(handshake_s=1.0).start()


async def test_only_one_prompt_of_ours_is_being_read_at_a_time(reference, remote):
    reference.prompt_step_s = 0.02
    engine = remote(capacity=2)
    await engine.start()
    first = asyncio.create_task(engine.open(request(), lambda _event: None))
    await asyncio.sleep(0.05)
    began = asyncio.get_running_loop().time()
    with pytest.raises(EngineBusyError):
        await engine.open(request(Persona("other", "NATF2", "Another prompt.")), lambda _event: None)
    assert asyncio.get_running_loop().time() - began < 0.1
    await first
    assert reference.prompts_read == ["You are a kind voice."] * 2


async def test_a_second_client_replaces_the_prompt_that_is_being_read(reference, http):
    reference.prompt_step_s = 0.02
    first = asyncio.create_task(raw(http, reference, {"voice_prompt": "NATF2.pt", "text_prompt": "First"}))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(raw(http, reference, {"voice_prompt": "NATF2.pt", "text_prompt": "Second"}))
    await asyncio.gather(first, second)
    assert reference.prompts_read == ["Second", "Second"]  # what the guard above keeps from us


async def test_a_second_conversation_is_refused_at_once(remote):
    engine = remote()
    session, _events = await opened(engine)
    began = asyncio.get_running_loop().time()
    with pytest.raises(EngineBusyError):
        await engine.open(request(), lambda _event: None)
    assert asyncio.get_running_loop().time() - began < 0.1
    await session.close()
    again = await engine.open(request(), lambda _event: None)
    await again.close()


async def test_a_server_that_answers_no_frames_any_more_is_lost(reference, remote):
    reference.silent_from = 3
    session, events = await opened(remote(silent_s=0.6))
    await until(lambda: of(SessionLost, events))
    assert isinstance(of(SessionLost, events)[0].error, EngineSilentError)
    await session.close()


async def test_a_server_that_dies_in_mid_session_loses_the_session_at_once(reference, remote):
    reference.talks, reference.dies_at = range(2, 100), 8
    engine = remote()
    session, events = await opened(engine)
    await until(lambda: of(SessionLost, events))
    error = of(SessionLost, events)[0].error
    assert isinstance(error, EngineDownError)
    assert events[-2:] == [UtteranceEnded(0, error=error), SessionLost(error)]
    await session.close()
    assert engine._sessions == set()


async def test_a_normal_close_of_the_server_in_mid_session_is_a_loss_too(reference, remote):
    session, events = await opened(remote())
    await until(lambda: reference.frames >= 3)
    await reference.stop()
    await until(lambda: of(SessionLost, events))
    assert of(SessionLost, events)[0].error.retry
    await session.close()


async def test_a_server_slower_than_real_time_is_told_as_lag_that_stays_bounded(reference, remote):
    reference.step_s = 0.2  # 2.5 times too slow
    session, events = await opened(remote())
    uplink = session._uplink
    worst = 0.0
    began = asyncio.get_running_loop().time()
    while not of(Lagging, events) or asyncio.get_running_loop().time() - began < 2.5:
        session.feed(TONE, 0)
        worst = max(worst, uplink.under_way_ms)
        await asyncio.sleep(0.02)
    assert worst <= 1600
    assert of(Lagging, events)[0].late_ms >= 240
    reference.step_s = 0.001
    await until(lambda: of(Lagging, events)[-1].late_ms == 0)
    await session.close()
