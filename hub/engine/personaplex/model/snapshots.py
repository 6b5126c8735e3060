"""Prompts that have been read: the state after each, kept for the next session with the same voice and persona."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

import torch
from moshi.modules.streaming import State

from hub.engine.personaplex.model.states import state_bytes


@dataclass(frozen=True, slots=True)
class PromptSnapshot:
    """The language model's state after a prompt of `frames` frames, and where it goes on.

    Attributes:
        frames: T; the next position to be fed is T.
        states: of a view of the model, one row, with key-value caches of exactly T positions.
        column: int64 [17], the tokens at position T; the user's semantic one is not known yet.
    """

    frames: int
    states: dict[str, State]
    column: torch.Tensor

    @property
    def size_bytes(self) -> int:
        """Memory it holds."""
        return state_bytes(self.states)


class SnapshotCache:
    """Snapshots by what they were made from; the longest unused one goes first when the budget is spent."""

    def __init__(self, budget_bytes: int) -> None:
        """Hold at most `budget_bytes`; a snapshot that is larger alone is not kept."""
        self._budget_bytes = budget_bytes
        self._held: OrderedDict[Hashable, PromptSnapshot] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """Memory of all snapshots in it."""
        return sum(snapshot.size_bytes for snapshot in self._held.values())

    def get(self, key: Hashable) -> PromptSnapshot | None:
        """The snapshot, if it is here."""
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: Hashable, snapshot: PromptSnapshot) -> None:
        """Keep it, at the cost of those not used for longest."""
        self._held.pop(key, None)
        if snapshot.size_bytes > self._budget_bytes:
            return
        while self.size_bytes + snapshot.size_bytes > self._budget_bytes:
            self._held.popitem(last=False)
        self._held[key] = snapshot

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
