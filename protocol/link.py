"""Opening links: `connect` for a satellite, `serve` for a hub. TLS 1.3 always.

TLS is started by hand on an accepted connection, because only so can the buffer below TLS be bounded too: sound
that waits there would be seconds old before anybody could drop it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl as tls
from collections.abc import Awaitable, Callable
from typing import Final, cast

from protocol.connection import Link, LinkHandler, monotonic_us
from protocol.errors import LinkClosedError, LinkTimeoutError, RoomtoneError
from protocol.limits import LinkLimits, LinkStats

__all__ = ["Link", "LinkHandler", "LinkLimits", "LinkServer", "LinkStats", "connect", "monotonic_us", "serve"]

_LOG: Final = logging.getLogger(__name__)
_TLS_TIMEOUT_S: Final = 5.0
_SEND_BUFFER_BYTES: Final = 32 * 1024
_UNSENT_BYTES: Final = 4 * 1024
_EXPEDITED: Final = 0xB8  # DSCP EF: the voice queue of a wireless network
_DEAD_AFTER_MS: Final = 6000
_NOTSENT_LOWAT: Final = 25  # Linux; Python's socket module has no name for it


def _tune(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    options = [(socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", None), _DEAD_AFTER_MS)]
    options.append((socket.IPPROTO_TCP, _NOTSENT_LOWAT if hasattr(socket, "TCP_USER_TIMEOUT") else None, _UNSENT_BYTES))
    if connection.family == socket.AF_INET6:
        options.append((socket.IPPROTO_IPV6, getattr(socket, "IPV6_TCLASS", None), _EXPEDITED))
    else:
        options.append((socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED))
    for level, option, value in options:
        if option is not None:
            with contextlib.suppress(OSError):  # a kernel without the option works, only a little worse
                connection.setsockopt(level, option, value)


class _Doorstep(asyncio.Protocol):
    """Holds a bare TCP connection still until TLS begins."""

    def __init__(self, opened: Callable[[asyncio.Transport], None] | None = None) -> None:
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        bare = cast("asyncio.Transport", transport)
        bare.pause_reading()
        bare.set_write_buffer_limits(high=_UNSENT_BYTES)
        _tune(bare.get_extra_info("socket"))
        if self._opened is not None:
            self._opened(bare)


async def _secure(bare: asyncio.Transport, link: Link, context: tls.SSLContext, *, server_side: bool) -> None:
    try:
        secured = await asyncio.get_running_loop().start_tls(
            bare,
            link,
            context,
            server_side=server_side,
            ssl_handshake_timeout=_TLS_TIMEOUT_S,
            ssl_shutdown_timeout=1.0,
        )
    except BaseException:
        bare.abort()
        raise
    if secured is None:
        raise ConnectionResetError("closed during the TLS handshake")
    link.connection_made(secured)


async def connect(
    host: str,
    port: int,
    *,
    ssl: tls.SSLContext,
    timeout_s: float = 5.0,
    now_us: Callable[[], int] = monotonic_us,
    limits: LinkLimits | None = None,
) -> Link:
    """Open a link to a hub.

    Raises:
        LinkTimeoutError: nobody answered within `timeout_s`.
        LinkClosedError: nobody listens there, or it does not speak TLS 1.3.
    """
    try:
        async with asyncio.timeout(timeout_s):
            bare, _ = await asyncio.get_running_loop().create_connection(_Doorstep, host, port)
            link = Link(now_us=now_us, limits=limits)
            await _secure(bare, link, ssl, server_side=False)
    except TimeoutError:
        raise LinkTimeoutError(f"No hub answered at {host}:{port}; is it running and reachable?") from None
    except OSError as error:  # TLS errors are OSErrors too
        raise LinkClosedError(f"No Roomtone hub can be reached at {host}:{port} ({type(error).__name__}).") from error
    return link


class LinkServer:
    """A listening port and its links. Made by `serve`.

    Attributes:
        refused: connections turned away because too many were open.
    """

    def __init__(
        self,
        context: tls.SSLContext,
        on_link: Callable[[Link], Awaitable[None]],
        *,
        max_links: int,
        max_unauthenticated: int,
        now_us: Callable[[], int],
        limits: LinkLimits | None,
    ) -> None:
        self.refused = 0
        self._context = context
        self._on_link = on_link
        self._max_links = max_links
        self._max_unauthenticated = max_unauthenticated
        self._now_us = now_us
        self._limits = limits
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server and self._server.sockets else 0

    @property
    def links(self) -> frozenset[Link]:
        """Every open link, those in the TLS handshake included."""
        return frozenset(self._links)

    async def listen(self, host: str | None, port: int) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be had.
        """
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Doorstep(self._opened), host, port, reuse_address=True
        )

    async def close(self) -> None:
        """Stop listening and end every link."""
        if self._server is not None:
            self._server.close()
        open_links = [link for link in self._links if link.peer]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(link.wait_closed() for link in open_links))
        if self._server is not None:
            await self._server.wait_closed()

    def _opened(self, bare: asyncio.Transport) -> None:
        strangers = sum(not link.authenticated for link in self._links)
        if len(self._links) >= self._max_links or strangers >= self._max_unauthenticated:
            self.refused += 1
            bare.abort()
            return
        link = Link(now_us=self._now_us, limits=self._limits)
        self._links.add(link)
        task = asyncio.get_running_loop().create_task(self._run(bare, link))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, bare: asyncio.Transport, link: Link) -> None:
        try:
            await _secure(bare, link, self._context, server_side=True)
        except OSError as error:
            _LOG.debug("no TLS handshake with %s: %s", bare.get_extra_info("peername"), type(error).__name__)
            self._links.discard(link)
            return
        except asyncio.CancelledError:
            self._links.discard(link)
            raise
        try:
            await self._on_link(link)
            await link.wait_closed()
        except RoomtoneError as error:
            link.fail(error)
            await link.wait_closed()
        except Exception:  # noqa: BLE001 - a fault of ours costs this satellite only, and is logged whole
            _LOG.exception("greeting %s failed", link.peer)
            link.fail(RoomtoneError("An internal fault ended this connection; the hub's log has the details."))
            await link.wait_closed()
        finally:
            if not link.closed:
                link.close("the hub shuts down")
            self._links.discard(link)


async def serve(
    host: str | None,
    port: int,
    *,
    ssl: tls.SSLContext,
    on_link: Callable[[Link], Awaitable[None]],
    max_links: int = 128,
    max_unauthenticated: int = 32,
    now_us: Callable[[], int] = monotonic_us,
    limits: LinkLimits | None = None,
) -> LinkServer:
    """Listen for satellites; `on_link` runs once for each, in a task that the server owns.

    A `RoomtoneError` that leaves `on_link` is told to the peer and ends its link.

    Raises:
        OSError: the address cannot be had, e.g. the port is in use.
    """
    server = LinkServer(
        ssl,
        on_link,
        max_links=max_links,
        max_unauthenticated=max_unauthenticated,
        now_us=now_us,
        limits=limits,
    )
    await server.listen(host, port)
    return server
