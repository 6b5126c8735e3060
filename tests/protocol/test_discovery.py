from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.discovery import Announcer, Browser, HubRecord, find_hubs, parse_record

LOOPBACK = ["127.0.0.1"]
RECORD = HubRecord("ab" * 16, "Home", ("127.0.0.1",), 7460, 7461, "0" * 16, "f" * 16, 1)
TXT = {
    b"id": b"ab" * 16,
    b"name": b"Home",
    b"http": b"7461",
    b"boot": b"0" * 16,
    b"fp": b"f" * 16,
    b"v": b"1",
}


class Seen:
    def __init__(self) -> None:
        self.records: list[HubRecord] = []
        self.changed = asyncio.Event()

    def __call__(self, record: HubRecord) -> None:
        self.records.append(record)
        self.changed.set()

    async def count(self, number: int) -> None:
        async with asyncio.timeout(20):
            while len(self.records) < number:
                self.changed.clear()
                await self.changed.wait()


async def test_a_hub_is_found_and_a_restart_is_noticed_though_nothing_was_unregistered():
    seen = Seen()
    browser = Browser(seen, LOOPBACK)
    await browser.start()
    first = Announcer(RECORD, LOOPBACK)
    await first.start()
    await seen.count(1)
    assert seen.records == [RECORD]
    # As after kill -9: the old announcer says no goodbye, the new one has the same name and another boot id.
    reborn = replace(RECORD, boot_id="1" * 16)
    second = Announcer(reborn, LOOPBACK)
    await second.start()
    await seen.count(2)
    assert seen.records[-1].boot_id == "1" * 16
    assert reborn in browser.hubs
    await second.close()
    await first.close()
    await browser.close()
    count = len(seen.records)
    await asyncio.sleep(0.05)
    assert len(seen.records) == count


async def test_asking_once_finds_every_hub():
    announcer = Announcer(RECORD, LOOPBACK)
    await announcer.start()
    try:
        assert await find_hubs(1.0, LOOPBACK) == [RECORD]
    finally:
        await announcer.close()


async def test_nobody_there_is_an_empty_answer():
    assert await find_hubs(0.2, LOOPBACK) == []


def test_an_honest_record_is_read():
    assert parse_record(TXT, ["127.0.0.1"], 7460) == RECORD
    assert parse_record(TXT | {b"extra": b"?"}, ["127.0.0.1"], 7460) == RECORD


@pytest.mark.parametrize(
    "change",
    [
        {b"id": b"short"},
        {b"id": None},
        {b"http": b"0"},
        {b"http": b"65536"},
        {b"http": b"-1"},
        {b"http": "७".encode()},
        {b"boot": b"zz"},
        {b"fp": b""},
        {b"v": b"x"},
    ],
)
def test_a_false_record_is_ignored(change):
    assert parse_record(TXT | change, ["127.0.0.1"], 7460) is None


def test_a_name_is_cleaned_and_bounded():
    record = parse_record(TXT | {b"name": b"\x1b[31mKitchen\n" + b"x" * 250}, ["127.0.0.1"], 7460)
    assert record is not None
    assert record.hub_name.startswith("[31mKitchenx")
    assert len(record.hub_name) == 100
    assert parse_record(TXT, [f"10.0.0.{n}" for n in range(50)], 7460).addresses[-1] == "10.0.0.7"


@given(
    st.dictionaries(st.sampled_from(list(TXT)) | st.binary(max_size=8), st.none() | st.binary(max_size=60)),
    st.lists(st.text(max_size=20), max_size=3),
    st.none() | st.integers(-1, 70_000),
)
def test_any_record_is_a_hub_or_nothing(txt, addresses, port):
    record = parse_record(TXT | txt, addresses, port)
    assert record is None or (1 <= record.port <= 65535 and len(record.hub_id) == 32 and record.addresses)
