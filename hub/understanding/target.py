"""What a noun phrase comes to: the devices meant, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass

from hub.understanding.house import Entity

PRONOUNS = frozenset({"it", "that", "them", "this", "these", "those", "him", "her"})


@dataclass(frozen=True, slots=True)
class Target:
    """Devices meant, and how sure that is. `group`: asked for by kind or place rather than one by one."""

    entities: tuple[Entity, ...]
    group: bool = False
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a phrase means no device. `strength` ranks reasons: the highest is the one to speak of."""

    reason: str
    phrase: str
    names: tuple[str, ...] = ()
    strength: int = 1
