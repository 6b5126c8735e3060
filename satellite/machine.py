"""A state machine as a table: whoever reads the table knows everything that can happen."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import Final, Generic, TypeVar

from satellite.errors import IllegalTransitionError

_LOG: Final = logging.getLogger(__name__)
S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


class Machine(Generic[S, E]):
    """One state, one table.

    Attributes:
        state: where it is.
        counts: how often each transition was taken.
        refused: how often each illegal event was turned away.
    """

    def __init__(self, name: str, start: S, table: Mapping[tuple[S, E], S]) -> None:
        self.state = start
        self.counts: Counter[tuple[S, E]] = Counter()
        self.refused: Counter[tuple[S, E]] = Counter()
        self._name = name
        self._table = table

    def transition(self, event: E) -> S:
        """Take one step and return the new state.

        Raises:
            IllegalTransitionError: the table has no such step; the state stays.
        """
        step = (self.state, event)
        after = self._table.get(step)
        if after is None:
            self.refused[step] += 1
            raise IllegalTransitionError(f"The {self._name} is {self.state.value}; “{event.value}” is out of place.")
        self.counts[step] += 1
        if after is not self.state:
            _LOG.info("%s: %s -> %s (%s)", self._name, self.state.value, after.value, event.value)
        self.state = after
        return after
