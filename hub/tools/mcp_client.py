"""Other people's tools: Model Context Protocol servers, each in a task of its own that keeps it connected.

A server is a stranger: only tools that the settings name are offered, what it says is cut to a length, each call has
its time, and one that hangs, dies or talks nonsense costs nobody else anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.config_tools import McpServerSettings
from hub.errors import ConfigError
from hub.tools.port import ToolError, ToolResult, ToolTimeoutError, ToolUnavailableError
from hub.tools.registry import Registry, Tool
from hub.tools.requests import Phrase, phrase_of

if TYPE_CHECKING:
    from mcp import Client

_LOG = logging.getLogger(__name__)

CONNECT_S: Final = 15.0
FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 60.0
CHECK_S: Final = 60.0
CLOSE_S: Final = 5.0
MAX_TOOLS: Final = 100
MAX_DESCRIPTION: Final = 1000
MAX_ANSWER: Final = 4000
MAX_SPOKEN: Final = 400


class McpServers:
    """All servers of the settings.

    Args:
        settings: which.
        registry: where their tools appear while they are connected, as `server__tool`.

    Raises:
        ConfigError: servers are named, and the package `mcp` is not installed.
    """

    def __init__(self, settings: Sequence[McpServerSettings], registry: Registry) -> None:
        if settings:
            try:
                import mcp  # noqa: F401 - is it there at all
            except ImportError:
                raise ConfigError(
                    "tools.mcp names servers, and the package mcp is not installed. Install it with: "
                    ".venv/bin/python -m pip install mcp==2.3.0, or remove tools.mcp."
                ) from None
        self._servers = [_Server(one, registry) for one in settings]

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """The household's words for their tools."""
        return tuple(phrase for server in self._servers for phrase in server.phrases)

    def troubles(self) -> Mapping[str, str]:
        """Why a server cannot be used now, by its name; those that can are left out."""
        return {server.name: server.trouble for server in self._servers if server.trouble}

    async def start(self) -> None:
        """Connect to all of them in the background; none is waited for."""
        for server in self._servers:
            server.start()

    async def close(self) -> None:
        """Disconnect, and end the programs that were started."""
        await asyncio.gather(*(server.close() for server in self._servers))


class _Server:
    """One server, connected for as long as the hub runs."""

    def __init__(self, settings: McpServerSettings, registry: Registry) -> None:
        self.name = settings.name
        self.trouble = "It has not been reached yet."
        self.phrases = tuple(phrase_of(one.say, f"{settings.name}__{one.tool}") for one in settings.phrases)
        self._settings = settings
        self._registry = registry
        self._client: Client | None = None
        self._broken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._stay_connected(), name=f"mcp {self.name}")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSE_S)
            self._task = None

    async def _stay_connected(self) -> None:
        wait_s = FIRST_RETRY_S
        while True:
            try:
                await self._one_life()
                wait_s = FIRST_RETRY_S
            except Exception as error:  # noqa: BLE001 - a stranger's fault of any kind is a reason to try again later
                self.trouble = f"It cannot be reached ({_why(error)})."
                _LOG.info("the tool server %s: %s", self.name, self.trouble)
            finally:
                self._client = None
                self._registry.offer(self.name, ())
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LAST_RETRY_S)

    async def _one_life(self) -> None:
        """Connected, until it breaks. One task opens and closes it, as the library's scopes demand."""
        from mcp import Client

        self._broken.clear()
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(CONNECT_S):
                client = await stack.enter_async_context(
                    Client(self._target(stack), read_timeout_seconds=self._settings.timeout_s)
                )
                tools = await self._tools(client)
            self._client = client
            self._registry.offer(self.name, tools)
            missing = set(self._settings.allow) - {tool.name.partition("__")[2] for tool in tools}
            self.trouble = f"It has no {', '.join(sorted(missing))}." if missing else ""
            while not self._broken.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_S):
                        await self._broken.wait()
                if not self._broken.is_set():
                    async with asyncio.timeout(self._settings.timeout_s):
                        await client.list_tools(cache_mode="refresh")
        self.trouble = "The connection broke."

    def _target(self, stack: contextlib.ExitStack | contextlib.AsyncExitStack) -> Any:
        if self._settings.url is not None:
            return self._settings.url
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client

        command, *arguments = self._settings.command
        # What a program complains about may hold what was said, so it is not kept.
        silence = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - closed by the stack
        return stdio_client(StdioServerParameters(command=command, args=arguments), errlog=silence)

    async def _tools(self, client: Client) -> list[Tool]:
        found: list[Tool] = []
        cursor = None
        for _page in range(10):
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools[:MAX_TOOLS]:
                if tool.name in self._settings.allow:
                    hints = tool.annotations
                    found.append(
                        Tool(
                            f"{self.name}__{tool.name}",
                            (tool.description or tool.title or tool.name)[:MAX_DESCRIPTION],
                            tool.input_schema,
                            self._caller(tool.name),
                            changes=not (hints is not None and hints.read_only_hint is True),
                            timeout_s=self._settings.timeout_s,
                        )
                    )
            cursor = page.next_cursor
            if cursor is None:
                break
        return found

    def _caller(self, name: str) -> Any:
        async def call(arguments: Mapping[str, Any]) -> ToolResult:
            client = self._client
            if client is None:
                raise ToolUnavailableError(f"{_spoken(self.name)} is not there right now.")
            try:
                answer = await client.call_tool(name, dict(arguments))
            except Exception as error:
                from mcp.types import REQUEST_TIMEOUT

                if isinstance(error, TimeoutError) or _code(error) == REQUEST_TIMEOUT:
                    raise ToolTimeoutError(f"{_spoken(self.name)} took too long.") from error
                if _code(error) is not None:
                    raise ToolError(f"{_spoken(self.name)} refused that.") from error
                self._broken.set()
                raise ToolUnavailableError(f"{_spoken(self.name)} does not answer.") from error
            text = " ".join(str(getattr(part, "text", "")) for part in answer.content).strip()[:MAX_ANSWER]
            if answer.is_error:
                raise ToolError(f"{_spoken(self.name)} says: {_sentence(text) or 'that did not work.'}")
            data: dict[str, Any] = {"text": text}
            if isinstance(answer.structured_content, dict):
                data["content"] = answer.structured_content
            return ToolResult(_sentence(text) or "Done.", data)

        return call


def _code(error: Exception) -> int | None:
    """The code of a server's refusal; None where it is no refusal, or the connection was lost under the call."""
    from mcp import MCPError
    from mcp.types import CONNECTION_CLOSED

    return error.code if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED else None


def _sentence(text: str) -> str:
    """What may be spoken of a stranger's answer: its first lines, ended as a sentence."""
    plain = " ".join(text.split())
    if len(plain) > MAX_SPOKEN:
        plain = plain[:MAX_SPOKEN].rsplit(" ", 1)[0] + " and so on"
    return plain if not plain or plain[-1] in ".!?" else f"{plain}."


def _spoken(name: str) -> str:
    return f"The {name.replace('_', ' ')}"


def _why(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return (str(error) or type(error).__name__)[:200]
