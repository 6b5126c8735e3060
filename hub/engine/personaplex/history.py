"""How a conversation that began elsewhere goes on: its newest turns become part of the persona prompt."""

from __future__ import annotations

from collections.abc import Sequence

from hub.engine.port import Exchange

_HEAD = "The conversation so far:"


def with_history(prompt: str, history: Sequence[Exchange], limit_chars: int) -> str:
    """The prompt with as many of the newest turns as fit.

    Args:
        prompt: the persona; it is never shortened.
        history: turns, oldest first.
        limit_chars: longest result; a prompt that is longer by itself comes back as it is.
    """
    lines: list[str] = []
    room = limit_chars - len(prompt) - len(_HEAD) - 1
    for turn in reversed(history):
        both = (("User", turn.user), ("You", turn.assistant))
        said = [f"{who}: {' '.join(text.split())}" for who, text in both if text]
        room -= sum(len(line) + 1 for line in said)
        if room < 0:
            break
        lines = said + lines
    return "\n".join((prompt, _HEAD, *lines)) if lines else prompt
