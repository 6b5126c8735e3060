"""Raw Opus packets out of a live Ogg stream, and into one (RFC 7845)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.engine.personaplex.ogg import CONTINUED, FIRST, MAX_PAGE_BYTES, MAX_SEGMENTS, Page, PageReader, pack_page
from protocol.errors import CodecError

GRANULES_PER_S: Final = 48_000
MAX_PACKET_BYTES: Final = 48 * 1275 + 98  # 120 ms in 48 frames of 2.5 ms, the longest that RFC 6716 allows
MAX_JUNK_BYTES: Final = 4 * MAX_PAGE_BYTES

_HEAD: Final = b"OpusHead"
_TAGS: Final = b"OpusTags"
_HEAD_LAYOUT: Final = struct.Struct("<8sBBHIhB")
_HEAD_GRANULE: Final = 0


@dataclass(frozen=True, slots=True)
class OggCounts:
    """What a stream has been through.

    Attributes:
        pages: good ones of this stream.
        packets: audio packets handed out.
        broken_pages: with a wrong checksum or torn.
        lost_pages: missing by their numbers, broken ones included.
        foreign_pages: of another logical stream.
        cut_packets: packets whose other part was lost.
        skipped_bytes: bytes in no good page.
    """

    pages: int
    packets: int
    broken_pages: int
    lost_pages: int
    foreign_pages: int
    cut_packets: int
    skipped_bytes: int


class OggOpusReader:
    """Reads one Ogg Opus stream. Damage costs the packets it hits; missing header pages cost nothing.

    A first page (`FIRST`) that begins with OpusHead begins the stream, also a second time. Pre-skip is not obeyed: this
    is a live stream, in which each packet stands for its own stretch of time.
    """

    def __init__(self) -> None:
        self._pages = PageReader()
        self._serial: int | None = None
        self._next: int | None = None
        self._partial: bytearray | None = None
        self._good = self._packets = self._lost = self._foreign = self._cut = 0
        self._junk_from = 0

    @property
    def counts(self) -> OggCounts:
        """What the stream has been through so far."""
        return OggCounts(
            self._good,
            self._packets,
            self._pages.broken,
            self._lost,
            self._foreign,
            self._cut,
            self._pages.skipped_bytes,
        )

    @property
    def waiting_bytes(self) -> int:
        """Bytes held for a page or packet that is not complete yet."""
        return self._pages.waiting_bytes + len(self._partial or b"")

    def feed(self, data: bytes) -> list[bytes]:
        """The audio packets that these bytes complete.

        Raises:
            CodecError: no page in the last 256 KiB, or a kind of Opus stream that is not mono or stereo speech.
        """
        packets: list[bytes] = []
        pages = self._pages.feed(data)
        for page in pages:
            packets += self._read(page)
        self._packets += len(packets)
        if pages:
            self._junk_from = self._pages.skipped_bytes
        elif self._pages.skipped_bytes - self._junk_from > MAX_JUNK_BYTES:
            raise CodecError("This is no Ogg stream: no page of it is intact. Send Opus in Ogg pages.")
        return packets

    def _read(self, page: Page) -> list[bytes]:
        begins = bool(page.flags & FIRST) and page.body.startswith(_HEAD)
        if begins:
            _check_head(page.body)
            self._serial, self._next, self._partial = page.serial, None, None
        elif self._serial is None and not page.flags & FIRST:
            self._serial = page.serial  # the page with the header was lost
        if page.serial != self._serial:
            self._foreign += 1
            return []
        self._good += 1
        if self._next is not None and page.sequence != self._next:
            self._lost += max(0, page.sequence - self._next)
            self._end_partial()
        self._next = (page.sequence + 1) & 0xFFFFFFFF
        return [packet for packet in self._packets_of(page) if not packet.startswith((_HEAD, _TAGS))]

    def _packets_of(self, page: Page) -> list[bytes]:
        packets: list[bytes] = []
        if not page.flags & CONTINUED:
            self._end_partial()
        # The rest of a packet whose beginning is lost is skipped up to its end.
        skipping = bool(page.flags & CONTINUED) and self._partial is None
        self._cut += skipping
        packet = self._partial if self._partial is not None else bytearray()
        self._partial = None
        place = 0
        complete = True
        for length in page.lacing:
            packet += page.body[place : place + length]
            place += length
            complete = length < 255
            if not complete:
                continue
            if not skipping and packet:
                packets.append(bytes(packet))
            skipping = False
            packet = bytearray()
        if not complete and not skipping:
            self._partial = packet
            if len(packet) > MAX_PACKET_BYTES:
                self._end_partial()
        return packets

    def _end_partial(self) -> None:
        if self._partial is not None:
            self._partial = None
            self._cut += 1


def _check_head(body: bytes) -> None:
    if len(body) < _HEAD_LAYOUT.size:
        raise CodecError("The OpusHead of this stream is cut short.")
    _magic, version, channels, _skip, _rate, _gain, family = _HEAD_LAYOUT.unpack_from(body)
    if version >> 4 or family != 0 or channels not in (1, 2):
        raise CodecError(
            f"This Opus stream has version {version}, {channels} channels and mapping family {family}; "
            "send version 1, mono, family 0."
        )


class OggOpusWriter:
    """Writes one live mono stream; every call makes one page.

    Pre-skip is 0: one frame in gives one frame out from the first on, and a player that obeyed the encoder's look-ahead
    of 6.5 ms would shift them all.
    """

    def __init__(self, serial: int, sample_rate_hz: int = 24_000) -> None:
        self._serial = serial
        self._rate_hz = sample_rate_hz
        self._sequence = 0
        self._granule = 0

    def header(self) -> bytes:
        """The two header pages; they come before everything else."""
        head = _HEAD_LAYOUT.pack(_HEAD, 1, 1, 0, self._rate_hz, 0, 0)
        vendor = b"roomtone"
        tags = _TAGS + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
        return self._page(FIRST, _HEAD_GRANULE, [head]) + self._page(0, _HEAD_GRANULE, [tags])

    def page(self, packets: Sequence[bytes], samples: int) -> bytes:
        """One page.

        Args:
            packets: whole Opus packets.
            samples: what they hold together, at the stream's sample rate.

        Raises:
            CodecError: they do not fit into one page.
        """
        self._granule += samples * GRANULES_PER_S // self._rate_hz
        return self._page(0, self._granule, packets)

    def _page(self, flags: int, granule: int, packets: Sequence[bytes]) -> bytes:
        lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
        if len(lacing) > MAX_SEGMENTS:
            raise CodecError(f"{len(packets)} packets of Opus do not fit into one Ogg page.")
        page = pack_page(Page(flags, granule, self._serial, self._sequence, lacing, b"".join(packets)))
        self._sequence += 1
        return page
