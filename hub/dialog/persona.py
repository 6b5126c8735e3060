"""Who the assistant is in a room at an hour. Pure: settings, area and local time in, a persona out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from typing import Final

from hub.config_engine import DEFAULT_PERSONA_NAME
from hub.config_persona import PersonaSettings
from hub.engine.port import Persona
from hub.understanding.house import Area

# Worded like the prompts the released weights were trained with (a role, then what is known), and short: every token
# is one frame of the model's window, and the conversation has to fit beside it.
DEFAULT_PERSONA: Final = Persona(
    name=DEFAULT_PERSONA_NAME,
    voice="NATF2",
    prompt=(
        "You are the friendly voice of a home and you enjoy having a good conversation. You help the people who live"
        " here with the lights, the heating and the doors, and you answer questions in one or two short sentences."
        " When somebody asks for something in the house, you say in a few words that you are doing it."
    ),
)
ADVISED_PROMPT_TOKENS: Final = 350
_WORD = re.compile(r"\w+|[^\w\s]")
_CHARS_PER_TOKEN: Final = 5


def choose_persona(
    personas: Sequence[PersonaSettings], default: str, *, area: Area | None, local_time: time
) -> Persona:
    """The persona for this room now.

    A persona for this very room and hour goes before one for the room, that before one for the hour; among equals the
    first written counts. Where none of these fits, `default` names one; the built-in name gives the first persona
    without rooms and hours, if one is written, and else the built-in persona.

    Args:
        personas: the settings' list.
        default: `engine.persona` of the settings.
        area: the room that is spoken to, None where it is not known.
        local_time: the wall clock in the home's time zone.
    """
    minute = local_time.hour * 60 + local_time.minute
    fitting = [
        persona
        for persona in personas
        if (persona.areas or persona.minutes) and _is_for_area(persona, area) and _is_for_minute(persona, minute)
    ]
    if fitting:
        # max() keeps the first of equals, the order of the file.
        return as_persona(max(fitting, key=lambda persona: (bool(persona.areas), persona.minutes is not None)))
    return default_persona(personas, default)


def default_persona(personas: Sequence[PersonaSettings], default: str) -> Persona:
    """The persona for rooms and hours that no other one claims; also the one to warm the engine up with."""
    named = next((persona for persona in personas if persona.name.casefold() == default.casefold()), None)
    if named is None and default == DEFAULT_PERSONA_NAME:
        named = next((persona for persona in personas if not persona.areas and persona.minutes is None), None)
    return as_persona(named) if named is not None else DEFAULT_PERSONA


def as_persona(settings: PersonaSettings) -> Persona:
    """The engine's part of what a person wrote."""
    return Persona(settings.name, settings.voice, settings.prompt)


def rough_tokens(prompt: str) -> int:
    """About how many text tokens a prompt has; only the model's own tokenizer knows exactly."""
    return sum(-(-len(word) // _CHARS_PER_TOKEN) for word in _WORD.findall(prompt))


def prompt_advice(persona: PersonaSettings) -> str | None:
    """What to do about a prompt that is probably too long; None when it is not."""
    tokens = rough_tokens(persona.prompt)
    if tokens <= ADVISED_PROMPT_TOKENS:
        return None
    return (
        f"The prompt of “{persona.name}” has about {tokens} tokens; above {ADVISED_PROMPT_TOKENS} the model forgets"
        " more of it and has less room for the conversation. Shorten it."
    )


def _is_for_area(persona: PersonaSettings, area: Area | None) -> bool:
    if not persona.areas:
        return True
    if area is None:
        return False
    words = {word.casefold() for word in (area.id, area.name, *area.aliases)}
    return any(name.casefold() in words for name in persona.areas)


def _is_for_minute(persona: PersonaSettings, minute: int) -> bool:
    if persona.minutes is None:
        return True
    start, end = persona.minutes
    return start <= minute < end if start < end else minute >= start or minute < end
