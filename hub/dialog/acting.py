"""From a finished sentence to deeds and a true answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.home.port import Home
from hub.understanding.house import ActionResult
from hub.understanding.parser import Parser, Understanding, sentence_for


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sentence led to. `understood_ms`: hub's monotonic milliseconds."""

    understanding: Understanding
    results: tuple[ActionResult, ...]
    sentence: str
    understood_ms: float


class Actor:
    """Understands a sentence against the house of this moment, acts, and says what is true afterwards."""

    def __init__(
        self,
        home: Home,
        parser: Parser,
        *,
        now_ms: Callable[[], float],
        wall_clock: Callable[[tzinfo], datetime] = datetime.now,
    ) -> None:
        self._home = home
        self._parser = parser
        self._now_ms = now_ms
        self._wall_clock = wall_clock

    def completeness(self, area_id: str) -> Callable[[str], bool]:
        """Whether a text is a whole request, so that the turn may end after a short silence.

        The answer may be called on any thread: it knows the house of this moment and asks nobody.
        """
        house = self._home.house
        return lambda text: self._parser.is_complete(text, house, area_id)

    def is_for_house(self, text: str, area_id: str) -> bool:
        """Whether these words are the house's to answer: a request, a question about it, the clock, or a goodbye.

        Anything else may be answered by a voice that talks by itself.
        """
        understanding = self._understand(text, area_id)
        if understanding.reason == "small_talk":
            return understanding.ends_conversation or any(char.isdigit() for char in understanding.reply)
        return understanding.reason not in ("not_understood", "empty", "too_long")

    def _understand(self, text: str, area_id: str) -> Understanding:
        house = self._home.house
        return self._parser.understand(text, house, area_id, self._wall_clock(zone_of(house.time_zone)))

    async def handle(self, text: str, area_id: str, *, trace: str) -> Outcome:
        """Act on a sentence spoken in an area. The house itself never makes this raise."""
        understanding = self._understand(text, area_id)
        understood_ms = self._now_ms()
        trouble = self._home.trouble
        if trouble is not None and understanding.reason not in _NEEDS_NO_HOUSE:
            return Outcome(understanding, (), trouble.spoken, understood_ms)
        if understanding.kind != "actions":
            return Outcome(understanding, (), understanding.reply, understood_ms)
        results = await asyncio.gather(*(self._home.act(action, trace=trace) for action in understanding.actions))
        return Outcome(
            understanding,
            tuple(results),
            sentence_for(understanding, results, self._home.house),
            understood_ms,
        )


_NEEDS_NO_HOUSE = frozenset({"small_talk", "empty"})


def zone_of(name: str) -> tzinfo:
    """The time zone of a house; UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
