"""One turn of a conversation: what was said, what was done, and when each hop happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.understanding.house import ActionResult

HOPS: Final = (
    "onset",
    "wake",
    "floor",
    "speech_end",
    "transcript",
    "understood",
    "ha_call",
    "ha_state",
    "audio_out",
    "audio_played",
)


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
            "t_ms": dict(self.t_ms),
        }


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
