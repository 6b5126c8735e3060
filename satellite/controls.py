"""The control socket: status, mute, button and stop for this machine's user alone. One JSON object a line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from protocol.errors import RoomtoneError
from satellite.errors import NotRunningError, StateError

_SOCKET: Final = "control.sock"
_LINE_BYTES: Final = 4096
_TIMEOUT_S: Final = 5.0
_CLIENTS_MAX: Final = 8

Json: TypeAlias = dict[str, Any]
Method: TypeAlias = Callable[[], Json]


class ControlError(RoomtoneError):
    """The running satellite refused a command."""

    code = "control_refused"


class ControlServer:
    """Answers on a Unix socket of mode 0600 in the state directory."""

    def __init__(self, directory: Path, methods: Mapping[str, Method]) -> None:
        self._path = directory / _SOCKET
        self._methods = methods
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; the socket of a killed satellite is replaced (the caller holds the directory's lock).

        Raises:
            StateError: the socket cannot be made, e.g. its path is too long.
        """
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LINE_BYTES)
        except OSError as error:
            raise StateError(
                f"The control socket {self._path} cannot be made ({error}). Choose a --state-dir with a shorter path."
            ) from error
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop and remove the socket."""
        if self._server is not None:
            self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= _CLIENTS_MAX:
            writer.close()
            return
        self._clients.add(task)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                line = await reader.readline()
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (
            TimeoutError,
            OSError,
            ValueError,
        ):  # too slow, gone, or a line without an end: no answer is due
            pass
        finally:
            self._clients.discard(task)
            writer.close()

    def _answer(self, line: bytes) -> Json:
        try:
            request = json.loads(line)
            method = self._methods[request["method"]]
        except (ValueError, KeyError, TypeError):
            return {"error": {"code": "unknown_method", "message": f"Known are {', '.join(self._methods)}."}}
        try:
            return {"result": method()}
        except RoomtoneError as error:
            return {"error": {"code": error.code, "message": error.sentence}}


async def ask(directory: Path, method: str) -> Json:
    """Ask the satellite that runs with this state directory.

    Raises:
        NotRunningError: none does, or it does not answer.
        ControlError: it refused; the sentence is its own.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(directory / _SOCKET, limit=1 << 20)
            try:
                writer.write(json.dumps({"method": method}).encode() + b"\n")
                answer = json.loads(await reader.readline())
            finally:
                writer.close()
                with contextlib.suppress(OSError):  # it closed first
                    await writer.wait_closed()
    except (OSError, TimeoutError, ValueError):
        raise NotRunningError(f"No satellite runs with {directory}. Start it with “roomtone-satellite run”.") from None
    if "error" in answer:
        raise ControlError(str(answer["error"].get("message", "")))
    result: Json = answer["result"]
    return result
