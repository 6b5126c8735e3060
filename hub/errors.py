"""Errors that belong to the hub as a whole; each part's own errors live beside its port."""

from __future__ import annotations

from protocol.errors import RoomtoneError


class ConfigError(RoomtoneError):
    """The configuration cannot be used; the sentence names the key and the nearest right one."""

    code = "bad_config"


class StoreError(RoomtoneError):
    """The state directory cannot be read or written."""

    code = "store_failed"


class PortInUseError(RoomtoneError):
    """Another program listens where the hub wants to."""

    code = "port_in_use"


class HubUnreachableError(RoomtoneError):
    """No running hub answers at this state directory."""

    code = "hub_unreachable"
    retry = True


class AlreadyRunningError(RoomtoneError):
    """Another hub runs on this state directory."""

    code = "already_running"
