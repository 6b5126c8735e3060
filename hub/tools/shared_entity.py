"""The one entity of a kind that a tool works with."""

from __future__ import annotations

from hub.home.port import Home
from hub.tools.port import ToolUnavailableError


def shared_entity(home: Home, domain: str, chosen: str | None, *, missing: str) -> str:
    """The entity named in the settings, or the first of its domain that is shared with the assistant.

    `chosen` is the one in the settings, which need not be shared; `missing` says what to do where nothing is shared.

    Raises:
        ToolUnavailableError: the house is not there, or has no such entity.
    """
    if home.trouble is not None:
        raise ToolUnavailableError(home.trouble.spoken)
    entities = home.house.entities
    if chosen is not None:
        if chosen not in entities:
            raise ToolUnavailableError(f"The {domain} in my settings is not in this house.")
        return chosen
    shared = sorted(one.entity_id for one in entities.values() if one.domain == domain and one.exposed)
    if not shared:
        raise ToolUnavailableError(missing)
    return shared[0]
