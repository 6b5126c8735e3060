"""One conversation in one area, from the granted floor to its release.

Full duplex is no cycle: whether the user speaks and whether the assistant speaks are two independent facts. Only the
life of the conversation is a state machine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.backchannel import is_backchannel
from hub.dialog.doing import Doing, Stage
from hub.dialog.hold import Hold, Words
from hub.dialog.life import TRANSITIONS, Life
from hub.dialog.mouth import Mouth
from hub.dialog.speaking import Speech
from hub.dialog.turns import MONOLOGUE_S, Remark, Sentence, Turns
from hub.dialog.voices import Opening, Voices
from hub.dialog.whose import Whose
from hub.engine.port import EngineError, SessionRequest
from hub.events import AssistantText, HeardPartial, Trouble
from hub.hearing.port import Final as FinalText
from hub.hearing.port import HearingError, HearingEvent, HearingHints, HearingStream, Partial, SpeechStarted
from hub.hearing.wake_phrase import strip_wake_phrase
from hub.machine import Machine
from hub.rooms.port import Line
from hub.understanding.pending import EXPIRES_S
from protocol.messages import Playback

_LOG = logging.getLogger(__name__)

# A user who speaks is waited for; the recogniser ends every turn well before this.
_SPEAKING_LIMIT_S: Final = 25.0
# Who was asked a question may think: until it counts no more, and the house has said so.
_ANSWER_S: Final = EXPIRES_S + 2.0


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
        self._machine = Machine(f"session {opening.session}", Life.OPENING, TRANSITIONS, voices.lives)
        self._voices = voices
        self._on_closed = on_closed
        self._finals = 0
        self._hold = Hold(opening.session, voices.holds)
        self._mouth = Mouth(
            line,
            next_generation=next_generation,
            now_ms=voices.now_ms,
            words=lambda: self._hold.state,
            on_text=self._voice_said,
            on_quiet=self._wait_for_user,
            on_lost=self._voice_lost,
        )
        stage = Stage(
            talks=lambda: self._mouth.autonomous,
            heard=lambda: self._mouth.unasked.begun_ms >= self._said_ms,
            on_told=self._house_has_word,
            on_late=lambda trace, text: self._turns.put(Remark(trace, text)),
        )
        self._doing = Doing(voices.actor, voices.bus, opening, line.area_id, new_trace=voices.new_trace, stage=stage)
        self._whose = Whose(line.area_id, voices, self._doing)
        self._turns = Turns(
            opening.session,
            line.area_id,
            voices,
            self._mouth,
            doing=self._doing,
            whose=self._whose,
            after=self._after_turn,
            release=lambda: self._let(Words.FREE),
        )
        self._said_ms = 0.0  # the last sound of the user's newest whole turn
        self._ears: HearingStream | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._word = opening.word
        self._called = True
        self._over = False  # the user's turn is said over the assistant

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
        request = SessionRequest(self.session, area_id, self._doing.trace, voices.persona(area_id))
        self._hold.spoke(voices.now_ms())  # somebody called, and is about to say what for
        self._hold.hold(voices.now_ms())
        if not await self._mouth.open(voices.engine, request):
            return False
        if self.life is not Life.OPENING:
            await self._mouth.close()
            return False
        is_complete = voices.actor.completeness(area_id)
        hints = HearingHints(
            vocabulary=voices.vocabulary(),
            wake_word=self._word,
            # A yes must be read by both recognisers; a text that is not whole is.
            is_complete=lambda text: not self._doing.asking and is_complete(text),
        )
        self._listen(hints)
        self._machine.transition(Life.OPEN)
        self._turns.start()
        self._wait(voices.follow_up_s)
        return True

    def _listen(self, hints: HearingHints) -> None:
        """Begin to hear words; a voice that talks by itself goes on without, and little is done on its word alone."""
        try:
            self._ears = self._voices.hearing.open(hints, self._on_hearing)
        except HearingError as error:
            if not self._mouth.autonomous:
                raise
            self._voices.bus.publish(Trouble(error.code, error.sentence))

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
        await self._turns.stop()
        await self._give_back(self._doing.close())
        if self._ears is not None:
            await self._give_back(self._ears.close())
        await self._give_back(self._mouth.close())
        self.user_speaking = False
        if self._voices.tools is not None:
            self._voices.tools.forget(self.line.area_id)
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
        self._wait(_SPEAKING_LIMIT_S if self.user_speaking else self._patience_s)

    @property
    def _patience_s(self) -> float:
        asking = self._doing.asking or self._turns.asks
        return max(_ANSWER_S, self._voices.follow_up_s) if asking else self._voices.follow_up_s

    def _silent(self) -> None:
        alone_ms = self._voices.now_ms() - self._hold.spoke_ms
        monologue = self._mouth.autonomous and alone_ms > MONOLOGUE_S * 1000.0
        if (self._turns.in_turn or self.agent_speaking) and not monologue:
            self._wait(self._voices.follow_up_s)
        else:
            self.close_soon("silence")

    # --- what comes in ------------------------------------------------------------------------------------------------

    def audio(
        self,
        pcm: NDArray[np.int16],
        samples: int,
        at_ms: float,
        *,
        speech: bool = False,
        packet: bytes | None = None,
    ) -> None:
        """20 ms of the user, captured at position `samples` and hub time `at_ms`.

        `speech` is the satellite's VAD; `packet` is what `pcm` was decoded from, None for sound lost on the way.
        """
        self._turns.anchor(samples, at_ms)
        now_ms = self._voices.now_ms()
        if speech:
            self._hold.spoke(now_ms)
        elif self._hold.is_over(now_ms):
            self._let(Words.FREE)
        if self.life is not Life.OPEN:
            return
        if not self.user_speaking:  # what the voice said is not judged by words that are still being read
            self._doing.tick(now_ms / 1000.0, self._mouth.frame_at(), unheard=speech and self._ears is None)
        self._mouth.feed(pcm, samples, packet)
        if self._ears is not None:
            self._ears.feed(pcm, samples)

    def playback(self, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        self._mouth.playback(playback, at_ms)

    def called_again(self, opening: Opening) -> None:
        """A call in a running conversation cuts the assistant short; the words after it belong to that call."""
        self._doing.call(opening)
        self._word = opening.word
        self._called = True
        self._interrupt()
        self._hold_words()
        self._wait_for_user()

    async def announce(self, text: str) -> Speech:
        """Say something that nobody here asked for, between two answers; returns when it was played or cut short.

        Raises:
            EngineError: the voice failed, or the conversation ended before.
        """
        speech = await self._mouth.say(text)
        self._wait_for_user()
        return speech

    def _on_hearing(self, event: HearingEvent) -> None:
        if self.life is not Life.OPEN:
            return
        match event:
            case SpeechStarted():
                self.user_speaking = True
                self._over = self._over or self.agent_speaking or self._turns.thinking
                self._wait_for_user()
                self._hold.spoke(self._voices.now_ms())
                if self.agent_speaking:
                    self._mouth.duck()
                else:
                    self._hold_words()
            case Partial(text=text):
                frame = self._mouth.frame_at()
                self._voices.bus.publish(HeardPartial(self._doing.trace, self.session, self.line.area_id, text, frame))
                if not is_backchannel(text):
                    self._words_so_far(text, frame)
            case FinalText():
                self.user_speaking = False
                self._wait_for_user()
                self._heard_final(event)

    def _words_so_far(self, text: str, frame: int) -> None:
        answers = self._answers_already()
        if not answers:
            self._take_floor()
        stops = self._over and self._whose.only_stops(text)
        if self._mouth.autonomous:
            if not answers:
                self._hold_words()
            words = self._hold.guess("house" if stops else self._whose.guess(text))
            # What the house answers, the voice is not even to think of.
            if words is Words.HOUSE or not answers:
                self._let(words)
        if not stops:
            self._doing.partial(text, frame)

    def _answers_already(self) -> bool:
        """Whether the voice began to talk by itself after the user's last sound: late words are no interruption."""
        return self._mouth.autonomous and self._mouth.unasked.begun_after(self._hold.spoke_ms)

    def _heard_final(self, final: FinalText) -> None:
        if self._word and self._finals:
            # A wake word in a running conversation: the recogniser takes it off the first turn only.
            text, taken = strip_wake_phrase(final.text, self._word)
            final = replace(final, text=text)
            if taken and text:
                self._word = ""
        if not final.text or ((self.agent_speaking or self._turns.thinking) and is_backchannel(final.text)):
            self._over = False
            self._mouth.restore()
            self._hold.decided()
            if not self._turns.in_turn:
                self._let(Words.FREE)
            self._wait_for_user()  # a noise is no reason to keep the room open for long
            return
        self._finals += 1
        autonomous = self._mouth.autonomous
        if not self._answers_already():
            self._take_floor()
        self._said_ms = self._hold.spoke_ms
        final = self._whose.best_reading(final)
        led, by = self._whose.decide(final, self._mouth.frame_at(final.end_samples), over=self._over)
        self._over = False
        for_house = not autonomous or by != "voice"
        self._mouth.user_said(final.text)
        self._hold.decided()
        self._let(Words.HOUSE if for_house and autonomous else Words.FREE)
        self._turns.put(Sentence(final, self._called, for_house, led, by, self._said_ms))
        self._called = False

    # --- what the voice says by itself --------------------------------------------------------------------------------

    def _hold_words(self) -> None:
        """Until the user's turn is understood, nothing that the voice says by itself goes out."""
        if self._mouth.autonomous:
            self._hold.hold(self._voices.now_ms())

    def _take_floor(self) -> None:
        """The user's words end what the assistant says, and what it thinks about."""
        if self.agent_speaking or self._turns.thinking:
            self._interrupt()

    def _interrupt(self) -> None:
        self._over = self._over or self.agent_speaking or self._turns.thinking
        self._mouth.interrupt()
        self._turns.interrupt()
        if self._mouth.autonomous:
            self._doing.voice_stopped()

    def _house_has_word(self) -> None:
        """The house must speak about a turn that was the voice's to answer."""
        if self._mouth.autonomous:
            self._let(Words.HOUSE)
            self._mouth.unasked.enough()

    def _let(self, words: Words) -> None:
        if self._hold.state is not words:
            self._hold.transition(words)
            self._voices.holds.leaked_words += self._mouth.obey(self._hold.spoke_ms)

    def _voice_said(self, frame: int, piece: str) -> None:
        self._voices.bus.publish(AssistantText(self._doing.trace, self.session, self.line.area_id, frame, piece))
        self._doing.voice_said(piece, frame)

    def _voice_lost(self, error: EngineError) -> None:
        _LOG.warning("session %s: its voice is lost: %s", self.session, error.code)
        self._voices.bus.publish(Trouble(error.code, error.sentence))
        self.close_soon(error.code)

    def _after_turn(self, goes_on: bool) -> None:  # noqa: FBT001 (a callback's one argument)
        if self._turns.waiting.empty():
            if not goes_on and not self.user_speaking and not self._called:
                self.close_soon("ended")
                return
            self._let(Words.HELD if self.user_speaking and self._mouth.autonomous else Words.FREE)
        self._wait_for_user()
