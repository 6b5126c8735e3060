"""One turn of a conversation: what was said, what was done, and when each hop happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.events import HOPS
from hub.understanding.house import ActionResult

# Within each chain the hops follow each other in time, whatever a satellite's clock says.
_BEFORE: Final = ("onset", "wake", "floor"), ("speech_end", "transcript")


@dataclass(slots=True)
class Turn:
    """A turn in the making. Times are the hub's monotonic milliseconds; a hop that did not happen stays None."""

    trace: str
    session: str
    number: int
    area_id: str
    why: str
    user: str | None = None
    assistant: str | None = None
    results: Sequence[ActionResult] = ()
    t_ms: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(HOPS))

    def mark(self, hop: str, at_ms: float | None) -> None:
        """Note the time of a hop; the first time counts."""
        if self.t_ms[hop] is None and at_ms is not None:
            self.t_ms[hop] = round(at_ms, 1)

    def note(self, understood_ms: float, results: Sequence[ActionResult]) -> None:
        """Note what was done: from the first call to the last state that was read back."""
        self.mark("understood", understood_ms)
        self.results = results
        called_ms = [result.called_ms for result in results if result.called_ms is not None]
        confirmed_ms = [result.confirmed_ms for result in results if result.confirmed_ms is not None]
        self.mark("ha_call", min(called_ms, default=None))
        self.mark("ha_state", max(confirmed_ms, default=None))

    def record(self) -> dict[str, Any]:
        """The line of `turns.jsonl`."""
        return {
            "trace": self.trace,
            "session": self.session,
            "turn": self.number,
            "area": self.area_id,
            "why": self.why,
            "user": self.user,
            "assistant": self.assistant,
            "actions": [_action(result) for result in self.results],
            "t_ms": self._in_order(),
        }

    def _in_order(self) -> dict[str, float | None]:
        """The times, those by a satellite's clock (known to a few ms) bounded by the hub's own that follow them."""
        times = dict(self.t_ms)
        for chain in _BEFORE:
            bound: float | None = None
            for hop in reversed(chain):
                at_ms = times[hop]
                if at_ms is not None:
                    bound = at_ms if bound is None else min(at_ms, bound)
                    times[hop] = bound
        return times


def _action(result: ActionResult) -> dict[str, Any]:
    action = result.action
    return {
        "domain": action.domain,
        "service": action.service,
        "entity_id": list(action.entity_ids),
        "data": dict(action.data),
        "evidence": action.evidence,
        "verified": result.verified,
        "state": result.state,
        "error": result.error,
    }
