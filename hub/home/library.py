"""The same house through `homeassistant-api`: one command at a time, and polled.

That library has no task that reads: it raises an error in whoever reads just then, and closes its socket under a reader
that is cancelled. `LibrarySocket` keeps both from reaching another caller, and asks again for what it is not told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import aiohttp

from hub.errors import ConfigError
from hub.home.assistant import AssistantHome
from hub.home.assistant_socket import CLOSE_S, COMMAND_S, CONNECT_S, AssistantSocket, command_error
from hub.home.confirmation import CONFIRM_S
from hub.home.errors import HomeTimeoutError
from hub.home.port import HomeRefusedTokenError, HomeUnreachableError

PACKAGE, VERSION = "homeassistant-api", "6.1.0"
POLL_S = 2.0
CONFIRM_POLL_S = 0.25
"""How often the states are read while a call waits to be confirmed."""
REGISTRY_S = 30.0
"""How often names, rooms and permissions are read again."""
MAX_WAITING = 50
"""Callers that wait for their turn."""

_Handler = Callable[[Mapping[str, Any]], None]


class LibraryHome(AssistantHome):
    """`AssistantHome`, with its arguments, on the library's connection instead of its own.

    Raises:
        ConfigError: the address is none, or this very version of the library is not installed.
    """

    def __init__(self, *, url: str, token_file: Path, now: Callable[[], float] = time.monotonic) -> None:
        try:
            found = version(PACKAGE)
        except PackageNotFoundError:
            found = "not installed"
        if found != VERSION:
            raise ConfigError(
                f"home.client “{PACKAGE}” needs {PACKAGE} {VERSION} ({found}). Install it with: pip install "
                f"{PACKAGE}=={VERSION}. It replaces urllib3 for every program of its environment, so give the hub an "
                "environment of its own; or set home.client to “own”, which needs nothing more."
            )
        import homeassistant_api  # noqa: F401 - takes half a second, which no room may be kept waiting for later

        super().__init__(url=url, token_file=token_file, now=now)
        # It reports every message that it receives.
        logging.getLogger("homeassistant_api").setLevel(logging.WARNING)

    async def _connected(self, session: aiohttp.ClientSession) -> None:  # noqa: ARG002 - the library has its own
        socket = await LibrarySocket.connect(self._url, self._token.read())
        try:
            await self._sync(socket)
            self._socket, self._trouble = socket, None
            self._first.set()
            await self._keep_fresh(socket)
        finally:
            self._socket = None
            await socket.close()


class LibrarySocket(AssistantSocket):
    """One connection of the library, on which nothing is asked before the last answer has come."""

    def __init__(self, client: Any, session: Any) -> None:
        # The client leaves its session open when it fails.
        self._client, self._session = client, session
        self._loop = asyncio.get_running_loop()
        self.closed = self._loop.create_future()
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_state: _Handler | None = None
        self._on_registry: list[_Handler] = []
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._watch_until_s = 0.0

    @classmethod
    async def connect(cls, url: str, token: str) -> Self:
        """Connect and authenticate; `url` is what `websocket_url` gives, the token is never logged.

        Raises:
            HomeUnreachableError: nobody answers, or not like Home Assistant.
            HomeRefusedTokenError: the token is not accepted.
        """
        import niquests
        from homeassistant_api import AsyncWebsocketClient
        from homeassistant_api.errors import UnauthorizedError

        session = niquests.AsyncSession()
        socket = cls(AsyncWebsocketClient(url, token, session=session), session)
        try:
            async with asyncio.timeout(CONNECT_S):
                await socket._client.__aenter__()
        except BaseException as error:
            await socket.close()
            if isinstance(error, UnauthorizedError):
                raise HomeRefusedTokenError(
                    "Home Assistant does not accept the token. Put a new long-lived access token into home.token_file."
                ) from None
            # The library lets the errors of four packages through.
            if isinstance(error, Exception):
                raise HomeUnreachableError(
                    f"Home Assistant cannot be reached ({type(error).__name__}). Check home.url and that it runs; "
                    "the hub keeps trying."
                ) from error
            raise
        return socket

    async def command(self, kind: str, *, deadline_s: float = COMMAND_S, **fields: Any) -> Any:
        """As the base, in turn; who gives up while waiting for it has sent nothing."""
        if self._waiting >= MAX_WAITING:
            raise HomeTimeoutError("Too many calls wait for Home Assistant already.")
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        task = asyncio.create_task(self._exchange(kind, deadline_s, fields))
        self._tasks.add(task)
        task.add_done_callback(self._exchanged)
        # Who gives up now leaves the answer to be read, so that it does not reach the next caller.
        await asyncio.wait({task})
        if task.cancelled():
            raise _gone()
        answer = task.result()
        if kind == "get_states":
            self._told(answer)
        elif kind == "call_service":
            self._watch_until_s = self._loop.time() + CONFIRM_S
            # Only states read from now on tell what became of the call.
            await self.command("get_states")
        return answer

    async def subscribe(self, kind: str, handler: _Handler, **fields: Any) -> None:  # noqa: ARG002 - the base names it
        """Call `handler` when a poll finds a change of state, or when it is time to read the registries again."""
        if fields.get("event_type") == "state_changed":
            self._on_state = handler
            task = asyncio.create_task(self._poll(), name="home-assistant-poll")
            self._tasks.add(task)
            task.add_done_callback(lambda _task: self._end())
        else:
            self._on_registry.append(handler)

    async def close(self) -> None:
        """End the connection, whatever state it is in."""
        self._end()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for leave in (lambda: self._client.__aexit__(None, None, None), self._session.close):
            # A connection that is gone cannot be closed politely, and every layer says so in its own way.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await leave()

    async def _exchange(self, kind: str, deadline_s: float, fields: Mapping[str, Any]) -> Any:
        from homeassistant_api.errors import ResponseError

        if self.closed.done():
            raise _gone()
        number = None
        try:
            async with asyncio.timeout(deadline_s):
                number = await self._client.send(kind, **fields)
                return (await self._client.recv_result(number)).result
        except ResponseError as error:
            found = re.fullmatch(r"\[(\w+)\] (.*)", str(error), re.DOTALL)
            code, message = found.groups() if found else ("", str(error))
            raise command_error({"code": code, "message": message}) from error
        except Exception as error:
            self._end()
            late = HomeTimeoutError(f"Home Assistant did not answer within {deadline_s:.0f} seconds.")
            raise (late if isinstance(error, TimeoutError) else _gone()) from error
        finally:
            # The library keeps an empty list for every command that it ever sent.
            self._client._event_responses.pop(number, None)  # noqa: SLF001 - the version is pinned

    def _exchanged(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._lock.release()
        if not task.cancelled():
            task.exception()  # its caller may have given up, and nobody else would look at it

    async def _poll(self) -> None:
        states_s, registries_s = self._loop.time() + POLL_S, self._loop.time() + REGISTRY_S
        # What fails for want of a connection has ended it, and `closed` says so.
        with contextlib.suppress(HomeUnreachableError, HomeTimeoutError):
            while True:
                await asyncio.sleep(CONFIRM_POLL_S)
                now_s = self._loop.time()
                if now_s >= states_s or now_s < self._watch_until_s:
                    states_s = now_s + POLL_S
                    await self.command("get_states")
                if now_s >= registries_s:
                    registries_s = now_s + REGISTRY_S
                    for handler in self._on_registry:
                        handler({})

    def _told(self, answer: object) -> None:
        rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
        before, self._rows = self._rows, {str(row.get("entity_id")): row for row in rows}
        if self._on_state is None or not before:
            return
        for entity_id in before.keys() | self._rows.keys():
            old, new = before.get(entity_id, {}), self._rows.get(entity_id)
            if new is None or old.get("last_updated") != new.get("last_updated"):
                self._on_state({"data": {"entity_id": entity_id, "new_state": new}})

    def _end(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


def _gone() -> HomeUnreachableError:
    return HomeUnreachableError("The connection to Home Assistant is down; the hub keeps trying.")
