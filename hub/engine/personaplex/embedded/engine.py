"""PersonaPlex on this machine: its process kept alive, and a session in it for each conversation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp

from hub.config_persona import voice_file
from hub.engine.personaplex import wire
from hub.engine.personaplex.embedded.child import START_S, EngineChild, Progress
from hub.engine.personaplex.embedded.keeper import EngineKeeper, Patience
from hub.engine.personaplex.embedded.session import EmbeddedSession
from hub.engine.personaplex.faults import EngineDownError
from hub.engine.personaplex.history import with_history
from hub.engine.personaplex.port import PromptError
from hub.engine.personaplex.setup.environment import engine_environment
from hub.engine.port import (
    EngineBusyError,
    EngineError,
    EngineEvent,
    EngineInfo,
    EngineSession,
    Persona,
    SessionRequest,
)

_LOG = logging.getLogger(__name__)

# Room in the prompt for turns of a conversation that began with another voice; about 300 tokens.
HISTORY_CHARS: Final = 1200


@dataclass(frozen=True, slots=True)
class EmbeddedOptions:
    """How to run the engine process.

    Attributes:
        python: the interpreter that has torch and moshi.
        state_dir: where the links to our code for that interpreter are kept.
        persona: for conversations that name none, and to warm up with.
        weights: folder of the weights.
        voices: another folder of voices.
        device: "auto", "cpu" or "cuda".
        rows: conversations at the same time.
        max_session_s: how long one conversation may last, 0 for ever.
        idle_s: how long one may last in which nothing comes from the user, 0 for ever.
        start_s: how long loading may take.
    """

    python: Path
    state_dir: Path
    persona: Persona
    weights: Path
    voices: Path | None = None
    device: str = "auto"
    rows: int = 2
    int8: bool = False
    greedy: bool = False
    seed: int | None = None
    temperature_audio: float = 0.8
    top_k_audio: int = 250
    temperature_text: float = 0.7
    top_k_text: int = 25
    warm_up: bool = True
    max_session_s: float = 3600.0
    idle_s: float = 120.0
    start_s: float = START_S

    @property
    def arguments(self) -> tuple[str, ...]:
        """What `hub.engine.personaplex.serving.serve` is told, but where to listen."""
        named = {
            "weights": self.weights.absolute(),
            "voices": None if self.voices is None else self.voices.absolute(),
            "device": self.device,
            "rows": self.rows,
            "seed": self.seed,
            "temperature-audio": self.temperature_audio,
            "top-k-audio": self.top_k_audio,
            "temperature-text": self.temperature_text,
            "top-k-text": self.top_k_text,
            "max-session-s": self.max_session_s,
            "idle-s": self.idle_s,
            "default-voice": voice_file(self.persona.voice),
            "default-prompt": self.persona.prompt,
        }
        switches = {"int8": self.int8, "greedy": self.greedy, "no-warm-up": not self.warm_up}
        return (
            # With “=”, a prompt that begins with a dash is still a prompt.
            *(f"--{name}={value}" for name, value in named.items() if value is not None),
            *(f"--{name}" for name, on in switches.items() if on),
        )

    @property
    def command(self) -> tuple[str, ...]:
        """What to run: the engine process on a free port of loopback, ending with its standard input."""
        process = (str(self.python), "-m", "hub.engine.personaplex.serving.serve", "--port", "0", "--parent-pipe")
        return (*process, *self.arguments)


class PersonaPlexEngine:
    """Implements `VoiceEngine` with a model in a child process.

    Args:
        options: how to run it.
        on_progress: told each step of loading in a few words.
        patience: how long its keeper waits for what.
    """

    def __init__(
        self,
        options: EmbeddedOptions,
        *,
        on_progress: Progress = lambda _what: None,
        patience: Patience | None = None,
    ) -> None:
        self._options = options
        self._on_progress = on_progress
        self._patience = patience
        self._http: aiohttp.ClientSession | None = None
        self._keeper: EngineKeeper | None = None
        self._info = EngineInfo("PersonaPlex", autonomous=True, chats=True, capacity=1)
        self._sessions: set[EmbeddedSession] = set()

    @property
    def info(self) -> EngineInfo:
        """What it is. Its capacity is known once it has run."""
        return self._info

    @property
    def pid(self) -> int | None:
        """The engine process, while there is one."""
        return self._keeper.pid if self._keeper is not None else None

    async def start(self) -> None:
        """Run the process, or wait for the restart that is going on. Costs nothing while it runs."""
        if self._keeper is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
            self._keeper = EngineKeeper(self._launch, self._http, on_lost=self._lost, patience=self._patience)
        await self._keeper.running()
        self._info = replace(self._info, capacity=self._keeper.rows or self._info.capacity)

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:
        """Begin a conversation.

        Raises:
            EngineBusyError: every row is taken.
            EngineError: the engine does not run, or refuses voice or prompt.
        """
        keeper, http = self._keeper, self._http
        if keeper is None or http is None or keeper.port is None:
            raise EngineDownError("The voice engine is being started; try again in a moment.")
        if len(self._sessions) >= self._info.capacity:
            raise EngineBusyError(f"All {self._info.capacity} conversations of the voice are taken.")
        session = EmbeddedSession(on_event, self._sessions.discard)
        self._sessions.add(session)
        try:
            await session.connect(http, f"ws://127.0.0.1:{keeper.port}{wire.ROUTE}", self._opening(request))
        except BaseException:
            await session.close()
            raise
        return session

    async def close(self) -> None:
        """End every conversation and the process."""
        for session in tuple(self._sessions):
            await session.close()
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.close()
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _opening(self, request: SessionRequest) -> wire.Open:
        persona = request.persona or self._options.persona
        if not persona.prompt.strip():
            raise PromptError(f"The persona “{persona.name}” has no prompt; give it at least one sentence.")
        limit = min(len(persona.prompt) + HISTORY_CHARS, wire.MAX_PROMPT_CHARS)
        return wire.Open(voice=voice_file(persona.voice), prompt=with_history(persona.prompt, request.history, limit))

    def _lost(self, fault: EngineError) -> None:
        _LOG.warning("the voice engine is lost: %s", fault.code)
        for session in tuple(self._sessions):
            session.lose(fault)

    async def _launch(self) -> EngineChild:
        options = self._options
        try:
            environment = await asyncio.to_thread(engine_environment, options.state_dir)
        except OSError as fault:
            raise EngineDownError(f"The voice engine's folder cannot be written: {fault.strerror}.") from fault
        return await EngineChild.launch(
            options.command, environment, on_progress=self._on_progress, start_s=options.start_s
        )
