"""What the house's own players play is turned down while the house speaks in their room, and up again afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from hub.home.port import Home
from hub.understanding.house import Action, Entity

_LOG = logging.getLogger(__name__)

# A quarter of the volume: words stand clearly over it, and nobody thinks that the music has stopped.
_SHARE: Final = 0.25
# Players round; a volume further off than this was set by somebody else meanwhile, and stays.
_ROUNDING: Final = 0.03


@dataclass(slots=True)
class _Lowered:
    """A player that is turned down.

    Attributes:
        speakers: how many speak over it now.
        doing: the last thing that is done to it, after all that was begun before.
    """

    before: float
    now: float
    speakers: int
    doing: asyncio.Task[None]

    def spoken_over(self) -> bool:
        """Whether anybody speaks over it now."""
        return self.speakers > 0


class Music:
    """The players of the house.

    Args:
        home: the house.
        new_trace: names each deed.
    """

    def __init__(self, home: Home, *, new_trace: Callable[[], str]) -> None:
        self._home, self._new_trace = home, new_trace
        self._lowered: dict[str, _Lowered] = {}
        self._raising: set[asyncio.Task[None]] = set()

    def lower(self, area_ids: Iterable[str]) -> Callable[[], None]:
        """Turn down what plays in these areas, in the background; the answer turns it up again, once."""
        areas = frozenset(area_ids)
        players = [one.entity_id for one in self._home.house.entities.values() if _plays(one, areas)]
        players += [one for one in self._lowered if one not in players and self._area(one) in areas]
        for entity_id in players:
            self._lower(entity_id)

        def restore() -> None:
            while players:
                self._restore(players.pop())

        return restore

    async def close(self) -> None:
        """Wait until everything is as loud as before."""
        await asyncio.gather(*self._raising, return_exceptions=True)

    def _area(self, entity_id: str) -> str | None:
        entity = self._home.house.entities.get(entity_id)
        return None if entity is None else entity.area_id

    def _lower(self, entity_id: str) -> None:
        held = self._lowered.get(entity_id)
        if held is not None:
            held.speakers += 1
            return
        before = _volume(self._home.house.entities[entity_id])
        now = round(before * _SHARE, 2)
        doing = asyncio.create_task(self._set(entity_id, now), name="music down")
        self._lowered[entity_id] = _Lowered(before, now, 1, doing)

    def _restore(self, entity_id: str) -> None:
        held = self._lowered[entity_id]
        held.speakers -= 1
        if not held.spoken_over():
            held.doing = asyncio.create_task(self._raise(entity_id, held, held.doing), name="music up")
            self._raising.add(held.doing)
            held.doing.add_done_callback(self._raising.discard)

    async def _raise(self, entity_id: str, held: _Lowered, earlier: asyncio.Task[None]) -> None:
        await earlier
        if held.spoken_over() or self._lowered.get(entity_id) is not held:
            return  # somebody else has begun to speak over it, or it is up already
        entity = self._home.house.entities.get(entity_id)
        if entity is not None and abs(_volume(entity) - held.now) <= _ROUNDING:
            await self._set(entity_id, held.before)
            if held.spoken_over():  # somebody has begun meanwhile
                await self._set(entity_id, held.now)
                return
        del self._lowered[entity_id]

    async def _set(self, entity_id: str, volume: float) -> None:
        action = Action("media_player", "volume_set", (entity_id,), {"volume_level": volume}, "the house speaks")
        result = await self._home.act(action, trace=self._new_trace())
        if result.error is not None:
            _LOG.info("a player's volume could not be set: %s", result.error)


def _plays(entity: Entity, areas: frozenset[str]) -> bool:
    """Whether this is a player that sounds in one of these areas and lets its volume be set."""
    known = entity.domain == "media_player" and entity.exposed and entity.area_id in areas
    return known and entity.state == "playing" and "volume" in entity.capabilities and _volume(entity) > 0.0


def _volume(entity: Entity) -> float:
    level = entity.attributes.get("volume_level")
    return float(level) if isinstance(level, int | float) and not isinstance(level, bool) else 0.0
