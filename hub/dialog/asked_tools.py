"""The expert's tools in one turn, with an eye on what they want a person to be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.llm.port import Toolbox


class AskedTools:
    """Implements `Toolbox` by another.

    Attributes:
        question: what a tool waits to have answered by a person; empty for nothing.
    """

    def __init__(self, toolbox: Toolbox) -> None:
        self.question = ""
        self._toolbox = toolbox

    def specs(self) -> list[dict[str, Any]]:
        """Each as OpenAI's `tools` field describes it."""
        return self._toolbox.specs()

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call one; returns its result in words or JSON.

        Raises:
            RoomtoneError: unknown, not allowed, or failed; its sentence is for the model to read.
        """
        result = await self._toolbox.call(name, arguments)
        try:
            told = json.loads(result)
        except ValueError:
            return result
        if isinstance(told, dict) and "waiting_for" in told:
            self.question = str(told.get("sentence", ""))
        return result
