"""The house as understanding sees it, and what can be done to it. Values only; adapters in `hub.home` fill them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Floor:
    """A storey."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A room, Home Assistant's word."""

    id: str
    name: str
    floor_id: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """A device, its state and what it can do.

    Attributes:
        attributes: Home Assistant's own (`brightness` 0-255, `temperature`, `unit_of_measurement`, `device_class` ...).
        capabilities: what the domain's services may be given: for lights of `brightness color color_temp`, for covers
            `position`, for fans `percentage oscillate`, for climates the hvac modes, and so on.
        exposed: whether the household lets the assistant see and touch it. An unexposed entity is known only so that
            the assistant can say so and where to change it.
    """

    entity_id: str
    name: str
    area_id: str | None = None
    aliases: tuple[str, ...] = ()
    state: str = "unknown"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    exposed: bool = True

    @property
    def domain(self) -> str:
        """The part of the id before the dot."""
        return self.entity_id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that was started by voice. `name` is empty for one without a name."""

    name: str
    remaining_s: float
    running: bool = True


@dataclass(frozen=True, slots=True)
class House:
    """One moment of a house.

    Attributes:
        revision: grows when names, areas or exposure change (not with states), so that indexes can be kept.
        time_zone: IANA name.
        timers: those that were started by voice and have not rung, soonest first.
    """

    name: str
    floors: tuple[Floor, ...] = ()
    areas: tuple[Area, ...] = ()
    entities: Mapping[str, Entity] = field(default_factory=dict)
    time_zone: str = "UTC"
    revision: int = 0
    timers: tuple[Timer, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One service call, as Home Assistant names it, with the words that justify it.

    Attributes:
        step: what of `data` is meant as a change of what was before (`temperature_delta`, `volume_step` ...), where the
            service itself takes only the value that it comes to.
    """

    domain: str
    service: str
    entity_ids: tuple[str, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = ""
    step: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What became of an action.

    Attributes:
        verified: the resulting state was read back and is the one asked for.
        state: that state, for a person and the journal ("on", "21.0", "closing" ...), None when unknown.
        failed: the entities that did not get there.
        error: stable code of the failure, None when there was none.
        sentence: the failure in words.
        called_ms, confirmed_ms: when the call went out and when the state was seen, hub's monotonic milliseconds.
    """

    action: Action
    verified: bool
    state: str | None = None
    failed: tuple[str, ...] = ()
    error: str | None = None
    sentence: str = ""
    called_ms: float | None = None
    confirmed_ms: float | None = None


HomeKind = Literal["assistant", "demo", "none"]
