"""The life of a conversation: the one thing about it that is a state machine."""

from __future__ import annotations

import logging
from collections import Counter
from enum import Enum
from typing import Final

_LOG = logging.getLogger(__name__)


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


class LifeCounts:
    """Counts the steps of all conversations of a hub, by (from, to)."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[Life, Life]] = Counter()
        self.refused: Counter[tuple[Life, Life]] = Counter()


class LifeMachine:
    """One conversation's life."""

    def __init__(self, session: str, counts: LifeCounts) -> None:
        self.state = Life.OPENING
        self._session = session
        self._counts = counts

    def transition(self, to: Life) -> bool:
        """The only place where it changes: logs, counts and refuses (False) the illegal."""
        step = (self.state, to)
        if to not in TRANSITIONS[self.state]:
            self._counts.refused[step] += 1
            _LOG.debug("session %s: %s to %s refused", self._session, self.state.value, to.value)
            return False
        self._counts.taken[step] += 1
        _LOG.debug("session %s: %s", self._session, to.value)
        self.state = to
        return True
