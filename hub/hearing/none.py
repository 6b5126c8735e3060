"""A hub without a recogniser: every conversation is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable

from hub.hearing.port import HearingError, HearingEvent, HearingHints, HearingStream


class NoHearing:
    """Implements `Hearing` where no recogniser is installed."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    async def start(self) -> None:
        """Say what is missing.

        Raises:
            HearingError: always.
        """
        raise HearingError(self._sentence)

    def open(self, hints: HearingHints, on_event: Callable[[HearingEvent], None]) -> HearingStream:  # noqa: ARG002 (the port's signature)
        """Refuse.

        Raises:
            HearingError: always.
        """
        raise HearingError(self._sentence)

    async def close(self) -> None:
        """Nothing to free."""
