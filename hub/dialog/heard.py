"""What the room has heard of a sentence that was cut short."""

from __future__ import annotations

from typing import Final

from hub.dialog.speaking import Speech

# Ordinary speech; a voice that is faster or slower than this moves the guess by a word.
_SAMPLES_PER_CHARACTER: Final = 24_000 // 15


def heard_of(text: str, speech: Speech, now_ms: float) -> str:
    """The words of `text` that the room has heard of `speech`; all of them when it was played to its end."""
    if speech.ended.done() and speech.ended.result() == "finished":
        return text
    characters = speech.heard_samples(now_ms) // _SAMPLES_PER_CHARACTER
    if characters >= len(text):
        characters = len(text) - 1  # it was cut, so its last word was not heard whole
    return text[: max(0, text.rfind(" ", 0, characters + 1))]
