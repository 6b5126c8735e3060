"""The typed control messages, one JSON object each, told apart by `type`.

Unknown fields are ignored, so that a newer peer may say more; an unknown type is an `UnknownMessageError`, which
the link answers and survives. Text is bounded everywhere: a control frame never makes the other side hold much.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from protocol.errors import BadMessageError, UnknownMessageError

PROTOCOL_VERSION: Final = 1
PROTOCOL_MIN: Final = 1  # hub N talks to satellites N-1 and N+1

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]+$", max_length=128)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Volume = Annotated[float, Field(ge=0, le=1)]
DeviceId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sentence = Annotated[str, Field(max_length=500)]
Slug = Annotated[str, Field(min_length=1, max_length=100)]
TimerId = Annotated[str, Field(pattern=r"^[0-9a-zA-Z_-]{1,40}$")]
Features = Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], ...], Field(max_length=32)]

TIMERS_FEATURE: Final = "timers"
"""Said in `hello` and `welcome` by who knows `timer`, `timers` and `rang`."""
FOLLOW_FEATURE: Final = "follow"
"""Said in `hello` by a satellite that takes over the floor from another room."""
ASK_FEATURE: Final = "ask"
"""Said in `hello` by a satellite that knows questions and intercom calls."""
Because = Literal["called", "moved", "asked"]
"""Why a room is given the floor."""
PlayKind = Literal["speech", "announcement", "sound", "question", "intercom"]
"""What a generation is; the last two ask for an answer."""
MAX_TIMERS: Final = 100


class Message(BaseModel):
    """Base of every control message: immutable, tolerant of unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# --- both directions ---


class ErrorMessage(Message):
    """Something was refused; `retry` says whether doing it again can help."""

    type: Literal["error"] = "error"
    code: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")]
    message: Sentence = ""
    retry: bool = False


class Goodbye(Message):
    """The sender is about to close the connection on purpose."""

    type: Literal["goodbye"] = "goodbye"
    reason: Annotated[str, Field(max_length=100)] = ""


# --- satellite to hub: who I am ---


class Hello(Message):
    """First message of a paired satellite."""

    type: Literal["hello"] = "hello"
    device_id: DeviceId
    name: Name
    software: Annotated[str, Field(max_length=60)] = ""
    protocol_min: Annotated[int, Field(ge=1, le=1000)] = PROTOCOL_MIN
    protocol_max: Annotated[int, Field(ge=1, le=1000)] = PROTOCOL_VERSION
    nonce: Hex
    features: Features = ()


class Auth(Message):
    """Third message: the satellite proves that it holds the device key."""

    type: Literal["auth"] = "auth"
    proof: Hex


class PairStart(Message):
    """First message of an unpaired satellite: its SPAKE2 element."""

    type: Literal["pair_start"] = "pair_start"
    device_id: DeviceId
    name: Name
    software: Annotated[str, Field(max_length=60)] = ""
    protocol_min: Annotated[int, Field(ge=1, le=1000)] = PROTOCOL_MIN
    protocol_max: Annotated[int, Field(ge=1, le=1000)] = PROTOCOL_VERSION
    area: Annotated[str, Field(max_length=100)] | None = None
    element: Hex


class PairConfirm(Message):
    """The satellite's key confirmation; a wrong one costs one try of the code."""

    type: Literal["pair_confirm"] = "pair_confirm"
    mac: Hex


# --- hub to satellite: who I am ---


class Challenge(Message):
    """Second message of a session: the hub proves itself first, then asks for the satellite's proof."""

    type: Literal["challenge"] = "challenge"
    hub_id: DeviceId
    protocol: int
    nonce: Hex
    proof: Hex


class PairReply(Message):
    """The hub's SPAKE2 element."""

    type: Literal["pair_reply"] = "pair_reply"
    hub_id: DeviceId
    hub_name: Name
    protocol: int
    element: Hex


class PairDone(Message):
    """The hub's key confirmation. Both sides derive the device key; it never crosses the wire."""

    type: Literal["pair_done"] = "pair_done"
    mac: Hex
    area: Slug
    area_name: Name


class Welcome(Message):
    """The satellite is in: its room and what the hub wishes of it.

    The volumes of kinds of sound are shares of `volume`: `speech`, `announcement` and `question`, the satellite's own
    sounds (and `sound`), and `intercom`.
    """

    type: Literal["welcome"] = "welcome"
    hub_name: Name
    area: Slug
    area_name: Name
    volume: Volume = 1.0
    answer_volume: Volume = 1.0
    announcement_volume: Volume = 1.0
    chime_volume: Volume = 1.0
    intercom_volume: Volume = 1.0
    features: Features = ()


# --- satellite to hub: what happens in the room ---


class Wake(Message):
    """Somebody called: a wake word or the button. Carries the measurements of the pre-roll, but no audio.

    `measurements` is base64 of `Measurement` records of 20 ms each (at most 2 s), the first of which begins at
    capture position `first_samples`. `start_samples` and `end_samples` bound the wake word as the detector places
    it; `time_us` is the satellite's clock when the sample at `end_samples` was captured.
    """

    type: Literal["wake"] = "wake"
    trigger: Literal["word", "button"] = "word"
    word: Annotated[str, Field(max_length=60)] = ""
    score: Annotated[float, Field(ge=0, le=1)] = 1.0
    start_samples: Annotated[int, Field(ge=0, lt=2**63)]
    end_samples: Annotated[int, Field(ge=0, lt=2**63)]
    time_us: Annotated[int, Field(ge=0, lt=2**63)]
    first_samples: Annotated[int, Field(ge=0, lt=2**63)] = 0
    measurements: Annotated[str, Field(max_length=4096)] = ""


class Playback(Message):
    """What the loudspeaker has really played of a generation, so that the hub knows what was heard."""

    type: Literal["playback"] = "playback"
    generation: Annotated[int, Field(ge=0, lt=2**16)]
    state: Literal["started", "playing", "finished", "flushed"]
    samples: Annotated[int, Field(ge=0, lt=2**63)]
    time_us: Annotated[int, Field(ge=0, lt=2**63)]


class Stop(Message):
    """A person asked for silence at the satellite (button, tap): the hub ends speech and session."""

    type: Literal["stop"] = "stop"


class MuteState(Message):
    """The microphone is off or on again. The hub is told; it cannot change it."""

    type: Literal["mute"] = "mute"
    muted: bool


class Rang(Message):
    """A timer rings here, or has stopped ringing; told again at login while the hub still names it."""

    type: Literal["rang"] = "rang"
    id: TimerId
    state: Literal["ringing", "stopped"]


# --- hub to satellite: what to do ---


class Floor(Message):
    """The right of this area to be heard. Chime and light follow `granted`, nothing else.

    `because` tells a grant's reason: somebody called here, the talker of a session has come here, or a question has
    been asked here.
    """

    type: Literal["floor"] = "floor"
    state: Literal["granted", "denied", "released"]
    because: Because = "called"
    session: Annotated[str, Field(max_length=40)] = ""
    reason: Sentence = ""
    chime: bool = True


class Play(Message):
    """Audio frames of a new generation follow. Frames of older generations are void from here on."""

    type: Literal["play"] = "play"
    generation: Annotated[int, Field(ge=0, lt=2**16)]
    kind: PlayKind = "speech"


class Flush(Message):
    """Empty the jitter buffer within 20 ms; `generation` and all before it are void."""

    type: Literal["flush"] = "flush"
    generation: Annotated[int, Field(ge=0, lt=2**16)]


class Duck(Message):
    """Play at this gain from now on (0 dB: as usual)."""

    type: Literal["duck"] = "duck"
    gain_db: Annotated[float, Field(ge=-60, le=0)]


class SetVolume(Message):
    """The satellite's software volume."""

    type: Literal["set_volume"] = "set_volume"
    volume: Volume


class Timer(Message):
    """Ring after this long, with or without a hub. A timer of the same id is replaced."""

    type: Literal["timer"] = "timer"
    id: TimerId
    kind: Literal["timer", "reminder"] = "timer"
    remaining_ms: Annotated[int, Field(ge=0, lt=2**53)]


class Timers(Message):
    """The timers that there are: any other is void, and one that rings stops."""

    type: Literal["timers"] = "timers"
    ids: Annotated[tuple[TimerId, ...], Field(max_length=MAX_TIMERS)]


AnyMessage = Annotated[
    ErrorMessage
    | Goodbye
    | Hello
    | Auth
    | PairStart
    | PairConfirm
    | Challenge
    | PairReply
    | PairDone
    | Welcome
    | Wake
    | Playback
    | Stop
    | MuteState
    | Floor
    | Play
    | Flush
    | Duck
    | SetVolume
    | Rang
    | Timer
    | Timers,
    Field(discriminator="type"),
]

_ADAPTER: Final[TypeAdapter[AnyMessage]] = TypeAdapter(AnyMessage)


def encode_message(message: Message) -> bytes:
    """Serialise a message to the payload of a CONTROL frame (UTF-8 JSON)."""
    return message.model_dump_json(exclude_none=True).encode()


def decode_message(payload: bytes) -> AnyMessage:
    """Read the payload of a CONTROL frame.

    Raises:
        UnknownMessageError: well-formed JSON object with a `type` this version does not know.
        BadMessageError: anything else that is not a message; the sentence names the first field at fault, and
            never repeats the peer's text.
    """
    try:
        return _ADAPTER.validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "union_tag_invalid":
            raise UnknownMessageError("This version does not know that type of message.") from None
        where = ".".join(str(part) for part in first["loc"])[:80]
        raise BadMessageError(f"A control message is malformed at “{where}”: {first['msg'][:160]}") from None
