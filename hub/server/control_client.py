"""What a command uses to talk to the running hub."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from hub.errors import HubUnreachableError
from hub.server.control import SOCKET_NAME
from protocol.errors import RoomtoneError

MAX_ANSWER_BYTES: Final = 4 << 20
CONNECT_S: Final = 5.0


class RefusedError(RoomtoneError):
    """The hub answered with an error; its code and whether a retry helps are the hub's."""

    def __init__(self, code: str, sentence: str, *, retry: bool) -> None:
        super().__init__(sentence)
        self.code = code  # type: ignore[misc]  # a class constant everywhere else; here it is what the hub said
        self.retry = retry  # type: ignore[misc]  # the same


async def call(
    state_dir: Path, method: str, params: dict[str, Any] | None = None, timeout_s: float = 10.0
) -> dict[str, Any]:
    """Ask the hub of this state directory for one thing.

    Raises:
        HubUnreachableError: no hub answers there, or not within `timeout_s`.
        RefusedError: the hub says no.
    """
    async with _connection(state_dir) as (reader, writer):
        try:
            async with asyncio.timeout(timeout_s):
                writer.write(json.dumps({"id": 1, "method": method, "params": params or {}}).encode() + b"\n")
                await writer.drain()
                return _result(await reader.readuntil(b"\n"))
        except TimeoutError:
            raise HubUnreachableError(f"The hub did not answer within {timeout_s:g} s. Try again.") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise HubUnreachableError("The hub closed the connection before it answered. Try again.") from None


async def watch(state_dir: Path) -> AsyncIterator[dict[str, Any]]:
    """The hub's events as they happen, until the hub goes away.

    Raises:
        HubUnreachableError: no hub answers there, or it went away.
        RefusedError: the hub says no.
    """
    async with _connection(state_dir) as (reader, writer):
        try:
            writer.write(b'{"id": 1, "method": "watch", "params": {}}\n')
            async with asyncio.timeout(CONNECT_S):
                _result(await reader.readuntil(b"\n"))
            while True:
                yield json.loads(await reader.readuntil(b"\n"))
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise HubUnreachableError("The hub went away.") from None


@contextlib.asynccontextmanager
async def _connection(state_dir: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    path = state_dir / SOCKET_NAME
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_ANSWER_BYTES)
    except PermissionError:
        raise HubUnreachableError(f"The hub at {state_dir} belongs to another user. Run this as that user.") from None
    except (OSError, TimeoutError):
        raise HubUnreachableError(
            f"No hub is running on {state_dir}. Start it with “roomtone hub run”, or name its --state-dir."
        ) from None
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _result(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
        if "error" in answer:
            error = answer["error"]
            raise RefusedError(str(error["code"]), str(error["message"]), retry=bool(error.get("retry")))
        result: dict[str, Any] = answer["result"]
    except (ValueError, KeyError, TypeError):
        raise HubUnreachableError("What answers there is no Roomtone hub of this version.") from None
    return result
