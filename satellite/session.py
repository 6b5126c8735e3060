"""When sound may leave the room: after a call of this room's own, or when it is its turn in a session.

Whatever the hub says, it is this room that knows: that somebody called here, that somebody has just spoken here, that
a question has just been asked here.

Pure: no clock, no network. The agent tells it what happened and does what it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal

from protocol.messages import Because
from satellite.errors import IllegalTransitionError, NotWokenError
from satellite.machine import Machine

GRANT_WINDOW_S: Final = 5.0
# Whoever walks in while he talks has just been heard here.
FOLLOW_WINDOW_S: Final = 3.0
ANSWER_WINDOW_S: Final = 5.0
_NEVER_S: Final = -1e9


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
    FOLLOWED = "followed"
    ANSWERS = "answers"
    DENIED = "denied"
    RELEASED = "released"
    RECALLED = "recalled"
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
        (Phase.IDLE, Event.FOLLOWED): Phase.TALKING,
        (Phase.IDLE, Event.ANSWERS): Phase.TALKING,
        (Phase.IDLE, Event.DENIED): Phase.IDLE,
        (Phase.CALLING, Event.DENIED): Phase.IDLE,
        (Phase.TALKING, Event.DENIED): Phase.IDLE,
        (Phase.IDLE, Event.RELEASED): Phase.IDLE,
        (Phase.CALLING, Event.RELEASED): Phase.CALLING,  # of the session before: the call's own answer is to come
        (Phase.TALKING, Event.RELEASED): Phase.IDLE,
        (Phase.TALKING, Event.RECALLED): Phase.CALLING,  # the call crossed the end on its way
        (Phase.CALLING, Event.EXPIRED): Phase.IDLE,
        (Phase.OFFLINE, Event.MUTED): Phase.OFFLINE,
        (Phase.IDLE, Event.MUTED): Phase.IDLE,
        (Phase.CALLING, Event.MUTED): Phase.IDLE,
        (Phase.TALKING, Event.MUTED): Phase.IDLE,
    }
)


class Session:
    """The satellite's side of the floor."""

    def __init__(self, now: Callable[[], float], *, follow: bool = True) -> None:
        """Begin offline.

        Args:
            now: gives seconds that never run backwards.
            follow: whether this room takes part when a talker of another room comes in.
        """
        self._machine = Machine("session", Phase.OFFLINE, TABLE)
        self._now = now
        self._follow = follow
        self._called_s = self._spoken_s = self._asked_s = _NEVER_S

    @property
    def phase(self) -> Phase:
        """Where it is, an expired call taken into account."""
        if self._machine.state is Phase.CALLING and not self._within(self._called_s, GRANT_WINDOW_S):
            self._machine.transition(Event.EXPIRED)
        return self._machine.state

    def welcomed(self) -> None:
        """The hub let this satellite in."""
        if self.phase is not Phase.OFFLINE:
            self._machine.transition(Event.LOST)
        self._forget()
        self._machine.transition(Event.WELCOMED)

    def lost(self) -> None:
        """The link is gone, and with it every right."""
        self._forget()
        self._machine.transition(Event.LOST)

    def called(self) -> bool:
        """Somebody called; whether the hub is to be told."""
        if self.phase is Phase.OFFLINE:
            return False
        self._machine.transition(Event.CALLED)
        self._called_s = self._now()
        return True

    def spoken(self) -> None:
        """Somebody speaks in this room, says its own VAD."""
        self._spoken_s = self._now()

    def asked(self) -> None:
        """This room's loudspeaker says, or has just said, what asks for an answer."""
        self._asked_s = self._now()

    def muted(self) -> None:
        """The microphone was switched off: whoever switches it on again has to call again."""
        self._forget()
        self._machine.transition(Event.MUTED)

    def floor(self, state: Literal["granted", "denied", "released"], because: Because = "called") -> bool:
        """The hub gave its answer; whether a session begins with it (chime, light, pre-roll).

        Raises:
            NotWokenError: a grant that nobody in this room asked for in the last 5 s, and for whose reason this room
                has no evidence of its own.
        """
        before = self.phase
        try:
            self._machine.transition(self._event(before, state, because))
        except IllegalTransitionError:
            raise NotWokenError("Nobody in this room has called; its sound stays here.") from None
        if state != "released":
            self._called_s = _NEVER_S  # that was the answer
        return before is not Phase.TALKING and self._machine.state is Phase.TALKING

    def _event(self, phase: Phase, state: Literal["granted", "denied", "released"], because: Because) -> Event:
        if phase is Phase.TALKING and state == "released" and self._within(self._called_s, GRANT_WINDOW_S):
            return Event.RECALLED
        if phase is Phase.IDLE and state == "granted":
            if because == "moved" and self._follow and self._within(self._spoken_s, FOLLOW_WINDOW_S):
                return Event.FOLLOWED
            if because == "asked" and self._within(self._asked_s, ANSWER_WINDOW_S):
                return Event.ANSWERS
        return Event(state)

    def _within(self, since_s: float, window_s: float) -> bool:
        return self._now() - since_s <= window_s

    def _forget(self) -> None:
        self._called_s = self._spoken_s = self._asked_s = _NEVER_S
