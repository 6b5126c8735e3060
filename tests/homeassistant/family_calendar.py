"""A local calendar in a real Home Assistant: made, shared with the assistant, and read from outside."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import aiohttp
from harness import Server
from seeding import Talk

FAMILY = "calendar.family"


async def make_calendar(server: Server) -> None:
    """By its own set-up dialogue; nothing is done where it is there already."""
    async with _session(server) as session:
        async with session.get("/api/calendars") as answer:
            if FAMILY in {calendar["entity_id"] for calendar in await answer.json()}:
                return
        flows = "/api/config/config_entries/flow"
        async with session.post(flows, json={"handler": "local_calendar"}) as answer:
            flow = await answer.json()
        choice = {"calendar_name": "Family", "import": "create_empty"}
        async with session.post(f"{flows}/{flow['flow_id']}", json=choice) as answer:
            made = await answer.json()
    assert made["type"] == "create_entry", made
    async with Talk(server.url, server.token) as talk:
        for entity_id in (FAMILY, "weather.demo_weather_south"):
            await talk.ask(
                "homeassistant/expose_entity", assistants=["conversation"], entity_ids=[entity_id], should_expose=True
            )


def entries(server: Server, start: datetime, end: datetime) -> list[tuple[str, datetime, datetime]]:
    """(what, from, until) of everything in the calendar between two aware times, in order."""

    async def read() -> Any:
        async with _session(server) as session:
            span = {"start": start.isoformat(), "end": end.isoformat()}
            async with session.get(f"/api/calendars/{FAMILY}", params=span) as answer:
                return await answer.json()

    found = [
        (row["summary"], *(datetime.fromisoformat(row[side]["dateTime"]) for side in ("start", "end")))
        for row in asyncio.run(read())
    ]
    return sorted(found, key=lambda entry: entry[1])


def _session(server: Server) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {server.token}"}
    return aiohttp.ClientSession(server.url, headers=headers, raise_for_status=True)
