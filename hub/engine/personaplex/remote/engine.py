"""PersonaPlex elsewhere: the reference server as it is, guarded against everything it is known to do wrong.

A sentence cannot be given to its model, so `say` answers `CannotSayError` and the other voice speaks. What ends in the
middle of a conversation is not connected again under it: the server needs seconds to read its prompt, the other voice
answers at once, and the next conversation finds this one again.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence

import aiohttp

from hub.engine.personaplex.faults import EngineDownError
from hub.engine.personaplex.remote.link import RemoteLink
from hub.engine.personaplex.remote.request import RemoteOptions, chat_url, health_url, trust
from hub.engine.personaplex.remote.session import RemoteSession
from hub.engine.port import (
    EngineBusyError,
    EngineError,
    EngineEvent,
    EngineInfo,
    EngineSession,
    Exchange,
    Persona,
    SessionRequest,
)

_LOG = logging.getLogger(__name__)

_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 15.0


def _monotonic_ms() -> float:
    return time.monotonic() * 1000


class RemoteEngine:
    """Implements `VoiceEngine` with a server elsewhere.

    Only one session is being greeted at a time: the server keeps one prompt for all, and a second client's would
    replace that of the first while it is being read.

    Args:
        options: which server.
        now_ms: a monotonic clock.
        jitter: a number from 0 to 1 for each delay, so that clients do not come back in the same instant.
    """

    def __init__(
        self,
        options: RemoteOptions,
        *,
        now_ms: Callable[[], float] = _monotonic_ms,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._options = options
        self._now_ms = now_ms
        self._jitter = jitter
        self._http: aiohttp.ClientSession | None = None
        self._greeting = asyncio.Lock()
        self._sessions: set[RemoteSession] = set()
        self._proven = False

    @property
    def info(self) -> EngineInfo:
        """What it is."""
        return EngineInfo("PersonaPlex server", autonomous=True, chats=True, capacity=self._options.capacity)

    async def start(self) -> None:
        """Find out whether the server is there, and has the persona's voice.

        The first time, and after a failure, by a session that is greeted and ended; else by a look at its door.

        Raises:
            EngineError: it cannot be had; after `reconnects` further tries where trying again can help.
        """
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        if self._sessions:
            return  # frames come from it
        for tries_left in range(self._options.reconnects, -1, -1):
            try:
                await (self._knock() if self._proven else self._prove())
            except EngineError as fault:
                self._proven = False
                if not fault.retry or not tries_left:
                    raise
                tried = self._options.reconnects - tries_left
                delay_s = self._jitter() * min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0**tried)
                _LOG.info("the voice server is not there (%s); trying again in %.1f s", fault.code, delay_s)
                await asyncio.sleep(delay_s)
            else:
                return

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:
        """Begin a conversation. The server reads the prompt first, which takes it seconds.

        Raises:
            EngineBusyError: every place is taken, here at once, or by others of the server.
            EngineError: it cannot be had, or refuses voice or prompt.
        """
        if len(self._sessions) >= self._options.capacity:
            raise EngineBusyError(f"All {self._options.capacity} conversations of the voice server are taken.")
        persona = request.persona or self._options.persona

        async def connect(history: Sequence[Exchange]) -> RemoteLink:
            return await self._connect(persona, history)

        session = RemoteSession(
            self._options, connect, request.history, on_event, on_over=self._sessions.discard, now_ms=self._now_ms
        )
        self._sessions.add(session)
        try:
            await session.open()
        except BaseException as fault:
            if isinstance(fault, EngineError) and not isinstance(fault, EngineBusyError):
                self._proven = False
            await session.close()
            raise
        self._proven = True
        return session

    async def close(self) -> None:
        """End every conversation."""
        for session in tuple(self._sessions):
            await session.close()
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def _connect(self, persona: Persona, history: Sequence[Exchange] = ()) -> RemoteLink:
        if self._http is None:
            raise EngineDownError("The voice server has not been looked for yet.")
        if self._greeting.locked():
            raise EngineBusyError("Another conversation is just being begun at the voice server.")
        async with self._greeting:
            return await RemoteLink.open(self._http, chat_url(self._options.url, persona, history), self._options)

    async def _prove(self) -> None:
        try:
            link = await self._connect(self._options.persona)
        except EngineBusyError:
            _LOG.info("the voice server serves somebody else; the first conversation finds out what it can")
        else:
            await link.close()
        self._proven = True

    async def _knock(self) -> None:
        """Any answer will do: the server has no route that tells how it is."""
        if self._http is None:
            raise EngineDownError("The voice server has not been looked for yet.")
        try:
            async with (
                asyncio.timeout(self._options.connect_s),
                self._http.get(health_url(self._options.url), ssl=trust(self._options), allow_redirects=False),
            ):
                return
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            raise EngineDownError("The voice server is not reachable; check engine.url and that it runs.") from fault
