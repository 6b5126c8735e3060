"""A voice that follows a script: real, audible sound without any model, for tests and demonstrations of the path."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hub.engine.port import (
    AudioOut,
    EngineBusyError,
    EngineError,
    EngineEvent,
    EngineInfo,
    EngineSession,
    SessionRequest,
    TextOut,
    UtteranceEnded,
)

RATE_HZ = 24_000
_STEP_SAMPLES = 480
_FRAME_SAMPLES = 1920
_STEP_S = 0.02
_WORD_SAMPLES = RATE_HZ * 180 // 1000
_GAP_SAMPLES = RATE_HZ * 60 // 1000
_LOUD = 10 ** (-45 / 20) * 32768
_SPEECH_STEPS = 5
_SILENCE_STEPS = 10

Pace = Literal["burst", "real", "input"]
Reply = Callable[[int], str | None]


def tones(text: str) -> NDArray[np.int16]:
    """One tone of 180 ms for each word at about -20 dBFS; the pitch follows from the word's letters."""
    parts: list[NDArray[np.int16]] = []
    fade = np.hanning(_WORD_SAMPLES)
    time_s = np.arange(_WORD_SAMPLES) / RATE_HZ
    for word in text.split():
        pitch_hz = 250 + sum(word.encode()) % 500
        tone = 8000.0 * fade * np.sin(2 * np.pi * pitch_hz * time_s)
        parts += [tone.astype(np.int16), np.zeros(_GAP_SAMPLES, np.int16)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


@dataclass(slots=True)
class Script:
    """What the voice does. May be changed while it runs.

    Attributes:
        replies: what an autonomous voice answers to the n-th turn it hears (from 0): a list, or a function; None stays
            silent.
        sound: the audio of a text, int16 at 24 kHz.
        pace: `burst` gives all audio of an utterance at once, `real` 20 ms every 20 ms, `input` 20 ms for every
            20 ms fed.
        answer_after_ms: how long after the end of the user's speech an autonomous voice answers, in audio time.
        start_error, open_error, say_error: raised there when set.
        utterance_error: every utterance ends with it after its first 20 ms.
    """

    replies: Sequence[str] | Reply = ()
    sound: Callable[[str], NDArray[np.int16]] = tones
    pace: Pace = "burst"
    answer_after_ms: int = 200
    start_error: EngineError | None = None
    open_error: EngineError | None = None
    say_error: EngineError | None = None
    utterance_error: EngineError | None = None

    def reply(self, turn: int) -> str | None:
        """The answer to the n-th turn."""
        if callable(self.replies):
            return self.replies(turn)
        return self.replies[turn] if turn < len(self.replies) else None


@dataclass(slots=True)
class _Utterance:
    id: int
    text: str
    words: deque[str]
    pcm: NDArray[np.int16]
    position: int = 0
    step_per_word: float = field(default=0.0)


class ScriptedSession:
    """Implements `EngineSession`.

    Attributes:
        heard: every piece it was fed, with its capture position.
        said: every text it was asked to say.
        interruptions: how often it was interrupted.
    """

    def __init__(
        self,
        script: Script,
        request: SessionRequest,
        on_event: Callable[[EngineEvent], None],
        on_closed: Callable[[ScriptedSession], None],
        *,
        autonomous: bool,
    ) -> None:
        self.request = request
        self.heard: list[tuple[int, NDArray[np.int16]]] = []
        self.said: list[str] = []
        self.user_texts: list[str] = []
        self.interruptions = 0
        self._listen_only = False
        self._script = script
        self._on_event = on_event
        self._on_closed = on_closed
        self._autonomous = autonomous
        self._ids = itertools.count(1)
        self._queue: deque[_Utterance] = deque()
        self._speaking: asyncio.Task[None] | None = None
        self._closed = False
        self._speech_steps = 0
        self._silence_steps = 0
        self._turns = 0
        self._answer_in_steps = -1

    @property
    def autonomous(self) -> bool:
        """Whether it answers by itself."""
        return self._autonomous

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:  # noqa: ARG002 - hears PCM
        """Hear, and in the pace of the input also speak."""
        if self._closed:
            return
        self.heard.append((samples, pcm.copy()))
        if self._autonomous:
            self._listen(pcm)
        if self._script.pace == "input" and self._queue:
            self._step()

    def say(self, text: str) -> int:
        """Speak this."""
        if self._closed:
            raise EngineError("The conversation is over.")
        if self._script.say_error is not None:
            raise self._script.say_error
        self.said.append(text)
        return self._begin(next(self._ids), text)

    def interrupt(self) -> None:
        """Fall silent."""
        self.interruptions += 1
        self._answer_in_steps = -1
        cut = list(self._queue)
        self._queue.clear()
        for utterance in cut:
            self._on_event(UtteranceEnded(utterance.id, interrupted=True))

    def listen_only(self, *, on: bool) -> None:
        """Hear and do not answer by itself."""
        self._listen_only = on
        if on:
            self._answer_in_steps = -1

    def user_said(self, text: str) -> None:
        """Kept for tests to look at."""
        self.user_texts.append(text)

    async def close(self) -> None:
        """End."""
        self._closed = True
        self._queue.clear()
        task, self._speaking = self._speaking, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._on_closed(self)

    def _begin(self, utterance: int, text: str) -> int:
        pcm = self._script.sound(text)
        words = deque(text.split())
        steps = max(1, -(-len(pcm) // _STEP_SAMPLES))
        self._queue.append(_Utterance(utterance, text, words, pcm, 0, steps / max(1, len(words))))
        if self._script.pace != "input" and self._speaking is None:
            self._speaking = asyncio.create_task(self._run(), name="scripted-session")
        return utterance

    async def _run(self) -> None:
        while self._queue:
            self._step()
            await asyncio.sleep(_STEP_S if self._script.pace == "real" else 0)
        self._speaking = None

    def _step(self) -> None:
        """Emit 20 ms of the utterance in front, and the words that fall into it."""
        utterance = self._queue[0]
        step = utterance.position // _STEP_SAMPLES
        spoken = len(utterance.text.split()) - len(utterance.words)
        if utterance.words and step >= spoken * utterance.step_per_word:
            frame = utterance.position // _FRAME_SAMPLES if self._autonomous else -1
            self._on_event(TextOut(f" {utterance.words.popleft()}", utterance.id, frame))
        piece = utterance.pcm[utterance.position : utterance.position + _STEP_SAMPLES]
        utterance.position += _STEP_SAMPLES
        if len(piece):
            self._on_event(AudioOut(piece, utterance.id))
        if not self._queue or self._queue[0] is not utterance:
            return  # a listener interrupted
        error = self._script.utterance_error
        if error is not None or utterance.position >= len(utterance.pcm):
            self._queue.popleft()
            self._on_event(UtteranceEnded(utterance.id, error=error))

    def _listen(self, pcm: NDArray[np.int16]) -> None:
        """Find the end of the user's speech by loudness, then answer by itself."""
        loud = float(np.sqrt(np.mean(np.square(pcm.astype(np.float64))))) > _LOUD
        if self._answer_in_steps >= 0 and not loud:
            self._answer_in_steps -= 1
            if self._answer_in_steps < 0:
                self._answer()
        if loud:
            self._speech_steps += 1
            self._silence_steps = 0
            self._answer_in_steps = -1
        elif self._speech_steps >= _SPEECH_STEPS:
            self._silence_steps += 1
            if self._silence_steps >= _SILENCE_STEPS:
                self._speech_steps = self._silence_steps = 0
                self._answer_in_steps = max(0, self._script.answer_after_ms // 20 - _SILENCE_STEPS)
                if self._answer_in_steps == 0:
                    self._answer()

    def _answer(self) -> None:
        self._answer_in_steps = -1
        reply = self._script.reply(self._turns)
        self._turns += 1
        if reply and not self._listen_only:
            self._begin(0, reply)


class ScriptedEngine:
    """Implements `VoiceEngine` by a script.

    Attributes:
        sessions: every session that was opened, in order.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        autonomous: bool = False,
        chats: bool = False,
        capacity: int = 4,
    ) -> None:
        self.script = script or Script()
        self.sessions: list[ScriptedSession] = []
        self._open: set[ScriptedSession] = set()
        self._info = EngineInfo("scripted", autonomous=autonomous, chats=chats, capacity=capacity)

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return self._info

    async def start(self) -> None:
        """Begin, or fail as the script says."""
        if self.script.start_error is not None:
            raise self.script.start_error

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:
        """Begin a conversation, or refuse it as the script says."""
        if self.script.open_error is not None:
            raise self.script.open_error
        if len(self._open) >= self._info.capacity:
            raise EngineBusyError(f"All {self._info.capacity} conversations of the voice are taken.")
        session = ScriptedSession(self.script, request, on_event, self._open.discard, autonomous=self._info.autonomous)
        self.sessions.append(session)
        self._open.add(session)
        return session

    async def close(self) -> None:
        """End every conversation."""
        for session in tuple(self._open):
            await session.close()
