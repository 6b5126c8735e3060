"""Which voice a hub has, from what is there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["auto", "cascade", "personaplex", "remote", "scripted"]
Choice = Literal["cascade", "personaplex", "remote", "scripted"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is there.

    Attributes:
        gpu: a GPU that the model can run on.
        installed: the environment with torch and moshi.
        weights: the model's weights, whole.
        url: a server elsewhere is named.
    """

    gpu: bool
    installed: bool
    weights: bool
    url: bool


def choose(kind: Kind, facts: Facts) -> Choice:
    """The voice of first choice: what was named, else the best that can be had.

    A named voice that cannot be had is chosen all the same: it fails with a sentence that says what is missing, and the
    CPU speaks in the meantime.
    """
    if kind != "auto":
        return kind
    if facts.gpu and facts.installed and facts.weights:
        return "personaplex"
    return "remote" if facts.url else "cascade"
