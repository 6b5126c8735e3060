"""What the hub and the speaking process say to each other over pipes. Pure; imports neither side.

A request is `u32 length` and that many bytes of JSON. An answer is `u32 length`, `u8 kind`, `u32 id` and the
payload; the length counts kind, id and payload. All numbers are big-endian.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import IntEnum

LENGTH = struct.Struct(">I")
_ANSWER = struct.Struct(">IBI")
_HEAD = struct.Struct(">BI")
MAX_TEXT_CHARS = 2_000
MAX_REQUEST_BYTES = 16_384
MAX_AUDIO_BYTES = 65_536
MAX_ANSWER_BYTES = _HEAD.size + MAX_AUDIO_BYTES


class Kind(IntEnum):
    """What an answer carries."""

    READY = 1
    """Sample rate in decimal; the voice is loaded."""
    AUDIO = 2
    """int16 little-endian, mono."""
    END = 3
    """All audio of this id has been sent."""
    FAULT = 4
    """Why it could not be said."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One sentence to speak.

    Attributes:
        volume: factor on the full scale that Piper normalises to.
    """

    id: int
    text: str
    volume: float = 1.0

    def pack(self) -> bytes:
        """Bytes for the pipe.

        Raises:
            ValueError: the text is too long.
        """
        if len(self.text) > MAX_TEXT_CHARS:
            raise ValueError(f"a sentence has at most {MAX_TEXT_CHARS} characters")
        body = json.dumps(
            {
                "id": self.id,
                "text": self.text,
                "volume": self.volume,
            }
        ).encode()
        return LENGTH.pack(len(body)) + body

    @classmethod
    def parse(cls, body: bytes) -> SpeechRequest:
        """Read the JSON of a request.

        Raises:
            ValueError: it is not one.
        """
        try:
            fields = json.loads(body)
            return cls(
                id=int(fields["id"]),
                text=str(fields["text"]),
                volume=float(fields["volume"]),
            )
        except (KeyError, TypeError) as fault:
            raise ValueError(f"not a request: {fault}") from fault


def pack_answer(kind: Kind, request_id: int, payload: bytes) -> bytes:
    """Bytes of an answer."""
    return _ANSWER.pack(_HEAD.size + len(payload), kind, request_id) + payload


def parse_answer(body: bytes) -> tuple[Kind, int, bytes]:
    """Read an answer without its length.

    Raises:
        ValueError: it is too short or of no known kind.
    """
    if len(body) < _HEAD.size:
        raise ValueError("an answer has at least five bytes")
    kind, request_id = _HEAD.unpack_from(body)
    return Kind(kind), request_id, body[_HEAD.size :]
