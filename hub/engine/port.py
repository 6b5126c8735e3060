"""The port to a voice. An engine hears a conversation and speaks in it; how, is its own business.

Two kinds exist. An *autonomous* engine (PersonaPlex) hears the user's audio and talks by itself; a *spoken* one (the
CPU cascade) says what it is given. Both say a given sentence in their own voice by `say`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from protocol.errors import RoomtoneError


class EngineError(RoomtoneError):
    """The voice failed."""

    code = "engine_failed"
    retry = True


class EngineBusyError(EngineError):
    """Every place of the engine is taken."""

    code = "engine_busy"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What a voice is and can do.

    Attributes:
        name: for people, e.g. "CPU cascade".
        autonomous: whether it answers by itself.
        chats: whether it can talk about anything, or only run the house.
        capacity: conversations at the same time.
    """

    name: str
    autonomous: bool
    chats: bool
    capacity: int


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """Who opens a conversation, and where."""

    session: str
    area: str
    trace: str


@dataclass(frozen=True, slots=True)
class AudioOut:
    """Speech of the assistant: int16, 24 kHz mono, any length. `utterance` is the id of its `say`, 0 if unasked."""

    pcm: NDArray[np.int16]
    utterance: int = 0


@dataclass(frozen=True, slots=True)
class TextOut:
    """A piece of what the assistant says. `frame`: its 80 ms frame, -1 where the engine has no frames."""

    piece: str
    utterance: int = 0
    frame: int = -1


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """All audio of a `say` has been emitted, or it was cut short."""

    utterance: int
    interrupted: bool = False
    error: EngineError | None = None


EngineEvent = AudioOut | TextOut | UtteranceEnded


class EngineSession(Protocol):
    """One conversation with the voice. Events come on the event loop's thread."""

    def feed(self, pcm: NDArray[np.int16], samples: int) -> None:
        """Hear 480 samples (20 ms, 24 kHz mono) of the user. Never blocks."""

    def say(self, text: str) -> int:
        """Speak this sentence; sentences queue up (bounded). Returns the utterance's id, at least 1.

        Raises:
            EngineError: the session is closed or too much waits to be said.
        """

    def interrupt(self) -> None:
        """Fall silent now and forget what was to be said; running utterances end as interrupted."""

    async def close(self) -> None:
        """End the conversation; no event comes after this."""


class VoiceEngine(Protocol):
    """A voice."""

    @property
    def info(self) -> EngineInfo:
        """What it is."""

    async def start(self) -> None:
        """Load and warm up; when this returns, the first answer comes as fast as any.

        Raises:
            EngineError: it cannot be had here; the sentence says what to do.
        """

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:
        """Begin a conversation.

        Raises:
            EngineBusyError: answered at once, never by waiting.
        """

    async def close(self) -> None:
        """Free everything, child processes included."""
