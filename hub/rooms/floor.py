"""The floor: the right of one area to be heard and answered, held by exactly one session."""

from __future__ import annotations

import logging
from collections import Counter
from enum import Enum
from typing import Final

_LOG = logging.getLogger(__name__)


class FloorState(Enum):
    """The life of one session's floor."""

    WANTED = "wanted"
    HELD = "held"
    RELEASED = "released"


TRANSITIONS: Final[dict[FloorState, frozenset[FloorState]]] = {
    FloorState.WANTED: frozenset({FloorState.HELD, FloorState.RELEASED}),
    FloorState.HELD: frozenset({FloorState.RELEASED}),
    FloorState.RELEASED: frozenset(),
}


class Floors:
    """Who holds which floor. One session has at most one area, one area at most one session."""

    def __init__(self) -> None:
        self._states: dict[str, FloorState] = {}
        self._area_of: dict[str, str] = {}
        self.taken: Counter[tuple[FloorState, FloorState]] = Counter()
        self.refused = 0

    def want(self, session: str) -> None:
        """A session is about to ask."""
        self._states.setdefault(session, FloorState.WANTED)

    def grant(self, session: str, area_id: str) -> bool:
        """Give the area to the session; refused (False) when either already has one."""
        if area_id in self._area_of.values():
            self.refused += 1
            _LOG.warning("floor of %s: %s is held by another", session, area_id)
            return False
        if not self.transition(session, FloorState.HELD):
            return False
        self._area_of[session] = area_id
        return True

    def release(self, session: str) -> None:
        """End it. A released session is forgotten; releasing twice does nothing."""
        if self._states.get(session) is not None and self.transition(session, FloorState.RELEASED):
            self._area_of.pop(session, None)
            del self._states[session]

    def transition(self, session: str, to: FloorState) -> bool:
        """The only place where a floor changes state: logs, counts and refuses the illegal."""
        state = self._states.get(session)
        if state is None or to not in TRANSITIONS[state]:
            self.refused += 1
            _LOG.warning("floor of %s: %s to %s refused", session, state, to)
            return False
        self._states[session] = to
        self.taken[state, to] += 1
        _LOG.debug("floor of %s: %s", session, to.value)
        return True

    def session_in(self, area_id: str) -> str | None:
        """The session that holds an area."""
        return next((session for session, area in self._area_of.items() if area == area_id), None)

    def area_of(self, session: str) -> str | None:
        """The area a session holds."""
        return self._area_of.get(session)

    def __len__(self) -> int:
        return len(self._area_of)
