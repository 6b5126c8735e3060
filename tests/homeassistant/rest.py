"""Looks at a real Home Assistant and touches it from outside, as a person at its dashboard would: over REST."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from harness import Server


def states(server: Server) -> dict[str, dict[str, Any]]:
    """All state objects, by entity id."""

    async def read() -> Any:
        async with _session(server) as session:
            return await _json(session.get("/api/states"))

    return {found["entity_id"]: found for found in asyncio.run(read())}


def state(server: Server, entity_id: str) -> str:
    return str(states(server)[entity_id]["state"])


def brightness_pct(server: Server, *entity_ids: str) -> dict[str, int]:
    """How bright these lights are, 0 for one that is off."""
    found = states(server)
    return {each: round((found[each]["attributes"].get("brightness") or 0) / 2.55) for each in entity_ids}


def call(server: Server, domain: str, service: str, entity_id: str | None = None, **data: Any) -> None:
    """Call a service; returns when Home Assistant has carried it out."""
    body = data if entity_id is None else {"entity_id": entity_id, **data}

    async def post() -> None:
        async with _session(server) as session:
            await _json(session.post(f"/api/services/{domain}/{service}", json=body))

    asyncio.run(post())


def _session(server: Server) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {server.token}"}
    return aiohttp.ClientSession(server.url, headers=headers, raise_for_status=True)


async def _json(request: Any) -> Any:
    async with request as answer:
        return await answer.json()
