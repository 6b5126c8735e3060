"""One conversation, from the granted floor to its release, in one area at a time: where its user is.

Full duplex is no cycle: whether the user speaks and whether the assistant speaks are two independent facts. Only the
life of the conversation is a state machine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.doing import Doing, Stage
from hub.dialog.ear import Ear
from hub.dialog.hold import Hold, Words
from hub.dialog.life import TRANSITIONS, Life
from hub.dialog.mouth import Mouth
from hub.dialog.speaking import Speech
from hub.dialog.track import Track
from hub.dialog.turns import MONOLOGUE_S, Remark, Turns
from hub.dialog.voices import Opening, Voices
from hub.dialog.whose import Whose
from hub.engine.port import EngineError, SessionRequest
from hub.events import AssistantText, Trouble
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
    """Hears, acts and answers where its user is until it ends by itself, by a person or by a fault.

    Args:
        next_generation: the next playback generation of a line.
        owns: whether what is heard between two times, hub's monotonic milliseconds, is said to this conversation.

    Attributes:
        line: the satellite that has the floor.
    """

    def __init__(
        self,
        line: Line,
        opening: Opening,
        voices: Voices,
        *,
        next_generation: Callable[[Line], int],
        on_closed: Callable[[Conversation, str], None],
        owns: Callable[[float, float], bool] = lambda _begun_ms, _ended_ms: True,
    ) -> None:
        self.line = line
        self.session = opening.session
        self._machine = Machine(f"session {opening.session}", Life.OPENING, TRANSITIONS, voices.lives)
        self._voices = voices
        self._on_closed = on_closed
        self._track = track = Track(line.area_id)
        self._hold = Hold(opening.session, voices.holds)
        self._mouth = Mouth(
            line,
            next_generation=lambda: next_generation(self.line),
            now_ms=voices.now_ms,
            words=lambda: self._hold.state,
            on_text=self._voice_said,
            on_quiet=self._wait_for_user,
            on_lost=self._voice_lost,
        )
        stage = Stage(
            talks=lambda: self._mouth.autonomous,
            heard=lambda: self._mouth.unasked.begun_ms >= self._ear.said_ms,
            on_told=lambda: self._ear.house_has_word(),  # noqa: PLW0108 - the ear is made after this
            on_late=lambda trace, text: self._turns.put(Remark(trace, text)),
        )
        self._doing = Doing(voices.actor, voices.bus, opening, track, new_trace=voices.new_trace, stage=stage)
        self._whose = Whose(track, voices, self._doing)
        self._turns = Turns(
            opening.session,
            track,
            voices,
            self._mouth,
            doing=self._doing,
            whose=self._whose,
            after=self._after_turn,
            release=lambda: self._ear.let(Words.FREE),
        )
        self._ear = Ear(
            opening,
            track,
            voices,
            hold=self._hold,
            mouth=self._mouth,
            doing=self._doing,
            whose=self._whose,
            turns=self._turns,
            on_user=self._wait_for_user,
            owns=owns,
        )
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def life(self) -> Life:
        """Where it stands."""
        return self._machine.state

    @property
    def user_speaking(self) -> bool:
        """Whether the user is in the middle of a turn."""
        return self._ear.user_speaking

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
        self._ear.hold()
        if not await self._mouth.open(voices.engine, request):
            return False
        if self.life is not Life.OPENING:
            await self._mouth.close()
            return False
        self._ear.open()
        self._machine.transition(Life.OPEN)
        self._turns.start()
        self._wait(voices.follow_up_s)
        return True

    def move(self, line: Line) -> None:
        """The user is in another room: hear and speak there, and go on with everything that was begun."""
        before, self.line = self.line.area_id, line
        self._track.move(line.area_id)
        self._doing.move(line.area_id)
        if self._voices.tools is not None:
            self._voices.tools.move(before, line.area_id)
        self._ear.moved()
        self._mouth.move(line)

    def close_soon(self, reason: str) -> None:
        """End it: from now on it hears, does and says nothing. Ending it twice does nothing."""
        if self._closing is None and self._machine.transition(Life.CLOSED):
            self._ear.shut()
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
        await self._give_back(self._ear.close())
        await self._give_back(self._mouth.close())
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
        ducked: bool = False,
        packet: bytes | None = None,
    ) -> None:
        """20 ms of the user, captured at the line's position `samples` and hub time `at_ms`.

        `speech` is the satellite's VAD, `ducked` whether it has turned the assistant down; `packet` is what `pcm` was
        decoded from, None for sound lost on the way.
        """
        position = self._track.place(samples, at_ms)
        if position is None:
            return
        self._ear.noted(speech=speech, ducked=ducked)
        if self.life is Life.OPEN:
            self._ear.audio(pcm, position, speech=speech, packet=packet)

    def playback(self, line: Line, playback: Playback, at_ms: float) -> None:
        """A loudspeaker's word on what it plays."""
        self._mouth.playback(line, playback, at_ms)

    def called_again(self, opening: Opening) -> None:
        """A call in a running conversation cuts the assistant short; the words after it belong to that call."""
        self._ear.called_again(opening)

    async def announce(self, text: str) -> Speech:
        """Say something that nobody here asked for, between two answers; returns when it was played or cut short.

        Raises:
            EngineError: the voice failed, or the conversation ended before.
        """
        speech = await self._mouth.say(text)
        self._wait_for_user()
        return speech

    async def play(self, give: Callable[[Speech], None]) -> Speech:
        """Play what somebody else has made, between two answers; returns when it was played or cut short.

        Args:
            give: is told the speech that takes the sound.

        Raises:
            EngineError: the conversation ended before.
        """
        speech = await self._mouth.play(give)
        self._wait_for_user()
        return speech

    # --- what the voice says by itself --------------------------------------------------------------------------------

    def _voice_said(self, frame: int, piece: str) -> None:
        area_id = self._track.area_id
        self._voices.bus.publish(AssistantText(self._doing.trace, self.session, area_id, frame, piece))
        self._doing.voice_said(piece, frame)

    def _voice_lost(self, error: EngineError) -> None:
        _LOG.warning("session %s: its voice is lost: %s", self.session, error.code)
        self._voices.bus.publish(Trouble(error.code, error.sentence))
        self.close_soon(error.code)

    def _after_turn(self, goes_on: bool) -> None:  # noqa: FBT001 (a callback's one argument)
        if self._turns.waiting.empty():
            if not goes_on and not self.user_speaking and not self._ear.called:
                self.close_soon("ended")
                return
            self._ear.let(Words.HELD if self.user_speaking and self._mouth.autonomous else Words.FREE)
        self._wait_for_user()
