"""What one turn of the user leads to, kept together until it has been told."""

from __future__ import annotations

import asyncio
from typing import Final

from hub.dialog.acting import Deed
from hub.dialog.voices import Opening
from hub.understanding.decisions import Confirm, Tell
from protocol.errors import RoomtoneError

# A house that has not answered by then will not; the room must not be held for it.
ACTING_LIMIT_S: Final = 30.0
# A voice that agrees, objects or stays silent has done so by then.
DECIDING_LIMIT_S: Final = 6.0


class ActingTimeoutError(RoomtoneError):
    """The house did not answer in time."""

    code = "acting_timeout"
    retry = True


class Round:
    """What one turn of the user leads to.

    Attributes:
        opening: the call it belongs to; None when the conversation just goes on.
        told: sentences to be spoken, in order.
        decided_ms: when it was first known what is to be done or whose it is, hub's monotonic milliseconds.
        over: it has been told; what comes later is told by itself.
    """

    def __init__(self, trace: str, opening: Opening | None) -> None:
        self.trace, self.opening = trace, opening
        self.told: list[Confirm | Tell] = []
        self.decided_ms: float | None = None
        self.over = False
        self._decided = asyncio.Event()
        self._running: list[asyncio.Task[Deed]] = []

    @property
    def acts(self) -> bool:
        """Whether anything is being done."""
        return bool(self._running)

    @property
    def ends_conversation(self) -> bool:
        """Whether the user said goodbye."""
        return any(isinstance(told, Tell) and told.ends_conversation for told in self.told)

    @property
    def not_understood(self) -> bool:
        """Whether the house has nothing to say to it but that."""
        reasons = {told.reason if isinstance(told, Tell) else "" for told in self.told}
        return not self.acts and reasons <= {"not_understood"}

    def begin(self, deed: asyncio.Task[Deed]) -> None:
        """Something is being done."""
        self._running.append(deed)

    def overtake(self) -> None:
        """What was begun so far is taken back: nobody waits until the house has done it, or is told of it."""
        self._running.clear()

    def decided(self) -> None:
        """Nothing that is still to come may lead to more, as far as anybody can tell."""
        self._decided.set()

    async def settled(self) -> tuple[Deed, ...]:
        """Wait until it is decided what is to be done, and all of it is done.

        Raises:
            ActingTimeoutError: the house takes too long.
        """
        await asyncio.wait({waiting := asyncio.ensure_future(self._decided.wait())}, timeout=DECIDING_LIMIT_S)
        waiting.cancel()
        try:
            async with asyncio.timeout(ACTING_LIMIT_S):
                return tuple(await asyncio.gather(*self._running))
        except TimeoutError:
            raise ActingTimeoutError("The house did not answer in time; please try again.") from None

    def sentence(self, deeds: tuple[Deed, ...], *, answered: bool) -> str:
        """What the house has to say, after which the round is over.

        Args:
            deeds: what was done.
            answered: the voice has already talked, so that only troubles are news.
        """
        self.over = True
        said = [deed.trouble if answered else deed.report for deed in deeds]
        said += [told.question if isinstance(told, Confirm) else told.sentence for told in self.told]
        return " ".join(dict.fromkeys(sentence for sentence in said if sentence))
