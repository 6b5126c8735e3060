"""Bad requests and bad audio on the reference protocol: each is told, and costs nobody else anything."""

from __future__ import annotations

import asyncio
import random
import struct

import aiohttp
import pytest

from hub.engine.personaplex.ogg import FIRST, Page, pack_page
from hub.engine.personaplex.wire import MAX_PROMPT_CHARS
from tests.hub.engine.personaplex.engine_server import ReferenceClient, serving

REFUSALS = {1002, 1003, 1007, 1008, 1009, 1013, *range(4000, 5000)}


@pytest.mark.parametrize(
    "query",
    [
        {"voice_prompt": "NATF2.pt"},
        {"text_prompt": "You are kind."},
        {"voice_prompt": "NATF2.pt", "text_prompt": ""},
        {"voice_prompt": "NATF2.pt", "text_prompt": "  \n"},
        {"voice_prompt": "", "text_prompt": "x"},
        {"voice_prompt": "none.pt", "text_prompt": "x"},
        {"voice_prompt": "../NATF2.pt", "text_prompt": "x"},
        {"voice_prompt": "/etc/passwd", "text_prompt": "x"},
        {"voice_prompt": "NATF2.pt\x00", "text_prompt": "x"},
        {"voice_prompt": "NATF2.pt", "text_prompt": "word " * (MAX_PROMPT_CHARS // 5)},
        {"voice_prompt": "NATF2.pt", "text_prompt": "w" * (MAX_PROMPT_CHARS + 1)},
        {"voice_prompt": "NATF2.pt", "text_prompt": "corrupt"},
    ],
)
async def test_a_bad_request_is_refused_with_a_sentence_and_a_code(query):
    async with serving() as engine:
        good = await engine.reference()
        bad = ReferenceClient(await engine.http.ws_connect(engine.url(**query)))
        assert await bad.end() in REFUSALS
        assert len(bad.errors) == 1
        assert bad.errors[0].endswith(".")
        await good.send(5)
        await good.frames(5)
        await asyncio.sleep(0.05)
        assert (await engine.health())["busy"] == 1


@pytest.mark.parametrize("size", [200_000, 10_000_000])
async def test_an_endless_address_is_answered_with_414(size):
    async with serving() as engine:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await engine.http.ws_connect(engine.url(voice_prompt="NATF2.pt", text_prompt="x" * size))
        assert refused.value.status == 414
        assert (await engine.health())["busy"] == 0


async def test_a_prompt_in_another_script_fits_though_its_address_is_long():
    async with serving() as engine:
        client = await engine.reference(text="Ты помощник. " * 500)
        assert await client.next() == 0


async def test_busy_is_answered_at_once_and_a_place_is_free_again_when_one_leaves():
    async with serving(rows=1) as engine:
        first = await engine.reference()
        assert await first.next() == 0
        engine.model.gate.clear()  # at once: the model does not even move meanwhile
        second = await engine.reference()
        assert await second.end() == 1013
        engine.model.gate.set()
        assert "taken" in second.errors[0]
        await first.ws.close()
        await asyncio.sleep(0.05)
        third = await engine.reference()
        assert await third.next() == 0


async def test_a_plain_request_is_told_that_this_is_a_websocket():
    async with serving() as engine, engine.http.get(engine.url()) as answer:
        assert answer.status == 426


async def test_unknown_kinds_and_empty_messages_are_ignored():
    async with serving() as engine:
        client = await engine.reference()
        for message in (b"", b"\x00", b"\x02hello", b"\x03\x01", b"\x06", b"\xff" * 100):
            await client.ws.send_bytes(message)
        await client.send(3)
        await client.frames(3)


async def test_a_text_message_is_refused():
    async with serving() as engine:
        client = await engine.reference()
        await client.ws.send_str("hello")
        assert await client.end() == 1003


async def test_a_message_that_is_too_big_is_refused():
    async with serving() as engine:
        client = await engine.reference()
        await client.ws.send_bytes(b"\x01" + bytes(100_000))
        assert await client.end() == 1009


async def test_bytes_that_are_no_ogg_are_refused():
    async with serving() as engine:
        client = await engine.reference()
        for _ in range(12):
            await client.ws.send_bytes(b"\x01" + b"\x11\x22\x33" * 10_000)
        assert await client.end() == 1007


async def test_a_stream_of_another_kind_is_refused_and_one_of_32_khz_in_name_is_not():
    async with serving() as engine:
        for family, code in ((255, 1007), (0, None)):
            client = await engine.reference()
            body = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 3840, 32_000, 0, family)
            client.header = pack_page(Page(FIRST, 0, 1, 0, bytes([len(body)]), body))
            await client.send(3)
            if code is None:
                await client.frames(3)
            else:
                assert await client.end() == code


@pytest.mark.parametrize("damage", ["tear", "flip", "zero", "lose", "head"])
async def test_damaged_pages_cost_only_their_own_audio(damage):
    chance = random.Random(3)
    async with serving() as engine:
        client = await engine.reference()
        broken = 0
        for number in range(60):
            page = client.page()
            if number % 10 == 5 or (damage == "head" and number == 0):
                broken += 1
                cut = chance.randrange(28, len(page) - 1)
                page = {
                    "tear": page[:cut],
                    "flip": page[:cut] + bytes([page[cut] ^ 4]) + page[cut + 1 :],
                    "zero": bytes(len(page)),
                    "lose": b"",
                    "head": page[-40:],
                }[damage]
            await client.ws.send_bytes(b"\x01" + page)
        await client.frames(60 - broken)
        await asyncio.sleep(0.2)
        assert (await engine.health())["busy"] == 1
        assert engine.model.rows[0].frame == 60 - broken


async def test_packets_that_are_no_opus_are_left_out_and_refused_when_nothing_else_comes():
    async with serving() as engine:
        client = await engine.reference()
        bad = client.writer.page([b"\xff\xff"], 480)
        await client.ws.send_bytes(b"\x01" + bad)
        await client.send(3)
        await client.frames(3)
        await client.ws.send_bytes(b"\x01" + b"".join(client.writer.page([b"\xff\xff"] * 100, 480) for _ in range(6)))
        assert await client.end() == 1007


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:5173", True),
        ("https://127.0.0.1:8998", True),
        ("https://evil.example", False),
        ("https://friend.example", True),
        ("null", False),
    ],
)
async def test_web_pages_of_other_machines_may_not_connect_unless_they_were_allowed(origin, allowed):
    async with serving(origins=("https://friend.example",)) as engine:
        headers = {} if origin is None else {"Origin": origin}
        async with engine.http.get(engine.url(), headers=headers) as answer:
            assert answer.status == (426 if allowed else 403)
