"""When sound may leave the room: never before a call of this room's own, whatever the hub says.

Pure: no clock, no network. The agent tells it what happened and does what it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal

from satellite.errors import IllegalTransitionError, NotWokenError
from satellite.machine import Machine

GRANT_WINDOW_S: Final = 5.0


class Phase(Enum):
    """What the satellite sends."""

    OFFLINE = "offline"  # nothing
    IDLE = "idle"  # scalars only
    CALLING = "calling"  # scalars; a call was sent and waits for its answer
    TALKING = "talking"  # sound


class Event(Enum):
    """What can happen to it."""

    WELCOMED = "welcomed"
    LOST = "lost"
    CALLED = "called"
    GRANTED = "granted"
    DENIED = "denied"
    RELEASED = "released"
    EXPIRED = "expired"
    MUTED = "muted"


TABLE: Final = MappingProxyType(
    {
        (Phase.OFFLINE, Event.WELCOMED): Phase.IDLE,
        (Phase.OFFLINE, Event.LOST): Phase.OFFLINE,
        (Phase.IDLE, Event.LOST): Phase.OFFLINE,
        (Phase.CALLING, Event.LOST): Phase.OFFLINE,
        (Phase.TALKING, Event.LOST): Phase.OFFLINE,
        (Phase.IDLE, Event.CALLED): Phase.CALLING,
        (Phase.CALLING, Event.CALLED): Phase.CALLING,
        (Phase.TALKING, Event.CALLED): Phase.TALKING,
        (Phase.CALLING, Event.GRANTED): Phase.TALKING,
        (Phase.TALKING, Event.GRANTED): Phase.TALKING,
        (Phase.IDLE, Event.DENIED): Phase.IDLE,
        (Phase.CALLING, Event.DENIED): Phase.IDLE,
        (Phase.TALKING, Event.DENIED): Phase.IDLE,
        (Phase.IDLE, Event.RELEASED): Phase.IDLE,
        (Phase.CALLING, Event.RELEASED): Phase.IDLE,
        (Phase.TALKING, Event.RELEASED): Phase.IDLE,
        (Phase.CALLING, Event.EXPIRED): Phase.IDLE,
        (Phase.OFFLINE, Event.MUTED): Phase.OFFLINE,
        (Phase.IDLE, Event.MUTED): Phase.IDLE,
        (Phase.CALLING, Event.MUTED): Phase.IDLE,
        (Phase.TALKING, Event.MUTED): Phase.IDLE,
    }
)


class Session:
    """The satellite's side of the floor."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Begin offline; `now` gives seconds that never run backwards."""
        self._machine = Machine("session", Phase.OFFLINE, TABLE)
        self._now = now
        self._called_s = 0.0

    @property
    def phase(self) -> Phase:
        """Where it is, an expired call taken into account."""
        if self._machine.state is Phase.CALLING and self._now() - self._called_s > GRANT_WINDOW_S:
            self._machine.transition(Event.EXPIRED)
        return self._machine.state

    def welcomed(self) -> None:
        """The hub let this satellite in."""
        if self.phase is not Phase.OFFLINE:
            self._machine.transition(Event.LOST)
        self._machine.transition(Event.WELCOMED)

    def lost(self) -> None:
        """The link is gone, and with it every right."""
        self._machine.transition(Event.LOST)

    def called(self) -> bool:
        """Somebody called; whether the hub is to be told."""
        if self.phase is Phase.OFFLINE:
            return False
        self._machine.transition(Event.CALLED)
        self._called_s = self._now()
        return True

    def muted(self) -> None:
        """The microphone was switched off: whoever switches it on again has to call again."""
        self._machine.transition(Event.MUTED)

    def floor(self, state: Literal["granted", "denied", "released"]) -> bool:
        """The hub gave its answer; whether a session begins with it (chime, light, pre-roll).

        Raises:
            NotWokenError: a grant that nobody in this room asked for in the last 5 s.
        """
        before = self.phase
        try:
            self._machine.transition(Event(state))
        except IllegalTransitionError:
            raise NotWokenError("Nobody in this room has called; its sound stays here.") from None
        return before is not Phase.TALKING and self._machine.state is Phase.TALKING
