"""A state machine as a table: which state may follow which. It logs, counts and refuses; it never raises."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

_LOG = logging.getLogger(__name__)
S = TypeVar("S", bound=Enum)


class StepCounts(Generic[S]):
    """Steps by (from, to), of one machine or of all of a kind.

    Attributes:
        taken: those that were made.
        refused: those the table does not have; they point at a defect.
    """

    def __init__(self) -> None:
        self.taken: Counter[tuple[S, S]] = Counter()
        self.refused: Counter[tuple[S, S]] = Counter()


class Machine(Generic[S]):
    """One state, one table.

    Args:
        name: for the log.
        start: the first state.
        table: the states that may follow each state.
        counts: shared by all machines of a kind; None makes its own.

    Attributes:
        state: where it stands.
        counts: what it has done.
    """

    def __init__(
        self, name: str, start: S, table: Mapping[S, frozenset[S]], counts: StepCounts[S] | None = None
    ) -> None:
        self.state = start
        self.counts = StepCounts[S]() if counts is None else counts
        self._name = name
        self._table = table

    def transition(self, to: S) -> bool:
        """The only place where the state changes; False for a step that the table does not have."""
        step = (self.state, to)
        if to not in self._table[self.state]:
            self.counts.refused[step] += 1
            _LOG.debug("%s: %s to %s refused", self._name, self.state.value, to.value)
            return False
        self.counts.taken[step] += 1
        _LOG.debug("%s: %s", self._name, to.value)
        self.state = to
        return True
