"""A voice that gives back what it hears at once, to measure how long the way there and back takes."""

from __future__ import annotations

from collections.abc import Callable

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
)


class EchoSession:
    """Implements `EngineSession`: audio in, the same audio out in the same call."""

    autonomous = True

    def __init__(self, on_event: Callable[[EngineEvent], None], on_closed: Callable[[EchoSession], None]) -> None:
        self._on_event = on_event
        self._on_closed = on_closed
        self._closed = False

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:  # noqa: ARG002 - an echo needs no position
        """Give it back."""
        if not self._closed:
            self._on_event(AudioOut(pcm))

    def say(self, text: str) -> int:
        """An echo has no words.

        Raises:
            EngineError: always.
        """
        raise EngineError(f"The echo engine cannot say {len(text)} characters: it only gives back what it hears.")

    def interrupt(self) -> None:
        """Nothing waits to be said."""

    def listen_only(self, *, on: bool) -> None:
        """It echoes all the same."""

    def user_said(self, text: str) -> None:
        """It keeps no dialogue."""

    async def close(self) -> None:
        """End."""
        self._closed = True
        self._on_closed(self)


class EchoEngine:
    """Implements `VoiceEngine` for the bench of the wire."""

    def __init__(self, *, capacity: int = 64) -> None:
        self._info = EngineInfo("echo", autonomous=True, chats=False, capacity=capacity)
        self._sessions: set[EchoSession] = set()

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return self._info

    async def start(self) -> None:
        """Nothing is to be loaded."""

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:  # noqa: ARG002 - all echoes are alike
        """Begin a conversation."""
        if len(self._sessions) >= self._info.capacity:
            raise EngineBusyError(f"All {self._info.capacity} conversations of the echo are taken.")
        session = EchoSession(on_event, self._sessions.discard)
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        """End every conversation."""
        for session in tuple(self._sessions):
            await session.close()
