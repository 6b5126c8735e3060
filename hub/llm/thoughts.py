"""Takes a model's thoughts off its answer: what stands between `<think>` and `</think>` at its beginning. Pure."""

from __future__ import annotations

from typing import Final

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class Thoughts:
    """Works on pieces of any length; a tag may be cut between two."""

    def __init__(self) -> None:
        self._held: str | None = ""  # None: the answer itself has begun
        self._thinking = False

    def without(self, piece: str) -> str:
        """What of this piece belongs to the answer."""
        if self._held is None:
            return piece
        held = (self._held + piece).lstrip()
        if self._thinking:
            return self._skip(held)
        if held.startswith(_OPEN):
            self._thinking = True
            return self._skip(held[len(_OPEN) :])
        if _OPEN.startswith(held):
            self._held = held
            return ""
        self._held = None
        return held

    def _skip(self, held: str) -> str:
        _, closed, answer = held.partition(_CLOSE)
        if closed:
            self._thinking = False
            self._held = ""
            return self.without(answer) if answer else ""
        self._held = held[-len(_CLOSE) :]
        return ""
