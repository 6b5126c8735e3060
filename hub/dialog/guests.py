"""Who has a room's floor without being a conversation: a question of the house, or one end of a call between rooms.

A guest ends in one step, whoever ends it: when `close_soon` returns, its floor is free and its satellite sends no
sound any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hub.rooms.floor import Floors
from hub.rooms.port import Line
from protocol.errors import RoomtoneError
from protocol.messages import Floor, Playback


class AreaBusyError(RoomtoneError):
    """Something else is going on in this room."""

    code = "area_busy"
    retry = True


class Guest(Protocol):
    """One of them, in one room."""

    line: Line
    session: str

    def audio(self, pcm: NDArray[np.int16], samples: int, *, speech: bool) -> None:
        """20 ms of the room."""

    def playback(self, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""

    def close_soon(self, reason: str) -> None:
        """End it. Ending it twice does nothing."""


class Guests:
    """Those that are there, at most one an area; the floors keep them apart from the conversations.

    Args:
        floors: whose they take part in.
    """

    def __init__(self, floors: Floors) -> None:
        self._floors = floors
        self._guests: dict[str, Guest] = {}
        self._heard: set[str] = set()

    def enter(self, guest: Guest, name: str) -> None:
        """Take the floor of its room.

        Args:
            guest: who comes.
            name: of the room, as people call it.

        Raises:
            AreaBusyError: somebody has it.
        """
        if self._floors.session_in(guest.line.area_id) is not None:
            raise AreaBusyError(f"Somebody is talking with the assistant in {name}. Please try again in a moment.")
        self._floors.want(guest.session)
        self._floors.grant(guest.session, guest.line.area_id)
        self._guests[guest.session] = guest

    def hear(self, guest: Guest, reason: str) -> None:
        """Open the microphone: the room has been asked, and its satellite knows."""
        self._heard.add(guest.session)
        guest.line.open_uplink()
        guest.line.send(Floor(state="granted", because="asked", session=guest.session, reason=reason, chime=False))

    def leave(self, guest: Guest, reason: str) -> None:
        """Give the floor back, and close the microphone. Leaving twice does nothing."""
        if self._guests.pop(guest.session, None) is None:
            return
        self._floors.release(guest.session)
        if guest.session in self._heard:
            self._heard.discard(guest.session)
            guest.line.close_uplink()
            guest.line.send(Floor(state="released", session=guest.session, reason=reason))

    def at(self, line: Line) -> Guest | None:
        """The guest at this satellite."""
        return next((guest for guest in self._guests.values() if guest.line is line), None)

    def in_area(self, area_id: str) -> Guest | None:
        """The guest in this area."""
        return self._guests.get(self._floors.session_in(area_id) or "")

    def end(self, line: Line, reason: str) -> None:
        """Whoever is at this satellite leaves."""
        guest = self.at(line)
        if guest is not None:
            guest.close_soon(reason)

    def close(self) -> None:
        """All of them leave."""
        for guest in self:
            guest.close_soon("hub_stopping")

    def __iter__(self) -> Iterator[Guest]:
        return iter(tuple(self._guests.values()))
