"""All tools under one roof: who may be called, with what, for how long, and never twice for one turn."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from hub.home.port import HomeError
from hub.tools.port import (
    BadArgumentsError,
    ToolError,
    ToolResult,
    ToolTimeoutError,
    ToolUnavailableError,
    UnknownToolError,
)

_LOG = logging.getLogger(__name__)

MAX_RUNNING: Final = 16
REMEMBERED: Final = 500
DEFAULT_S: Final = 10.0
AREA: Final[ContextVar[str]] = ContextVar("area", default="")
"""The area in which the running tool was asked for; empty where that is unknown."""
_Arguments = TypeVar("_Arguments", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that can be called.

    Attributes:
        name: letters, digits, `_` and `-`, at most 64 of them.
        description: for a model: what it does and when to use it.
        schema: JSON schema of its arguments.
        run: does it.
        changes: whether anything is different afterwards; a model may call such a tool only after a person's yes.
        timeout_s: how long it may take.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    run: Callable[[Mapping[str, Any]], Awaitable[ToolResult]]
    changes: bool = False
    timeout_s: float = DEFAULT_S


def typed_tool(
    name: str,
    description: str,
    model: type[_Arguments],
    run: Callable[[_Arguments], Awaitable[ToolResult]],
    *,
    changes: bool = False,
    timeout_s: float = DEFAULT_S,
) -> Tool:
    """A tool whose arguments are judged by a pydantic model before it runs."""

    async def checked(arguments: Mapping[str, Any]) -> ToolResult:
        try:
            given = model.model_validate(dict(arguments))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])[:80]
            raise BadArgumentsError(f"The value of {where or 'the arguments'} does not fit: {first['msg']}.") from None
        return await run(given)

    return Tool(name, description, model.model_json_schema(), checked, changes, timeout_s)


class Registry:
    """The tools that the settings allow.

    A call goes on although its caller gave up, because half a booking is none: the result waits under its key.
    """

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._calls: OrderedDict[tuple[str, str], asyncio.Task[ToolResult]] = OrderedDict()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """All of them, in the order in which they came."""
        return tuple(self._tools.values())

    def get(self, name: str) -> Tool | None:
        """The tool of this name."""
        return self._tools.get(name)

    def offer(self, owner: str, tools: Iterable[Tool]) -> None:
        """Replace everything of one owner, whose tools' names begin with `owner__`."""
        prefix = f"{owner}__"
        self._tools = {name: tool for name, tool in self._tools.items() if not name.startswith(prefix)}
        self._tools.update((tool.name, tool) for tool in tools if tool.name.startswith(prefix))

    async def call(self, name: str, arguments: Mapping[str, Any], *, key: str, area_id: str = "") -> ToolResult:
        """Call a tool; a second call under the same key waits for the first one and gets its result.

        Args:
            name: of the tool.
            arguments: for it.
            key: of the call.
            area_id: where it was asked for; the tool finds it in `AREA`.

        Raises:
            ToolError: it is unknown, does not take these arguments, took too long or failed.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise UnknownToolError("I have no such tool.")
        task = self._calls.get((key, name))
        if task is None:
            running = sum(not task.done() for task in self._calls.values())
            if running >= MAX_RUNNING:
                raise ToolUnavailableError("Too much is being done at once; please try again.")
            surroundings = copy_context()
            surroundings.run(AREA.set, area_id)
            task = asyncio.create_task(_run(tool, arguments), name=f"tool {name}", context=surroundings)
            self._calls[key, name] = task
            self._forget_old()
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End what still runs."""
        tasks = list(self._calls.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._calls.clear()

    def _forget_old(self) -> None:
        for old in list(self._calls)[: max(0, len(self._calls) - REMEMBERED)]:
            task = self._calls[old]
            if task.done():
                del self._calls[old]
                if not task.cancelled():
                    task.exception()  # its caller may be gone, and nobody else would look at it


async def _run(tool: Tool, arguments: Mapping[str, Any]) -> ToolResult:
    try:
        async with asyncio.timeout(tool.timeout_s):
            return await tool.run(arguments)
    except ToolError:
        raise
    except TimeoutError:
        raise ToolTimeoutError("That took too long, so I do not know whether it was done.") from None
    except HomeError as error:
        raise ToolUnavailableError(_spoken(error)) from error
    except Exception as error:
        _LOG.exception("the tool %s failed", tool.name)
        raise ToolError("That did not work; the log of the hub says why.") from error


def _spoken(error: HomeError) -> str:
    """A refusal in the house's own words; what only says that the house is away, for the ear."""
    return error.spoken if error.retry or error.code in ("no_home", "home_token_refused") else error.sentence
