"""From what was decided to deeds and a true sentence about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.dialog.likely import asks_about_house, may_be_for_house
from hub.home.port import Home
from hub.tools.port import Deeds
from hub.understanding.answers import done, troubles
from hub.understanding.context import Context
from hub.understanding.decisions import Act, Confirm, Mode, Moment, Said, Tell
from hub.understanding.explaining import explain
from hub.understanding.history import History
from hub.understanding.house import Action, ActionResult, House
from hub.understanding.listener import Listener
from hub.understanding.parser import Parser
from hub.understanding.policy import Policy

# What can be said without looking at the house.
NEEDS_NO_HOUSE: Final = frozenset({"small_talk", "empty", "too_long", "not_understood", "cancelled"})


@dataclass(frozen=True, slots=True)
class Deed:
    """An act that was carried out.

    Attributes:
        report: what truly happened, for a person who has not been told anything yet.
        trouble: only what did not come about; empty when all did.
        decided_ms: hub's monotonic milliseconds.
    """

    act: Act
    results: tuple[ActionResult, ...]
    report: str
    trouble: str
    decided_ms: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a single sentence led to. `understood_ms`: hub's monotonic milliseconds."""

    results: tuple[ActionResult, ...]
    sentence: str
    understood_ms: float


class Actor:
    """Acts in the house of this moment and says what is true afterwards; one serves all conversations.

    Args:
        deeds: what is done without the house: timers, lists, things for later.
        policy: what needs a spoken yes, and what is never done.
        evidence: whose words make an action with a voice that talks by itself.
    """

    def __init__(
        self,
        home: Home,
        parser: Parser,
        *,
        now_ms: Callable[[], float],
        wall_clock: Callable[[tzinfo], datetime] = datetime.now,
        deeds: Deeds | None = None,
        policy: Policy = Policy(),  # noqa: B008 - frozen, shared on purpose
        evidence: Mode = "both",
    ) -> None:
        self.deeds, self.evidence = deeds, evidence
        self._home, self._parser, self._policy = home, parser, policy
        self._now_ms, self._wall_clock = now_ms, wall_clock
        # Shared: what was done in one room can be undone from another.
        self._history = History()

    @property
    def house(self) -> House:
        """This moment of the house, timers included."""
        house = self._home.house
        return house if self.deeds is None else replace(house, timers=self.deeds.timers())

    def listener(self, mode: Mode) -> Listener:
        """A listener for a new conversation."""
        self._parser.prepare(self._home.house)
        return Listener(self._parser, policy=self._policy, mode=mode, history=self._history)

    def moment(self, frame: int = -1) -> Moment:
        """Now, as a listener wants it told."""
        house = self.house
        return Moment(house, self._wall_clock(zone_of(house.time_zone)), self._now_ms() / 1000.0, frame)

    def is_for_house(self, text: str, area_id: str) -> bool:
        """Whether the house would act on these words or answer them."""
        return self.listener("user").foretell(Said(text, area_id), self.moment()) != "other"

    def may_be_for_house(self, text: str, area_id: str) -> bool:
        """Whether words so far may yet become a command or a question to the house."""
        return may_be_for_house(text, self._context(area_id))

    def asks_about_house(self, text: str, area_id: str) -> bool:
        """Whether a whole turn that the house does not understand asks about it all the same."""
        return asks_about_house(text, self._context(area_id))

    def _context(self, area_id: str) -> Context:
        moment = self.moment()
        return self._parser.context(moment.house, area_id, moment.now)

    def explain(self, text: str, area_id: str) -> str:
        """What a sentence of a new conversation would lead to, and why; nothing is done."""
        listener = Listener(self._parser, policy=self._policy, mode="user")
        return explain(listener.hear(Said(text, area_id), self.moment()))

    def completeness(self, area_id: str) -> Callable[[str], bool]:
        """Whether a text is a whole request, so that the turn may end after a short silence.

        The answer may be called on any thread: it knows the house of this moment and asks nobody.
        """
        house = self._home.house
        return lambda text: self._parser.is_complete(text, house, area_id)

    async def carry_out(self, act: Act, area_id: str, *, trace: str) -> Deed:
        """Execute the actions of an act, all at once. The house itself never makes this raise."""
        decided_ms = self._now_ms()
        results = await asyncio.gather(*(self._one(action, area_id, trace) for action in act.actions))
        house = self._home.house
        report = f"{done(act.actions, results, house)} {act.reply}".strip()
        return Deed(act, tuple(results), report, troubles(act.actions, results, house), decided_ms)

    async def handle(self, text: str, area_id: str, *, trace: str) -> Outcome:
        """Act on one sentence that belongs to no conversation."""
        listener = self.listener("user")
        decisions = listener.hear(Said(text, area_id), self.moment())
        understood_ms = self._now_ms()
        results: list[ActionResult] = []
        sentences: list[str] = []
        for decision in decisions:
            if isinstance(decision, Act):
                deed = await self.carry_out(decision, area_id, trace=trace)
                listener.done(decision, deed.results, self.moment())
                results += deed.results
                sentences.append(deed.report)
            else:
                sentences.append(decision.question if isinstance(decision, Confirm) else self.truly(decision).sentence)
        return Outcome(tuple(results), " ".join(filter(None, sentences)), understood_ms)

    def truly(self, told: Tell) -> Tell:
        """Nothing is said about a house that cannot be reached but that."""
        trouble = self._home.trouble
        if trouble is None or told.reason in NEEDS_NO_HOUSE:
            return told
        return Tell(trouble.spoken, trouble.code, "the house cannot be reached")

    async def _one(self, action: Action, area_id: str, trace: str) -> ActionResult:
        if self.deeds is not None and self.deeds.takes(action):
            return await self.deeds.act(action, area_id=area_id, trace=trace)
        trouble = self._home.trouble
        if trouble is not None:
            return ActionResult(
                action, verified=False, failed=action.entity_ids, error=trouble.code, sentence=trouble.spoken
            )
        return await self._home.act(action, trace=trace)


def zone_of(name: str) -> tzinfo:
    """The time zone of a house; UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
