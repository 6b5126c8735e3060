"""The assistant's mouth: one session with the voice, one sentence in one room at a time, and who cuts it short."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.hold import Words
from hub.dialog.speaking import Speech
from hub.dialog.unasked import Unasked
from hub.engine.port import (
    AudioOut,
    EngineError,
    EngineEvent,
    EngineSession,
    SessionLost,
    SessionRequest,
    TextOut,
    UtteranceEnded,
    VoiceEngine,
)
from hub.rooms.port import Line
from protocol.messages import Duck, Playback, PlayKind

_LOG = logging.getLogger(__name__)

# While somebody may be talking over the assistant, it is turned down until words decide.
DUCK_DB: Final = -18.0
_UNDUCK_AFTER_S: Final = 1.5
_FRAME_SAMPLES: Final = 1920  # ModelFrame, 80 ms
# A voice may begin so long before the last sound that is taken for speech: that tells the end of speech late.
_OVERLAP_MS: Final = 400.0
# A sentence waits so long for the voice to finish what it says by itself.
_POLITE_S: Final = 8.0


def _nothing(*_told: object) -> None:
    pass


class Mouth:
    """Speaks on one line at a time through one session of the engine.

    Args:
        words: what happens to the words that the voice says by itself; asked at each of them.
        on_text: told each piece of them and its ModelFrame as it comes, whether or not the room will hear it.
        on_quiet: told when a stretch of them has been played.
        on_lost: told when the voice is gone for good.
    """

    def __init__(
        self,
        line: Line,
        *,
        next_generation: Callable[[], int],
        now_ms: Callable[[], float],
        words: Callable[[], Words] = lambda: Words.HOUSE,
        on_text: Callable[[int, str], None] = _nothing,
        on_quiet: Callable[[], None] = _nothing,
        on_lost: Callable[[EngineError], None] = _nothing,
    ) -> None:
        self.line = line
        self._next_generation = next_generation
        self._now_ms = now_ms
        self._words = words
        self._on_text, self._on_lost = on_text, on_lost
        self._engine: EngineSession | None = None
        self._over = False
        self._one_at_a_time = asyncio.Lock()
        self._speech: Speech | None = None
        self._utterance = 0
        self._saying = False
        self._listens_only = False
        self._fault: EngineError | None = None
        self._early: list[EngineEvent] | None = None
        self._unduck: asyncio.TimerHandle | None = None
        self._ducked: list[Line] = []
        self._first_samples: int | None = None
        self._fed_samples = 0
        self.unasked = Unasked(self._new_speech, may_speak=self._may_talk, on_ended=on_quiet, now_ms=now_ms)

    @property
    def autonomous(self) -> bool:
        """Whether the voice answers by itself now."""
        return self._engine is not None and self._engine.autonomous

    @property
    def speaking(self) -> bool:
        """Whether audio of the assistant is on its way or being played."""
        said = self._speech is not None and not self._speech.ended.done()
        return said or self.unasked.speech is not None

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
        self.obey()
        return True

    async def close(self) -> None:
        """Silence, and the place is given back. A sentence that waits for its turn ends with an error."""
        self._over = True
        self.restore()
        self.unasked.cut()
        if self._speech is not None:
            self._speech.flush()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:
        """Let the voice hear 20 ms of the user."""
        if self._engine is not None:
            if self._first_samples is None:
                self._first_samples = samples
            self._fed_samples += pcm.size
            self._engine.feed(pcm, samples, packet)

    def user_said(self, text: str) -> None:
        """Tell the voice the user's words of a turn."""
        if self._engine is not None:
            self._engine.user_said(text)

    def frame_at(self, samples: int | None = None) -> int:
        """The voice's ModelFrame that hears a capture position, the newest by default; -1 without frames."""
        if not self.autonomous or self._first_samples is None:
            return -1
        heard = self._fed_samples - 1 if samples is None else samples - self._first_samples
        return max(0, heard) // _FRAME_SAMPLES

    def obey(self, spoke_ms: float = -math.inf) -> int:
        """Do what the rule of the words says now.

        Args:
            spoke_ms: when the user was last heard; what the voice began to say before that is no answer.

        Returns:
            How many words the room may have heard of an answer that is not wanted.
        """
        if not self.autonomous:
            self.unasked.flow()
            return 0
        cut = self.unasked.cut(spoke_ms) if self._words() is Words.HOUSE else 0
        if self.unasked.drop_before(spoke_ms - _OVERLAP_MS) and self._engine is not None:
            self._engine.interrupt()
        self._set_listening()
        self.unasked.flow()
        return cut

    async def say(self, text: str, begun: Callable[[Speech], None] = _nothing) -> Speech:
        """Speak a sentence after the one that is being spoken; returns when it has been played or cut short.

        Args:
            text: the sentence.
            begun: told the speech at once, so that its times are known even when the caller is cancelled.

        Raises:
            EngineError: the voice failed, was silent for too long, or its session is over.
        """
        async with self._sentence("speech") as (speech, engine):
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
            if self._fault is not None:
                raise self._fault
            return speech

    async def play(self, fill: Callable[[Speech], None]) -> Speech:
        """Let the room hear what was made elsewhere, as `say` would; `fill` gives it to the speech.

        Raises:
            EngineError: the session is over.
        """
        async with self._sentence("announcement") as (speech, _engine):
            fill(speech)
            await asyncio.shield(speech.ended)
            return speech

    @contextlib.asynccontextmanager
    async def _sentence(self, kind: PlayKind) -> AsyncIterator[tuple[Speech, EngineSession]]:
        """The turn of one sentence, after what is being said; at its end the room hears nothing more of it."""
        async with self._one_at_a_time:
            self._check_open()
            if self.unasked.speech is not None:
                await asyncio.wait({self.unasked.speech.ended}, timeout=_POLITE_S)
            engine = self._check_open()
            self.unasked.cut()
            self._saying = True
            self._set_listening()
            speech = self._speech = self._new_speech(kind)
            try:
                yield speech, engine
            finally:
                self._saying = False
                speech.flush()  # does nothing to a speech that has ended
                self._set_listening()
                self.unasked.flow()

    def interrupt(self) -> None:
        """Fall silent at once."""
        if self._engine is not None:
            self._engine.interrupt()
        if self._speech is not None:
            self._speech.flush()
        self.unasked.cut()
        self.restore()

    def end(self, *, lost: bool) -> None:
        """Fall silent for good; with `lost` the satellite is gone and there is nobody to fall silent for."""
        self._over = True
        if not lost:
            self.interrupt()
            return
        for speech in (self._speech, self.unasked.speech):
            if speech is not None:
                speech.lost()

    def move(self, line: Line) -> None:
        """Speak on another line from now on; what is being said goes along from where the room has heard it."""
        self.line = line
        if self._unduck is not None:
            self._duck(line)
        for speech in self._speeches():
            if not speech.ended.done():
                speech.move(line, self._next_generation())

    def playback(self, line: Line, playback: Playback, at_ms: float) -> None:
        """A loudspeaker's word on what it plays."""
        for speech in self._speeches():
            if line is speech.line and playback.generation == speech.generation:
                speech.acknowledge(playback, at_ms)

    def _speeches(self) -> list[Speech]:
        own = [] if self._speech is None else [self._speech]
        return [*own, *(stretch.speech for stretch in self.unasked.stretches)]

    def duck(self) -> None:
        """Be quieter for a moment: somebody may be talking over the assistant."""
        if self._unduck is not None:
            self._unduck.cancel()
        self._duck(self.line)
        self._unduck = asyncio.get_running_loop().call_later(_UNDUCK_AFTER_S, self.restore)

    def restore(self) -> None:
        """As loud as usual again."""
        if self._unduck is not None:
            self._unduck.cancel()
            self._unduck = None
            ducked, self._ducked = self._ducked, []
            for line in ducked:
                line.send(Duck(gain_db=0.0))

    def _duck(self, line: Line) -> None:
        line.send(Duck(gain_db=DUCK_DB))
        if line not in self._ducked:
            self._ducked.append(line)

    def _check_open(self) -> EngineSession:
        if self._engine is None or self._over:
            raise EngineError("The conversation is over.")
        return self._engine

    def _may_talk(self) -> bool:
        # What a voice that does not talk by itself says unasked is short and meant to be heard.
        return not self._saying and (not self.autonomous or self._words() is Words.FREE)

    def _set_listening(self) -> None:
        only = self.autonomous and (self._saying or self._words() is Words.HOUSE)
        if only != self._listens_only and self._engine is not None and not self._over:
            self._listens_only = only
            self._engine.listen_only(on=only)

    def _on_engine(self, event: EngineEvent) -> None:
        if self._over:
            return
        if self._early is not None and not isinstance(event, SessionLost):
            self._early.append(event)
            return
        match event:
            case AudioOut() | TextOut() | UtteranceEnded() if event.utterance == 0:
                self._take_unasked(event)
            case AudioOut(pcm=pcm, utterance=utterance) if utterance == self._utterance and self._speech is not None:
                self._speech.push(pcm)
            case UtteranceEnded(utterance=utterance, error=error, ids=ids):
                if utterance == self._utterance and self._speech is not None:
                    self._fault, self._speech.ids = error, ids
                    self._speech.complete()
                elif error is not None:
                    _LOG.warning("the voice failed in a sentence that nobody waits for: %s", error.code)
            case SessionLost(error=error):
                self._on_lost(error)

    def _take_unasked(self, event: AudioOut | TextOut | UtteranceEnded) -> None:
        if isinstance(event, TextOut):
            self._on_text(event.frame, event.piece)
        if self.autonomous and (self._saying or self._words() is Words.HOUSE):
            return  # what was on its way when the voice was told to listen only
        self.unasked.take(event)

    def _new_speech(self, kind: PlayKind = "speech") -> Speech:
        return Speech(self.line, self._next_generation(), now_ms=self._now_ms, kind=kind)
