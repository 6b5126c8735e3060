"""What the expert is told before a question: how a spoken answer sounds, who speaks it, and what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.engine.port import Exchange, Persona
from hub.llm.port import Message

_SPEECH = (
    "You answer questions that somebody speaks aloud at home, and your words are read aloud by a voice."
    " Begin with the answer itself, without an introduction. Use short, plain, spoken sentences: at most five, and"
    " more only when a longer text was asked for. Write no lists, headings, tables, formatting, emoji, links or code."
    " Write formulas in words. When you are not sure, or cannot know, say so in one sentence. You neither see nor"
    " change the home, and you never say that you did, except by the functions you are given."
)


def expert_messages(question: str, memory: Sequence[Exchange], persona: Persona | None, now: datetime) -> list[Message]:
    """The dialogue as the expert is to see it, oldest first, the question last."""
    system = f"{_SPEECH} It is {now:%A}, {now.day} {now:%B} {now.year}, {now:%H:%M}."
    if persona is not None and persona.prompt:
        system += f" Who speaks: {persona.prompt}"
    messages = [Message("system", system)]
    for exchange in memory:
        if exchange.user:
            messages.append(Message("user", exchange.user))
        if exchange.assistant:
            messages.append(Message("assistant", exchange.assistant))
    return [*messages, Message("user", question)]
