"""Where and when something was said, and what the house offers there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub.understanding.focus import NOTHING, Focus
from hub.understanding.house import Entity, House
from hub.understanding.tagger import HouseIndex

_PLAYING = {"playing": 0, "paused": 1, "on": 2, "idle": 3, "buffering": 0}


@dataclass(frozen=True, slots=True)
class Context:
    """One utterance's surroundings. `said`: the transcript itself; `memo`: what was already read of this utterance."""

    house: House
    index: HouseIndex
    area_id: str | None
    now: datetime
    focus: Focus = NOTHING
    said: str = ""
    memo: dict[object, object] = field(default_factory=dict, compare=False)

    def entity(self, entity_id: str) -> Entity:
        """The device now."""
        return self.house.entities[entity_id]

    def area_name(self, area_id: str | None) -> str:
        """The name of an area, empty when it has none."""
        return next((area.name for area in self.house.areas if area.id == area_id), "")

    def of_domains(self, domains: frozenset[str], area_ids: frozenset[str] | None = None) -> list[Entity]:
        """Every device of these domains, in these areas or anywhere, in the order of the house."""
        ids = [i for domain in domains for i in self.index.by_domain.get(domain, ())]
        if len(domains) > 1:
            ids.sort(key=self.index.order.__getitem__)
        found = [self.house.entities[i] for i in ids if i in self.house.entities]
        return found if area_ids is None else [e for e in found if e.area_id in area_ids]


def liveliest_player(players: list[Entity]) -> list[Entity]:
    """Of several players the one that "it" means: the one playing, else the one paused, else the one that is on."""
    ranked = sorted((p for p in players if p.exposed), key=lambda p: _PLAYING.get(p.state, 9))
    if len(ranked) < 2:
        return ranked
    best = _PLAYING.get(ranked[0].state, 9)
    return [player for player in ranked if _PLAYING.get(player.state, 9) == best]
