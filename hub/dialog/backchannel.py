"""Telling "I am listening" from words that want the floor. Pure."""

from __future__ import annotations

from typing import Final

BACKCHANNELS: Final = frozenset(
    {
        "mm",
        "mhm",
        "mm hm",
        "mm hmm",
        "mmhmm",
        "uh huh",
        "hm",
        "hmm",
        "yeah",
        "ah",
        "oh",
        "okay",
        "ok",
        "right",
    }
)


def is_backchannel(text: str) -> bool:
    """Whether these words only say "I am listening"."""
    words = "".join(char if char.isalpha() else " " for char in text.lower()).split()
    return not words or " ".join(words) in BACKCHANNELS or all(word in BACKCHANNELS for word in words)
