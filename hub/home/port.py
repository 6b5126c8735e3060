"""The port to a house. Adapters: `assistant` (a real Home Assistant), `demo`, `none`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from hub.understanding.house import Action, ActionResult, HomeKind, House
from protocol.errors import RoomtoneError


class HomeError(RoomtoneError):
    """The house did not do or answer as asked.

    Attributes:
        spoken: the same for the ear: no address, no setting, and short.
    """

    code = "home_failed"
    spoken: ClassVar[str] = "The house did not do that, so nothing was changed."


class HomeUnreachableError(HomeError):
    """The house cannot be reached now; the adapter keeps trying."""

    code = "home_unreachable"
    retry = True
    spoken = "I cannot reach Home Assistant right now, so nothing was changed."


class HomeRefusedTokenError(HomeError):
    """The house does not accept our token; trying again is useless until a person acts."""

    code = "home_token_refused"
    spoken = "Home Assistant does not accept my token, so nothing was changed."


class Home(Protocol):
    """A house that can be looked at and acted upon."""

    @property
    def kind(self) -> HomeKind:
        """Which adapter this is."""

    @property
    def house(self) -> House:
        """The newest known moment of the house; cheap. Empty until the first sync."""

    @property
    def trouble(self) -> HomeError | None:
        """Why the house cannot be used right now; None when all is well."""

    async def start(self) -> None:
        """Connect in the background and wait for the first sync or the first error (which `trouble` then names)."""

    async def act(self, action: Action, *, trace: str) -> ActionResult:
        """Call the service, wait for the resulting states, and say what is true now.

        Never raises `HomeError`: a failure is an `ActionResult` with its code and sentence. A slow device that is
        seen on its way when the wait is over is neither verified nor failed: `state` says "opening", `error` is None.
        """

    async def ask(
        self, domain: str, service: str, data: Mapping[str, Any], *, answers: bool = True
    ) -> Mapping[str, Any]:
        """Call a service that no device's state confirms: of a calendar, a forecast, a list, or a message.

        Args:
            domain: `calendar`, `weather`, `todo` or `notify`.
            service: without its domain.
            data: the service's own, `entity_id` included where it has one.
            answers: whether this service gives a response; asking one that gives none for it is refused by the house.

        Returns:
            The service's response, by entity; empty without one.

        Raises:
            HomeError: it cannot be reached, is not allowed, or refuses.
        """

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener(entity_id)` at every change of state; the answer takes it off again."""

    async def close(self) -> None:
        """Leave nothing behind."""
