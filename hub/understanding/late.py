"""Commitments ahead of the user's words: the recogniser may write a moment later what supports them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from hub.understanding.decisions import Moment
from hub.understanding.house import Action
from hub.understanding.support import Verdict, Weighed

LATE_WORDS_S: Final = 1.5
_MAX_LATE: Final = 8
_MAX_DOUBTS: Final = 16


@dataclass(frozen=True, slots=True)
class Doubt:
    """A commitment that does nothing: the user's words contradict it, or do not speak of it."""

    actions: tuple[Action, ...]
    verdict: Verdict
    frame: int
    why: str


@dataclass(frozen=True, slots=True)
class Late:
    """A commitment that the user's words do not support yet.

    Attributes:
        action: what it comes to.
        dangerous: the action where it needs a spoken yes.
        doubt: what it is as things stand.
        until_s: when it is given up, by the clock of the moments.
    """

    action: Action
    dangerous: tuple[Action, ...]
    doubt: Doubt
    until_s: float


class Waiting:
    """The commitments of one conversation that wait for the user's words, and those that waited in vain."""

    def __init__(self) -> None:
        self._late: tuple[Late, ...] = ()
        self._doubts: tuple[Doubt, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._late)

    def add(self, action: Action, dangerous: tuple[Action, ...], weighed: Weighed, moment: Moment) -> None:
        """Wait for words that support an action."""
        doubt = Doubt((action,), weighed.verdict, moment.frame, weighed.why)
        self._late = (*self._late, Late(action, dangerous, doubt, moment.at_s + LATE_WORDS_S))[-_MAX_LATE:]

    def supported(self, weigh: Callable[[Action], Weighed]) -> list[tuple[Late, str]]:
        """The transcript grew: what it supports now waits no longer.

        Args:
            weigh: an action against the words as they are now.

        Returns:
            each commitment that is supported, and why.
        """
        found: list[tuple[Late, str]] = []
        left: list[Late] = []
        for late in self._late:
            weighed = weigh(late.action)
            if weighed.verdict is Verdict.SUPPORTED:
                found.append((late, weighed.why))
            else:
                left.append(replace(late, doubt=replace(late.doubt, verdict=weighed.verdict, why=weighed.why)))
        self._late = tuple(left)
        return found

    def take_all(self) -> tuple[Late, ...]:
        """Everything that waits, which waits no longer."""
        late, self._late = self._late, ()
        return late

    def expire(self, moment: Moment) -> None:
        """Give up what has waited for too long."""
        over = [late.doubt for late in self._late if moment.at_s >= late.until_s]
        if over:
            self._late = tuple(late for late in self._late if moment.at_s < late.until_s)
            self._doubts = (*self._doubts, *over)[-_MAX_DOUBTS:]

    def take_doubts(self) -> list[Doubt]:
        """What waited in vain since the last call."""
        doubts, self._doubts = self._doubts, ()
        return [*doubts]
