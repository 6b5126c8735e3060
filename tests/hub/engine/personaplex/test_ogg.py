"""Pages out of hostile bytes."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.personaplex.ogg import CAPTURE, MAX_PAGE_BYTES, Page, PageReader, checksum, pack_page

_BODIES = st.one_of(st.binary(max_size=300), st.just(CAPTURE * 5), st.just(CAPTURE + bytes(40)))


def _page(body: bytes, sequence: int = 0) -> Page:
    lacing = b"\xff" * (len(body) // 255) + bytes([len(body) % 255])
    return Page(0, 960 * sequence, 7, sequence, lacing, body)


def _read(data: bytes, cuts: list[int] | None = None) -> tuple[list[Page], int, int]:
    reader = PageReader()
    pages: list[Page] = []
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
    for start, end in itertools.pairwise(places):
        pages += reader.feed(data[start:end])
        assert reader.waiting_bytes <= MAX_PAGE_BYTES + (end - start)
    return pages, reader.broken, reader.skipped_bytes


def test_the_checksum_is_oggs():
    # A page of libogg: the header page of a mono stream made by opusenc's library.
    page = bytes.fromhex(
        "4f67675300020000000000000000d2040000000000000000000001134f707573486561640101380180bb0000000000"
    )
    slow = 0
    for byte in page:
        slow ^= byte << 24
        for _ in range(8):
            slow = (slow << 1 ^ 0x04C11DB7 if slow & 0x80000000 else slow << 1) & 0xFFFFFFFF
    assert checksum(page) == slow


@given(st.lists(_BODIES, max_size=6), st.lists(st.integers(0, 5000), max_size=12))
def test_whole_pages_come_out_however_they_were_cut(bodies, cuts):
    pages = [_page(body, place) for place, body in enumerate(bodies)]
    read, _broken, skipped = _read(b"".join(map(pack_page, pages)), cuts)
    assert (read, skipped) == (pages, 0)


@given(
    st.lists(
        st.one_of(_BODIES.map(lambda body: pack_page(_page(body))), st.binary(max_size=80), st.just(CAPTURE * 12)),
        max_size=8,
    ),
    st.lists(st.integers(0, 5000), max_size=12),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), max_size=4),
)
@settings(max_examples=300)
def test_any_split_of_any_bytes_reads_the_same(parts, cuts, flips):
    data = bytearray(b"".join(parts))
    for place, bits in flips:
        if data:
            data[place % len(data)] ^= bits
    whole = _read(bytes(data))
    one_by_one = _read(bytes(data), list(range(len(data))))
    assert _read(bytes(data), cuts)[0] == whole[0] == one_by_one[0]


@pytest.mark.parametrize("damage", ["flip", "zero", "tear", "length"])
def test_damage_costs_its_own_page_alone(damage):
    pages = [_page(bytes([place]) * 100, place) for place in range(5)]
    raw = [bytearray(pack_page(page)) for page in pages]
    if damage == "flip":
        raw[2][60] ^= 0x10
    elif damage == "zero":
        raw[2][:] = bytes(len(raw[2]))
    elif damage == "tear":
        del raw[2][50:]
    else:
        raw[2][26] = 255  # it now seems to be as long as a page can be
        raw[2][27:100] = b"\xff" * 73
    assert _read(b"".join(raw))[0] == pages[:2] + pages[3:]


def test_ten_thousand_hostile_streams_stay_small():
    chance = random.Random(5)
    good = [pack_page(_page(chance.randbytes(chance.randrange(400)), place)) for place in range(20)]
    for _ in range(10_000):
        reader = PageReader()
        for _ in range(chance.randrange(1, 4)):
            piece = bytearray(chance.choice(good) if chance.random() < 0.7 else CAPTURE + chance.randbytes(60))
            for _ in range(chance.randrange(3)):
                piece[chance.randrange(len(piece))] = chance.randrange(256)
            reader.feed(bytes(piece[chance.randrange(3) :]))
        assert reader.waiting_bytes <= MAX_PAGE_BYTES


def test_a_megabyte_of_page_beginnings_is_read_in_bounded_memory():
    reader = PageReader()
    for _ in range(16):
        assert reader.feed((CAPTURE + b"\0") * 10_922) == []
        assert reader.waiting_bytes <= 2 * MAX_PAGE_BYTES
