"""What "stop it" means after a deed: the end of what was begun, or nothing where the deed is over once it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.understanding.focus import Mention

_STOPS = re.compile(
    r"(?:stop(?: (?:it|them|there|that|now))?|hold (?:it|on)(?: there)?|that is (?:enough|far enough|fine|good)"
    r"|halt|enough)"
)
_STOP_IT = re.compile(r"(?:(?:ok|and|now|just|please|no|,) )*stop (?:it|that|this|them)(?: (?:now|please|again))*")
# What is meant by stopping what was begun.
_STOPPED = {
    "cover": "stop {it}", "media_player": "pause {it}", "vacuum": "pause {it}", "lawn_mower": "pause {it}",
    "fan": "turn off {it}", "switch": "turn off {it}", "humidifier": "turn off {it}", "siren": "turn off {it}",
    "script": "turn off {it}", "timer": "cancel the timer",
}  # fmt: skip


def stopped(rest: str, before: Mention, pronoun: str) -> Iterator[str]:
    """The request that a bare "stop" comes to after a deed."""
    if not _STOPS.fullmatch(rest):
        return
    domain = next((a.domain for a in before.actions if a.domain in _STOPPED), None)
    if domain == "cover" or (domain is not None and rest.startswith("stop")):
        yield _STOPPED[domain].format(it=pronoun)


def stops_nothing(text: str, before: Mention) -> bool:
    """Whether a bare "stop it" follows a deed that is over once it is done, as a light's."""
    return bool(_STOP_IT.fullmatch(text)) and not any(a.domain in _STOPPED for a in before.actions)
