"""What a house says about a call that it does not carry out; the codes end up in `ActionResult.error`."""

from __future__ import annotations

from hub.home.port import HomeError


class ServiceNotFoundError(HomeError):
    """The house has no such service."""

    code = "service_not_found"


class BadValueError(HomeError):
    """The service exists and refuses what it was given; the sentence is the house's own where it has one."""

    code = "bad_value"


class NotAllowedError(HomeError):
    """The account that the token belongs to may not do this."""

    code = "not_allowed"


class NotExposedError(HomeError):
    """The household has not given this device to the assistant."""

    code = "not_exposed"


class UnknownEntityError(HomeError):
    """The house has no such device."""

    code = "unknown_entity"


class EntityUnavailableError(HomeError):
    """The device does not answer the house."""

    code = "unavailable"
    retry = True


class HomeTimeoutError(HomeError):
    """The house took the call, and what was asked for did not happen in time."""

    code = "timeout"
    retry = True
