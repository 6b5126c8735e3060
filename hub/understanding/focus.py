"""What was spoken of last, for "it", "them", "the other one" and "a bit more"."""

from __future__ import annotations

from dataclasses import dataclass

from hub.understanding.house import Action


@dataclass(frozen=True, slots=True)
class Mention:
    """One deed or question that was understood.

    Attributes:
        actions: what was asked for, resolved; empty for a question.
        entity_ids: the devices spoken of, in order.
        area_id: where it was said.
        text: the request in plain words, so that a fragment ("and in the bedroom") can be completed from it.
        turn: the user's turn it belongs to.
    """

    actions: tuple[Action, ...]
    entity_ids: tuple[str, ...]
    area_id: str | None
    text: str
    turn: int


@dataclass(frozen=True, slots=True)
class Focus:
    """The newest mentions, newest first, five at most."""

    mentions: tuple[Mention, ...] = ()


NOTHING: Focus = Focus()
