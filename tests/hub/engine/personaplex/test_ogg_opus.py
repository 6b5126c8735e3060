"""Opus packets in Ogg, whole and damaged."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.personaplex.ogg import CONTINUED, FIRST, MAX_PAGE_BYTES, Page, pack_page
from hub.engine.personaplex.ogg_opus import MAX_JUNK_BYTES, MAX_PACKET_BYTES, OggOpusReader, OggOpusWriter
from protocol.errors import CodecError

_PACKETS = st.lists(st.binary(min_size=1, max_size=700).map(lambda data: b"\xd8" + data), min_size=1, max_size=4)


def _stream(pages: list[list[bytes]], serial: int = 9) -> list[bytes]:
    writer = OggOpusWriter(serial)
    return [writer.header(), *(writer.page(packets, 480 * len(packets)) for packets in pages)]


@given(st.lists(_PACKETS, max_size=6), st.integers(1, 900))
def test_what_is_written_is_read(pages, step):
    data = b"".join(_stream(pages))
    reader = OggOpusReader()
    read = [packet for at in range(0, len(data), step) for packet in reader.feed(data[at : at + step])]
    assert read == [packet for packets in pages for packet in packets]
    assert reader.counts.lost_pages == reader.counts.broken_pages == reader.waiting_bytes == 0


def test_the_header_is_that_of_rfc_7845():
    head, tags = OggOpusWriter(3).header().split(b"OggS")[1:]
    assert head[1] == FIRST
    magic, version, channels, pre_skip, rate, gain, family = struct.unpack("<8sBBHIhB", head[-19:])
    assert (magic, version, channels, pre_skip, rate, gain, family) == (b"OpusHead", 1, 1, 0, 24_000, 0, 0)
    assert b"OpusTags" in tags


def test_granules_count_samples_at_48_khz():
    writer = OggOpusWriter(3)
    writer.header()
    granules = [struct.unpack_from("<q", writer.page([b"\xd8a"] * 4, 1920), 6)[0] for _ in range(3)]
    assert granules == [3840, 7680, 11520]


@pytest.mark.parametrize("missing", [(0,), (0, 1), (1,)])
def test_a_stream_without_its_header_pages_is_read_all_the_same(missing):
    pages = [[b"\xd8" + bytes([number])] for number in range(4)]
    header, *audio = _stream(pages)
    cut = header.index(b"OggS", 4)
    parts = [part for place, part in enumerate((header[:cut], header[cut:])) if place not in missing]
    reader = OggOpusReader()
    assert reader.feed(b"".join([*parts, *audio])) == [packets[0] for packets in pages]


@pytest.mark.parametrize(
    "damage", [lambda page: page[:40], lambda page: bytes(len(page)), lambda page: page[:50] + b"~" + page[51:]]
)
def test_a_damaged_page_costs_its_own_packets(damage):
    pages = [[bytes([0xD8, number]) * 40, b"\xd8" + bytes([number])] for number in range(5)]
    raw = _stream(pages)
    raw[3] = damage(raw[3])
    reader = OggOpusReader()
    assert reader.feed(b"".join(raw)) == [
        packet for place, packets in enumerate(pages) if place != 2 for packet in packets
    ]
    assert reader.counts.lost_pages == 1


def _cut_packet(flags: tuple[int, int] = (0, CONTINUED)) -> list[bytes]:
    first = Page(flags[0], -1, 9, 2, b"\xff\xff", b"\xd8" * 510)
    second = Page(flags[1], 960, 9, 3, b"\x05\x02", b"\xd8" * 5 + b"\xd8z")
    return [pack_page(first), pack_page(second)]


def test_a_packet_over_two_pages_is_joined():
    assert OggOpusReader().feed(b"".join(_cut_packet())) == [b"\xd8" * 515, b"\xd8z"]


def test_half_a_packet_is_never_handed_out():
    first, second = _cut_packet()
    reader = OggOpusReader()
    assert reader.feed(second) == [b"\xd8z"]
    assert reader.counts.cut_packets == 1
    reader = OggOpusReader()
    assert reader.feed(first + pack_page(Page(0, 960, 9, 4, b"\x02", b"\xd8y"))) == [b"\xd8y"]
    assert reader.counts.cut_packets == 1


def test_a_packet_without_end_does_not_grow():
    reader = OggOpusReader()
    for number in range(40):
        flags = CONTINUED if number else 0
        reader.feed(pack_page(Page(flags, -1, 9, number, b"\xff" * 255, bytes(255 * 255))))
        assert reader.waiting_bytes <= MAX_PACKET_BYTES + MAX_PAGE_BYTES


def test_a_foreign_stream_between_is_left_out_and_a_new_stream_is_followed():
    ours, other = _stream([[b"\xd8a"], [b"\xd8b"]]), _stream([[b"\xd8c"]], serial=10)
    reader = OggOpusReader()
    assert reader.feed(ours[0] + ours[1] + other[1] + ours[2]) == [b"\xd8a", b"\xd8b"]
    assert reader.counts.foreign_pages == 1
    assert reader.feed(other[0] + other[1]) == [b"\xd8c"]


@pytest.mark.parametrize(("version", "channels", "family"), [(16, 1, 0), (1, 6, 1), (1, 0, 0), (1, 1, 255)])
def test_a_stream_that_is_no_speech_is_refused(version, channels, family):
    body = struct.pack("<8sBBHIhB", b"OpusHead", version, channels, 0, 24000, 0, family)
    with pytest.raises(CodecError):
        OggOpusReader().feed(pack_page(Page(FIRST, 0, 9, 0, bytes([len(body)]), body)))


def test_any_rate_in_the_header_is_taken_for_it_only_informs():
    body = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 3840, 32_000, 0, 0)
    audio = pack_page(Page(0, 960, 9, 1, b"\x02", b"\xd8a"))
    assert OggOpusReader().feed(pack_page(Page(FIRST, 0, 9, 0, bytes([len(body)]), body)) + audio) == [b"\xd8a"]


def test_bytes_that_are_no_ogg_at_all_are_refused_in_the_end():
    reader = OggOpusReader()
    for _ in range(MAX_JUNK_BYTES // 30_000):
        reader.feed(b"\x12\x34\x56" * 10_000)
    with pytest.raises(CodecError, match="no Ogg"):
        reader.feed(b"\x12\x34\x56" * 20_000)


def test_junk_between_good_pages_is_borne_for_ever():
    writer = OggOpusWriter(3)
    reader = OggOpusReader()
    reader.feed(writer.header())
    for number in range(20):
        reader.feed(b"junk" * 15_000)
        assert reader.feed(writer.page([b"\xd8" + bytes([number])], 480)) == [b"\xd8" + bytes([number])]


@given(st.lists(st.binary(max_size=400), max_size=6))
@settings(max_examples=200)
def test_no_bytes_raise_anything_but_a_codec_error(parts):
    reader = OggOpusReader()
    for part in parts:
        lacing = b"\xff" * (len(part) // 255) + bytes([len(part) % 255])
        try:
            reader.feed(pack_page(Page(part[0] & 7 if part else 0, 0, 1, len(part), lacing, part)) + part)
        except CodecError:
            return
