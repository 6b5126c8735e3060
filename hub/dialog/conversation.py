"""One conversation in one area, from the granted floor to its release.

Full duplex is no cycle: whether the user speaks and whether the assistant speaks are two independent facts. Only the
life of the conversation is a state machine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.acting import Actor, Outcome
from hub.dialog.speaking import Speech
from hub.dialog.turn import Turn
from hub.engine.port import (
    AudioOut,
    EngineError,
    EngineEvent,
    EngineSession,
    SessionRequest,
    UtteranceEnded,
    VoiceEngine,
)
from hub.events import Acted, EventBus, HeardFinal, HeardPartial, Saying, Trouble, TurnEnded
from hub.hearing.port import Final as FinalText
from hub.hearing.port import Hearing, HearingEvent, HearingHints, HearingStream, Partial, SpeechStarted
from hub.hearing.wake_phrase import strip_wake_phrase
from hub.rooms.port import Line
from protocol.errors import RoomtoneError
from protocol.messages import Duck, Playback

_LOG = logging.getLogger(__name__)

# While somebody may be talking over the assistant, it is turned down until words decide.
DUCK_DB: Final = -18.0
_UNDUCK_AFTER_S: Final = 1.5
# A user who speaks is waited for; the recogniser ends every turn well before this.
_SPEAKING_LIMIT_S: Final = 25.0
_WAITING_TURNS: Final = 4
BACKCHANNELS: Final = frozenset(
    {
        "mm",
        "mhm",
        "mm hm",
        "mm hmm",
        "mmhmm",
        "uh huh",
        "hm",
        "hmm",
        "yeah",
        "ah",
        "oh",
        "okay",
        "ok",
        "right",
    }
)


class Life(Enum):
    """The life of a conversation."""

    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"


TRANSITIONS: Final[dict[Life, frozenset[Life]]] = {
    Life.OPENING: frozenset({Life.OPEN, Life.CLOSED}),
    Life.OPEN: frozenset({Life.CLOSED}),
    Life.CLOSED: frozenset(),
}


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


@dataclass(frozen=True, slots=True)
class Opening:
    """How a conversation came about. Times are the hub's monotonic milliseconds."""

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
        self.life = Life.OPENING
        self._opening: Opening | None = opening
        self._voices = voices
        self._next_generation = next_generation
        self._on_closed = on_closed
        self._trace = opening.trace
        self._turn_number = 0
        self._engine: EngineSession | None = None
        self._ears: HearingStream | None = None
        self._speech: Speech | None = None
        self._utterance = 0
        self._heard: asyncio.Queue[tuple[FinalText, bool]] = asyncio.Queue(_WAITING_TURNS)
        self._anchor: tuple[int, float] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._unduck: asyncio.TimerHandle | None = None
        self._worker: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._word = opening.word
        self._called = True
        self.user_speaking = False

    @property
    def agent_speaking(self) -> bool:
        """Whether audio of the assistant is on its way or being played."""
        return self._speech is not None and not self._speech.ended.done()

    # --- life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take a place at the engine and begin to listen.

        Raises:
            EngineBusyError: every place is taken.
        """
        voices = self._voices
        request = SessionRequest(self.session, self.line.area_id, self._trace)
        self._engine = await voices.engine.open(request, self._on_engine)
        hints = HearingHints(
            vocabulary=voices.vocabulary(),
            wake_word=self._word,
            is_complete=lambda text: voices.actor.is_complete(text, self.line.area_id),
        )
        self._ears = voices.hearing.open(hints, self._on_hearing)
        self._transition(Life.OPEN)
        self._worker = asyncio.create_task(self._take_turns(), name=f"turns-{self.session}")
        self._wait(voices.follow_up_s)

    async def close(self, reason: str) -> None:
        """End it: silence, give back engine and ears, release the floor. Closing twice does nothing."""
        if not self._transition(Life.CLOSED):
            return
        for timer in (self._idle, self._unduck):
            if timer is not None:
                timer.cancel()
        if self._speech is not None:
            if reason == "satellite_lost":
                self._speech.lost()
            else:
                self._speech.flush()
        worker = self._worker
        if worker is not None and worker is not asyncio.current_task():
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        if self._ears is not None:
            await self._ears.close()
        if self._engine is not None:
            await self._engine.close()
        self._on_closed(self, reason)

    def close_soon(self, reason: str) -> None:
        """`close` for callers that cannot wait."""
        if self._closing is None:
            self._closing = asyncio.create_task(self.close(reason), name=f"close-{self.session}")

    def _transition(self, to: Life) -> bool:
        if to not in TRANSITIONS[self.life]:
            if to is not self.life:
                _LOG.warning("session %s: %s to %s refused", self.session, self.life.value, to.value)
            return False
        _LOG.debug("session %s: %s", self.session, to.value)
        self.life = to
        return True

    def _wait(self, seconds: float) -> None:
        """Close when nothing has happened for so long."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(seconds, self.close_soon, "silence")

    # --- what comes in ------------------------------------------------------------------------------------------------

    def audio(self, pcm: NDArray[np.int16], samples: int, at_ms: float) -> None:
        """20 ms of the user, captured at position `samples` and hub time `at_ms`."""
        self._anchor = (samples, at_ms)
        if self._engine is not None and self._ears is not None:
            self._engine.feed(pcm, samples)
            self._ears.feed(pcm, samples)

    def playback(self, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        if self._speech is not None and playback.generation == self._speech.generation:
            self._speech.acknowledge(playback, at_ms)

    def called_again(self, word: str) -> None:
        """The wake word in a running conversation: it cuts the assistant short and listens."""
        self._word = word
        self._called = True
        self.interrupt()
        self._wait(self._voices.follow_up_s)

    def interrupt(self) -> None:
        """The assistant falls silent at once."""
        if self._engine is not None:
            self._engine.interrupt()
        if self._speech is not None:
            self._speech.flush()
        self._restore()

    def _on_hearing(self, event: HearingEvent) -> None:
        if self.life is not Life.OPEN:
            return
        match event:
            case SpeechStarted():
                self.user_speaking = True
                self._wait(_SPEAKING_LIMIT_S)
                if self.agent_speaking:
                    self._duck()
            case Partial(text=text):
                self._voices.bus.publish(HeardPartial(self._trace, self.session, self.line.area_id, text))
                if self.agent_speaking and not is_backchannel(text):
                    self.interrupt()
            case FinalText():
                self.user_speaking = False
                self._heard_final(event)

    def _heard_final(self, final: FinalText) -> None:
        if self._word and self._turn_number:
            # A wake word in a running conversation: the recogniser takes it off the first turn only.
            final = replace(final, text=strip_wake_phrase(final.text, self._word)[0])
            self._word = ""
        if not final.text or (self.agent_speaking and is_backchannel(final.text)):
            self._restore()
            return
        if self.agent_speaking:
            self.interrupt()
        if self._heard.full():
            self._heard.get_nowait()  # the oldest unanswered sentence is the least wanted
        self._heard.put_nowait((final, self._called))
        self._called = False

    def _on_engine(self, event: EngineEvent) -> None:
        if self.life is Life.CLOSED:
            return
        match event:
            case AudioOut(pcm=pcm, utterance=utterance):
                if utterance == self._utterance:
                    if self._speech is None or (utterance == 0 and self._speech.ended.done()):
                        self._speech = self._new_speech()
                    self._speech.push(pcm)
            case UtteranceEnded(utterance=utterance, error=error):
                if error is not None:
                    self._voices.bus.publish(Trouble(error.code, error.sentence))
                if utterance == self._utterance and self._speech is not None and not self._speech.ended.done():
                    self._speech.complete()

    def _new_speech(self) -> Speech:
        return Speech(self.line, self._next_generation(), now_ms=self._voices.now_ms)

    # --- ducking ------------------------------------------------------------------------------------------------------

    def _duck(self) -> None:
        self.line.send(Duck(gain_db=DUCK_DB))
        if self._unduck is not None:
            self._unduck.cancel()
        self._unduck = asyncio.get_running_loop().call_later(_UNDUCK_AFTER_S, self._restore)

    def _restore(self) -> None:
        if self._unduck is not None:
            self._unduck.cancel()
            self._unduck = None
            self.line.send(Duck(gain_db=0.0))

    # --- turns --------------------------------------------------------------------------------------------------------

    async def _take_turns(self) -> None:
        while True:
            final, called = await self._heard.get()
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
            if not goes_on and self._heard.empty() and not self.user_speaking:
                await self.close("ended")
                return
            self._wait(_SPEAKING_LIMIT_S if self.user_speaking else self._voices.follow_up_s)

    async def _take_turn(self, final: FinalText, *, called: bool) -> bool:
        turn = self._begin(final)
        bus, area = self._voices.bus, self.line.area_id
        bus.publish(HeardFinal(turn.trace, self.session, area, final.text))
        if self._idle is not None:
            self._idle.cancel()
        outcome = await self._voices.actor.handle(final.text, area, trace=turn.trace)
        self._note(turn, outcome)
        try:
            await self._answer(turn, outcome.sentence)
        finally:
            bus.publish(TurnEnded(turn.trace, self.session, area, turn.record()))
        # Talk that is not for the house gets one honest answer, not a running commentary.
        not_for_us = not called and outcome.understanding.reason == "not_understood"
        return not (outcome.understanding.ends_conversation or not_for_us)

    def _begin(self, final: FinalText) -> Turn:
        self._turn_number += 1
        opening, self._opening = self._opening, None
        trace = opening.trace if opening is not None else self._voices.new_trace()
        self._trace = trace
        turn = Turn(
            trace,
            self.session,
            self._turn_number,
            self.line.area_id,
            opening.why if opening else "the conversation goes on",
        )
        if opening is not None:
            turn.mark("onset", opening.onset_ms)
            turn.mark("wake", opening.wake_ms)
            turn.mark("floor", opening.floor_ms)
        turn.mark("onset", self._ms_of(final.start_samples))
        turn.mark("speech_end", self._ms_of(final.end_samples))
        turn.mark("transcript", final.decoded_ms or self._voices.now_ms())
        turn.user = final.text
        return turn

    def _note(self, turn: Turn, outcome: Outcome) -> None:
        turn.mark("understood", outcome.understood_ms)
        turn.results = outcome.results
        for result in outcome.results:
            turn.mark("ha_call", result.called_ms)
            turn.mark("ha_state", result.confirmed_ms)
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
        if not sentence or self._engine is None:
            return
        turn.assistant = sentence
        self._voices.bus.publish(Saying(turn.trace, self.session, self.line.area_id, sentence))
        speech = self._speech = self._new_speech()
        try:
            self._utterance = self._engine.say(sentence)
            await asyncio.shield(speech.ended)
        except EngineError:
            speech.flush()
            raise
        finally:
            turn.mark("audio_out", speech.first_sent_ms)
            turn.mark("audio_played", speech.first_played_ms)

    def _ms_of(self, samples: int) -> float | None:
        """The hub's time of a capture position."""
        if self._anchor is None:
            return None
        anchor_samples, anchor_ms = self._anchor
        return anchor_ms + (samples - anchor_samples) / 24.0


def is_backchannel(text: str) -> bool:
    """Whether these words only say "I am listening"."""
    words = "".join(char if char.isalpha() else " " for char in text.lower()).split()
    return not words or " ".join(words) in BACKCHANNELS or all(word in BACKCHANNELS for word in words)
