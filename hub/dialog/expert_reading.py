"""Reads one answer from a model, calls the functions it asks for, and gives out phrases that can be spoken."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final

from hub.dialog.phrases import Phrases
from hub.llm.port import (
    ChatModel,
    Ended,
    Message,
    ModelGarbledError,
    ModelTimeoutError,
    Piece,
    Toolbox,
    ToolCall,
    ToolSpec,
)
from protocol.errors import RoomtoneError

MAX_ROUNDS: Final = 4
"""So often a model may call functions before it must answer."""
_TOOL_S: Final = 15.0
_MAX_RESULT_CHARACTERS: Final = 4000


class Reading:
    """One answer on its way in. Its length is bounded by the model's adapter, so what waits to be said is too.

    Args:
        on_news: told when a phrase can be said.
        on_alive: told when the model shows its first sign of life.

    Attributes:
        waiting: phrases to be said, in order.
        text: the answer as the model wrote it.
        tools: names of the functions called.
    """

    def __init__(
        self, *, on_news: Callable[[], None] = lambda: None, on_alive: Callable[[], None] = lambda: None
    ) -> None:
        self.waiting: deque[str] = deque()
        self.text = ""
        self.tools: list[str] = []
        self.is_empty = True
        self._alive = False
        self._on_news, self._on_alive = on_news, on_alive

    def read_text(self, text: str) -> None:
        """Take an answer that is there already."""
        phrases = Phrases()
        self._give(phrases.feed(text) + phrases.close())

    async def read(
        self, model: ChatModel, messages: Sequence[Message], toolbox: Toolbox | None, *, timeout_s: float
    ) -> None:
        """Take the answer of a model; returns when it is complete.

        Raises:
            ModelError: there is none, or not all of it came.
        """
        dialogue = list(messages)
        try:
            async with asyncio.timeout(timeout_s):
                for calls_left in range(MAX_ROUNDS, -1, -1):
                    tools = toolbox.specs() if toolbox is not None and calls_left else []
                    said, ended = await self._read_message(model, dialogue, tools)
                    if toolbox is None or not ended.calls or not tools:
                        break
                    dialogue.append(Message("assistant", said, ended.calls))
                    for call in ended.calls:
                        result = await self._call(toolbox, call)
                        dialogue.append(Message("tool", result, call_id=call.id))
        except TimeoutError:
            raise ModelTimeoutError(f"The expert's answer was not complete after {timeout_s:g} s.") from None
        if self.is_empty:
            raise ModelGarbledError("The expert answered nothing that can be said.")

    async def _read_message(
        self, model: ChatModel, dialogue: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> tuple[str, Ended]:
        phrases, said, ended = Phrases(), "", Ended()
        try:
            async with aclosing(model.answer(dialogue, tools)) as events:
                async for event in events:
                    if not self._alive:
                        self._alive = True
                        self._on_alive()
                    if isinstance(event, Piece):
                        said += event.text
                        self._give(phrases.feed(event.text))
                    else:
                        ended = event
        finally:
            self.text = f"{self.text}\n{said}".strip()
        self._give(phrases.close(cut=ended.cut))
        return said, ended

    def _give(self, phrases: Sequence[str]) -> None:
        if phrases:
            self.is_empty = False
            self.waiting.extend(phrases)
            self._on_news()

    async def _call(self, toolbox: Toolbox, call: ToolCall) -> str:
        self.tools.append(call.name)
        try:
            arguments = json.loads(call.arguments)
        except (ValueError, RecursionError):
            return "Nothing was done: the arguments are no JSON."
        if not isinstance(arguments, dict):
            return "Nothing was done: the arguments must be a JSON object."
        try:
            async with asyncio.timeout(_TOOL_S):
                result = await toolbox.call(call.name, arguments)
        except TimeoutError:
            return f"It did not answer within {_TOOL_S:g} seconds; nobody knows whether it was done."
        except RoomtoneError as error:
            return f"It failed: {error.sentence}"
        return result[:_MAX_RESULT_CHARACTERS]
