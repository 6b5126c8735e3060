"""The hub's numbers for Prometheus: counted from the bus, in a registry of this hub's own.

No label holds a person's words; areas, result codes and hops are the only ones, so their number is bounded by the
house.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from hub.events import (
    HOPS,
    Acted,
    EngineBack,
    EngineLagging,
    EngineLost,
    Event,
    EventBus,
    FloorGranted,
    FloorReleased,
    HubReady,
    SatelliteDown,
    SatelliteUp,
    Trouble,
    TurnEnded,
    Woke,
)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS_S: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class Metrics:
    """Counts what the bus tells, and what others hand in.

    Args:
        bus: the hub's events; listened to until `close`.
    """

    def __init__(self, bus: EventBus) -> None:
        self._registry = CollectorRegistry()
        self._ready = self._gauge("roomtone_ready", "1 once every model is warm and the doors are open.")
        self._connected = self._gauge("roomtone_satellites_connected", "Satellites connected now.")
        self._floors = self._gauge("roomtone_floors_held", "Areas in a conversation now.")
        self._losses = self._counter("roomtone_satellite_losses", "Connections that ended, by code.", "code")
        self._wakes = self._counter("roomtone_wakes", "Wake words and buttons heard, by area.", "area")
        self._grants = self._counter("roomtone_floors_granted", "Conversations begun, by area.", "area")
        self._releases = self._counter("roomtone_floors_released", "Conversations ended, by area.", "area")
        self._turns = self._counter("roomtone_turns", "Turns completed, by area.", "area")
        self._actions = self._counter("roomtone_actions", "Service calls, by result.", "result")
        self._troubles = self._counter("roomtone_troubles", "Errors a person should know of, by code.", "code")
        self._engine_lost = self._gauge("roomtone_engine_lost", "1 while the voice of first choice is gone.")
        self._engine_lagging = self._gauge("roomtone_engine_lagging", "1 while the voice falls behind real time.")
        self._engine_losses = self._counter("roomtone_engine_losses", "Losses of the first voice, by code.", "code")
        self._hops = Histogram(
            "roomtone_hop_seconds",
            "Time of one hop of a turn, from the hop before it.",
            ["hop"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._answer = Histogram(
            "roomtone_answer_seconds",
            "From the end of speech to the first sample of the answer that leaves the hub.",
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._unsubscribe = bus.subscribe(self._on_event)

    def count_with(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Show a counter that another part keeps, such as frames dropped on the links.

        Args:
            name: without prefix and unit suffix, such as `link_drops`.
            documentation: one line for a person.
            read: called at each scrape; must be cheap.
        """
        # A gauge that is read, because the client library's counters cannot be.
        Gauge(f"roomtone_{name}", documentation, registry=self._registry).set_function(read)

    def render(self) -> bytes:
        """Everything in Prometheus' text format, `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def close(self) -> None:
        """Count no more."""
        self._unsubscribe()

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(name, documentation, registry=self._registry)

    def _counter(self, name: str, documentation: str, label: str) -> Counter:
        return Counter(name, documentation, [label], registry=self._registry)

    def _on_event(self, event: Event) -> None:
        match event:
            case HubReady():
                self._ready.set(1)
            case SatelliteUp():
                self._connected.inc()
            case SatelliteDown():
                self._connected.dec()
                self._losses.labels(event.code).inc()
            case Woke():
                self._wakes.labels(event.area).inc()
            case FloorGranted():
                self._floors.inc()
                self._grants.labels(event.area).inc()
            case FloorReleased():
                self._floors.dec()
                self._releases.labels(event.area).inc()
            case Acted():
                self._actions.labels(_result(event)).inc()
            case TurnEnded():
                self._turns.labels(event.area).inc()
                self._measure(event.record.get("t_ms") or {})
            case Trouble():
                self._troubles.labels(event.code).inc()
            case _:
                self._on_engine(event)

    def _on_engine(self, event: Event) -> None:
        match event:
            case EngineLost(lasting=False):
                self._engine_lost.set(1)
                self._engine_losses.labels(event.code).inc()
            case EngineLagging():
                self._engine_lagging.set(1)
            case EngineBack():
                self._engine_lost.set(0)
                self._engine_lagging.set(0)

    def _measure(self, t_ms: dict[str, Any]) -> None:
        # Each hop is measured from the one before it that happened.
        happened = [(hop, float(t_ms[hop])) for hop in HOPS if t_ms.get(hop) is not None]
        for (_, before), (hop, after) in pairwise(happened):
            self._hops.labels(hop).observe(max(0.0, after - before) / 1000)
        ends = dict(happened)
        if "speech_end" in ends and "audio_out" in ends:
            self._answer.observe(max(0.0, ends["audio_out"] - ends["speech_end"]) / 1000)


def _result(event: Acted) -> str:
    if event.error is not None:
        return "failed"
    return "verified" if event.verified else "unverified"
