"""What a conversation is given: the parts of the house it uses, and the call it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.dialog.acting import Actor
from hub.dialog.expert import Expert
from hub.dialog.hold import HoldCounts
from hub.dialog.life import Life
from hub.engine.port import Persona, VoiceEngine
from hub.events import EventBus
from hub.hearing.port import Hearing
from hub.llm.port import Toolbox
from hub.machine import StepCounts
from hub.tools.port import Tools


def _own_persona(_area_id: str) -> Persona | None:
    return None


@dataclass(frozen=True, slots=True)
class Voices:
    """What a conversation needs of the house; one instance serves all.

    Attributes:
        persona: who the assistant is in an area now; None leaves it to the engine.
        tools: calendar, weather, messages and the like; None: there are none.
        toolbox: the same for the expert, in an area and under a trace.
        expert: who answers difficult questions; None: nobody does.
        is_difficult: whether words that are not the house's are for the expert.
    """

    engine: VoiceEngine
    hearing: Hearing
    actor: Actor
    bus: EventBus
    vocabulary: Callable[[], list[str]]
    now_ms: Callable[[], float]
    new_trace: Callable[[], str]
    follow_up_s: float
    persona: Callable[[str], Persona | None] = _own_persona
    tools: Tools | None = None
    toolbox: Callable[[str, str], Toolbox] | None = None
    expert: Expert | None = None
    is_difficult: Callable[[str], bool] = lambda _text: False
    lives: StepCounts[Life] = field(default_factory=StepCounts)
    holds: HoldCounts = field(default_factory=HoldCounts)


@dataclass(frozen=True, slots=True)
class Opening:
    """A call: how a conversation came about or was called again. Times are the hub's monotonic milliseconds."""

    session: str
    trace: str
    word: str
    why: str
    onset_ms: float | None
    wake_ms: float
    floor_ms: float
