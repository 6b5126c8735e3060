"""Whether the words of a voice that talks by itself may go out: never before it is known whom the user spoke to."""

from __future__ import annotations

from enum import Enum
from typing import Final

from hub.machine import Machine, StepCounts
from hub.understanding.decisions import Kind

# A turn that is not classified so long after its last sound is the engine's to answer.
HOLD_MS: Final = 600.0
# One whose words so far are for the house is waited for this long.
LIKELY_HOLD_MS: Final = 2500.0
# A command is the voice's to answer as soon as the user has stopped; its last sound must not be a pause.
COMMAND_HOLD_MS: Final = 120.0
_LIMITS_MS: Final = {"house": LIKELY_HOLD_MS, "command": COMMAND_HOLD_MS, "other": HOLD_MS}


class Words(Enum):
    """What happens to the engine's own words."""

    FREE = "free"  # they are spoken
    HELD = "held"  # they wait: the user's turn is not understood yet
    HOUSE = "house"  # they are not wanted: the house answers


TRANSITIONS: Final[dict[Words, frozenset[Words]]] = {
    Words.FREE: frozenset({Words.HELD, Words.HOUSE}),
    Words.HELD: frozenset({Words.FREE, Words.HOUSE}),
    Words.HOUSE: frozenset({Words.FREE, Words.HELD}),
}


class HoldCounts(StepCounts[Words]):
    """The steps of all conversations of a hub, and what was heard that should not have been.

    Attributes:
        leaked_words: words of the engine's own answer that were sent before a turn turned out to be the house's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.leaked_words = 0


class Hold:
    """One conversation's rule, with the clock of its user's turn."""

    def __init__(self, session: str, counts: HoldCounts) -> None:
        self._machine = Machine(f"session {session}: words", Words.FREE, TRANSITIONS, counts)
        self.expected: Kind = "other"
        """Whose the turn is, by the user's words so far."""
        self._spoke_ms = 0.0

    @property
    def state(self) -> Words:
        """What happens to the engine's own words now."""
        return self._machine.state

    @property
    def spoke_ms(self) -> float:
        """When the user was last heard to speak."""
        return self._spoke_ms

    def spoke(self, at_ms: float) -> None:
        """The user speaks at this moment."""
        self._spoke_ms = max(self._spoke_ms, at_ms)

    def hold(self, at_ms: float) -> None:
        """A turn of the user begins or goes on."""
        self.spoke(at_ms)
        if self.state is Words.FREE:
            self.transition(Words.HELD)

    def is_over(self, now_ms: float) -> bool:
        """Whether the engine's words have been held for as long as a user is to wait."""
        return self.state is Words.HELD and now_ms - self._spoke_ms >= _LIMITS_MS[self.expected]

    def transition(self, to: Words) -> bool:
        """Take a step; False for one that the table does not have."""
        if not self._machine.transition(to):
            return False
        self.expected = "other"
        return True
