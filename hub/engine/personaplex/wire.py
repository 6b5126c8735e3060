"""The WebSocket protocol of the engine process: NVIDIA's, and our extension beside it. Pure; both sides import it.

`GET /api/chat?voice_prompt=NAME&text_prompt=TEXT` without a subprotocol is the reference protocol: binary messages
whose first byte is a `Kind`, audio as one Ogg Opus stream each way.

With the subprotocol `roomtone.engine.v1` the same route speaks the extension. JSON text messages are control, tagged by
`type`; binary messages are audio: `u8 kind = 0x01`, `u32 index` (big-endian), payload. The client's payload is 20 ms:
960 bytes of int16 little-endian PCM, or one raw Opus packet, as `open.audio` says; `index` counts them from 0. The
server's payload is one ModelFrame, 3840 bytes of int16 PCM; `index` is its frame number, which counts frames of
the session from 0, renewals included.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hub.engine.port import EngineError

ROUTE: Final = "/api/chat"
HEALTH_ROUTE: Final = "/api/health"
SUBPROTOCOL: Final = "roomtone.engine.v1"
MAX_MESSAGE_BYTES: Final = 65_536
MAX_PROMPT_CHARS: Final = 8_000
MAX_TEXT_CHARS: Final = 2_000

_T = TypeVar("_T")
_AUDIO_HEAD = struct.Struct(">BI")


class Kind(IntEnum):
    """First byte of a binary message of the reference protocol."""

    HANDSHAKE = 0x00
    AUDIO = 0x01
    TEXT = 0x02
    CONTROL = 0x03
    METADATA = 0x04
    ERROR = 0x05
    PING = 0x06


class CloseCode(IntEnum):
    """Why a connection was closed; RFC 6455's codes and ours from 4000."""

    PROTOCOL = 1002
    UNSUPPORTED = 1003
    BAD_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009
    TRY_LATER = 1013
    TOO_SLOW = 4000
    IDLE = 4001
    MAX_DURATION = 4002
    STOPPING = 4003
    ENGINE_LOST = 4004


class EngineWireError(EngineError):
    """The other side sent what the protocol does not have."""

    code = "engine_wire"
    retry = False


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


# --- client to server -------------------------------------------------------------------------------------------------


class Open(_Message):
    """First message. The answer is `opened`, or `refused` and a close."""

    type: Literal["open"] = "open"
    voice: Annotated[str, Field(min_length=1, max_length=200)]
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS)]
    audio: Literal["pcm", "opus"] = "pcm"
    listen_only: bool = False


class Say(_Message):
    """Speak this sentence in the model's own voice, after those before it."""

    type: Literal["say"] = "say"
    utterance: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)]


class Interrupt(_Message):
    """Fall silent and forget every `say`; they end as interrupted."""

    type: Literal["interrupt"] = "interrupt"


class Listen(_Message):
    """Listen-only on or off: the model hears and does not talk; a `say` is spoken all the same."""

    type: Literal["listen"] = "listen"
    only: bool


class Persona(_Message):
    """Another voice and prompt from the next pause on."""

    type: Literal["persona"] = "persona"
    voice: Annotated[str, Field(min_length=1, max_length=200)]
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS)]


class Heard(_Message):
    """The user's words of one turn: a renewal carries them on in the prompt."""

    type: Literal["heard"] = "heard"
    text: Annotated[str, Field(max_length=MAX_TEXT_CHARS)]


# --- server to client -------------------------------------------------------------------------------------------------


class Opened(_Message):
    """The session runs; audio may be sent."""

    type: Literal["opened"] = "opened"
    row: int
    prompt_frames: int
    started_ms: float


class Refused(_Message):
    """No session; the connection is closed after this."""

    type: Literal["refused"] = "refused"
    code: str
    message: str
    retry: bool = False


class TextPiece(_Message):
    """One SentencePiece piece of what the assistant says, with the frame it belongs to."""

    type: Literal["text"] = "text"
    frame: int
    id: int
    piece: str
    utterance: int = 0


class Saying(_Message):
    """From this frame on the audio is this utterance's."""

    type: Literal["saying"] = "saying"
    utterance: int
    frame: int


class Said(_Message):
    """An utterance ended before this frame. `ids`: the text ids that were forced, in order, without padding."""

    type: Literal["said"] = "said"
    utterance: int
    frame: int
    interrupted: bool
    ids: tuple[int, ...]


class Renewed(_Message):
    """The session was started again from its prompt, unheard. Informative."""

    type: Literal["renewed"] = "renewed"
    frame: int
    prompt_frames: int


class Lagging(_Message):
    """The engine is late. `late_ms`: behind real time; `dropped_frames`: input given up since the session began."""

    type: Literal["lagging"] = "lagging"
    late_ms: float
    dropped_frames: int


class Fault(_Message):
    """Something went wrong that does not end the session."""

    type: Literal["fault"] = "fault"
    code: str
    message: str


ClientMessage = Annotated[Open | Say | Interrupt | Listen | Persona | Heard, Field(discriminator="type")]
ServerMessage = Annotated[
    Opened | Refused | TextPiece | Saying | Said | Renewed | Lagging | Fault, Field(discriminator="type")
]

_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
_SERVER: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


def parse_client(text: str) -> ClientMessage:
    """A control message from a client.

    Raises:
        EngineWireError: no such message.
    """
    return _parse(_CLIENT, text)


def parse_server(text: str) -> ServerMessage:
    """A control message from the server.

    Raises:
        EngineWireError: no such message.
    """
    return _parse(_SERVER, text)


def _parse(adapter: TypeAdapter[_T], text: str) -> _T:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EngineWireError(f"This is no message of {SUBPROTOCOL}: {where or 'it'}: {first['msg']}.") from None


def pack_audio(index: int, payload: bytes) -> bytes:
    """A binary message of the extension."""
    return _AUDIO_HEAD.pack(Kind.AUDIO, index & 0xFFFFFFFF) + payload


def unpack_audio(message: bytes) -> tuple[int, bytes]:
    """Index and payload of a binary message of the extension.

    Raises:
        EngineWireError: too short, or no audio.
    """
    if len(message) <= _AUDIO_HEAD.size or message[0] != Kind.AUDIO:
        raise EngineWireError("A binary message of the extension is kind 0x01, a 32-bit index and audio.")
    _kind, index = _AUDIO_HEAD.unpack_from(message)
    return index, message[_AUDIO_HEAD.size :]
