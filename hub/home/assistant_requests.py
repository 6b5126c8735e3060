"""What the hub asks of Home Assistant: the registries of a house, and one service call with its confirmation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from hub.home.assistant_house import Registries, read_exposed, read_registered, read_registries
from hub.home.assistant_socket import AssistantSocket
from hub.home.colors import in_its_own_names
from hub.home.confirmation import Confirmation
from hub.home.errors import NotAllowedError
from hub.home.port import HomeError
from hub.understanding.house import Action

CALL_S = 15.0


async def carry_out(socket: AssistantSocket, action: Action, confirmation: Confirmation) -> HomeError | None:
    """Call the service; wait for the call to fail or for the states to be seen, whichever comes first.

    Returns:
        Why the house did not take the call; None when it did, whatever the states say.
    """
    call = asyncio.create_task(
        socket.command(
            "call_service",
            deadline_s=CALL_S,
            domain=action.domain,
            service=action.service,
            service_data=in_its_own_names(action.data),
            target={"entity_id": list(action.entity_ids)},
        )
    )
    seen = asyncio.create_task(confirmation.wait())
    try:
        await asyncio.wait({call, seen}, return_when=asyncio.FIRST_COMPLETED)
        if not seen.done():
            try:
                await call
            except HomeError as error:
                return error
            confirmation.taken()
            await seen
    finally:
        # What a call says after its states were seen changes nothing any more.
        call.cancel()
        seen.cancel()
        await asyncio.gather(call, seen, return_exceptions=True)
    return None


async def question(
    socket: AssistantSocket, domain: str, service: str, data: Mapping[str, Any], *, answers: bool
) -> Mapping[str, Any]:
    """Call a service for its response.

    Raises:
        HomeError: the connection, or the house's refusal.
    """
    wanted = {"return_response": True} if answers else {}
    result = await socket.command(
        "call_service", deadline_s=CALL_S, domain=domain, service=service, service_data=dict(data), **wanted
    )
    response = result.get("response") if isinstance(result, dict) else None
    return response if isinstance(response, dict) else {}


async def fetch_registries(socket: AssistantSocket) -> Registries:
    """Names, rooms and permissions, read anew.

    Raises:
        NotAllowedError: the token's owner may not see what is exposed.
        HomeError: the connection or a command failed.
    """
    try:
        exposed = await socket.command("homeassistant/expose_entity/list")
    except NotAllowedError as error:
        raise NotAllowedError(
            "Home Assistant's token belongs to a user who may not see which devices are shared with the assistant. "
            "Make the token as an administrator and put it into home.token_file."
        ) from error
    config, floors, areas, devices, entities = [
        await socket.command(kind)
        for kind in (
            "get_config",
            "config/floor_registry/list",
            "config/area_registry/list",
            "config/device_registry/list",
            "config/entity_registry/list",
        )
    ]
    wanted = sorted(read_exposed(exposed) & read_registered(entities))
    entries = await socket.command("config/entity_registry/get_entries", entity_ids=wanted)
    return read_registries(
        config=config,
        floors=floors,
        areas=areas,
        devices=devices,
        entities=entities,
        exposed=exposed,
        entries=entries,
    )
