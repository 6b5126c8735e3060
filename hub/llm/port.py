"""The port to a model that answers in text: messages in, pieces of an answer out. Adapter: `openai`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from protocol.errors import RoomtoneError

ToolSpec = Mapping[str, Any]
"""A function as OpenAI's `tools` field describes it: `{"type": "function", "function": {"name", ...}}`."""


class ModelError(RoomtoneError):
    """The model gave no answer that can be used.

    Attributes:
        spoken: the same for the ear: no address, no setting, and short.
    """

    code = "expert_failed"
    retry = True
    spoken: ClassVar[str] = "Sorry, the expert could not answer that just now."


class ModelUnreachableError(ModelError):
    """Nobody answers at the model's address, or the connection broke."""

    code = "expert_unreachable"
    spoken = "Sorry, I cannot reach the expert right now."


class ModelTimeoutError(ModelError):
    """The model was silent for too long, or did not come to an end in time."""

    code = "expert_timeout"
    spoken = "Sorry, the expert takes too long to answer."


class ModelBusyError(ModelError):
    """The server has no room for this question now."""

    code = "expert_busy"
    spoken = "Sorry, the expert is busy; please ask again in a moment."


class ModelGarbledError(ModelError):
    """What came is no chat completion."""

    code = "expert_garbled"
    spoken = "Sorry, I could not make sense of what the expert sent."


class ModelTooLongError(ModelError):
    """The answer is longer than any answer may be."""

    code = "expert_too_long"
    retry = False
    spoken = "Sorry, the expert's answer is too long for me."


class ModelRefusedError(ModelError):
    """The server does not take the question as it is put: model, address or a parameter is wrong."""

    code = "expert_refused"
    retry = False
    spoken = "Sorry, the expert does not accept my questions; its settings need a look."


class ModelKeyError(ModelError):
    """The server does not take our key, or the key cannot be read."""

    code = "expert_key_refused"
    retry = False
    spoken = "Sorry, the expert does not accept my key."


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model wants called. `arguments`: JSON as the model wrote it, unchecked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the dialogue.

    Attributes:
        calls: the functions an assistant's message asks for.
        call_id: the call that a tool's message answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """The next characters of the answer; empty while the model shows only that it is at work."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The message is complete; always the last event.

    Attributes:
        calls: what the model wants called before it goes on.
        cut: it had more to say and was not allowed to.
    """

    calls: tuple[ToolCall, ...] = ()
    cut: bool = False


ModelEvent = Piece | Ended


class ChatModel(Protocol):
    """A model that answers in text."""

    @property
    def name(self) -> str:
        """For people."""

    def answer(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> AsyncGenerator[ModelEvent, None]:
        """Pieces as they are made, then `Ended`. Closing it ends the request at once.

        Raises:
            ModelError: no answer, or none any more.
        """

    async def close(self) -> None:
        """Give back the connections."""


class Toolbox(Protocol):
    """The functions a model may call."""

    def specs(self) -> list[dict[str, Any]]:
        """Each as OpenAI's `tools` field describes it."""

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call one; returns its result in words or JSON.

        Raises:
            RoomtoneError: unknown, not allowed, or failed; its sentence is for the model to read.
        """
