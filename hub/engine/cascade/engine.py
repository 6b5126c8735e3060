"""The CPU engine: says what it is given. The house's answers are found elsewhere; this only speaks them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hub.engine.cascade.voice import OUTPUT_HZ, VoiceProcess
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

_WAITING_UTTERANCES = 8
_CHUNK_SAMPLES = OUTPUT_HZ * 80 // 1000


class CascadeSession:
    """Implements `EngineSession`: one conversation's share of the voice."""

    autonomous = False

    def __init__(
        self,
        voice: VoiceProcess,
        on_event: Callable[[EngineEvent], None],
        on_closed: Callable[[CascadeSession], None],
    ) -> None:
        self._voice = voice
        self._on_event = on_event
        self._on_closed = on_closed
        self._ids = itertools.count(1)
        self._waiting: deque[tuple[int, str]] = deque()
        self._speaking: asyncio.Task[None] | None = None
        self._closed = False

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:
        """The user's audio goes to the recogniser; this voice needs none of it."""

    def say(self, text: str) -> int:
        """Speak this after what already waits."""
        if self._closed:
            raise EngineError("The conversation is over.")
        if len(self._waiting) >= _WAITING_UTTERANCES:
            raise EngineError(f"{_WAITING_UTTERANCES} sentences already wait to be said.")
        utterance = next(self._ids)
        self._waiting.append((utterance, text))
        if self._speaking is None:
            self._speaking = asyncio.create_task(self._speak(), name="cascade-session")
        return utterance

    def interrupt(self) -> None:
        """Fall silent now."""
        task, self._speaking = self._speaking, None
        if task is not None:
            task.cancel()
        cut = [utterance for utterance, _text in self._waiting]
        self._waiting.clear()
        for utterance in cut:
            self._on_event(UtteranceEnded(utterance, interrupted=True))

    def listen_only(self, *, on: bool) -> None:
        """It never talks by itself."""

    def user_said(self, text: str) -> None:
        """It keeps no dialogue."""

    async def close(self) -> None:
        """End the conversation."""
        if self._closed:
            return
        self._closed = True
        task, self._speaking = self._speaking, None
        self._waiting.clear()
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._on_closed(self)

    async def _speak(self) -> None:
        """Say what waits. The utterance being said stays in front until it has ended, so that a cut finds it."""
        mine = asyncio.current_task()
        while self._waiting and self._speaking is mine:
            utterance, text = self._waiting[0]
            ended = await self._utter(utterance, text)
            self._waiting.popleft()
            self._on_event(ended)
        if self._speaking is mine:
            self._speaking = None

    async def _utter(self, utterance: int, text: str) -> UtteranceEnded:
        self._on_event(TextOut(text, utterance))
        try:
            async with aclosing(self._voice.speak(text, early=True)) as spoken:
                async for pcm in spoken:
                    for start in range(0, len(pcm), _CHUNK_SAMPLES):
                        self._on_event(AudioOut(pcm[start : start + _CHUNK_SAMPLES], utterance))
                        await asyncio.sleep(0)  # so that an interruption comes between two chunks
        except EngineError as fault:
            return UtteranceEnded(utterance, error=fault)
        return UtteranceEnded(utterance)


class CascadeEngine:
    """Implements `VoiceEngine` with Piper on the CPU.

    Args:
        voice: a Piper voice that the user names; None takes the packaged one.
        cache_dir: where the proof of the packaged voice is remembered.
        capacity: conversations at the same time.
        process: the voice to use instead of one of its own; it is then started and closed here all the same.
    """

    def __init__(
        self,
        *,
        voice: Path | None = None,
        cache_dir: Path | None = None,
        capacity: int = 4,
        process: VoiceProcess | None = None,
    ) -> None:
        self.voice = process or VoiceProcess(voice=voice, cache_dir=cache_dir)
        self._info = EngineInfo(name="CPU cascade", autonomous=False, chats=False, capacity=capacity)
        self._sessions: set[CascadeSession] = set()

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return self._info

    async def start(self) -> None:
        """Start and warm the voice."""
        await self.voice.start()

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:  # noqa: ARG002 - every conversation sounds the same
        """Begin a conversation."""
        if len(self._sessions) >= self._info.capacity:
            raise EngineBusyError(f"All {self._info.capacity} conversations of the voice are taken.")
        session = CascadeSession(self.voice, on_event, self._sessions.discard)
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        """End every conversation and the voice."""
        for session in tuple(self._sessions):
            await session.close()
        await self.voice.close()
