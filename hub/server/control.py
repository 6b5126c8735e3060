"""The hub's side of its command line: requests on a Unix socket that only its owner can open.

One JSON object a line. A request is `{"id", "method", "params"}`; its answer `{"id", "result"}` or
`{"id", "error": {"code", "message", "retry"}}`. After the method `watch` and its answer, the connection
carries events, `{"event": NAME, ...}`, until either side closes it; `{"event": "Dropped", "count": N}` stands
where a slow watcher missed some.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import stat
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hub.errors import AlreadyRunningError, StoreError
from hub.events import Event, EventBus
from protocol.errors import RoomtoneError

_LOG = logging.getLogger(__name__)

SOCKET_NAME: Final = "control.sock"
MAX_LINE_BYTES: Final = 64 * 1024
MAX_CLIENTS: Final = 16
MAX_SOCKET_PATH_BYTES: Final = 107  # sockaddr_un on Linux
QUEUE_EVENTS: Final = 1000
IDLE_S: Final = 60.0
CALL_S: Final = 150.0  # longer than a pairing window
SEND_S: Final = 10.0

Method = Callable[[dict[str, Any]], Awaitable[Any]]


class UnknownMethodError(RoomtoneError):
    """This hub does not have that command; the program asking may be newer than the hub."""

    code = "unknown_method"


class BadRequestError(RoomtoneError):
    """The line is no request, or its parameters are not what the method takes."""

    code = "bad_request"


class BusyError(RoomtoneError):
    """Too many clients at once, or the answer took too long."""

    code = "busy"
    retry = True


class EventQueue:
    """The events waiting for one watcher: bounded, oldest dropped first, the dropped counted."""

    def __init__(self, bus: EventBus, limit: int = QUEUE_EVENTS) -> None:
        self._events: deque[Event] = deque()
        self._limit = limit
        self._dropped = 0
        self._filled = asyncio.Event()
        self._unsubscribe = bus.subscribe(self._put)

    def _put(self, event: Event) -> None:
        if len(self._events) >= self._limit:
            self._events.popleft()
            self._dropped += 1
        self._events.append(event)
        self._filled.set()

    async def get(self) -> dict[str, Any]:
        """The next event as JSON-ready values; what was dropped before it is told first."""
        while not self._events:
            self._filled.clear()
            await self._filled.wait()
        if self._dropped:
            count, self._dropped = self._dropped, 0
            return {"event": "Dropped", "count": count}
        return self._events.popleft().to_json()

    def close(self) -> None:
        """Hear nothing more."""
        self._unsubscribe()


class ControlServer:
    """Answers the command line.

    Args:
        path: where the socket is made, with mode 0600.
        methods: what can be asked; a method raises `RoomtoneError` to refuse.
        bus: what `watch` shows.
    """

    def __init__(self, path: Path, methods: Mapping[str, Method], bus: EventBus) -> None:
        self._path = path
        self._methods = methods
        self._bus = bus
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the socket, replacing that of a hub which is dead.

        Raises:
            AlreadyRunningError: a living hub answers there.
            StoreError: the socket cannot be made.
        """
        if len(os.fsencode(self._path)) > MAX_SOCKET_PATH_BYTES:
            raise StoreError(
                f"The path {self._path} is too long for a socket ({MAX_SOCKET_PATH_BYTES} bytes)."
                " Choose a shorter --state-dir."
            )
        try:
            await self._remove_stale()
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            try:
                listener.setblocking(False)  # noqa: FBT003  the socket module's own signature
                # fchmod before bind is what makes the file 0600 from its first moment.
                os.fchmod(listener.fileno(), 0o600)
                listener.bind(str(self._path))
                self._path.chmod(0o600)
                self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=MAX_LINE_BYTES)
            except BaseException:
                listener.close()
                raise
        except OSError as error:
            raise StoreError(f"The control socket {self._path} cannot be made: {error.strerror or error}.") from None

    async def _remove_stale(self) -> None:
        try:
            if not stat.S_ISSOCK(self._path.lstat().st_mode):
                raise StoreError(f"{self._path} is in the way and is no socket. Move it away.")
        except FileNotFoundError:
            return
        try:
            async with asyncio.timeout(SEND_S):
                _, writer = await asyncio.open_unix_connection(str(self._path))
        except ConnectionRefusedError:
            self._path.unlink(missing_ok=True)
            return
        except TimeoutError:
            pass  # somebody holds it, too busy to accept: as good as an answer
        else:
            writer.close()
        raise AlreadyRunningError(f"A hub already answers at {self._path}. Stop it first.")

    async def close(self) -> None:
        """Close the socket, end every client and remove the file."""
        if self._server is None:
            return
        self._server.close()
        for client in tuple(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._path.unlink(missing_ok=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer, full=len(self._clients) >= MAX_CLIENTS))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, full: bool) -> None:
        try:
            if full:
                raise BusyError(f"{MAX_CLIENTS} commands are already talking to this hub. Try again in a moment.")
            while await self._serve_one(reader, writer):
                pass
        except RoomtoneError as error:
            with contextlib.suppress(OSError, TimeoutError):
                await _send(writer, _refusal(None, error))
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client left or fell asleep, which is its right
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; returns whether another may follow."""
        try:
            async with asyncio.timeout(IDLE_S):
                line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise BadRequestError(f"A request is at most {MAX_LINE_BYTES >> 10} KiB.") from None
        number, method, params = _read_request(line)
        if method == "watch":
            await _send(writer, {"id": number, "result": {}})
            await self._watch(reader, writer)
            return False
        try:
            result = await self._run(method, params)
            answer = json.dumps({"id": number, "result": result})
        except RoomtoneError as error:
            answer = json.dumps(_refusal(number, error))
        except Exception:  # noqa: BLE001  a method's fault is logged and must not end the hub
            _LOG.exception("the control method %s failed", method)
            answer = json.dumps(_refusal(number, RoomtoneError("The hub failed at this; its log says where.")))
        await _send_line(writer, answer)
        return True

    async def _run(self, method: str, params: dict[str, Any]) -> Any:
        handler = self._methods.get(method)
        if handler is None:
            raise UnknownMethodError("This hub does not know that command. Do hub and command have one version?")
        try:
            async with asyncio.timeout(CALL_S):
                return await handler(params)
        except TimeoutError:
            raise BusyError("The hub did not finish this in time. Try again.") from None

    async def _watch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        events = EventQueue(self._bus)
        gone = asyncio.create_task(reader.read(1))
        following = asyncio.create_task(events.get())
        try:
            while True:
                await asyncio.wait({gone, following}, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                await _send(writer, following.result())
                following = asyncio.create_task(events.get())
        finally:
            events.close()
            gone.cancel()
            following.cancel()
            await asyncio.gather(gone, following, return_exceptions=True)


def _read_request(line: bytes) -> tuple[int | str | None, str, dict[str, Any]]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRequestError("The line is not JSON.") from None
    if not isinstance(request, dict):
        raise BadRequestError("A request is a JSON object.")
    number, method, params = request.get("id"), request.get("method"), request.get("params", {})
    if not isinstance(number, int | str | None) or not isinstance(method, str) or not isinstance(params, dict):
        raise BadRequestError("A request has an “id”, the text “method” and the object “params”.")
    return number, method, params


def _refusal(number: int | str | None, error: RoomtoneError) -> dict[str, Any]:
    return {"id": number, "error": {"code": error.code, "message": error.sentence, "retry": error.retry}}


async def _send(writer: asyncio.StreamWriter, value: dict[str, Any]) -> None:
    await _send_line(writer, json.dumps(value))


async def _send_line(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(line.encode() + b"\n")
    async with asyncio.timeout(SEND_S):
        await writer.drain()
