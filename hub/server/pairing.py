"""The pairing desk: one code at a time, opened by a person, for two minutes and five tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hub.machine import Machine, StepCounts
from protocol.security import new_code

WINDOW_S: Final = 120.0
TRIES: Final = 5


class PairingState(Enum):
    """The life of a pairing window."""

    CLOSED = "closed"
    OPEN = "open"
    DONE = "done"
    EXPIRED = "expired"
    USED_UP = "used_up"


TRANSITIONS: Final[dict[PairingState, frozenset[PairingState]]] = {
    PairingState.CLOSED: frozenset({PairingState.OPEN}),
    PairingState.OPEN: frozenset(PairingState) - {PairingState.CLOSED},
    PairingState.DONE: frozenset({PairingState.OPEN}),
    PairingState.EXPIRED: frozenset({PairingState.OPEN}),
    PairingState.USED_UP: frozenset({PairingState.OPEN}),
}


@dataclass(frozen=True, slots=True)
class PairingStatus:
    """What `roomtone pair` shows while it waits."""

    state: str
    area_id: str = ""
    remaining_s: float = 0.0
    tries_left: int = 0
    device_name: str = ""


class PairingDesk:
    """Holds the running code. Wrong guesses of all peers count together, so a guesser closes the window."""

    def __init__(self, *, now_s: Callable[[], float], make_code: Callable[[], str] = new_code) -> None:
        self._machine = Machine("pairing window", PairingState.CLOSED, TRANSITIONS)
        self._now_s = now_s
        self._make_code = make_code
        self._code = ""
        self._area: tuple[str, str] = ("", "")
        self._until_s = 0.0
        self._tries = 0
        self._device_name = ""

    @property
    def counts(self) -> StepCounts[PairingState]:
        """What the windows have done."""
        return self._machine.counts

    def open(self, area_id: str, area_name: str) -> str:
        """Begin a window for one area; a running one is replaced. Returns the six digits."""
        self._machine.transition(PairingState.OPEN)
        self._code = self._make_code()
        self._area = (area_id, area_name)
        self._until_s = self._now_s() + WINDOW_S
        self._tries = TRIES
        self._device_name = ""
        return self._code

    @property
    def status(self) -> PairingStatus:
        """The window as it is now."""
        state = self._state_now()
        remaining_s = max(0.0, self._until_s - self._now_s()) if state is PairingState.OPEN else 0.0
        return PairingStatus(state.value, self._area[0], remaining_s, self._tries, self._device_name)

    @property
    def code(self) -> str | None:
        """The code, while the window is open."""
        return self._code if self._state_now() is PairingState.OPEN else None

    @property
    def area(self) -> tuple[str, str]:
        """Id and name of the area the code was made for."""
        return self._area

    def failed(self) -> None:
        """A guess was wrong; one that comes after the window's end costs nothing any more."""
        if self._state_now() is PairingState.OPEN:
            self._tries -= 1
            if self._tries == 0:
                self._machine.transition(PairingState.USED_UP)

    def done(self, device_name: str) -> None:
        """A satellite has been paired; the code is worth nothing any more."""
        self._state_now()
        if self._machine.transition(PairingState.DONE):
            self._device_name = device_name

    def _state_now(self) -> PairingState:
        if self._machine.state is PairingState.OPEN and self._now_s() >= self._until_s:
            self._machine.transition(PairingState.EXPIRED)
        return self._machine.state
