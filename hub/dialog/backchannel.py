"""Words about the talk itself: those that only say "I am listening", and those that only want silence. Pure."""

from __future__ import annotations

import re
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

_STOP: Final = re.compile(
    r"(?:(?:ok|okay|alright|all right|right|yes|yeah|no|oh|please|hey|well|thanks|thank you) )*"
    r"(?:stop(?: (?:it|that|there|talking|speaking|reading|now))*|(?:that's |that is )?(?:enough|plenty)(?: of that)?"
    r"|(?:be |please be )?quiet|silence|hush|shush|shut up)"
    r"(?: (?:stop|now|please|thanks|thank you|okay|ok))*"
)


def is_backchannel(text: str) -> bool:
    """Whether these words only say "I am listening"."""
    words = "".join(char if char.isalpha() else " " for char in text.lower()).split()
    return not words or " ".join(words) in BACKCHANNELS or all(word in BACKCHANNELS for word in words)


def is_stop(text: str) -> bool:
    """Whether these words, said over the assistant, want nothing but its silence."""
    plain = "".join(char if char.isalpha() or char == "'" else " " for char in text.lower().replace("\u2019", "'"))
    return _STOP.fullmatch(" ".join(plain.split())) is not None
