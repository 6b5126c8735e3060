"""What waits to be sent to one client: bounded, so that a client that does not read costs only itself."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

from aiohttp import web

MAX_WAITING_BYTES: Final = 1 << 20
MAX_WAITING_S: Final = 10.0
SOCKET_BYTES: Final = 1 << 17
LINGER_S: Final = 5.0


class Outgoing:
    """The queue to one client and the task that empties it.

    Attributes:
        too_slow: set when the client has not taken what was sent in time.
    """

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.too_slow = asyncio.Event()
        self._websocket = websocket
        self._transport = transport
        self._clock = clock
        self._waiting: deque[tuple[float, bytes | str]] = deque()
        self._bytes = 0
        self._more = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._write(), name="engine-writer")

    def send(self, message: bytes | str) -> None:
        """Queue a message. Never blocks; after `too_slow` it does nothing."""
        if self.too_slow.is_set():
            return
        now = self._clock()
        self._waiting.append((now, message))
        self._bytes += len(message)
        if self._bytes > MAX_WAITING_BYTES or now - self._waiting[0][0] > MAX_WAITING_S:
            self._waiting.clear()
            self._bytes = 0
            self.too_slow.set()
        self._more.set()

    async def close(self, code: int, reason: str) -> None:
        """Send what waits, then a close with this code; the connection is gone when this returns."""
        self._closing = True
        self._more.set()
        # A task of its own: writers of one connection wait for the same future, and each that is cancelled cancels it.
        finishing = asyncio.create_task(self._finish(code, reason), name="engine-close")
        try:
            await asyncio.wait((finishing,), timeout=LINGER_S)
        finally:
            finishing.cancel()
            self._task.cancel()
            await asyncio.gather(finishing, self._task, return_exceptions=True)
            if self._transport is not None and self._transport.get_write_buffer_size():
                self._transport.abort()

    async def _finish(self, code: int, reason: str) -> None:
        if not self.too_slow.is_set():
            await asyncio.wait((self._task,))
        await self._websocket.close(code=code, message=reason.encode()[:120])

    async def _write(self) -> None:
        while not self._closing or self._waiting:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                message = self._waiting[0][1]
                if isinstance(message, str):
                    await self._websocket.send_str(message)
                else:
                    await self._websocket.send_bytes(message)
                if self._waiting:
                    self._waiting.popleft()
                    self._bytes -= len(message)


def limit_socket(request: web.Request) -> None:
    """Keep the system's own send buffer small, so that a client that stops reading is noticed within seconds."""
    sock = None if request.transport is None else request.transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
