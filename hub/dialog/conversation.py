"""One conversation in one area, from the granted floor to its release.

Full duplex is no cycle: whether the user speaks and whether the assistant speaks are two independent facts. Only the
life of the conversation is a state machine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.acting import Actor, Outcome
from hub.dialog.backchannel import is_backchannel
from hub.dialog.life import Life, LifeCounts, LifeMachine
from hub.dialog.mouth import Mouth
from hub.dialog.speaking import Speech
from hub.dialog.turn import Turn
from hub.engine.port import SessionRequest, VoiceEngine
from hub.events import Acted, EventBus, HeardFinal, HeardPartial, Saying, Trouble, TurnEnded
from hub.hearing.port import Final as FinalText
from hub.hearing.port import Hearing, HearingEvent, HearingHints, HearingStream, Partial, SpeechStarted
from hub.hearing.wake_phrase import strip_wake_phrase
from hub.rooms.port import Line
from protocol.errors import RoomtoneError
from protocol.messages import Playback

_LOG = logging.getLogger(__name__)

# A user who speaks is waited for; the recogniser ends every turn well before this.
_SPEAKING_LIMIT_S: Final = 25.0
# A house that has not answered by then will not; the room must not be held for it.
_ACTING_LIMIT_S: Final = 30.0
_WAITING_TURNS: Final = 4
# A cancelled turn has nothing to wait for; one that does not end must not keep the floor.
_WORKER_END_S: Final = 2.0


class ActingTimeoutError(RoomtoneError):
    """The house did not answer in time."""

    code = "acting_timeout"
    retry = True


@dataclass(frozen=True, slots=True)
class Voices:
    """What a conversation needs of the house; one instance serves all."""

    engine: VoiceEngine
    hearing: Hearing
    actor: Actor
    bus: EventBus
    vocabulary: Callable[[], list[str]]
    now_ms: Callable[[], float]
    new_trace: Callable[[], str]
    follow_up_s: float
    lives: LifeCounts = field(default_factory=LifeCounts)


@dataclass(frozen=True, slots=True)
class Opening:
    """A call: how a conversation came about or was called again. Times are the hub's monotonic milliseconds."""

    session: str
    trace: str
    word: str
    why: str
    onset_ms: float | None
    wake_ms: float
    floor_ms: float


class Conversation:
    """Hears, acts and answers in one area until it ends by itself, by a person or by a fault."""

    def __init__(
        self,
        line: Line,
        opening: Opening,
        voices: Voices,
        *,
        next_generation: Callable[[], int],
        on_closed: Callable[[Conversation, str], None],
    ) -> None:
        self.line = line
        self.session = opening.session
        self.user_speaking = False
        self._machine = LifeMachine(opening.session, voices.lives)
        self._opening: Opening | None = opening
        self._voices = voices
        self._on_closed = on_closed
        self._trace = opening.trace
        self._turn_number = 0
        self._finals = 0
        self._mouth = Mouth(line, next_generation=next_generation, now_ms=voices.now_ms)
        self._ears: HearingStream | None = None
        self._heard: asyncio.Queue[tuple[FinalText, bool]] = asyncio.Queue(_WAITING_TURNS)
        self._anchor: tuple[int, float] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._worker: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._word = opening.word
        self._called = True
        self._in_turn = False

    @property
    def life(self) -> Life:
        """Where it stands."""
        return self._machine.state

    @property
    def agent_speaking(self) -> bool:
        """Whether audio of the assistant is on its way or being played."""
        return self._mouth.speaking

    # --- life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> bool:
        """Take a place at the engine and begin to listen; False when it was closed in the meantime.

        Raises:
            EngineBusyError: every place is taken.
        """
        voices, area_id = self._voices, self.line.area_id
        if not await self._mouth.open(voices.engine, SessionRequest(self.session, area_id, self._trace)):
            return False
        if self.life is not Life.OPENING:
            await self._mouth.close()
            return False
        hints = HearingHints(
            vocabulary=voices.vocabulary(), wake_word=self._word, is_complete=voices.actor.completeness(area_id)
        )
        self._ears = voices.hearing.open(hints, self._on_hearing)
        self._machine.transition(Life.OPEN)
        self._worker = asyncio.create_task(self._take_turns(), name=f"turns-{self.session}")
        self._wait(voices.follow_up_s)
        return True

    def close_soon(self, reason: str) -> None:
        """End it: from now on it hears, does and says nothing. Ending it twice does nothing."""
        if self._closing is None and self._machine.transition(Life.CLOSED):
            self._closing = asyncio.create_task(self._end(reason), name=f"close-{self.session}")

    async def close(self, reason: str) -> None:
        """`close_soon`, and wait until engine, ears and floor are given back."""
        self.close_soon(reason)
        await self.closed()

    async def closed(self) -> None:
        """Wait for the end of a conversation that is being closed; a caller's cancellation does not stop it."""
        if self._closing is not None:
            await asyncio.shield(self._closing)

    async def _end(self, reason: str) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._fall_silent(reason)
        if self._worker is not None:
            self._worker.cancel()
            _, running = await asyncio.wait({self._worker}, timeout=_WORKER_END_S)
            if running:
                _LOG.error("session %s: its turn does not end", self.session)
        if self._ears is not None:
            await self._give_back(self._ears.close())
        await self._give_back(self._mouth.close())
        self.user_speaking = False
        self._on_closed(self, reason)

    def _fall_silent(self, reason: str) -> None:
        try:
            self._mouth.end(lost=reason == "satellite_lost")
        except Exception:  # noqa: BLE001 (logged; a voice that cannot even be cut short must not keep the floor)
            _LOG.exception("session %s: the voice could not be cut short", self.session)

    async def _give_back(self, closing: Awaitable[None]) -> None:
        try:
            await closing
        except Exception:  # noqa: BLE001 (logged; a part that cannot even end must not keep the floor)
            _LOG.exception("session %s: a part did not close", self.session)

    def _wait(self, seconds: float) -> None:
        """Close when nothing has happened for so long."""
        if self._idle is not None:
            self._idle.cancel()
        if self.life is Life.OPEN:
            self._idle = asyncio.get_running_loop().call_later(seconds, self._silent)

    def _wait_for_user(self) -> None:
        self._wait(_SPEAKING_LIMIT_S if self.user_speaking else self._voices.follow_up_s)

    def _silent(self) -> None:
        if self._in_turn or self.agent_speaking:
            self._wait(self._voices.follow_up_s)
        else:
            self.close_soon("silence")

    # --- what comes in ------------------------------------------------------------------------------------------------

    def audio(self, pcm: NDArray[np.int16], samples: int, at_ms: float) -> None:
        """20 ms of the user, captured at position `samples` and hub time `at_ms`."""
        self._anchor = (samples, at_ms)
        if self.life is Life.OPEN and self._ears is not None:
            self._mouth.feed(pcm, samples)
            self._ears.feed(pcm, samples)

    def playback(self, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        self._mouth.playback(playback, at_ms)

    def called_again(self, opening: Opening) -> None:
        """A call in a running conversation cuts the assistant short; the words after it belong to that call."""
        self._opening = opening
        self._word = opening.word
        self._called = True
        self._mouth.interrupt()
        self._wait_for_user()

    async def announce(self, text: str) -> bool:
        """Say something that nobody here asked for, between two answers. True when it was played to its end.

        Raises:
            EngineError: the voice failed, or the conversation ended before.
        """
        speech = await self._mouth.say(text)
        self._wait_for_user()
        return speech.ended.result() == "finished"

    def _on_hearing(self, event: HearingEvent) -> None:
        if self.life is not Life.OPEN:
            return
        match event:
            case SpeechStarted():
                self.user_speaking = True
                self._wait_for_user()
                if self.agent_speaking:
                    self._mouth.duck()
            case Partial(text=text):
                self._voices.bus.publish(HeardPartial(self._trace, self.session, self.line.area_id, text))
                if self.agent_speaking and not is_backchannel(text):
                    self._mouth.interrupt()
            case FinalText():
                self.user_speaking = False
                self._wait_for_user()
                self._heard_final(event)

    def _heard_final(self, final: FinalText) -> None:
        if self._word and self._finals:
            # A wake word in a running conversation: the recogniser takes it off the first turn only.
            text, taken = strip_wake_phrase(final.text, self._word)
            final = replace(final, text=text)
            if taken and text:
                self._word = ""
        if not final.text or (self.agent_speaking and is_backchannel(final.text)):
            self._mouth.restore()
            self._wait_for_user()  # a noise is no reason to keep the room open for long
            return
        self._finals += 1
        if self.agent_speaking:
            self._mouth.interrupt()
        if self._heard.full():
            self._heard.get_nowait()  # the oldest unanswered sentence is the least wanted
        self._heard.put_nowait((final, self._called))
        self._called = False

    # --- turns --------------------------------------------------------------------------------------------------------

    async def _take_turns(self) -> None:
        while True:
            final, called = await self._heard.get()
            self._in_turn = True
            try:
                goes_on = await self._take_turn(final, called=called)
            except RoomtoneError as error:
                _LOG.warning("session %s: a turn failed: %s", self.session, error.code)
                self._voices.bus.publish(Trouble(error.code, error.sentence))
                goes_on = True
            except Exception:  # noqa: BLE001 (logged; see below)
                # A defect of ours must not leave a room with a floor that nobody can take back.
                _LOG.exception("session %s: a turn broke", self.session)
                self._voices.bus.publish(Trouble("internal", "A turn failed by a defect; the log says where."))
                goes_on = False
            self._in_turn = False
            if not goes_on and self._heard.empty() and not self.user_speaking and not self._called:
                self.close_soon("ended")
                return
            self._wait_for_user()

    async def _take_turn(self, final: FinalText, *, called: bool) -> bool:
        turn = self._begin(final)
        bus, area = self._voices.bus, self.line.area_id
        try:
            bus.publish(HeardFinal(turn.trace, self.session, area, final.text))
            try:
                async with asyncio.timeout(_ACTING_LIMIT_S):
                    outcome = await self._voices.actor.handle(final.text, area, trace=turn.trace)
            except TimeoutError:
                raise ActingTimeoutError("The house did not answer in time; please try again.") from None
            self._note(turn, outcome)
            await self._answer(turn, outcome.sentence)
        finally:
            bus.publish(TurnEnded(turn.trace, self.session, area, turn.record()))
        # Talk that is not for the house gets one honest answer, not a running commentary.
        not_for_us = not called and outcome.understanding.reason == "not_understood"
        return not (outcome.understanding.ends_conversation or not_for_us)

    def _begin(self, final: FinalText) -> Turn:
        self._turn_number += 1
        opening, self._opening = self._opening, None
        self._trace = opening.trace if opening is not None else self._voices.new_trace()
        why = opening.why if opening is not None else "the conversation goes on"
        turn = Turn(self._trace, self.session, self._turn_number, self.line.area_id, why)
        if opening is not None:
            turn.mark("onset", opening.onset_ms)
            turn.mark("wake", opening.wake_ms)
            turn.mark("floor", opening.floor_ms)
        else:
            turn.mark("onset", self._ms_of(final.start_samples))
        turn.mark("speech_end", self._ms_of(final.end_samples))
        turn.mark("transcript", final.decoded_ms or self._voices.now_ms())
        turn.user = final.text
        return turn

    def _note(self, turn: Turn, outcome: Outcome) -> None:
        turn.note(outcome.understood_ms, outcome.results)
        for result in outcome.results:
            action = result.action
            self._voices.bus.publish(
                Acted(
                    turn.trace,
                    self.session,
                    self.line.area_id,
                    action.domain,
                    action.service,
                    action.entity_ids,
                    result.verified,
                    result.state,
                    result.error,
                )
            )

    async def _answer(self, turn: Turn, sentence: str) -> None:
        if not sentence:
            return
        turn.assistant = sentence
        speeches: list[Speech] = []

        def begun(speech: Speech) -> None:
            speeches.append(speech)
            self._voices.bus.publish(Saying(turn.trace, self.session, self.line.area_id, sentence))

        try:
            await self._mouth.say(sentence, begun)
        finally:
            for speech in speeches:
                turn.mark("audio_out", speech.first_sent_ms)
                turn.mark("audio_played", speech.first_played_ms)

    def _ms_of(self, samples: int) -> float | None:
        """The hub's time of a capture position."""
        if self._anchor is None:
            return None
        anchor_samples, anchor_ms = self._anchor
        return anchor_ms + (samples - anchor_samples) / 24.0
