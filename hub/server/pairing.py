"""The pairing desk: one code at a time, opened by a person, for two minutes and five tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from protocol.security import new_code

WINDOW_S: Final = 120.0
TRIES: Final = 5

PairingState = Literal["closed", "open", "done", "expired", "used_up"]


@dataclass(frozen=True, slots=True)
class PairingStatus:
    """What `roomtone pair` shows while it waits."""

    state: PairingState
    area_id: str = ""
    remaining_s: float = 0.0
    tries_left: int = 0
    device_name: str = ""


class PairingDesk:
    """Holds the running code. Wrong guesses of all peers count together, so a guesser closes the window."""

    def __init__(self, *, now_s: Callable[[], float], make_code: Callable[[], str] = new_code) -> None:
        self._now_s = now_s
        self._make_code = make_code
        self._code = ""
        self._area: tuple[str, str] = ("", "")
        self._until_s = 0.0
        self._tries = 0
        self._device_name = ""
        self._state: PairingState = "closed"

    def open(self, area_id: str, area_name: str) -> str:
        """Begin a window for one area; a running one is replaced. Returns the six digits."""
        self._code = self._make_code()
        self._area = (area_id, area_name)
        self._until_s = self._now_s() + WINDOW_S
        self._tries = TRIES
        self._device_name = ""
        self._state = "open"
        return self._code

    @property
    def status(self) -> PairingStatus:
        """The window as it is now."""
        self._expire()
        remaining_s = max(0.0, self._until_s - self._now_s()) if self._state == "open" else 0.0
        return PairingStatus(self._state, self._area[0], remaining_s, self._tries, self._device_name)

    @property
    def code(self) -> str | None:
        """The code, while the window is open."""
        self._expire()
        return self._code if self._state == "open" else None

    @property
    def area(self) -> tuple[str, str]:
        """Id and name of the area the code was made for."""
        return self._area

    def failed(self) -> None:
        """A guess was wrong."""
        self._tries -= 1
        if self._tries <= 0 and self._state == "open":
            self._state = "used_up"

    def done(self, device_name: str) -> None:
        """A satellite has been paired; the code is worth nothing any more."""
        self._device_name = device_name
        self._state = "done"

    def _expire(self) -> None:
        if self._state == "open" and self._now_s() >= self._until_s:
            self._state = "expired"
