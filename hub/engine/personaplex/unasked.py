"""What a model says by itself, as events: its audio through the gate, its words, and where a stretch of it ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hub.engine.personaplex.gate import SpeechGate
from hub.engine.port import AudioOut, EngineError, EngineEvent, TextOut, UtteranceEnded


class UnaskedSpeech:
    """Utterance 0 of a session.

    Args:
        emit: the session's events.
    """

    def __init__(self, emit: Callable[[EngineEvent], None]) -> None:
        self._emit = emit
        self._gate = SpeechGate()

    @property
    def running(self) -> bool:
        """Whether a stretch of speech is in progress."""
        return self._gate.open

    def audio(self, pcm: NDArray[np.int16], frame: int) -> None:
        """A frame of the model, int16 [1920], speech or silence."""
        passed = self._gate.push(pcm, frame)
        for number, speech in passed.frames:
            self._emit(AudioOut(speech, 0, number))
        if passed.ended:
            self._emit(UtteranceEnded(0))

    def text(self, piece: str, frame: int) -> None:
        """A piece of words. One that cannot be heard is not told: nobody may act on words that nobody heard."""
        if self._gate.lets_text:
            self._gate.text(frame)
            self._emit(TextOut(piece, 0, frame))

    def cut(self) -> None:
        """Fall silent, and keep the rest of what is being said back."""
        if self._gate.cut():
            self._emit(UtteranceEnded(0, interrupted=True))

    def mute(self, *, on: bool) -> None:
        """While on, nothing is heard of it."""
        ended = on and self._gate.shut()
        self._gate.muted = on
        if ended:
            self._emit(UtteranceEnded(0, interrupted=True))

    def end(self, *, interrupted: bool = False, error: EngineError | None = None) -> None:
        """End a stretch in progress: something else speaks, or nothing does any more."""
        if self._gate.shut():
            self._emit(UtteranceEnded(0, interrupted=interrupted, error=error))
