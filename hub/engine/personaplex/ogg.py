"""Ogg pages out of a byte stream that may be cut anywhere, torn, flipped or joined in the middle (RFC 3533).

A page counts when its checksum does. What is read does not depend on how the bytes were split: of all pages that the
bytes may hold, the one that ends first is taken and the search goes on behind it, so a broken page that declares
64 KiB holds up nothing that follows it.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from dataclasses import dataclass
from typing import Final

CAPTURE: Final = b"OggS\x00"  # with the only version there is
HEADER_BYTES: Final = 27
MAX_SEGMENTS: Final = 255
MAX_PAGE_BYTES: Final = HEADER_BYTES + MAX_SEGMENTS + 255 * MAX_SEGMENTS

CONTINUED: Final = 0x01
FIRST: Final = 0x02

_HEADER: Final = struct.Struct("<5sBqIIIB")
_CRC_AT: Final = 22
_CANDIDATES: Final = 8
_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `lacing` holds the lengths of its segments; a packet ends with the first one under 255."""

    flags: int
    granule: int
    serial: int
    sequence: int
    lacing: bytes
    body: bytes


def checksum(page: bytes) -> int:
    """Ogg's CRC-32 (polynomial 0x04C11DB7, no reflection, no inversion) of a page whose checksum field is zero.

    zlib has the same polynomial with reflected bits: reversed bits in, reversed bits out, inversions undone.
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)


def pack_page(page: Page) -> bytes:
    """The bytes of a page, with its checksum."""
    head = _HEADER.pack(CAPTURE, page.flags, page.granule, page.serial, page.sequence & 0xFFFFFFFF, 0, len(page.lacing))
    blank = head + page.lacing + page.body
    return blank[:_CRC_AT] + checksum(blank).to_bytes(4, "little") + blank[_CRC_AT + 4 :]


@dataclass(slots=True)
class _Candidate:
    """A capture pattern that may begin a page; `end` is None until its header is complete."""

    start: int
    end: int | None = None


class PageReader:
    """Finds pages in bytes. It never holds more than one page of the largest size and the bytes just fed.

    Attributes:
        broken: places that looked like a page and were none: a checksum that is wrong, or a page torn off.
        skipped_bytes: bytes between the pages, broken ones included.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0  # no capture pattern begins before this place except those of the candidates
        self._candidates: deque[_Candidate] = deque()
        self.broken = 0
        self.skipped_bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """Bytes held because a page may still be completed by what comes."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Page]:
        """The pages that these bytes complete."""
        self._buffer += data
        pages: list[Page] = []
        while True:
            found = self._buffer.find(CAPTURE, self._scanned)
            first = self._first_to_end()
            seen_at = len(self._buffer) + 1 if found < 0 else found + len(CAPTURE)
            if first is not None and first[0] <= seen_at:
                page = self._take(*first)
                if page is not None:
                    pages.append(page)
            elif found < 0:
                break
            else:
                self._scanned = found + 1
                self._candidates.append(_Candidate(found))
                if len(self._candidates) > _CANDIDATES:
                    self._candidates.popleft()
                    self.broken += 1
        self._forget()
        return pages

    def _first_to_end(self) -> tuple[int, _Candidate] | None:
        """The candidate that is complete and ends first, after its end."""
        first: tuple[int, _Candidate] | None = None
        for candidate in self._candidates:
            if candidate.end is None:
                candidate.end = self._end(candidate.start)
            if candidate.end is None or candidate.end > len(self._buffer):
                continue
            if first is None or candidate.end < first[0]:
                first = candidate.end, candidate
        return first

    def _end(self, start: int) -> int | None:
        table = start + HEADER_BYTES
        if len(self._buffer) < table:
            return None
        segments = self._buffer[table - 1]
        if len(self._buffer) < table + segments:
            return None
        return table + segments + sum(self._buffer[table : table + segments])

    def _take(self, end: int, candidate: _Candidate) -> Page | None:
        """The page of a candidate, with all before it given up; None where there is no page."""
        raw = bytes(self._buffer[candidate.start : end])
        _capture, flags, granule, serial, sequence, crc, segments = _HEADER.unpack_from(raw)
        if checksum(raw[:_CRC_AT] + bytes(4) + raw[_CRC_AT + 4 :]) != crc:
            self._candidates.remove(candidate)
            self.broken += 1
            return None
        self.broken += sum(1 for other in self._candidates if other.start < candidate.start)
        self.skipped_bytes += candidate.start
        self._drop(end)
        body = HEADER_BYTES + segments
        return Page(flags, granule, serial, sequence, raw[HEADER_BYTES:body], raw[body:])

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._scanned = max(0, self._scanned - count)
        kept = (candidate for candidate in self._candidates if candidate.start >= count)
        self._candidates = deque(
            _Candidate(kept_one.start - count, None if kept_one.end is None else kept_one.end - count)
            for kept_one in kept
        )

    def _forget(self) -> None:
        """Give up the bytes that no page can begin in."""
        self._scanned = max(self._scanned, len(self._buffer) - len(CAPTURE) + 1)
        useless = min([self._scanned, *(candidate.start for candidate in self._candidates)])
        self.skipped_bytes += useless
        self._drop(useless)
