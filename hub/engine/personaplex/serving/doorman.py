"""Answers a request head that is too long, which aiohttp does so that the client never sees it.

A server that closes while the client still sends resets the connection, and the client loses the answer with it. So
the answer is sent, and the rest of what the client sends is read and thrown away for a while.
"""

from __future__ import annotations

import asyncio
from typing import Final

MAX_HEAD_BYTES: Final = 1 << 17
LINGER_S: Final = 5.0

_END: Final = b"\r\n\r\n"
_SENTENCE: Final = b"The prompt, or what else stands in the address, is too long for the engine.\n"
_ANSWER: Final = (
    b"HTTP/1.1 414 URI Too Long\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE)
)


class Doorman(asyncio.Protocol):
    """Stands before the HTTP server's protocol of one connection until its first request head is complete."""

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._seen = 0
        self._tail = b""
        self._headed = False
        self._refused: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection on."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of the first head; hand on what is not too long."""
        if self._refused is not None:
            return
        if not self._headed:
            joined = self._tail + data
            end = joined.find(_END)
            self._headed = end >= 0
            length = self._seen + len(data) if end < 0 else self._seen - len(self._tail) + end
            if length > MAX_HEAD_BYTES and self._transport is not None:
                self._refuse(self._transport)
                return
            self._seen += len(data)
            self._tail = joined[-len(_END) + 1 :]
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand on."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on."""
        if self._refused is not None:
            self._refused.cancel()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hand on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand on."""
        self._inner.resume_writing()

    def _refuse(self, transport: asyncio.Transport) -> None:
        transport.write(_ANSWER)
        transport.write_eof()
        self._refused = asyncio.get_running_loop().call_later(LINGER_S, transport.abort)
