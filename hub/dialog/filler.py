"""When the assistant breaks the silence while it has no answer yet, and by which words. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

# After the question; a faster answer needs no filler.
FIRST_AFTER_S: Final = 0.7
# After the user's last sound the room is silent already while the transcript is made.
LATEST_AFTER_S: Final = 1.2
# A transcript that is as late leaves a fast answer at least this.
LEAST_AFTER_S: Final = 0.25
# After each later sound. The voice needs up to a second to begin, and three seconds of silence are too many.
AGAIN_AFTER_S: Final = 2.0
_FIRST: Final = ("Let me think.", "One moment.", "Let me think about that.")
_LATER: Final = ("I am still thinking.", "This takes a little longer.", "I am still at it.", "Just a moment more.")


class Fillers:
    """The words of one assistant; those of two questions in a row differ."""

    def __init__(self) -> None:
        self.first: Iterator[str] = itertools.cycle(_FIRST)
        self.later: Iterator[str] = itertools.cycle(_LATER)


class Filler:
    """The clock of one question.

    Args:
        asked_s: when the question was known.
        spoke_s: when the user fell silent, if that is known.
    """

    def __init__(self, fillers: Fillers, *, asked_s: float, spoke_s: float | None = None) -> None:
        self._fillers = fillers
        self._due_s = asked_s + FIRST_AFTER_S
        if spoke_s is not None:
            self._due_s = max(asked_s + LEAST_AFTER_S, min(self._due_s, spoke_s + LATEST_AFTER_S))
        self._spoken = False
        self.count = 0

    @property
    def due_s(self) -> float:
        """When the next filler is due, unless something is said before."""
        return self._due_s

    def sounded(self, until_s: float) -> None:
        """Something was said until then."""
        self._spoken = True
        self._due_s = until_s + AGAIN_AFTER_S

    def words(self) -> str:
        """What to say now."""
        self.count += 1
        return next(self._fillers.later if self._spoken else self._fillers.first)
