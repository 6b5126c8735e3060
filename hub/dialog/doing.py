"""What the listener of one conversation decides, begun at once, and kept by the turn of the user that it belongs to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from hub.dialog.acting import NEEDS_NO_HOUSE, Actor, Deed
from hub.dialog.round import Round
from hub.dialog.track import Track
from hub.dialog.voices import Opening
from hub.events import Acted, EventBus, Trouble
from hub.understanding.decisions import Act, Decision, Kind, Said, Source, Tell
from protocol.errors import RoomtoneError

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
# How often the listener is told that time passes: the pace of the voice's frames.
_TICK_S: Final = 0.08


@dataclass(frozen=True, slots=True)
class Stage:
    """What the deeds of a conversation need to know of its voice, and whom they tell.

    Attributes:
        talks: whether the voice talks by itself now, so that its words count beside the user's.
        heard: whether the room has heard any of what it said by itself since the user's last turn.
        on_told: the house has something to say in a turn that was the voice's to answer.
        on_late: the house has this to say, and no turn waits for it.
    """

    talks: Callable[[], bool]
    heard: Callable[[], bool]
    on_told: Callable[[], None]
    on_late: Callable[[str, str], None]


class Doing:
    """One conversation's deeds."""

    def __init__(
        self, actor: Actor, bus: EventBus, opening: Opening, track: Track, *, new_trace: Callable[[], str], stage: Stage
    ) -> None:
        self._actor, self._bus, self._track = actor, bus, track
        self._session, self._new_trace, self._stage = opening.session, new_trace, stage
        self._listener = actor.listener("user")
        self._speaking = Round(opening.trace, opening)
        self._spoken: Round | None = None
        self._in_turn = False  # words of the turn that is being said are known
        self._voice_spoke = False  # since the user's last turn
        self._ticked_s = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def trace(self) -> str:
        """That of the turn the user is about to say or says."""
        return self._speaking.trace

    @property
    def asking(self) -> bool:
        """Whether a question of the house waits for a spoken yes; may be read on any thread."""
        return self._listener.asking

    def call(self, opening: Opening) -> None:
        """The user's next turn belongs to this call."""
        self._speaking.trace, self._speaking.opening = opening.trace, opening

    def move(self, area_id: str) -> None:
        """The user is in another room: what he was asked may be answered there."""
        self._listener.move(area_id)

    # --- the user -----------------------------------------------------------------------------------------------------

    def foretell(self, text: str) -> Kind:
        """Whose the user's turn will be, by its words so far."""
        self._choose_mode()
        return self._whose(self._listener.foretell(Said(text, self._track.area_id), self._actor.moment()))

    def partial(self, text: str, frame: int, *, settled: bool = False) -> None:
        """The user's words so far; `settled`: they are all that was said, and nobody speaks just now."""
        self._choose_mode()
        self._in_turn = True
        said = Said(text, self._track.area_id)
        self._take(self._listener.hear_partial(said, self._actor.moment(frame), settled=settled), self._speaking)

    def noise(self) -> None:
        """What was taken for words of the user was none; nobody is told what is taken back therefore."""
        decisions = self._listener.hear_noise(self._actor.moment())
        if decisions:
            self._take(decisions, self._speaking)
            self._speaking = Round(self._speaking.trace, self._speaking.opening)

    def final(
        self, text: str, frame: int, end_samples: int, *, second: str | None = None, passed: Round | None = None
    ) -> tuple[Round, Kind]:
        """The user's words of a turn.

        Args:
            text: the words.
            frame: when their last sound was.
            end_samples: the same as a position.
            second: what another recogniser made of them.
            passed: the turn was passed over, and is the listener's after all.

        Returns:
            What it leads to, and whose it is.
        """
        self._choose_mode()
        spoken = self.pass_over() if passed is None else passed
        self._spoken, self._voice_spoke = spoken, False
        # Who walks on is still answering what he was asked; anything else belongs to the room it was said in.
        area_id = self._track.area_id if self.asking else self._track.area_at(end_samples)
        said = Said(text, area_id, second)
        kind = self._whose(self._listener.foretell(said, self._actor.moment(frame)))
        # What the voice has said already is held against these words before it is judged to be unfounded.
        self._take(self._listener.hear_partial(said, self._actor.moment(frame)), spoken)
        self._take(self._listener.hear(said, self._actor.moment(frame)), spoken)
        if any(not isinstance(told, Tell) or told.reason not in NEEDS_NO_HOUSE for told in spoken.told):
            kind = "house"
        elif spoken.acts:
            kind = self._whose("command")
        if spoken.decided_ms is None:
            spoken.decided_ms = self._actor.moment().at_s * 1000.0
        if kind == "house":
            # The voice is not asked: what is dangerous is asked for now, and nobody waits for its agreement.
            self._take(self._listener.fall_silent(self._actor.moment(frame), interrupted=False), spoken)
            spoken.decided()
        self._settle()
        return spoken, kind

    def pass_over(self) -> Round:
        """The user's turn is over, and answers a question that is not the listener's."""
        if self._spoken is not None:
            self._spoken.decided()
        self._in_turn = False
        spoken, self._speaking = self._speaking, Round(self._new_trace(), None)
        return spoken

    # --- the voice ----------------------------------------------------------------------------------------------------

    def voice_said(self, piece: str, frame: int) -> None:
        """A piece of what the voice says by itself."""
        self._choose_mode()
        self._voice_spoke = True
        self._take_late(self._listener.speak(piece, self._actor.moment(frame)))

    def voice_stopped(self) -> None:
        """The user has talked over the voice."""
        self._take_late(self._listener.fall_silent(self._actor.moment(), interrupted=True))

    def voice_ended(self, answered: Round) -> None:
        """The voice's answer to a turn is over, unless the next one has begun."""
        if answered is self._spoken and not self._in_turn:
            self._take_late(self._listener.fall_silent(self._actor.moment(), interrupted=False), told=False)

    def tick(self, now_s: float, frame: int, *, unheard: bool = False) -> None:
        """Time passes. `unheard`: somebody speaks, and no recogniser hears it; the voice's words count alone."""
        if now_s - self._ticked_s < _TICK_S:
            return
        self._ticked_s = now_s
        if unheard:
            self._choose_mode()
            self._take_late(self._listener.hear_nothing(self._actor.moment(frame), self._track.area_id))
        elif self._listener.waiting:
            self._take_late(self._listener.tick(self._actor.moment(frame)))

    async def close(self) -> None:
        """What runs is left to end by itself in the house; nobody waits for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what is decided ----------------------------------------------------------------------------------------------

    def _choose_mode(self) -> None:
        """A voice that talks by itself has a say; what it left open when it was lost is settled first."""
        if not self._listener.undecided:
            self._listener.mode = self._actor.evidence if self._stage.talks() else "user"

    def _whose(self, kind: Kind) -> Kind:
        """Where no voice has a say, the house tells what came of a command."""
        return "house" if kind == "command" and self._listener.mode == "user" else kind

    def _settle(self) -> None:
        if self._spoken is not None and not self._listener.undecided:
            self._spoken.decided()

    def _take_late(self, decisions: tuple[Decision, ...], *, told: bool = True) -> None:
        heard = self._stage.heard()
        # Nobody is to hear a correction of words that nobody heard.
        news = tuple(d for d in decisions if heard or not isinstance(d, Tell) or d.reason != "unfounded")
        belongs = self._speaking if self._in_turn else self._spoken
        if not news:
            pass
        elif belongs is None or belongs.over:
            late = Round(self.trace if belongs is None else belongs.trace, None)
            self._take(news, late)
            self._start(self._tell_late(late), "late")
        else:
            self._take(news, belongs)
            if told and belongs is self._spoken and any(self._is_to_be_told(decision) for decision in news):
                self._stage.on_told()
        self._settle()

    def _is_to_be_told(self, decision: Decision) -> bool:
        return not isinstance(decision, Act) or (decision.source is Source.REQUEST and not self._voice_spoke)

    async def _tell_late(self, late: Round) -> None:
        late.decided()
        try:
            sentence = late.sentence(await late.settled(), answered=True)
        except RoomtoneError as error:
            self._bus.publish(Trouble(error.code, error.sentence))
        except Exception:  # noqa: BLE001 (logged; a defect of the house must not be lost with a task)
            _LOG.exception("session %s: a deed broke", self._session)
        else:
            if sentence:
                self._stage.on_late(late.trace, sentence)

    def _take(self, decisions: tuple[Decision, ...], belongs: Round) -> None:
        if decisions and belongs.decided_ms is None:
            belongs.decided_ms = self._actor.moment().at_s * 1000.0
        for decision in decisions:
            if isinstance(decision, Act):
                if decision.source is Source.UNDO:
                    belongs.overtake()
                if decision.actions:
                    belongs.begin(self._start(self._carry_out(decision, belongs.trace), "act"))
            else:
                belongs.told.append(self._actor.truly(decision) if isinstance(decision, Tell) else decision)

    def _start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=f"{name}-{self._session}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry_out(self, act: Act, trace: str) -> Deed:
        deed = await self._actor.carry_out(act, self._track.area_id, trace=trace)
        self._listener.done(act, deed.results, self._actor.moment())
        for result in deed.results:
            action = result.action
            self._bus.publish(
                Acted(
                    trace,
                    self._session,
                    self._track.area_id,
                    action.domain,
                    action.service,
                    action.entity_ids,
                    result.verified,
                    result.state,
                    result.error,
                )
            )
        return deed
