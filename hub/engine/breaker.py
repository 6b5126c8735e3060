"""A circuit breaker: who failed is left alone for a while, asked again, and trusted again once it answers."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from hub.machine import Machine

FIRST_DELAY_S: Final = 1.0
LONGEST_DELAY_S: Final = 60.0
# Who fails again sooner than this after it came back has not been well in between: its delay goes on doubling.
PROVEN_S: Final = 30.0


class Circuit(Enum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


TRANSITIONS: Final[dict[Circuit, frozenset[Circuit]]] = {
    Circuit.CLOSED: frozenset({Circuit.OPEN}),
    Circuit.OPEN: frozenset({Circuit.HALF_OPEN}),
    Circuit.HALF_OPEN: frozenset({Circuit.CLOSED, Circuit.OPEN}),
}


class Breaker:
    """Decides whether somebody may be asked. It opens at the first failure: there is a good stand-in.

    Args:
        name: for the log.
        now_s: a monotonic clock.
    """

    def __init__(self, name: str, *, now_s: Callable[[], float]) -> None:
        self._machine = Machine(f"breaker of {name}", Circuit.CLOSED, TRANSITIONS)
        self._now_s = now_s
        self._delay_s = 0.0
        self._opened_s = 0.0
        self._closed_s = now_s()

    @property
    def state(self) -> Circuit:
        """Where it stands."""
        return self._machine.state

    @property
    def retry_in_s(self) -> float:
        """How long an open breaker stays open; 0 for one that is not open."""
        if self.state is not Circuit.OPEN:
            return 0.0
        return max(0.0, self._delay_s - (self._now_s() - self._opened_s))

    def fail(self) -> bool:
        """It failed; True when the breaker opened by this. The first delay is short, each further one twice as long."""
        was_well = self.state is Circuit.CLOSED and self._now_s() - self._closed_s >= PROVEN_S
        if not self._machine.transition(Circuit.OPEN):
            return False
        self._delay_s = FIRST_DELAY_S if was_well or not self._delay_s else min(2 * self._delay_s, LONGEST_DELAY_S)
        self._opened_s = self._now_s()
        return True

    def probe(self) -> bool:
        """Ask once; False when nothing is to be asked."""
        return self._machine.transition(Circuit.HALF_OPEN)

    def recover(self) -> bool:
        """It answered; True when the breaker closed by this."""
        if not self._machine.transition(Circuit.CLOSED):
            return False
        self._closed_s = self._now_s()
        return True
