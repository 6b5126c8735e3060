"""The assistant's mouth at one satellite: one session with the voice, one sentence at a time, and who cuts it short."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.speaking import Speech
from hub.engine.port import (
    AudioOut,
    EngineError,
    EngineEvent,
    EngineSession,
    SessionRequest,
    UtteranceEnded,
    VoiceEngine,
)
from hub.rooms.port import Line
from protocol.messages import Duck, Playback

_LOG = logging.getLogger(__name__)

# While somebody may be talking over the assistant, it is turned down until words decide.
DUCK_DB: Final = -18.0
_UNDUCK_AFTER_S: Final = 1.5


class Mouth:
    """Speaks on one line through one session of the engine."""

    def __init__(self, line: Line, *, next_generation: Callable[[], int], now_ms: Callable[[], float]) -> None:
        self.line = line
        self._next_generation = next_generation
        self._now_ms = now_ms
        self._engine: EngineSession | None = None
        self._over = False
        self._one_at_a_time = asyncio.Lock()
        self._speech: Speech | None = None
        self._utterance = 0
        self._fault: EngineError | None = None
        self._early: list[EngineEvent] | None = None
        self._unduck: asyncio.TimerHandle | None = None

    @property
    def speaking(self) -> bool:
        """Whether audio of the assistant is on its way or being played."""
        return self._speech is not None and not self._speech.ended.done()

    async def open(self, engine: VoiceEngine, request: SessionRequest) -> bool:
        """Take a place at the engine; False when `close` came first, and the place has been given back.

        Raises:
            EngineBusyError: every place is taken.
        """
        session = await engine.open(request, self._on_engine)
        if self._over:
            await session.close()
            return False
        self._engine = session
        return True

    async def close(self) -> None:
        """Silence, and the place is given back. A sentence that waits for its turn ends with an error."""
        self._over = True
        self.restore()
        if self._speech is not None:
            self._speech.flush()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()

    def feed(self, pcm: NDArray[np.int16], samples: int) -> None:
        """Let the voice hear 20 ms of the user."""
        if self._engine is not None:
            self._engine.feed(pcm, samples)

    async def say(self, text: str, begun: Callable[[Speech], None] = lambda _speech: None) -> Speech:
        """Speak a sentence after the one that is being spoken; returns when it has been played or cut short.

        Args:
            text: the sentence.
            begun: told the speech at once, so that its times are known even when the caller is cancelled.

        Raises:
            EngineError: the voice failed, was silent for too long, or its session is over.
        """
        async with self._one_at_a_time:
            engine = self._engine
            if engine is None or self._over:
                raise EngineError("The conversation is over.")
            speech = self._speech = self._new_speech()
            begun(speech)
            self._fault, self._early = None, []
            try:
                self._utterance = engine.say(text)
                early, self._early = self._early, None
                for event in early:  # a voice may begin before it has told the number of its utterance
                    self._on_engine(event)
                ending = await asyncio.shield(speech.ended)
                if ending == "stalled":
                    engine.interrupt()
                    raise EngineError("The voice fell silent in the middle of a sentence.")
            finally:
                self._early, self._utterance = None, 0
                speech.flush()  # does nothing to a speech that has ended
            if self._fault is not None:
                raise self._fault
            return speech

    def interrupt(self) -> None:
        """Fall silent at once."""
        if self._engine is not None:
            self._engine.interrupt()
        if self._speech is not None:
            self._speech.flush()
        self.restore()

    def end(self, *, lost: bool) -> None:
        """Fall silent for good; with `lost` the satellite is gone and there is nobody to fall silent for."""
        self._over = True
        if not lost:
            self.interrupt()
        elif self._speech is not None:
            self._speech.lost()

    def playback(self, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        if self._speech is not None and playback.generation == self._speech.generation:
            self._speech.acknowledge(playback, at_ms)

    def duck(self) -> None:
        """Be quieter for a moment: somebody may be talking over the assistant."""
        self.line.send(Duck(gain_db=DUCK_DB))
        if self._unduck is not None:
            self._unduck.cancel()
        self._unduck = asyncio.get_running_loop().call_later(_UNDUCK_AFTER_S, self.restore)

    def restore(self) -> None:
        """As loud as usual again."""
        if self._unduck is not None:
            self._unduck.cancel()
            self._unduck = None
            self.line.send(Duck(gain_db=0.0))

    def _on_engine(self, event: EngineEvent) -> None:
        if self._over:
            return
        if self._early is not None:
            self._early.append(event)
            return
        match event:
            case AudioOut(pcm=pcm, utterance=utterance) if utterance == self._utterance:
                if self._speech is None or (utterance == 0 and self._speech.ended.done()):
                    self._speech = self._new_speech()
                self._speech.push(pcm)
            case UtteranceEnded(utterance=utterance, error=error):
                if utterance == self._utterance and self._speech is not None:
                    self._fault = error
                    self._speech.complete()
                elif error is not None:
                    _LOG.warning("the voice failed in a sentence that nobody waits for: %s", error.code)

    def _new_speech(self) -> Speech:
        return Speech(self.line, self._next_generation(), now_ms=self._now_ms)
