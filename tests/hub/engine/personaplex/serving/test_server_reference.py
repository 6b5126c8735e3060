"""The reference protocol, with clients that behave, stall, burst and die."""

from __future__ import annotations

import asyncio

import aiohttp
import opuslib_next
import pytest

from hub.engine.personaplex.ogg_opus import OggOpusReader
from hub.engine.personaplex.port import FRAME_SAMPLES, PAD, ModelLostError
from hub.engine.personaplex.serving import outgoing
from hub.engine.personaplex.serving.conversation import SessionLimits
from tests.hub.engine.personaplex.engine_server import DEFAULT, serving


async def test_one_frame_out_for_each_frame_in_none_missing_then_another_session():
    async with serving() as engine:
        engine.model.sample = lambda _row, frame: 20 if frame % 4 == 0 else PAD
        for _ in range(2):
            client = await engine.reference(seed="42", text_temperature="0.7")
            assert await client.next() == 0
            await client.send(200)
            await client.frames(200)
            with pytest.raises(TimeoutError):
                await client.ws.receive(timeout=0.2)
            assert client.samples == 200 * FRAME_SAMPLES
            assert client.texts == [" w20"] * 50
            await client.ws.close()
            counts = client.reader.counts
            assert counts.broken_pages == counts.lost_pages == 0


async def test_the_first_message_is_the_handshake_of_one_byte():
    async with serving() as engine:
        client = await engine.reference()
        assert (await client.ws.receive()).data == b"\x00"


@pytest.mark.parametrize(("samples", "packets"), [(480, 2), (960, 1), (1920, 1), (60, 32), (2880, 2), (480, 6)])
async def test_packets_of_any_length_and_number_to_a_page_are_heard_whole(samples, packets):
    async with serving() as engine:
        client = await engine.reference()
        encoder = opuslib_next.Encoder(24_000, 1, opuslib_next.APPLICATION_AUDIO)
        silence = bytes(4 * samples)
        pages = 48_000 // (samples * packets)
        for _ in range(pages):
            page = client.writer.page([encoder.encode_float(silence, samples)] * packets, samples * packets)
            await client.ws.send_bytes(b"\x01" + client.header + page)
            client.header = b""
        frames = pages * samples * packets // FRAME_SAMPLES
        await client.frames(frames)
        assert engine.model.rows[0].frame == frames


async def test_audio_from_before_the_handshake_is_heard():
    async with serving() as engine:
        engine.model.slice_s = 0.1
        client = await engine.reference()
        await client.send(20)
        await client.frames(20)
        assert engine.model.rows[0].frame == 20


async def test_a_client_that_pauses_gets_nothing_and_can_go_on():
    async with serving() as engine:
        client = await engine.reference()
        await client.send(3)
        await client.frames(3)
        with pytest.raises(TimeoutError):
            await client.ws.receive(timeout=0.4)
        await client.send(3)
        await client.frames(6)


async def test_a_client_that_names_neither_voice_nor_prompt_gets_the_default():
    async with serving() as engine:
        websocket = await engine.http.ws_connect(engine.url())
        assert (await websocket.receive()).data == b"\x00"
        assert engine.model.joins[0][1] == DEFAULT


async def test_a_burst_of_minutes_is_held_back_and_answered_whole():
    async with serving() as engine:
        engine.model.gate.clear()
        client = await engine.reference()
        sending = asyncio.create_task(client.send(600))
        while not next(iter(engine.server.ticker._seats.values())).full:
            await asyncio.sleep(0.02)
        (seat,) = engine.server.ticker._seats.values()
        assert len(seat._row.inbox) == 375
        engine.model.gate.set()
        await client.frames(600)
        await sending


async def test_a_client_that_never_reads_is_closed_and_the_other_one_notices_nothing(monkeypatch):
    monkeypatch.setattr(outgoing, "MAX_WAITING_BYTES", 50_000)
    monkeypatch.setattr(outgoing, "SOCKET_BYTES", 4096)
    async with serving() as engine:
        good, bad = await engine.reference(), await engine.reference()
        assert [await good.next(), await bad.next()] == [0, 0]
        engine.model.sample = lambda row, _frame: 20 if row == 1 else PAD
        engine.model.words = [""] * 10 + ["x" * 30_000]
        bad.ws._response.connection.transport.pause_reading()
        for number in range(1, 500):
            await bad.send(5)
            await good.send(1)
            await good.frames(number)
            if (await engine.health())["busy"] == 1:
                break
        assert (await engine.health())["busy"] == 1
        bad.ws._response.connection.transport.resume_reading()
        assert await bad.end() == 4000


async def test_idle_and_longest_sessions_are_closed_with_their_codes():
    async with serving(limits=SessionLimits(idle_s=0.3, max_session_s=60.0)) as engine:
        idle = await engine.reference()
        assert await idle.end() == 4001
    async with serving(limits=SessionLimits(idle_s=60.0, max_session_s=0.9)) as engine:
        busy = await engine.reference()

        async def talk() -> None:
            while True:
                await busy.send(1)
                await asyncio.sleep(0.05)

        talking = asyncio.create_task(talk())
        assert await busy.end() == 4002
        talking.cancel()
        assert busy.samples > 5 * FRAME_SAMPLES


async def test_a_killed_client_frees_its_place():
    async with serving(rows=1) as engine:
        client = await engine.reference()
        assert await client.next() == 0
        client.ws._response.connection.transport.abort()
        for _ in range(100):
            if (await engine.health())["busy"] == 0:
                break
            await asyncio.sleep(0.01)
        assert await (await engine.reference()).next() == 0


async def test_a_lost_model_ends_every_session_and_is_told():
    async with serving() as engine:
        clients = [await engine.reference() for _ in range(2)]
        for client in clients:
            assert await client.next() == 0
        engine.model.fail = ModelLostError("The GPU is gone.")
        await clients[0].send(1)
        assert [await client.end() for client in clients] == [4004, 4004]
        assert clients[1].errors == ["The GPU is gone."]
        assert isinstance(await asyncio.wait_for(engine.server.lost, 1), ModelLostError)
        assert (await engine.health())["lost"] is True
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await engine.reference()


async def test_stopping_tells_every_client():
    async with serving() as engine:
        client = await engine.reference()
        assert await client.next() == 0
        closing = asyncio.create_task(engine.server.close())
        assert await client.end() == 4003
        await closing


async def test_health_tells_rows_and_times():
    async with serving(rows=3) as engine:
        client = await engine.reference()
        await client.send(10)
        await client.frames(10)
        health = await engine.health()
        assert (health["rows"], health["busy"], health["lost"]) == (3, 1, False)
        assert 1 <= health["step_ms"]["p50"] <= health["step_ms"]["p99"]
        assert health["voices"] == ["NATF2.pt", "NATM1.pt"]


async def test_headers_come_with_the_first_frame():
    async with serving() as engine:
        client = await engine.reference()
        assert (await client.ws.receive()).data == b"\x00"
        await client.send(2)
        first = (await client.ws.receive()).data
        assert first.startswith(b"\x01OggS")
        assert b"OpusHead" in first
        assert b"OpusTags" in first
        assert len(OggOpusReader().feed(first[1:])) == 4
