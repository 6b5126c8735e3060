"""What happens in the hub, as typed values on one bus.

The bus is how parts that must not know each other (dashboard, demo, metrics, reports) watch the house. Every event of
a sentence carries its `trace`, from the microphone to Home Assistant and back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

_LOG = logging.getLogger(__name__)

# The hops of a turn's `t_ms`, in order.
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


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. `name` is the class's name."""

    def to_json(self) -> dict[str, Any]:
        """The event as JSON-ready values, with its name under `event`."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True, slots=True)
class HubReady(Event):
    """Every model is warm and the doors are open."""

    port: int
    http_port: int
    home: str
    engine: str


@dataclass(frozen=True, slots=True)
class SatelliteUp(Event):
    """A satellite has proved itself and is in its area."""

    device_id: str
    area: str
    area_name: str


@dataclass(frozen=True, slots=True)
class SatelliteDown(Event):
    """A satellite is gone; `code` says why."""

    device_id: str
    area: str
    code: str


@dataclass(frozen=True, slots=True)
class RoomLevel(Event):
    """A room's loudness, about five times a second while somebody watches. dBFS; SNR over the room's own floor."""

    area: str
    level_db: float
    snr_db: float
    speech: bool


@dataclass(frozen=True, slots=True)
class Woke(Event):
    """A satellite heard its wake word (or its button was pressed)."""

    trace: str
    area: str
    word: str
    score: float
    snr_db: float


@dataclass(frozen=True, slots=True)
class FloorGranted(Event):
    """One area won; `why` is the arbiter's one line, `losers` the areas told to stay silent."""

    trace: str
    session: str
    area: str
    why: str
    losers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FloorMoved(Event):
    """A conversation has gone from one area to another with its talker; `why` is the one line of that decision."""

    trace: str
    session: str
    before: str
    area: str
    why: str


@dataclass(frozen=True, slots=True)
class FloorReleased(Event):
    """The conversation in this area is over."""

    session: str
    area: str
    reason: str


@dataclass(frozen=True, slots=True)
class HeardPartial(Event):
    """The user's words so far. `frame`: the voice's 80 ms frame they reach to, -1 where it has no frames."""

    trace: str
    session: str
    area: str
    text: str
    frame: int = -1


@dataclass(frozen=True, slots=True)
class HeardFinal(Event):
    """The user's words of one turn. `frame`: the voice's 80 ms frame they end in, -1 where it has no frames."""

    trace: str
    session: str
    area: str
    text: str
    frame: int = -1


@dataclass(frozen=True, slots=True)
class Acted(Event):
    """A service was called and its effect read back."""

    trace: str
    session: str
    area: str
    domain: str
    service: str
    entity_ids: tuple[str, ...]
    verified: bool
    state: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Saying(Event):
    """The assistant begins to say this."""

    trace: str
    session: str
    area: str
    text: str


@dataclass(frozen=True, slots=True)
class AssistantText(Event):
    """A piece of what the assistant says by itself, with its 80 ms frame (-1 where the voice has no frames).

    It is told as it comes, before the room may hear it; what was heard stands in the turn's record.
    """

    trace: str
    session: str
    area: str
    frame: int
    piece: str


@dataclass(frozen=True, slots=True)
class TurnEnded(Event):
    """A turn is complete; `record` is the line of `turns.jsonl`."""

    trace: str
    session: str
    area: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """A device of the house changed."""

    entity_id: str
    name: str
    area: str | None
    state: str


@dataclass(frozen=True, slots=True)
class EngineLost(Event):
    """The voice of first choice is gone; `fallback` speaks. Told at once, and again with `lasting` after 30 s."""

    engine: str
    fallback: str
    code: str
    sentence: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class EngineLagging(Event):
    """The voice falls behind real time. Told when it begins, and again with `lasting` after 30 s of it."""

    engine: str
    late_ms: float
    dropped_frames: int
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class EngineBack(Event):
    """The voice of first choice is there again, or in time again; the next conversation has it."""

    engine: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Announcing(Event):
    """The house begins to announce something in these areas."""

    areas: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class AnnouncementEnded(Event):
    """An announcement is over: for each area `played`, `cut`, or the code of what was in the way."""

    outcomes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asking(Event):
    """The house asks a question in an area and listens for the answer."""

    session: str
    area: str
    text: str


@dataclass(frozen=True, slots=True)
class QuestionEnded(Event):
    """The answer is there, or none is; `code` says why not, and is empty for an answer."""

    session: str
    area: str
    code: str


@dataclass(frozen=True, slots=True)
class IntercomBegan(Event):
    """Two rooms hear each other."""

    call: str
    areas: tuple[str, str]


@dataclass(frozen=True, slots=True)
class IntercomEnded(Event):
    """They do not any more, or never did; `reason` as of a conversation."""

    call: str
    areas: tuple[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class QuietSwitched(Event):
    """A person has switched do-not-disturb; `until` is ISO 8601, None: until it is switched again."""

    area: str
    quiet: bool
    until: str | None


@dataclass(frozen=True, slots=True)
class Trouble(Event):
    """Something a person should know: code and sentence of an error that stopped nobody else."""

    code: str
    sentence: str


class EventBus:
    """Delivers events synchronously, in order, to listeners that must not block."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Listen to everything; the answer unsubscribes."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell every listener. A listener that fails is logged and costs the others nothing."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 (one bad listener must not silence the house)
                _LOG.exception("a listener of %s failed", type(event).__name__)
