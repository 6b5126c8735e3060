"""Everything of the tools, wired: what the composition root makes, starts and closes."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from hub.config_tools import ToolsSettings
from hub.events import Event, SatelliteUp
from hub.home.port import Home
from hub.store import Store
from hub.tools.agenda import Agenda
from hub.tools.agenda_store import AgendaStore
from hub.tools.built_in import built_in_tools
from hub.tools.calendar import Calendar
from hub.tools.deeds import HubDeeds
from hub.tools.desk import ToolDesk
from hub.tools.mcp_client import McpServers
from hub.tools.messages import Messages
from hub.tools.registry import Registry
from hub.tools.ringer import Line, Ringer
from hub.tools.rooms import House, RoomTools, room_names
from hub.tools.weather import Weather
from protocol.messages import Rang


class ToolBridge:
    """The tools of a hub.

    Args:
        settings: the person's.
        store: where timers and lists are kept; it outlives this.
        home: whose calendar, weather and services are used.
        zone: the house's time zone.
        device_in: the satellite that would ring in an area, empty when none is connected.
        line: the connection of a satellite.
        announce: says a sentence in an area.
        for_house: whether the house itself would answer words spoken in an area.
        house: who speaks to other rooms; made after this.

    Attributes:
        deeds: the `Deeds` for the actor.
        desk: the `Tools` for the conversation and the `Toolset` for a model.
        servers: other people's tools; `troubles()` goes into the hub's status.

    Raises:
        StoreError: the store cannot be read.
        ConfigError: the settings want what is not installed.
    """

    def __init__(
        self,
        settings: ToolsSettings,
        *,
        store: Store,
        home: Home,
        zone: Callable[[], tzinfo],
        device_in: Callable[[str], str],
        line: Callable[[str], Line | None],
        announce: Callable[[str, str], Awaitable[Any]],
        for_house: Callable[[str, str], bool],
        house: Callable[[], House],
    ) -> None:
        def now() -> datetime:
            return datetime.now(zone())

        rows = AgendaStore(store)
        agenda = Agenda(rows, now_s=time.monotonic, wall_s=time.time, new_id=lambda: uuid.uuid4().hex[:16])
        self.deeds = HubDeeds(
            rows,
            agenda,
            device_in=device_in,
            zone=zone,
            wall_s=time.time,
            now_ms=lambda: time.monotonic() * 1000.0,
        )
        calendar = Calendar(home, entity_id=settings.calendar, now=now)
        weather = Weather(home, entity_id=settings.weather, now=now)
        messages = Messages(home, settings.recipients)
        registry = Registry(
            built_in_tools(
                settings.allow,
                calendar=calendar,
                weather=weather,
                messages=messages,
                deeds=self.deeds,
                now=now,
                rooms=RoomTools(home, house).tools(),
            )
        )
        self.servers = McpServers(settings.mcp, registry)
        self.desk = ToolDesk(
            registry,
            calendar=calendar,
            weather=weather,
            messages=messages,
            now=now,
            now_s=time.monotonic,
            for_house=for_house,
            asks=settings.booking_asks,
            rooms=lambda: room_names(home),
        )
        self.desk.set_phrases(self.servers.phrases)
        self._ringer = Ringer(
            agenda,
            line=line,
            announce=announce,
            act=lambda action, trace: home.act(action, trace=trace),
            now_s=time.monotonic,
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Watch the agenda and connect to the servers, in the background."""
        self._task = asyncio.create_task(self._ringer.run(), name="ringer")
        await self.servers.start()

    async def close(self) -> None:
        """Leave nothing behind; what is pending stays in the store."""
        await self.desk.close()
        await self.servers.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def on_event(self, event: Event) -> None:
        """For the bus: a satellite that comes is told its timers."""
        if isinstance(event, SatelliteUp):
            self._ringer.satellite_up(event.device_id)

    def on_rang(self, device_id: str, message: Rang) -> None:
        """For the satellites' server."""
        self._ringer.rang(device_id, message)

    def toolbox(self, area_id: str, trace: str) -> AreaToolbox:
        """The tools for a model that answers in an area."""
        return AreaToolbox(self.desk, area_id, trace)


class AreaToolbox:
    """The tools as the expert's `Toolbox` wants them, for one turn of one area."""

    def __init__(self, desk: ToolDesk, area_id: str, trace: str) -> None:
        self._desk = desk
        self._area_id, self._trace = area_id, trace
        self._numbers = itertools.count()

    def specs(self) -> list[dict[str, Any]]:
        """Each as OpenAI's `tools` field describes it."""
        return [dict(spec) for spec in self._desk.specs()]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call one; returns its sentence and data as JSON.

        Raises:
            ToolError: unknown, not allowed, or failed.
        """
        key = f"{self._trace} {next(self._numbers)}"
        result = await self._desk.call(name, arguments, key=key, area_id=self._area_id)
        return json.dumps({"sentence": result.sentence, **result.data}, ensure_ascii=False)
