"""A question of the house in one room: said there, heard there, and over with the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.choices import choice_of
from hub.dialog.guests import Guests
from hub.dialog.rendering import Rendering
from hub.dialog.speaking import Speech
from hub.hearing.port import Final as FinalText
from hub.hearing.port import Hearing, HearingEvent, HearingHints, SpeechStarted
from hub.machine import Machine, StepCounts
from hub.rooms.port import Line
from protocol.errors import RoomtoneError
from protocol.messages import Playback

# Who has begun to answer is let finish; the recogniser ends every turn before this.
_FINISH_S: Final = 20.0


class NoAnswerError(RoomtoneError):
    """Nobody answered."""

    code = "silence"
    retry = True


class UnclearAnswerError(RoomtoneError):
    """Somebody answered, but not so that it could be understood, or with none of the choices."""

    code = "unclear"
    retry = True


class CutShortError(RoomtoneError):
    """A person, or the end of the connection, cut the question short."""

    code = "interrupted"
    retry = True


class QuestionState(Enum):
    """Where a question stands."""

    SPEAKING = "speaking"
    LISTENING = "listening"
    CLOSED = "closed"


TRANSITIONS: Final[dict[QuestionState, frozenset[QuestionState]]] = {
    QuestionState.SPEAKING: frozenset({QuestionState.LISTENING, QuestionState.CLOSED}),
    QuestionState.LISTENING: frozenset({QuestionState.CLOSED}),
    QuestionState.CLOSED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the words, and which of the choices they mean, where there were any."""

    text: str
    choice: str | None


class Question:
    """One question; a `Guest`.

    Args:
        line: the room's satellite.
        session: the name of its floor.
        guests: where it takes its floor.
        hearing: the recogniser.
        generation: the next playback generation of the loudspeaker.
        now_ms: hub's monotonic milliseconds.
        counts: shared by all questions.
    """

    def __init__(
        self,
        line: Line,
        session: str,
        guests: Guests,
        hearing: Hearing,
        *,
        generation: Callable[[], int],
        now_ms: Callable[[], float],
        counts: StepCounts[QuestionState],
    ) -> None:
        self.line, self.session = line, session
        self._guests, self._hearing = guests, hearing
        self._generation, self._now_ms = generation, now_ms
        self._machine = Machine(f"question {session}", QuestionState.SPEAKING, TRANSITIONS, counts)
        self._speech: Speech | None = None
        self._feed: Callable[[NDArray[np.int16], int], None] | None = None
        self._heard: asyncio.Queue[HearingEvent | None] = asyncio.Queue()
        self._reason = ""

    @property
    def state(self) -> QuestionState:
        """Where it stands."""
        return self._machine.state

    async def ask(self, rendering: Rendering, choices: Sequence[str], timeout_s: float) -> Answer:
        """Say it and wait for the answer; however this ends, the floor is free afterwards.

        Args:
            rendering: the question in the voice of the house.
            choices: what may be answered; empty: anything.
            timeout_s: how long somebody may think before beginning to answer.

        Raises:
            EngineError: the voice could not say it.
            NoAnswerError: nobody said anything.
            UnclearAnswerError: it was not understood, or is none of the choices.
            CutShortError: the question was cut short.
            HearingError: there is no recogniser.
        """
        try:
            self._speech = Speech(self.line, self._generation(), now_ms=self._now_ms, kind="question")
            rendering.play_on(self._speech)
            ending = await asyncio.shield(self._speech.ended)
            self._check_open()
            if rendering.fault is not None:
                raise rendering.fault
            if ending != "finished":
                self.close_soon(ending)
                self._check_open()
            return await self._listen(choices, timeout_s)
        finally:
            self.close_soon("ended")

    async def _listen(self, choices: Sequence[str], timeout_s: float) -> Answer:
        hints = HearingHints(vocabulary=choices, is_complete=lambda text: choice_of(text, choices) is not None)
        stream = self._hearing.open(hints, self._heard.put_nowait)
        try:
            self._machine.transition(QuestionState.LISTENING)
            self._feed = stream.feed
            self._guests.hear(self, "a question was asked here")
            return await self._answer(choices, timeout_s)
        finally:
            self._feed = None
            self.close_soon("ended")  # before the recogniser: nothing leaves the room while that is being closed
            await stream.close()

    async def _answer(self, choices: Sequence[str], timeout_s: float) -> Answer:
        """The first words that are an answer; a noise is none, and thinking goes on after it."""
        noise = False
        loop = asyncio.get_running_loop()
        thinks_until_s = loop.time() + timeout_s
        until_s = thinks_until_s
        while True:
            try:
                async with asyncio.timeout_at(until_s):
                    event = await self._heard.get()
            except TimeoutError:
                if noise or until_s > thinks_until_s:
                    raise UnclearAnswerError("Somebody answered, but the words could not be understood.") from None
                raise NoAnswerError(f"Nobody answered within {timeout_s:g} seconds.") from None
            match event:
                case None:
                    self._check_open()
                case SpeechStarted():
                    until_s = max(thinks_until_s, loop.time() + _FINISH_S)
                case FinalText(text=""):
                    noise, until_s = True, thinks_until_s
                case FinalText(text=text):
                    return self._judged(text, choices)

    @staticmethod
    def _judged(text: str, choices: Sequence[str]) -> Answer:
        choice = choice_of(text, choices)
        if choices and choice is None:
            raise UnclearAnswerError(f"The answer was “{text}”, which is none of: {', '.join(choices)}.")
        return Answer(text, choice)

    def _check_open(self) -> None:
        if self.state is QuestionState.CLOSED:
            raise CutShortError(f"The question was cut short ({self._reason}).")

    # --- a guest --------------------------------------------------------------------------------------------------

    def audio(self, pcm: NDArray[np.int16], samples: int, *, speech: bool) -> None:  # noqa: ARG002 (a guest is told)
        """20 ms of the room."""
        if self._feed is not None:
            self._feed(pcm, samples)

    def playback(self, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        if self._speech is not None and playback.generation == self._speech.generation:
            self._speech.acknowledge(playback, at_ms)

    def close_soon(self, reason: str) -> None:
        """End it."""
        if self.state is QuestionState.CLOSED or not self._machine.transition(QuestionState.CLOSED):
            return
        self._reason = reason
        if self._speech is not None:
            self._speech.flush()
        self._guests.leave(self, reason)
        self._heard.put_nowait(None)
