"""What one sentence of the user comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.understanding.house import Action
from hub.understanding.questions import Answer

Kind = Literal["actions", "answer", "confirm", "unknown"]


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a sentence of the user comes to.

    Attributes:
        kind: `actions` to be executed; `answer` to be spoken; `confirm`: dangerous, nothing is executed;
            `unknown`: not understood or impossible.
        actions: never holds a dangerous action.
        reply: the sentence to speak; with actions, what to add to the report of what happened.
        reason: stable code.
        explanation: one line for developers.
        ends_conversation: the user said goodbye.
        pending: dangerous actions that were asked for and not done.
        asked: devices that a state question was answered from.
    """

    kind: Kind
    actions: tuple[Action, ...] = ()
    reply: str = ""
    reason: str = "ok"
    explanation: str = ""
    ends_conversation: bool = False
    pending: tuple[Action, ...] = ()
    asked: tuple[str, ...] = ()


def answered(found: Answer) -> Understanding:
    """A true answer to a question about the house."""
    return Understanding("answer", (), found.sentence, found.reason, "state question", asked=found.entity_ids)


def unknown(reason: str, reply: str, explanation: str) -> Understanding:
    """Nothing is done, and why."""
    return Understanding("unknown", (), reply, reason, explanation)
