"""What was done by voice and how the house was before, so that it can be undone. One of a house."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.understanding.decisions import Act, Moment
from hub.understanding.house import Action, ActionResult, Entity, Timer
from hub.understanding.restoring import restored

LIFETIME_S: Final = 600.0
ENTRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Deed:
    """One act, and its devices just before.

    Attributes:
        at_s: when, by the clock of the moments.
        before: the devices as they were, by id.
        timers: the timers that ran.
        of: the turn of a conversation that led to it; what one turn did is undone together.
    """

    key: str
    at_s: float
    actions: tuple[Action, ...]
    before: Mapping[str, Entity]
    timers: tuple[Timer, ...] = ()
    of: object = None

    @property
    def entity_ids(self) -> frozenset[str]:
        """The devices it touched."""
        return frozenset(entity_id for action in self.actions for entity_id in action.entity_ids)

    def undone(self, *, but: frozenset[str] = frozenset()) -> tuple[Action, ...] | None:
        """The calls that bring everything back, devices of `but` left alone; None where that is impossible."""
        calls: list[Action] = []
        for action in reversed(self.actions):
            kept = but if action.domain not in ("timer", "todo") else frozenset[str]()
            ids = tuple(entity_id for entity_id in action.entity_ids if entity_id not in kept)
            if action.entity_ids and not ids:
                continue
            back = restored(replace(action, entity_ids=ids), self.before, self.timers)
            if back is None:
                return None
            calls += [call for call in back if call not in calls]
        return tuple(calls)


def _but(entity_ids: frozenset[str], actions: Sequence[Action]) -> Iterator[Action]:
    """The actions on other devices than these."""
    for action in actions:
        left = tuple(i for i in action.entity_ids if i not in entity_ids)
        if left or not action.entity_ids:
            yield replace(action, entity_ids=left)


class History:
    """The newest deeds, shared by all conversations of a house: what one room did another may undo."""

    def __init__(self) -> None:
        self._deeds: deque[Deed] = deque(maxlen=ENTRIES)

    def note(self, act: Act, moment: Moment, *, of: object = None) -> None:
        """An act is about to be executed; `moment` holds the house before it, `of` stands for the turn."""
        ids = {entity_id for action in act.actions for entity_id in action.entity_ids}
        before = {i: moment.house.entities[i] for i in ids if i in moment.house.entities}
        self._deeds.append(Deed(act.key, moment.at_s, act.actions, before, moment.house.timers, of))

    def settle(self, key: str, results: Sequence[ActionResult]) -> None:
        """Forget of a deed what never happened, because the call was refused or failed."""
        failed = [result.action for result in results if result.error is not None]
        for n, deed in enumerate(self._deeds):
            if deed.key == key and failed:
                left = tuple(action for action in deed.actions if action not in failed)
                self._deeds[n] = replace(deed, actions=left)

    def newest(self, moment: Moment, touching: frozenset[str] = frozenset()) -> Deed | None:
        """The newest deed that can still be undone, with all that its turn did; of those that touched these devices."""
        for deed in reversed(self._deeds):
            whole = self._whole(deed)
            if moment.at_s - deed.at_s <= LIFETIME_S and deed.actions and touching <= whole.entity_ids:
                return whole
        return None

    def _whole(self, deed: Deed) -> Deed:
        """A deed together with the others of its turn."""
        parts = [part for part in self._deeds if part is deed or (deed.of is not None and part.of == deed.of)]
        actions = tuple(action for part in parts for action in part.actions)
        before = {i: entity for part in reversed(parts) for i, entity in part.before.items()}
        return replace(deed, actions=actions, before=before, timers=parts[0].timers)

    def deed_of(self, key: str, moment: Moment) -> Deed | None:
        """The deed of an act, while it can still be undone."""
        found = (deed for deed in self._deeds if deed.key == key and moment.at_s - deed.at_s <= LIFETIME_S)
        return next((deed for deed in found if deed.actions), None)

    def forget(self, deed: Deed, *, only: frozenset[str] = frozenset()) -> None:
        """It was undone, on these devices alone where there are any."""
        kept: list[Deed] = []
        for part in self._deeds:
            belongs = part.key == deed.key or (deed.of is not None and part.of == deed.of)
            if not belongs or not all(action in deed.actions for action in part.actions):
                kept.append(part)
            elif only:
                kept.append(replace(part, actions=tuple(_but(only, part.actions))))
        self._deeds = deque(kept, maxlen=ENTRIES)

    def __len__(self) -> int:
        return len(self._deeds)
