"""What a chat completion says, chunk by chunk: text, functions to call, and how it ended. Pure.

Source: OpenAI's API reference, "chat completion chunk"; servers that differ in small ways are understood too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError, field_validator

from hub.llm.port import Ended, ModelError, ModelGarbledError, ModelTooLongError, Piece, ToolCall
from hub.llm.thoughts import Thoughts

MAX_ANSWER_CHARACTERS: Final = 8000
"""Some eight minutes of speech."""
MAX_CALLS: Final = 16
MAX_ARGUMENTS_CHARACTERS: Final = 16_000


class _Function(BaseModel):
    name: str | None = None
    arguments: str | None = None

    @field_validator("arguments", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return json.dumps(value) if isinstance(value, dict) else value  # as Ollama's own API writes them


class _Call(BaseModel):
    index: int | None = None
    id: str | None = None
    function: _Function = _Function()


class _Delta(BaseModel):
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(BaseModel):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(BaseModel):
    choices: list[_Choice] = []
    error: Any = None


@dataclass(slots=True)
class _Wanted:
    index: int | None
    id: str
    name: str = ""
    arguments: str = ""


class Completion:
    """One message of the model in the making.

    Attributes:
        ended: how it ended; None while it goes on.
    """

    def __init__(self) -> None:
        self.ended: Ended | None = None
        self._thoughts = Thoughts()
        self._calls: list[_Wanted] = []
        self._characters = 0
        self._cut = False
        self._finished = False

    def take(self, data: bytes) -> list[Piece]:
        """The next event's data, or a whole completion; returns what it adds to the answer.

        A piece with no text shows that the model is at work, such as thinking.

        Raises:
            ModelGarbledError: it is no chat completion.
            ModelTooLongError: the answer is longer than `MAX_ANSWER_CHARACTERS`.
            ModelError: the server says that it failed.
        """
        if data.strip() == b"[DONE]":
            self._end()
            return []
        try:
            chunk = _Chunk.model_validate_json(data)
        except ValidationError:
            raise ModelGarbledError("The expert's server sent something that is no chat completion.") from None
        if chunk.error is not None:
            raise ModelError("The expert's server failed in the middle of its answer; its log says why.")
        pieces: list[Piece] = []
        for choice in chunk.choices[:1]:
            delta = choice.delta or choice.message or _Delta()
            pieces += self._take_delta(delta)
            if choice.finish_reason:
                self._finished, self._cut = True, choice.finish_reason == "length"
        return pieces

    def close(self) -> None:
        """The stream is over, whether or not it said so.

        Raises:
            ModelGarbledError: it had not come to an end.
        """
        if self.ended is None:
            if not self._finished:
                raise ModelGarbledError("The expert's server stopped in the middle of its answer.")
            self._end()

    def _take_delta(self, delta: _Delta) -> list[Piece]:
        pieces: list[Piece] = []
        if delta.content:
            text = self._thoughts.without(delta.content)
            self._characters += len(text)
            if self._characters > MAX_ANSWER_CHARACTERS:
                raise ModelTooLongError(
                    f"The expert's answer has more than {MAX_ANSWER_CHARACTERS} characters; lower expert.max_tokens."
                )
            pieces.append(Piece(text))
        elif delta.reasoning or delta.reasoning_content:
            pieces.append(Piece(""))
        for call in delta.tool_calls or ():
            self._take_call(call)
            pieces.append(Piece(""))
        return pieces

    def _take_call(self, call: _Call) -> None:
        known = next((wanted for wanted in self._calls if wanted.index == call.index), None)
        # Some servers number every call 0; an id of its own tells another one.
        if known is None or (call.id and call.id != known.id):
            known = _Wanted(call.index, call.id or f"call_{len(self._calls)}")
            self._calls.append(known)
        known.name += call.function.name or ""
        known.arguments += call.function.arguments or ""
        if len(self._calls) > MAX_CALLS or len(known.arguments) > MAX_ARGUMENTS_CHARACTERS:
            raise ModelTooLongError("The expert wants more functions called than one answer may need.")

    def _end(self) -> None:
        if self.ended is None:
            calls = tuple(ToolCall(call.id, call.name, call.arguments or "{}") for call in self._calls if call.name)
            self.ended = Ended(calls, cut=self._cut)
