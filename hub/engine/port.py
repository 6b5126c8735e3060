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


class CannotSayError(EngineError):
    """This voice cannot be made to speak a given sentence; somebody else must say it."""

    code = "engine_cannot_say"
    retry = False


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
class Exchange:
    """One turn that was: what the user said and what the assistant answered; either may be empty."""

    user: str
    assistant: str


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the assistant is: its voice by name, and what it is to be, in words. Engines without prompts ignore both."""

    name: str
    voice: str
    prompt: str


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """Who opens a conversation, and where.

    Attributes:
        persona: None takes the engine's own.
        history: the newest turns of a conversation that goes on here after another engine was lost.
    """

    session: str
    area: str
    trace: str
    persona: Persona | None = None
    history: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioOut:
    """Speech of the assistant: int16, 24 kHz mono, any length.

    A voice that makes a frame every 80 ms emits only those in which it speaks, so silence between two stretches of
    unasked speech is no event at all; `UtteranceEnded(0)` tells the end of a stretch.

    Attributes:
        utterance: the id of its `say`, 0 if unasked.
        frame: the 80 ms frame it is, -1 where the engine has no frames.
    """

    pcm: NDArray[np.int16]
    utterance: int = 0
    frame: int = -1


@dataclass(frozen=True, slots=True)
class TextOut:
    """A piece of what the assistant says. `frame`: its 80 ms frame, -1 where the engine has no frames."""

    piece: str
    utterance: int = 0
    frame: int = -1


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """All audio of a `say` has been emitted, or it was cut short. `ids`: the text ids it was spoken by, if any.

    With utterance 0: a stretch of unasked speech has ended.
    """

    utterance: int
    interrupted: bool = False
    error: EngineError | None = None
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionLost:
    """The session is over by a fault; every running utterance ended with an error before this."""

    error: EngineError


@dataclass(frozen=True, slots=True)
class Lagging:
    """The session is late against real time.

    Attributes:
        late_ms: by how much; 0 once it has caught up.
        dropped_frames: 80 ms frames of the user given up since the session began.
    """

    late_ms: float
    dropped_frames: int = 0


EngineEvent = AudioOut | TextOut | UtteranceEnded | SessionLost | Lagging


class EngineSession(Protocol):
    """One conversation with the voice. Events come on the event loop's thread."""

    @property
    def autonomous(self) -> bool:
        """Whether it answers by itself now; a session that goes on with another voice may change its answer."""

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:
        """Hear 480 samples (20 ms, 24 kHz mono) of the user. Never blocks.

        Args:
            pcm: int16.
            samples: their position in the capture.
            packet: the Opus packet they were decoded from, for an engine that sends them on as they are; None where
                there was none, as for sound that was lost on the way.
        """

    def say(self, text: str) -> int:
        """Speak this sentence; sentences queue up (bounded). Returns the utterance's id, at least 1.

        Raises:
            CannotSayError: this voice has no way to say it.
            EngineError: the session is closed or too much waits to be said.
        """

    def interrupt(self) -> None:
        """Fall silent now and forget what was to be said; running utterances end as interrupted."""

    def listen_only(self, *, on: bool) -> None:
        """While on, an autonomous engine hears and does not talk by itself; `say` is spoken all the same."""

    def user_said(self, text: str) -> None:
        """The user's words of a turn, as the recogniser has them; an engine that renews itself carries them on."""

    async def close(self) -> None:
        """End the conversation; no event comes after this."""


class VoiceEngine(Protocol):
    """A voice."""

    @property
    def info(self) -> EngineInfo:
        """What it is."""

    async def start(self) -> None:
        """Load and warm up; when this returns, the first answer comes as fast as any.

        Called again later it finds out whether all is well, cheaply, and brings back what was lost.

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
