"""Deeds that the assistant's words have made ready: each once in a turn of the user, no device in two ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from hub.understanding.asked import restricted
from hub.understanding.decisions import Moment
from hub.understanding.house import Action


class How(Enum):
    """Why a deed is ready."""

    AGREED = "agreed"  # the assistant says what the user's own request comes to
    COMMITTED = "committed"  # the assistant's reading, supported by the user's words
    AFFIRMED = "affirmed"  # a clear request, and the assistant only agreed
    UNHEARD = "unheard"  # nobody can hear the user; the assistant's words alone


@dataclass(frozen=True, slots=True)
class Ready:
    """A deed that the assistant has committed itself to, with evidence.

    Attributes:
        actions: harmless by policy.
        dangerous: need a spoken yes by the user before anything happens.
        frame: of the piece (or of the silence) that made it ready.
        turn: of the user.
        key: the same for the same deed of the same turn.
        why: one line for developers.
    """

    actions: tuple[Action, ...]
    dangerous: tuple[Action, ...]
    how: How
    frame: int
    turn: int
    key: str
    why: str


class Readied:
    """What was made ready in one turn of the user."""

    def __init__(self) -> None:
        self._calls: set[tuple[str, str]] = set()
        self._touched: set[str] = set()

    def forget(self) -> None:
        """Another turn begins."""
        self._calls.clear()
        self._touched.clear()

    def holds(self, action: Action) -> bool:
        """Whether all of an action was made ready."""
        call = _call(action)
        return all((call, i) in self._calls for i in action.entity_ids or ("",))

    def make(
        self, actions: Iterable[Action], dangerous: Iterable[Action], how: How, moment: Moment, *, turn: int, why: str
    ) -> list[Ready]:
        """Make ready what was not yet; nothing where nothing is left.

        Args:
            actions: of one clause.
            dangerous: those of them that need a spoken yes.
            how: only what agrees with the request word for word may touch a device a second time.
            moment: now.
            turn: of the user.
            why: one line for developers.
        """
        risky = tuple(dangerous)
        new: list[Action] = []
        touched: set[str] = set()
        for action in actions:
            call = _call(action)
            ids = [
                i for i in action.entity_ids or ("",)
                if (call, i) not in self._calls and (not i or how is How.AGREED or i not in self._touched)
            ]  # fmt: skip
            if not ids:
                continue
            self._calls.update((call, i) for i in ids)
            touched.update(i for i in ids if i)
            new.append(restricted(action, ids) if action.entity_ids else action)
        self._touched |= touched
        if not new:
            return []
        unsafe = tuple(a for a in new if any(_call(a) == _call(d) for d in risky))
        safe = tuple(a for a in new if a not in unsafe)
        key = f"{turn}:" + "+".join(f"{_call(a)}@{','.join(a.entity_ids)}" for a in new)
        return [Ready(safe, unsafe, how, moment.frame, turn, key, why)]


def _call(action: Action) -> str:
    data = ",".join(f"{k}={v}" for k, v in sorted(action.data.items()))
    return f"{action.domain}.{action.service}({data})"
