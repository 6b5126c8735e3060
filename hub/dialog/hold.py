"""Whether the words of a voice that talks by itself may go out: never before it is known whom the user spoke to."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from hub.machine import Machine, StepCounts

Guess = Literal["house", "command", "likely", "other"]
"""Whose a turn is by its words so far: as `Kind`, and `likely`: it may yet turn out to be the house's."""

# A turn that is not classified so long after its last sound is the engine's to answer.
HOLD_MS: Final = 600.0
# One whose words so far may be for the house is waited for: its transcript decides, if the recogniser lives.
LIKELY_HOLD_MS: Final = 2500.0
# A command is the voice's to answer as soon as the user has stopped; its last sound must not be a pause.
COMMAND_HOLD_MS: Final = 120.0
# Words so far are told at least so long after the last of them.
WORDS_LATE_MS: Final = 300.0
_LIMITS_MS: Final[dict[Guess, float]] = {
    "house": LIKELY_HOLD_MS,
    "command": COMMAND_HOLD_MS,
    "likely": LIKELY_HOLD_MS,
    "other": HOLD_MS,
}


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
        self._guess: Guess = "other"
        self._spoke_ms = self._active_ms = 0.0

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
        self._active_ms = max(self._active_ms, at_ms)

    def hold(self, at_ms: float) -> None:
        """Words of a turn of the user come in; their last was spoken a while ago."""
        self._active_ms = max(self._active_ms, at_ms - WORDS_LATE_MS)
        if self.state is Words.FREE:
            self.transition(Words.HELD)

    def guess(self, guess: Guess) -> Words:
        """What the words so far make of the turn; where the engine's own words belong by them.

        Partial transcripts are garbled and change their mind, so a turn that once may have been the house's stays so
        until its transcript is there.
        """
        doubted = guess == "other" and self._guess != "other"
        if doubted or (guess == "command" and self._guess == "house"):
            guess = "likely"
        self._guess = guess
        return Words.HOUSE if guess == "house" else Words.HELD

    def decided(self) -> None:
        """The turn's transcript is there: what its words made of it before counts no more."""
        self._guess = "other"

    def is_over(self, now_ms: float) -> bool:
        """Whether the engine's words have been held for as long as a user is to wait."""
        return self.state is Words.HELD and now_ms - self._active_ms >= _LIMITS_MS[self._guess]

    def transition(self, to: Words) -> bool:
        """Take a step; False for one that the table does not have."""
        if not self._machine.transition(to):
            return False
        if to is Words.FREE:
            self._guess = "other"
        return True
