"""From a call to what is true afterwards: waits for the states that the call should lead to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.home.errors import HomeTimeoutError
from hub.home.expectation import UNAVAILABLE, Expectation, Progress
from hub.home.expectation_rules import expect
from hub.home.permission import are_many, names, unavailable
from hub.home.port import HomeError
from hub.understanding.house import Action, ActionResult, Entity

CONFIRM_S = 3.0
"""How long a person is kept waiting for a state. A garage door takes longer: it is then said to be on its way."""
MOVING_S = 0.25
"""A quick device is where it should be by then; of a slow one it is known by then that it moves."""
_SLOW_DOMAINS = frozenset({"cover", "valve"})


class Confirmation:
    """Collects the states of one action's entities.

    An entity that is already where it should be counts only once the house has taken the call, because such a call
    changes nothing that could be seen.

    Args:
        action: what was asked for.
        before: its entities as they were before the call.
        now: monotonic seconds.
    """

    def __init__(self, action: Action, before: tuple[Entity, ...], *, now: Callable[[], float]) -> None:
        self._action = action
        self._now = now
        self._newest = {entity.entity_id: entity for entity in before}
        self._expected = {entity.entity_id: expect(action.service, action.data, entity) for entity in before}
        self._seen = {entity.entity_id for entity in before if entity.state == UNAVAILABLE}
        self._called_s = now()
        self._confirmed_s: float | None = None
        self._changed = asyncio.Event()

    def see(self, entity: Entity) -> None:
        """Take a state that was read after the call went out; other entities' are ignored."""
        if entity.entity_id in self._newest:
            self._newest[entity.entity_id] = entity
            self._seen.add(entity.entity_id)
            self._changed.set()

    def taken(self) -> None:
        """The house has carried out the call, so that the states known now are states after it."""
        self._seen.update(self._newest)
        self._changed.set()

    async def wait(self, seconds: float = CONFIRM_S) -> bool:
        """Until every entity is where it should be, or is seen moving there and will take its time.

        Returns:
            False when the time ran out before that.
        """
        return await self._until(self._settled, min(seconds, MOVING_S)) or await self._until(
            lambda: self._settled() or self._moving(), seconds - MOVING_S
        )

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def result(self, error: HomeError | None = None) -> ActionResult:
        """What is true now. `error`: why the call failed, if it did."""
        reached = [entity_id for entity_id in self._newest if self._progress(entity_id) is Progress.REACHED]
        passing = [entity_id for entity_id in self._newest if self._progress(entity_id) is Progress.ON_THE_WAY]
        untold = [entity_id for entity_id, expected in self._expected.items() if expected is None]
        failed = tuple(
            entity_id
            for entity_id in self._newest
            if entity_id not in reached and (error is not None or entity_id not in (*passing, *untold))
        )
        if error is None and failed:
            error = self._failure(failed)
        verified = error is None and len(reached) == len(self._newest)
        if verified and self._confirmed_s is None:
            self._confirmed_s = self._now()
        return ActionResult(
            self._action,
            verified=verified,
            state=self._shown(),
            failed=failed,
            error=error.code if error is not None else None,
            sentence=error.sentence if error is not None else self._sentence(tuple(passing), tuple(untold)),
            called_ms=self._called_s * 1000.0,
            confirmed_ms=self._confirmed_s * 1000.0 if self._confirmed_s is not None and verified else None,
        )

    def _settled(self) -> bool:
        done = all(
            self._progress(entity_id) in (Progress.REACHED, Progress.UNAVAILABLE)
            or (self._expected[entity_id] is None and entity_id in self._seen)
            for entity_id in self._newest
        )
        if done and self._confirmed_s is None:
            self._confirmed_s = self._now()
        return done

    def _moving(self) -> bool:
        """Whether all that is missing is a blind or a door on its way: nobody waits in silence for its end."""
        return all(
            progress in (Progress.REACHED, Progress.UNAVAILABLE)
            or (progress is Progress.ON_THE_WAY and entity_id.partition(".")[0] in _SLOW_DOMAINS)
            for entity_id, progress in ((entity_id, self._progress(entity_id)) for entity_id in self._newest)
        )

    def _progress(self, entity_id: str) -> Progress:
        expected = self._expected[entity_id]
        if entity_id not in self._seen:
            return Progress.NOT_YET
        if expected is None:
            return Progress.UNAVAILABLE if self._newest[entity_id].state == UNAVAILABLE else Progress.NOT_YET
        return expected.judge(self._newest[entity_id])

    def _failure(self, failed: tuple[str, ...]) -> HomeError:
        entities = tuple(self._newest[entity_id] for entity_id in failed)
        if all(entity.state == UNAVAILABLE for entity in entities):
            return unavailable(entities)
        return HomeTimeoutError(f"{names(entities)} did not get there within {CONFIRM_S:.0f} seconds.")

    def _shown(self) -> str:
        words = [
            (self._expected[entity_id] or Expectation()).show(entity) for entity_id, entity in self._newest.items()
        ]
        return ", ".join(dict.fromkeys(words))

    def _sentence(self, passing: tuple[str, ...], untold: tuple[str, ...]) -> str:
        if passing:
            moving = tuple(self._newest[entity_id] for entity_id in passing)
            verb = "are" if are_many(moving) else "is"
            words = dict.fromkeys(e.state if e.state.endswith("ing") else "still moving" for e in moving)
            return f"{names(moving)} {verb} {' and '.join(words)}."
        if untold:
            return "The house took the call; no state shows whether it happened."
        return ""
