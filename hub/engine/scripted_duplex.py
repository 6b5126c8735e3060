"""A full-duplex voice that follows a script: frames in real time, answers unasked, and death on command.

It behaves as a model does that hears and talks at once: ModelFrames of 80 ms, counted from the session's beginning, for
its own answers and for the sentences it is made to say.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.engine.port import (
    AudioOut,
    CannotSayError,
    EngineBusyError,
    EngineError,
    EngineEvent,
    EngineInfo,
    EngineSession,
    SessionLost,
    SessionRequest,
    TextOut,
    UtteranceEnded,
)
from hub.engine.scripted import tones

FRAME_SAMPLES: Final = 1920
FRAME_S: Final = 0.08
_LOUD = 10 ** (-45 / 20) * 32768
_SPEECH_STEPS: Final = 5


@dataclass(slots=True)
class DuplexScript:
    """What the voice does. May be changed while it runs.

    Attributes:
        replies: what it answers by itself to the n-th turn it hears; beyond them it stays silent.
        answer_after_s: how long after the user's last loud sound it begins to answer.
        can_say: whether it can be made to say a given sentence.
        open_s: how long a session takes to open.
        lost: why it is gone; None: it is well.
    """

    replies: Sequence[str] = ()
    answer_after_s: float = 0.15
    can_say: bool = True
    open_s: float = 0.0
    lost: EngineError | None = None


@dataclass(slots=True)
class _Utterance:
    id: int
    words: deque[str]
    pcm: NDArray[np.int16]
    position: int = 0
    ids: list[int] = field(default_factory=list)
    samples_per_word: float = 0.0

    @classmethod
    def of(cls, number: int, text: str) -> _Utterance:
        pcm, words = tones(text), deque(text.split())
        return cls(number, words, pcm, samples_per_word=len(pcm) / max(1, len(words)))


class DuplexSession:
    """Implements `EngineSession`.

    Attributes:
        said: every text it was asked to say.
        user_texts: the user's words as the hub told them.
        heard_samples: how much it was fed.
    """

    autonomous = True

    def __init__(
        self,
        script: DuplexScript,
        request: SessionRequest,
        on_event: Callable[[EngineEvent], None],
        on_closed: Callable[[DuplexSession], None],
    ) -> None:
        self.request = request
        self.said: list[str] = []
        self.user_texts: list[str] = []
        self.heard_samples = 0
        self.interruptions = 0
        self.silent = False
        self._script = script
        self._on_event, self._on_closed = on_event, on_closed
        self._loop = asyncio.get_running_loop()
        self._ids = itertools.count(1)
        self._queue: deque[_Utterance] = deque()
        self._own: _Utterance | None = None
        self._frame = 0
        self._loud_steps = 0
        self._loud_s = 0.0
        self._turns = 0
        self._over = False
        self._ticking = asyncio.create_task(self._tick(), name="scripted-duplex")

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:  # noqa: ARG002 - a script needs no position
        """Hear."""
        self.heard_samples += pcm.size
        if float(np.sqrt(np.mean(np.square(pcm.astype(np.float64))))) > _LOUD:
            self._loud_steps += 1
            self._loud_s = self._loop.time()

    def say(self, text: str) -> int:
        """Speak this, after what it was given before."""
        if self._over:
            raise EngineError("The conversation is over.")
        if not self._script.can_say:
            raise CannotSayError("This voice says only what it wants.")
        self.said.append(text)
        utterance = _Utterance.of(next(self._ids), text)
        self._queue.append(utterance)
        return utterance.id

    def interrupt(self) -> None:
        """Fall silent."""
        self.interruptions += 1
        self._hush()
        cut = list(self._queue)
        self._queue.clear()
        for utterance in cut:
            self._on_event(UtteranceEnded(utterance.id, interrupted=True, ids=tuple(utterance.ids)))

    def listen_only(self, *, on: bool) -> None:
        """Hear and do not talk by itself."""
        self.silent = on
        if on:
            self._hush()
            self._loud_steps = 0

    def _hush(self) -> None:
        own, self._own = self._own, None
        if own is not None and own.position:
            self._on_event(UtteranceEnded(0, interrupted=True))

    def user_said(self, text: str) -> None:
        """Kept for tests to look at."""
        self.user_texts.append(text)

    async def close(self) -> None:
        """End."""
        self._over = True
        self._queue.clear()
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        self._on_closed(self)

    def die(self, error: EngineError) -> None:
        """The voice is gone in the middle of whatever it does."""
        self._over = True
        self._ticking.cancel()
        running = list(self._queue)
        self._queue.clear()
        for utterance in running:
            self._on_event(UtteranceEnded(utterance.id, error=error))
        if self._own is not None:
            self._on_event(UtteranceEnded(0, error=error))
        self._on_event(SessionLost(error))

    async def _tick(self) -> None:
        next_s = self._loop.time()
        while True:
            next_s += FRAME_S
            await asyncio.sleep(max(0.0, next_s - self._loop.time()))
            self._answer_if_due()
            self._give_frame()
            self._frame += 1

    def _answer_if_due(self) -> None:
        silent_s = self._loop.time() - self._loud_s
        if self._loud_steps < _SPEECH_STEPS or silent_s < self._script.answer_after_s:
            return
        self._loud_steps = 0
        turn, self._turns = self._turns, self._turns + 1
        if turn < len(self._script.replies) and not self.silent:
            self._own = _Utterance.of(0, self._script.replies[turn])

    def _give_frame(self) -> None:
        forced = self._queue[0] if self._queue else None
        speaking = forced or self._own
        if speaking is None:
            return
        if speaking.words and speaking.position >= len(speaking.ids) * speaking.samples_per_word:
            speaking.ids.append(4 + len(speaking.ids))
            self._on_event(TextOut(f" {speaking.words.popleft()}", speaking.id, self._frame))
        pcm = np.zeros(FRAME_SAMPLES, np.int16)
        piece = speaking.pcm[speaking.position : speaking.position + FRAME_SAMPLES]
        pcm[: piece.size] = piece
        speaking.position += FRAME_SAMPLES
        self._on_event(AudioOut(pcm, speaking.id, self._frame))
        if speaking.position < len(speaking.pcm):
            return
        if speaking is self._own:
            self._own = None
            self._on_event(UtteranceEnded(0))
        elif self._queue and self._queue[0] is speaking:
            self._queue.popleft()
            self._on_event(UtteranceEnded(speaking.id, ids=tuple(speaking.ids)))


class DuplexEngine:
    """Implements `VoiceEngine` by a script.

    Attributes:
        sessions: every session that was opened, in order.
        starts: how often it was asked to start, or how it does.
    """

    def __init__(self, script: DuplexScript | None = None, *, capacity: int = 4) -> None:
        self.script = script or DuplexScript()
        self.sessions: list[DuplexSession] = []
        self.starts = 0
        self._open: set[DuplexSession] = set()
        self._info = EngineInfo("scripted duplex", autonomous=True, chats=True, capacity=capacity)

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return self._info

    async def start(self) -> None:
        """Begin, unless it is lost."""
        self.starts += 1
        if self.script.lost is not None:
            raise self.script.lost

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:
        """Begin a conversation."""
        if self.script.open_s:
            await asyncio.sleep(self.script.open_s)
        if self.script.lost is not None:
            raise self.script.lost
        if len(self._open) >= self._info.capacity:
            raise EngineBusyError(f"All {self._info.capacity} conversations of the voice are taken.")
        session = DuplexSession(self.script, request, on_event, self._open.discard)
        self.sessions.append(session)
        self._open.add(session)
        return session

    def kill(self) -> None:
        """Lose the voice with all its sessions, until `script.lost` is None again."""
        self.script.lost = EngineError("The voice's process is gone.")
        for session in tuple(self._open):
            session.die(self.script.lost)

    async def close(self) -> None:
        """End every conversation."""
        for session in tuple(self._open):
            await session.close()
