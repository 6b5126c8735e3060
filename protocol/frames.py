"""The binary frame: a fixed header and a bounded payload, parsed apart from any I/O.

The layout is the contract of `SPEC.md` section 2. The decoder is incremental, keeps at most one frame of memory
and raises a typed error on the first byte that cannot be a frame; it never answers "bad" with silence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

from protocol.errors import BadMagicError, FrameTooLargeError, ProtocolError, UnsupportedVersionError

FORMAT_VERSION: Final = 1
MAGIC: Final = b"RT"
MAX_PAYLOAD_BYTES: Final = 64 * 1024
CONTROL_STREAM: Final = 0  # messages and clock
AUDIO_STREAM: Final = 1
LEVEL_STREAM: Final = 2

# magic, format version, type, flags, stream, generation, sequence, samples, time_us, payload length
_HEADER: Final = struct.Struct(">2sBBBBHIQQI")
HEADER_BYTES: Final = _HEADER.size


class FrameType(IntEnum):
    """What a payload holds. Unknown numbers are delivered as plain integers and answered with a code."""

    CONTROL = 1  # one JSON message, UTF-8 (messages.py)
    AUDIO = 2  # one Opus packet of 20 ms; uplink: behind a 16-byte Measurement
    LEVEL = 3  # scalars of a room in which nobody was called (measure.py)
    PING = 4  # empty; time_us is the sender's clock
    PONG = 5  # 16 bytes: the ping's time_us, then the time it was received, both u64


class FrameFlag(IntFlag):
    """Marks on a frame. Unknown bits are ignored."""

    NONE = 0
    FLOORS = 1  # LEVEL: the noise floors of the ten bands follow the records
    PREROLL = 2  # AUDIO uplink: recorded before the floor was granted
    LAST = 4  # AUDIO downlink: the last frame of its generation


class Frame(NamedTuple):
    """One frame.

    Attributes:
        type: a `FrameType`, or a number this version does not know.
        payload: at most `MAX_PAYLOAD_BYTES`.
        flags: `FrameFlag` bits.
        stream: 0 for control and clock, else the number of an audio stream of this connection.
        generation: playback generation (downlink audio), else 0.
        sequence: counts the frames of one direction and stream modulo 2**32.
        samples: position of the first sample at 24 kHz: capture position (uplink), position in the generation
            (downlink).
        time_us: the sender's monotonic clock when that sample was captured, or when the frame was made.
    """

    type: int
    payload: bytes
    flags: int = 0
    stream: int = 0
    generation: int = 0
    sequence: int = 0
    samples: int = 0
    time_us: int = 0


def encode(frame: Frame) -> bytes:
    """Serialise a frame.

    Raises:
        FrameTooLargeError: the payload is over `MAX_PAYLOAD_BYTES`.
    """
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise FrameTooLargeError(f"A payload of {len(frame.payload)} bytes is over {MAX_PAYLOAD_BYTES}.")
    return (
        _HEADER.pack(
            MAGIC,
            FORMAT_VERSION,
            frame.type,
            frame.flags,
            frame.stream,
            frame.generation,
            frame.sequence,
            frame.samples,
            frame.time_us,
            len(frame.payload),
        )
        + frame.payload
    )


class FrameDecoder:
    """Turns any split of a byte stream into the same frames and the same error.

    Memory is bounded by one frame and one chunk. After an error the decoder refuses further bytes: a stream
    that lost its framing cannot be trusted again.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._broken: ProtocolError | None = None

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Take bytes as they came and yield the frames they completed, in order; consume it to its end.

        Raises:
            BadMagicError: these bytes are no frame.
            UnsupportedVersionError: a frame of another format version.
            FrameTooLargeError: the declared length is over the limit; raised before the payload.
        """
        if self._broken is not None:
            raise self._broken
        held = self._rest
        if held:
            held += chunk
        data: bytes | bytearray = held or chunk
        at, end = 0, len(data)
        while end - at >= HEADER_BYTES:
            magic, version, kind, flags, stream, generation, sequence, samples, time_us, size = _HEADER.unpack_from(
                data, at
            )
            if magic != MAGIC or version != FORMAT_VERSION or size > MAX_PAYLOAD_BYTES:
                break
            begin = at + HEADER_BYTES
            if end - begin < size:
                break
            at = begin + size
            yield Frame(kind, bytes(data[begin:at]), flags, stream, generation, sequence, samples, time_us)
        if held:
            del held[:at]
        else:
            held += data[at:]
        self._refuse(held)

    def _refuse(self, head: bytearray) -> None:
        # Every field is judged as soon as its bytes are there: the verdict must not depend on the split.
        if head[: len(MAGIC)] != MAGIC[: len(head)]:
            self._broken = BadMagicError("The peer does not speak the Roomtone protocol.")
        elif len(head) > len(MAGIC) and head[len(MAGIC)] != FORMAT_VERSION:
            self._broken = UnsupportedVersionError(
                f"The peer sends frame format {head[len(MAGIC)]}; this side reads {FORMAT_VERSION}."
            )
        elif len(head) >= HEADER_BYTES and (size := int(_HEADER.unpack_from(head)[-1])) > MAX_PAYLOAD_BYTES:
            self._broken = FrameTooLargeError(f"The peer announced {size} bytes; the limit is {MAX_PAYLOAD_BYTES}.")
        if self._broken is not None:
            head.clear()
            raise self._broken

    @property
    def buffered_bytes(self) -> int:
        """Bytes of an incomplete frame held back."""
        return len(self._rest)
