"""No house: every question and every deed is answered with how to add one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn

from hub.config import AreaSettings
from hub.home.port import HomeError
from hub.understanding.house import Action, ActionResult, Area, HomeKind, House


class NoHomeError(HomeError):
    """The settings name no house."""

    code = "no_home"
    spoken = "No home is connected to this hub, so there is nothing to switch or to ask."


class NoHome:
    """A hub without a house stays a hub: rooms can be paired, and what is missing is said.

    Args:
        areas: the rooms that satellites may be paired into, as the settings name them.
    """

    kind: ClassVar[HomeKind] = "none"

    def __init__(self, areas: Iterable[AreaSettings] = ()) -> None:
        self._house = House(
            name="No home",
            areas=tuple(Area(id=area.id, name=area.name, aliases=area.aliases) for area in areas),
            entities=MappingProxyType({}),
        )
        self._trouble = NoHomeError(
            "No home is connected, so nothing can be switched. Add Home Assistant with home: {kind: assistant, "
            "url: ..., token_file: ...} in the configuration, or try the demo home with kind: demo."
        )

    @property
    def house(self) -> House:
        """Rooms, no devices."""
        return self._house

    @property
    def trouble(self) -> HomeError:
        """Always there: how to add a home."""
        return self._trouble

    async def start(self) -> None:
        """Nothing to wait for."""

    async def act(self, action: Action, *, trace: str) -> ActionResult:  # noqa: ARG002 - the port names it
        """Refuse with the sentence that says how to add a home."""
        return ActionResult(
            action,
            verified=False,
            failed=action.entity_ids,
            error=self._trouble.code,
            sentence=self._trouble.sentence,
        )

    async def ask(
        self,
        domain: str,  # noqa: ARG002 - the port names it
        service: str,  # noqa: ARG002 - the port names it
        data: Mapping[str, Any],  # noqa: ARG002 - the port names it
        *,
        answers: bool = True,  # noqa: ARG002 - the port names it
    ) -> NoReturn:
        """Refuse with the sentence that says how to add a home."""
        raise self._trouble

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]:  # noqa: ARG002 - the port names it
        """Nothing ever changes here."""
        return lambda: None

    async def close(self) -> None:
        """Nothing was opened."""
