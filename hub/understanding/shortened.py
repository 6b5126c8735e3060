"""Names that the assistant cuts short where they were said in full before: "Sam's is on" for Sam's lamp."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hub.understanding.house import Entity

_OWNER = re.compile(r"(?P<o>[a-z]+)'?s (?=\S)")
# What may follow an owner that stands for the thing owned.
_ALONE = (
    r"(?=(?: (?:is|are|has|have|will|on|off|to|at|up|down|open|closed|shut|too|as well|now|and|back|going)\b)| ,|$)"
)


def in_full(words: str, devices: Iterable[Entity]) -> str:
    """The words with each owner that stands for one of the devices replaced by its name.

    Args:
        words: of a clause, in plain words.
        devices: those that were asked for or spoken of.
    """
    if "'s" not in words:
        return words
    owned: dict[str, set[str]] = {}
    for device in devices:
        name = device.name.lower().replace("\u2019", "'")
        found = _OWNER.match(name)
        if found:
            owned.setdefault(found["o"], set()).add(name)
    for owner, names in owned.items():
        if len(names) == 1:
            full = next(iter(names))
            words = re.sub(rf"\b{re.escape(owner)}'s{_ALONE}", full.replace("\\", ""), words)
    return words
