"""What a whole turn of the assistant says to a request: it agrees, refuses, asks back, offers something else."""

from __future__ import annotations

import re
from typing import Final

from hub.understanding.echo import other_numbers
from hub.understanding.house import Action
from hub.understanding.judging import Request
from hub.understanding.stance import OBJECTIONS, Kind, Stance

_WHICH: Final = re.compile(r"\bor\b|^(?:(?:and|so|sorry|ok|sure|,) )*(?:which|what|where|who|how)\b")


class Consent:
    """Follows one turn, clause by clause.

    Attributes:
        offered: what it offers ("Want me to turn on the fan?"), for a "yes".
        asked_back: whether it holds a question.
        asked_which: whether that asks which thing or value was meant.
        refused: whether it holds a refusal or a failure.
        objected: whether it holds anything that is no consent: these, an offer, a condition.
        committed: whether it says what it does.
    """

    def __init__(self) -> None:
        self.offered: tuple[Action, ...] = ()
        self.asked_back = self.asked_which = self.refused = self.objected = self.committed = False
        self._affirmed = self._promised = False
        self._said = ""

    def hear(self, words: list[str]) -> None:
        """Words that were said, whatever they are."""
        self._said = f"{self._said} {' '.join(words)}"

    def note(self, stance: Stance) -> None:
        """A clause is over."""
        if stance.kind in (Kind.AFFIRMATION, Kind.PROMISE):
            self._affirmed = True
        self._promised = stance.kind is Kind.PROMISE
        self.objected = self.objected or stance.kind in OBJECTIONS
        self.refused = self.refused or stance.kind is Kind.REFUSAL
        self.asked_back = self.asked_back or stance.kind is Kind.QUESTION
        self.asked_which = self.asked_which or (stance.kind is Kind.QUESTION and bool(_WHICH.search(stance.words)))

    def is_soon_sure(self, request: Request) -> bool:
        """Whether a short silence is enough after an affirmation: nothing that follows is likely to change the deed.

        A number is often said again and may be another one then ("Okay. Fourteen degrees."), so it is waited for.
        """
        numbers = any(isinstance(v, (int, float)) for a in request.actions for v in a.data.values())
        return request.final and (self._promised or not numbers)

    def is_for(self, request: Request) -> bool:
        """Whether the turn agrees to a request and says no more than that."""
        if not self._affirmed or self.objected or self.committed or not request.actions:
            return False
        return not other_numbers(self._said, request.words)  # "thirty minutes, coming up"
