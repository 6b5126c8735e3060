import asyncio
import datetime as dt
import hashlib
import ssl

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.engine.personaplex.faults import EngineDownError, EngineRefusedError, EngineStoppedError
from hub.engine.personaplex.port import VoiceError
from hub.engine.personaplex.remote.engine import RemoteEngine
from hub.engine.personaplex.remote.link import RemoteCertificateError
from hub.engine.personaplex.remote.request import RemoteOptions
from hub.engine.port import (
    AudioOut,
    CannotSayError,
    Exchange,
    Persona,
    SessionLost,
    TextOut,
    UtteranceEnded,
)
from protocol.opus import OpusEncoder
from tests.hub.engine.personaplex.remote_talk import PERSONA, QUICK, TONE, of, opened, request, until

pytestmark = pytest.mark.virtual_time

# --- a session --------------------------------------------------------------------------------------------------------


async def test_a_session_of_the_stand_in_is_a_conversation(reference, remote):
    reference.talks, reference.script = range(4, 8), {4: " Hello", 5: " there", 6: "<0xC3>", 7: "<0xA9>"}
    session, events = await opened(remote())
    for _ in range(60):
        session.feed(TONE, 0)
    await until(lambda: of(UtteranceEnded, events))
    assert [event.piece for event in of(TextOut, events)] == [" Hello", " there", "é"]
    frames = [event.frame for event in of(AudioOut, events)]
    assert frames == list(range(frames[0], frames[-1] + 1))
    assert frames[0] in (3, 4)
    assert frames[-1] >= 7
    loudest = max(int(np.abs(event.pcm).max()) for event in of(AudioOut, events))
    assert 8000 < loudest < 12000
    assert all(event.utterance == 0 and event.pcm.dtype == np.int16 for event in of(AudioOut, events))
    heard = np.concatenate(reference.heard[2:12])
    assert 0.15 < float(np.sqrt(np.mean(np.square(heard)))) < 0.2  # the user's tone came through
    await session.close()
    assert not of(SessionLost, events)


async def test_a_satellites_packets_reach_the_server_bit_by_bit(reference, remote):
    session, _events = await opened(remote())
    encoder = OpusEncoder()
    packets = [encoder.encode(TONE) for _ in range(25)]
    for packet in packets:
        session.feed(TONE, 0, packet)
    await until(lambda: reference.frames >= 6)
    assert reference.packets[:25] == packets


async def test_silence_fills_the_stream_where_the_user_gives_nothing(reference, remote):
    session, _events = await opened(remote())
    began = asyncio.get_running_loop().time()
    await until(lambda: reference.frames >= 6)
    assert 0.3 < asyncio.get_running_loop().time() - began < 2.0  # in real time, not as fast as it goes
    assert float(np.abs(np.concatenate(reference.heard)).max()) < 0.01
    await session.close()


async def test_it_cannot_be_told_what_to_say(remote):
    session, _events = await opened(remote())
    with pytest.raises(CannotSayError):
        session.say("The door is open.")


async def test_listen_only_and_interruptions_hold_the_models_voice_back(reference, remote):
    reference.talks, reference.script = range(1000), dict.fromkeys(range(3, 1000, 3), " word")
    session, events = await opened(remote())
    await until(lambda: of(AudioOut, events) and of(TextOut, events))
    session.interrupt()
    assert events[-1] == UtteranceEnded(0, interrupted=True)
    told = len(events)
    frames = reference.frames
    await until(lambda: reference.frames > frames + 8)
    assert len(events) == told
    session.listen_only(on=True)
    await session.close()


async def test_the_turns_so_far_are_in_the_prompt(reference, remote):
    session, _events = await opened(remote(), history=(Exchange("Is it warm?", "Rather."),))
    assert (
        reference.prompts_read[-1] == "You are a kind voice.\nThe conversation so far:\nUser: Is it warm?\nYou: Rather."
    )
    await session.close()


# --- trust ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gpu.local")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context, hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest()


async def test_a_certificate_is_verified_pinned_or_knowingly_not(reference, remote, certificate):
    context, fingerprint = certificate
    await reference.stop()
    await reference.start(ssl=context)
    url = f"wss://127.0.0.1:{reference.port}"
    with pytest.raises(RemoteCertificateError, match=r"engine\.fingerprint"):
        await remote(url=url).start()
    with pytest.raises(RemoteCertificateError):
        await remote(url=url, fingerprint="00" * 32).start()
    assert reference.opens == 0
    pinned = remote(url=url, fingerprint=fingerprint.upper())
    session, _events = await opened(pinned)
    await session.close()
    await pinned.start()  # the look at its door trusts the same certificate
    careless, _events = await opened(remote(url=url, verify_tls=False))
    await careless.close()


# --- reaching it ------------------------------------------------------------------------------------------------------


async def test_start_tries_again_with_full_jitter_and_finds_a_server_that_comes_late(reference, remote):
    port = reference.port
    await reference.stop()
    asked = []
    options = RemoteOptions(f"ws://127.0.0.1:{port}", PERSONA, **{**QUICK, "reconnects": 6})

    def jitter():
        asked.append(1)
        return 0.1

    engine = RemoteEngine(options, jitter=jitter)
    starting = asyncio.create_task(engine.start())
    await until(lambda: len(asked) == 2)
    await reference.start(port=port)
    await starting
    assert reference.greeted == 1
    await engine.close()


async def test_start_gives_up_after_its_tries_and_at_once_where_trying_is_useless(reference, remote):
    await reference.stop()
    with pytest.raises(EngineDownError):
        await remote(reconnects=2).start()
    tries = []
    engine = RemoteEngine(
        RemoteOptions("ws://h", Persona("p", "../x", "Hi"), **{**QUICK, "reconnects": 5}),
        jitter=lambda: tries.append(1),
    )
    with pytest.raises(VoiceError):
        await engine.start()
    assert tries == []
    await engine.close()


async def test_a_later_start_is_a_look_at_the_door_and_a_loss_makes_it_prove_itself_again(reference, remote):
    engine = remote()
    await engine.start()
    await engine.start()
    assert reference.greeted == 1
    port = reference.port
    await reference.stop()
    with pytest.raises(EngineDownError):
        await engine.start()
    with pytest.raises(EngineDownError):
        await engine.open(request(), lambda _event: None)
    await reference.start(port=port)
    await engine.start()
    assert reference.greeted == 2


async def test_what_is_no_chat_server_is_told(remote, reference):
    with pytest.raises(EngineRefusedError, match="HTTP 404"):
        await remote(url=f"ws://127.0.0.1:{reference.port}/elsewhere").start()


# --- long sessions ----------------------------------------------------------------------------------------------------


async def test_a_session_begins_again_in_a_pause_with_what_was_said(reference, remote):
    session, events = await opened(remote(renew_s=1.2, renew_by_s=60.0))
    session.user_said("Is the door shut?")
    await until(lambda: session.renewals == 1 and reference.greeted == 3)
    assert reference.prompts_read[-1].endswith("User: Is the door shut?")
    frames = reference.frames
    await until(lambda: reference.frames > frames + 3)
    assert not of(SessionLost, events)
    await session.close()


async def test_a_session_in_which_somebody_always_talks_begins_again_at_the_limit(reference, remote):
    session, events = await opened(remote(renew_s=0.3, renew_by_s=1.5))
    began = asyncio.get_running_loop().time()
    while session.renewals == 0:
        session.feed(TONE, 0)
        await asyncio.sleep(0.02)
    assert asyncio.get_running_loop().time() - began > 1.2
    assert not of(SessionLost, events)
    await session.close()


@pytest.mark.parametrize("limit", [{"max_session_s": 0.3}, {"idle_s": 0.3}])
async def test_a_session_ends_at_its_longest_and_when_nothing_comes_from_the_user(remote, limit):
    session, events = await opened(remote(**limit))
    await until(lambda: of(SessionLost, events))
    assert isinstance(of(SessionLost, events)[0].error, EngineStoppedError)
    await session.close()
