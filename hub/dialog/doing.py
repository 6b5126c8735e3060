"""What the listener of one conversation decides, begun at once, and kept by the turn of the user that it belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hub.dialog.acting import NEEDS_NO_HOUSE, Actor, Deed
from hub.dialog.voices import Opening
from hub.events import Acted, EventBus
from hub.understanding.decisions import Act, Confirm, Decision, Kind, Said, Tell
from protocol.errors import RoomtoneError

# A house that has not answered by then will not; the room must not be held for it.
ACTING_LIMIT_S: Final = 30.0
# How often the listener is told that time passes: the pace of the voice's frames.
_TICK_S: Final = 0.08


class ActingTimeoutError(RoomtoneError):
    """The house did not answer in time."""

    code = "acting_timeout"
    retry = True


class Round:
    """What one turn of the user leads to.

    Attributes:
        opening: the call it belongs to; None when the conversation just goes on.
        told: sentences to be spoken, in order.
        decided_ms: when its first decision was made, hub's monotonic milliseconds.
    """

    def __init__(self, trace: str, opening: Opening | None) -> None:
        self.trace, self.opening = trace, opening
        self.told: list[Confirm | Tell] = []
        self.decided_ms: float | None = None
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

    async def settled(self) -> tuple[Deed, ...]:
        """Wait until all that was begun is done.

        Raises:
            ActingTimeoutError: the house takes too long.
        """
        try:
            async with asyncio.timeout(ACTING_LIMIT_S):
                return tuple(await asyncio.gather(*self._running))
        except TimeoutError:
            raise ActingTimeoutError("The house did not answer in time; please try again.") from None

    def sentence(self, deeds: tuple[Deed, ...], *, answered: bool) -> str:
        """What the house has to say. `answered`: the voice has already talked, so that only troubles are news."""
        said = [deed.trouble if answered else deed.report for deed in deeds]
        said += [told.question if isinstance(told, Confirm) else told.sentence for told in self.told]
        return " ".join(dict.fromkeys(sentence for sentence in said if sentence))


class Doing:
    """One conversation's deeds.

    Args:
        on_told: the house has something to say that nobody waits for yet.
    """

    def __init__(
        self,
        actor: Actor,
        bus: EventBus,
        opening: Opening,
        area_id: str,
        *,
        new_trace: Callable[[], str],
        on_told: Callable[[], None],
    ) -> None:
        self._actor, self._bus, self._area_id = actor, bus, area_id
        self._session, self._new_trace, self._on_told = opening.session, new_trace, on_told
        self._listener = actor.listener("user")
        self._speaking = Round(opening.trace, opening)
        self._spoken: Round | None = None
        self._ticked_s = 0.0
        self._tasks: set[asyncio.Task[Deed]] = set()

    @property
    def trace(self) -> str:
        """That of the turn the user is about to say or says."""
        return self._speaking.trace

    @property
    def waits_for_yes(self) -> bool:
        """Whether the user was asked something that time alone may end; may be read on any thread."""
        return self._listener.waiting

    def call(self, opening: Opening) -> None:
        """The user's next turn belongs to this call."""
        self._speaking.trace, self._speaking.opening = opening.trace, opening

    def foretell(self, text: str) -> Kind:
        """Whose the user's turn will be, by its words so far."""
        return self._whose(self._listener.foretell(Said(text, self._area_id), self._actor.moment()))

    def partial(self, text: str, frame: int) -> None:
        """The user's words so far."""
        self._take(self._listener.hear_partial(Said(text, self._area_id), self._actor.moment(frame)), self._speaking)

    def final(self, text: str, frame: int, *, second: str | None = None) -> tuple[Round, Kind]:
        """The user's words of a turn; what it leads to, and whose it is."""
        spoken = self._spoken = self._speaking
        self._speaking = Round(self._new_trace(), None)
        said = Said(text, self._area_id, second)
        kind = self._listener.foretell(said, self._actor.moment(frame))
        self._take(self._listener.hear(said, self._actor.moment(frame)), spoken)
        if any(not isinstance(told, Tell) or told.reason not in NEEDS_NO_HOUSE for told in spoken.told):
            kind = "house"
        elif spoken.acts:
            kind = "command"
        return spoken, self._whose(kind)

    def pass_over(self) -> Round:
        """The user's turn answers a question that is not the listener's."""
        spoken, self._speaking = self._speaking, Round(self._new_trace(), None)
        return spoken

    def _whose(self, kind: Kind) -> Kind:
        """Where the user's words alone act, the house tells what came of it, and the voice does not guess."""
        return "house" if kind == "command" and self._listener.mode == "user" else kind

    def voice_said(self, piece: str, frame: int) -> None:
        """A piece of what the voice says by itself."""
        self._take_late(self._listener.speak(piece, self._actor.moment(frame)))

    def voice_stopped(self, *, interrupted: bool) -> None:
        """The voice has fallen silent."""
        self._take_late(self._listener.fall_silent(self._actor.moment(), interrupted=interrupted))

    def tick(self, now_s: float, frame: int) -> None:
        """Time passes."""
        if now_s - self._ticked_s >= _TICK_S:
            self._ticked_s = now_s
            if self._listener.waiting:
                self._take_late(self._listener.tick(self._actor.moment(frame)))

    async def close(self) -> None:
        """What runs is left to end by itself in the house; nobody waits for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take_late(self, decisions: tuple[Decision, ...]) -> None:
        belongs = self._spoken if self._spoken is not None else self._speaking
        known = len(belongs.told)
        self._take(decisions, belongs)
        if len(belongs.told) > known:
            self._on_told()

    def _take(self, decisions: tuple[Decision, ...], belongs: Round) -> None:
        if decisions and belongs.decided_ms is None:
            belongs.decided_ms = self._actor.moment().at_s * 1000.0
        for decision in decisions:
            if isinstance(decision, Act):
                task = asyncio.create_task(self._carry_out(decision, belongs.trace), name=f"act-{self._session}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                belongs.begin(task)
            else:
                belongs.told.append(self._actor.truly(decision) if isinstance(decision, Tell) else decision)

    async def _carry_out(self, act: Act, trace: str) -> Deed:
        deed = await self._actor.carry_out(act, self._area_id, trace=trace)
        self._listener.done(act, deed.results, self._actor.moment())
        for result in deed.results:
            action = result.action
            self._bus.publish(
                Acted(
                    trace,
                    self._session,
                    self._area_id,
                    action.domain,
                    action.service,
                    action.entity_ids,
                    result.verified,
                    result.state,
                    result.error,
                )
            )
        return deed
