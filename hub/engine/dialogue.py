"""The newest turns of a conversation in words, for a voice that goes on with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from hub.engine.port import Exchange

MAX_EXCHANGES: Final = 12
MAX_CHARACTERS: Final = 2000


class Dialogue:
    """What was said in turn; bounded, the oldest goes first."""

    def __init__(self, history: Sequence[Exchange] = ()) -> None:
        self._over: deque[Exchange] = deque(history, MAX_EXCHANGES)
        self._user = self._assistant = ""

    def asked(self, text: str) -> None:
        """The user's words of a turn; a new exchange begins."""
        self._over.extend(self._open)
        self._user, self._assistant = text[:MAX_CHARACTERS], ""

    def answered(self, piece: str) -> None:
        """Words of the assistant: a sentence, or a piece of one that begins with its own space."""
        between = " " if self._assistant and not piece.startswith(" ") and self._assistant[-1] in ".!?" else ""
        self._assistant = f"{self._assistant}{between}{piece}".lstrip()[:MAX_CHARACTERS]

    @property
    def _open(self) -> tuple[Exchange, ...]:
        return (Exchange(self._user, self._assistant),) if self._user or self._assistant else ()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The newest turns, oldest first, the running one included."""
        return (*self._over, *self._open)[-MAX_EXCHANGES:]
