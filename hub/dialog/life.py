"""The life of a conversation: the one thing about it that is a state machine."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Life(Enum):
    """Where a conversation stands."""

    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"


TRANSITIONS: Final[dict[Life, frozenset[Life]]] = {
    Life.OPENING: frozenset({Life.OPEN, Life.CLOSED}),
    Life.OPEN: frozenset({Life.CLOSED}),
    Life.CLOSED: frozenset(),
}
