"""The demo home: a house in memory whose devices take their time, as real ones do. Always named a demo."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar

from hub.home.confirmation import Confirmation
from hub.home.demo_answers import DemoAnswers
from hub.home.demo_house import AREAS, ENTITIES, FLOORS, SCENES
from hub.home.demo_services import Step, serve
from hub.home.errors import ServiceNotFoundError
from hub.home.expectation import UNAVAILABLE
from hub.home.permission import check, check_question
from hub.home.port import HomeError
from hub.understanding.house import Action, ActionResult, Entity, HomeKind, House

_GENERIC = frozenset({"turn_on", "turn_off", "toggle"})


@dataclass(order=True, slots=True)
class _Due:
    """A state that a device will take at `at_s` on the home's clock."""

    at_s: float
    order: int
    entity_id: str = field(compare=False)
    step: Step = field(compare=False)


class DemoHome:
    """A believable house that nobody owns.

    Devices change on the given clock: whatever is due happens before the house is looked at.

    Args:
        now: monotonic seconds.
        wall_clock: the aware time of day, in UTC.

    Attributes:
        answers: its calendar, its weather and its telephone.
    """

    kind: ClassVar[HomeKind] = "demo"

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self.answers = DemoAnswers(wall_clock)
        self._entities = {entity.entity_id: entity for entity in ENTITIES}
        self._house: House | None = None
        self._due: list[_Due] = []
        self._order = itertools.count()
        self._listeners: list[Callable[[str], None]] = []
        self._waiting: list[Confirmation] = []
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def house(self) -> House:
        """The house of this moment."""
        self._settle()
        if self._house is None:
            self._house = House(
                name="Demo home",
                floors=FLOORS,
                areas=AREAS,
                entities=MappingProxyType(dict(self._entities)),
                time_zone="UTC",
                revision=1,
            )
        return self._house

    @property
    def trouble(self) -> HomeError | None:
        """None: a house in memory is always there."""
        return None

    async def start(self) -> None:
        """Nothing to connect to."""

    async def act(self, action: Action, *, trace: str) -> ActionResult:  # noqa: ARG002 - the port names it
        """Call the service on the devices in memory and wait for what they become."""
        try:
            entities = check(action, self.house)
            planned = self._plan(action, entities)
        except HomeError as error:
            return ActionResult(
                action, verified=False, failed=action.entity_ids, error=error.code, sentence=error.sentence
            )
        confirmation = Confirmation(action, entities, now=self._now)
        self._waiting.append(confirmation)
        try:
            for entity_id, steps in planned:
                self._schedule(entity_id, steps)
            await confirmation.wait()
        finally:
            self._waiting.remove(confirmation)
        return confirmation.result()

    async def ask(
        self,
        domain: str,
        service: str,
        data: Mapping[str, Any],
        *,
        answers: bool = True,  # noqa: ARG002 - this house knows its services
    ) -> Mapping[str, Any]:
        """Answer from memory."""
        check_question(domain, data, self.house)
        return self.answers.answer(domain, service, data)

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener(entity_id)` at every change of state; the answer takes it off again."""
        self._listeners.append(listener)

        def off() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return off

    async def close(self) -> None:
        """Stop every device on its way."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._due.clear()
        self._listeners.clear()

    def _plan(self, action: Action, entities: tuple[Entity, ...]) -> list[tuple[str, list[Step]]]:
        """Every step of every device, computed before the first one moves: a refused call changes nothing."""
        if action.domain == "homeassistant" and action.service not in _GENERIC:
            raise ServiceNotFoundError(f"Action {action.domain}.{action.service} not found")
        planned = []
        for entity in entities:
            if entity.state == UNAVAILABLE:
                continue
            planned.append((entity.entity_id, self._serve(entity, action.service, action.data)))
            for other_id, service, data in SCENES.get(entity.entity_id, ()):
                other = self._entities[other_id]
                planned.append((other_id, self._serve(other, service, data)))
        return planned

    def _serve(self, entity: Entity, service: str, data: Mapping[str, Any]) -> list[Step]:
        stamp = datetime.now(UTC).isoformat()
        return serve(entity, service, data, stamp=stamp)

    def _schedule(self, entity_id: str, steps: list[Step]) -> None:
        self._due = [due for due in self._due if due.entity_id != entity_id]
        start_s = self._now()
        loop = asyncio.get_running_loop()
        for step in steps:
            self._due.append(_Due(start_s + step.after_s, next(self._order), entity_id, step))
            # A timer may fire a little early by the home's clock; one millisecond later it is surely due.
            self._timers.add(loop.call_later(step.after_s + 0.001, self._settle))
        self._due.sort()

    def _settle(self) -> None:
        now_s = self._now()
        while self._due and self._due[0].at_s <= now_s:
            due = self._due.pop(0)
            self._take(due.entity_id, due.step)
        if not self._due:
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()

    def _take(self, entity_id: str, step: Step) -> None:
        before = self._entities[entity_id]
        attributes = {k: v for k, v in {**before.attributes, **step.attributes}.items() if v is not None}
        entity = replace(before, state=step.state, attributes=attributes)
        self._entities[entity_id] = entity
        self._house = None
        for confirmation in self._waiting:
            confirmation.see(entity)
        if entity != before:
            for listener in tuple(self._listeners):
                listener(entity_id)
