"""The floor: the right of one area to be heard and answered, held by exactly one session."""

from __future__ import annotations

import logging
from enum import Enum
from typing import Final

from hub.machine import Machine, StepCounts

_LOG = logging.getLogger(__name__)


class FloorState(Enum):
    """The life of one session's floor."""

    WANTED = "wanted"
    HELD = "held"
    RELEASED = "released"


TRANSITIONS: Final[dict[FloorState, frozenset[FloorState]]] = {
    FloorState.WANTED: frozenset({FloorState.HELD, FloorState.RELEASED}),
    FloorState.HELD: frozenset({FloorState.HELD, FloorState.RELEASED}),
    FloorState.RELEASED: frozenset(),
}


class Floors:
    """Who holds which floor. One session has at most one area, one area at most one session."""

    def __init__(self) -> None:
        self._machines: dict[str, Machine[FloorState]] = {}
        self._area_of: dict[str, str] = {}
        self._steps = StepCounts[FloorState]()
        self._conflicts = 0

    @property
    def refused(self) -> int:
        """Floors that were turned away; they point at a defect."""
        return self._conflicts + self._steps.refused.total()

    def want(self, session: str) -> None:
        """A session is about to ask."""
        if session not in self._machines:
            name = f"floor of {session}"
            self._machines[session] = Machine(name, FloorState.WANTED, TRANSITIONS, self._steps)

    def grant(self, session: str, area_id: str) -> bool:
        """Give the area to the session; refused (False) when either already has one."""
        machine = self._machines.get(session)
        if machine is None or session in self._area_of or area_id in self._area_of.values():
            self._conflicts += 1
            _LOG.warning("floor of %s: it was not asked for, or %s is held by another", session, area_id)
            return False
        if not machine.transition(FloorState.HELD):
            return False
        self._area_of[session] = area_id
        return True

    def move(self, session: str, area_id: str) -> bool:
        """Give the session this area for the one it has, in one step; refused (False) when another session has it."""
        if session not in self._area_of or self.session_in(area_id) not in (None, session):
            return False
        self._machines[session].transition(FloorState.HELD)
        self._area_of[session] = area_id
        return True

    def release(self, session: str) -> None:
        """End it. A released session is forgotten; releasing twice does nothing."""
        machine = self._machines.pop(session, None)
        if machine is not None:
            machine.transition(FloorState.RELEASED)
            self._area_of.pop(session, None)

    def session_in(self, area_id: str) -> str | None:
        """The session that holds an area."""
        return next((session for session, area in self._area_of.items() if area == area_id), None)

    def area_of(self, session: str) -> str | None:
        """The area a session holds."""
        return self._area_of.get(session)

    def __len__(self) -> int:
        return len(self._area_of)
