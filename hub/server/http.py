"""The HTTPS and WebSocket API.

`/health` answers everybody, with nothing about the house. Everything else asks for `Authorization: Bearer TOKEN`.
What can be done is a POST with a JSON object, `/api/v1/NAME`, and answers when it is done.
Errors are JSON, `{"error": {"code", "message", "retry"}}`, here as everywhere.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from aiohttp import WSCloseCode, web

from hub import __version__
from hub.errors import PortInUseError
from hub.events import EventBus
from hub.metrics import CONTENT_TYPE, Metrics
from hub.server.control import CALL_S, BadRequestError, EventQueue, Method
from protocol.errors import AuthenticationError, RoomtoneError

_LOG = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 64 * 1024
MAX_HEADER_BYTES: Final = 8190
MAX_WATCHERS: Final = 16
MAX_CONNECTIONS: Final = 128
REQUEST_S: Final = 15.0
HEARTBEAT_S: Final = 20.0
SHUTDOWN_S: Final = 2.0

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class HttpServer:
    """Serves the API.

    Args:
        tls: the hub's server context; None serves plain HTTP, for tests on loopback alone.
        host: address to listen on.
        port: 0 takes a free one.
        token: what `Authorization: Bearer` must hold.
        status: the hub in a few facts; troubles of home, recogniser, voice and engine make the health degraded.
        rooms: areas, satellites and decisions.
        metrics: rendered under `/metrics`.
        bus: streamed under `/api/v1/events`.
        actions: what can be done, by name; `announce` is a POST to `/api/v1/announce`.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        host: str,
        port: int,
        *,
        token: str,
        status: Callable[[], dict[str, Any]],
        rooms: Callable[[], dict[str, Any]],
        metrics: Metrics,
        bus: EventBus,
        actions: Mapping[str, Method] = MappingProxyType({}),
    ) -> None:
        self._tls, self._host, self._port = tls, host, port
        self._token = token.encode()
        self._status, self._rooms, self._metrics, self._bus = status, rooms, metrics, bus
        self._actions = actions
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self._silent: set[web.RequestHandler] = set()
        self._watchers: set[web.WebSocketResponse] = set()

    async def start(self) -> int:
        """Listen; returns the port.

        Raises:
            PortInUseError: another program listens there, or this machine does not have the address.
        """
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/health", self._get_health)
        app.router.add_get("/metrics", self._get_metrics)
        app.router.add_get("/api/v1/status", self._get_status)
        app.router.add_get("/api/v1/rooms", self._get_rooms)
        app.router.add_get("/api/v1/events", self._get_events)
        for name in self._actions:
            app.router.add_post(f"/api/v1/{name}", self._post_action)
        app.on_response_prepare.append(_secure)
        app.on_shutdown.append(self._end_watchers)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=REQUEST_S,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            lingering_time=SHUTDOWN_S,
            shutdown_timeout=SHUTDOWN_S,
        )
        await runner.setup()
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                lambda: self._connect(runner),
                self._host,
                self._port,
                ssl=self._tls,
                ssl_handshake_timeout=REQUEST_S if self._tls else None,
            )
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(
                    f"Port {self._port} is taken by another program. Choose another with --http-port, or 0 for any."
                ) from None
            raise PortInUseError(
                f"The address {self._host}, port {self._port}, cannot be listened on: {error.strerror or error}."
            ) from None
        self._runner, self._listener = runner, listener
        return int(listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """End every request and stop listening."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _connect(self, runner: web.AppRunner) -> asyncio.Protocol:
        """The library gives a new connection unlimited time for its first request, and any number of them."""
        if runner.server is None:
            raise RuntimeError("the runner is not set up")
        if len(runner.server.connections) >= MAX_CONNECTIONS:
            return _Refused()
        connection: web.RequestHandler = runner.server()
        self._silent.add(connection)
        # The TLS handshake, which comes first, has its own deadline.
        asyncio.get_running_loop().call_later(2 * REQUEST_S, self._drop_if_silent, connection)
        return connection

    def _drop_if_silent(self, connection: web.RequestHandler) -> None:
        if connection in self._silent:
            self._silent.discard(connection)
            if connection.transport is not None:
                connection.transport.abort()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Ask for the token, bound the time, and give every error its JSON."""
        self._silent.discard(request.protocol)
        try:
            if request.path != "/health":
                self._require_token(request)
            if request.path == "/api/v1/events" or request.method == "POST":  # these bound their time themselves
                return await handler(request)
            async with asyncio.timeout(REQUEST_S):
                return await handler(request)
        except web.HTTPException as error:
            code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status, "bad_request")
            return _error(error.status, code, f"{error.reason}.")
        except TimeoutError:
            return _error(503, "busy", "The hub did not finish this in time. Try again.", retry=True)
        except RoomtoneError as error:
            stranger = isinstance(error, AuthenticationError)
            headers = {"WWW-Authenticate": 'Bearer realm="roomtone"'} if stranger else None
            status = 401 if stranger else 400 if isinstance(error, BadRequestError) else 409
            return _error(status, error.code, error.sentence, headers, retry=error.retry)
        except Exception:  # noqa: BLE001  a request's fault is logged and must not end the hub
            _LOG.exception("a request failed")
            return _error(500, "internal", "The hub failed at this; its log says where.")

    def _require_token(self, request: web.Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        # Compared even when the scheme is wrong, so that time tells nothing.
        right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token)
        if scheme.lower() != "bearer" or not right:
            raise AuthenticationError(
                "This needs the header “Authorization: Bearer TOKEN”. “roomtone token” prints the token."
            )

    async def _get_health(self, _request: web.Request) -> web.Response:
        return web.json_response(_health(self._status()))

    async def _get_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _get_status(self, _request: web.Request) -> web.Response:
        return web.json_response(self._status())

    async def _get_rooms(self, _request: web.Request) -> web.Response:
        return web.json_response(self._rooms())

    async def _post_action(self, request: web.Request) -> web.Response:
        """Do it; what is said aloud takes longer than a page."""
        try:
            async with asyncio.timeout(REQUEST_S):
                params = json.loads(await request.text())
        except (ValueError, RecursionError):
            raise BadRequestError("The body is not JSON.") from None
        if not isinstance(params, dict):
            raise BadRequestError("The body is a JSON object.")
        async with asyncio.timeout(CALL_S):
            return web.json_response(await self._actions[request.path.rpartition("/")[2]](params))

    async def _get_events(self, request: web.Request) -> web.StreamResponse:
        if len(self._watchers) >= MAX_WATCHERS:
            return _error(503, "busy", f"{MAX_WATCHERS} programs already watch this hub.", retry=True)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_BODY_BYTES)
        if not socket.can_prepare(request):
            return _error(426, "upgrade_required", "This is a WebSocket.", {"Upgrade": "websocket"})
        await socket.prepare(request)
        self._watchers.add(socket)
        events = EventQueue(self._bus)
        sender = asyncio.create_task(_stream(socket, events))
        try:
            # What a watcher says is read, so that its pings are answered and its leaving is seen, and is ignored.
            async for _ in socket:
                pass
        finally:
            self._watchers.discard(socket)
            events.close()
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return socket

    async def _end_watchers(self, _app: web.Application) -> None:
        await asyncio.gather(
            *(socket.close(code=WSCloseCode.GOING_AWAY, message=b"the hub stops") for socket in tuple(self._watchers))
        )


async def _stream(socket: web.WebSocketResponse, events: EventQueue) -> None:
    try:
        while True:
            text = json.dumps(await events.get())
            async with asyncio.timeout(REQUEST_S):
                await socket.send_str(text)
    except (OSError, TimeoutError):
        # The watcher left, or takes nothing any more; closing wakes the reader above, which ends the request.
        await socket.close()


def _health(status: dict[str, Any]) -> dict[str, Any]:
    """What ails the hub, in codes alone: nothing of the house is told to strangers."""
    home = (status.get("home") or {}).get("trouble")
    parts = {part: (status.get(part) or {}).get("trouble") for part in ("recogniser", "voice")}
    missing = {part: trouble.get("code") for part, trouble in parts.items() if trouble}
    engine = status.get("engine_state") or {}
    ill = home or missing or engine.get("state", "ready") != "ready"
    health: dict[str, Any] = {"status": "degraded" if ill else "ok", "version": __version__}
    if home:
        health["code"] = home.get("code")
    if missing:
        health["missing"] = missing
    if engine:
        health["engine"] = {"name": status.get("engine"), "state": engine.get("state")}
        if engine.get("trouble"):
            health["engine"]["code"] = engine["trouble"].get("code")
    return health


def _error(
    status: int, code: str, message: str, headers: dict[str, str] | None = None, *, retry: bool = False
) -> web.Response:
    body = {"error": {"code": code, "message": message, "retry": retry}}
    return web.json_response(body, status=status, headers=headers)


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers["Server"] = "roomtone"
