"""The engine's HTTP side: one route for both protocols, one for its health, admission, and the end of it all."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from hub import __version__
from hub.engine.personaplex.port import Model, ModelLostError, Prompt, PromptError, VoiceError
from hub.engine.personaplex.serving.conversation import Conversation, Ending, SessionLimits
from hub.engine.personaplex.serving.doorman import MAX_HEAD_BYTES, Doorman
from hub.engine.personaplex.serving.extension_conversation import ExtensionConversation
from hub.engine.personaplex.serving.outgoing import LINGER_S, Outgoing, limit_socket
from hub.engine.personaplex.serving.reference_conversation import ReferenceConversation
from hub.engine.personaplex.serving.ticker import Ticker
from hub.engine.personaplex.wire import (
    HEALTH_ROUTE,
    MAX_MESSAGE_BYTES,
    MAX_PROMPT_CHARS,
    ROUTE,
    SUBPROTOCOL,
    CloseCode,
    Kind,
)
from hub.engine.port import EngineError

_LOG = logging.getLogger(__name__)

SPARE_CONNECTIONS: Final = 32
_STOP_S: Final = 0.7
_CLEAN_UP_S: Final = 0.2
_WATCH_S: Final = 1.0


class PromptTooLongError(PromptError):
    """A persona prompt with more characters than any model takes."""

    code = "engine_prompt"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to serve.

    Attributes:
        default: what a client of the reference protocol gets that names neither voice nor prompt.
        context_frames: the window that the user has set, if any.
        loopback: whether only this machine can connect.
        origins: web origins that may connect besides loopback's; "*" is all.
    """

    default: Prompt
    limits: SessionLimits = field(default_factory=SessionLimits)
    context_frames: int | None = None
    loopback: bool = True
    origins: tuple[str, ...] = ()


class EngineServer:
    """Serves one model on one socket.

    Attributes:
        lost: resolved when the model is gone; every client has been told.
    """

    def __init__(self, model: Model, options: ServerOptions) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[ModelLostError] = loop.create_future()
        self._model = model
        self._options = options

        def post(action: Callable[[], None]) -> None:
            loop.call_soon_threadsafe(action)

        self._ticker = Ticker(model, post, on_lost=self._on_lost)
        self._open: dict[asyncio.Task[Ending], Conversation] = {}
        self._connected = 0
        self._stopping = False
        app = web.Application()
        app.router.add_get(ROUTE, self._chat)
        app.router.add_get(HEALTH_ROUTE, self._health)
        # Prompts stand in the address: no access log.
        self._runner = web.AppRunner(
            app, max_line_size=2 * MAX_HEAD_BYTES, access_log=None, handle_signals=False, shutdown_timeout=_CLEAN_UP_S
        )
        self._listening: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def ticker(self) -> Ticker:
        """What moves the model."""
        return self._ticker

    async def start(self, sock: socket.socket) -> None:
        """Begin to tick and to listen on this bound socket."""
        self._ticker.start()
        self._watch = asyncio.create_task(self._watch_ticker(), name="engine-watch")
        await self._runner.setup()
        http = self._runner.server
        if http is None:
            raise RuntimeError("a runner that was set up has a server")
        self._listening = await asyncio.get_running_loop().create_server(lambda: Doorman(http()), sock=sock)

    async def close(self) -> None:
        """Tell every client, then end everything."""
        self._stopping = True
        if self._listening is not None:
            self._listening.close()
        for conversation in self._open.values():
            conversation.end(Ending(CloseCode.STOPPING, "The engine is being stopped.", retry=True))
        if self._open:
            _done, late = await asyncio.wait(tuple(self._open), timeout=_STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._runner.cleanup()
        await asyncio.to_thread(self._ticker.stop)

    def _on_lost(self, error: ModelLostError) -> None:
        if not self.lost.done():
            self.lost.set_result(error)

    async def _watch_ticker(self) -> None:
        """A GPU that hangs raises nothing: a call of half a minute is a loss too."""
        while True:
            await asyncio.sleep(_WATCH_S)
            if self._ticker.stuck:
                break
        error = ModelLostError("The model has not answered for half a minute; the engine must be started again.")
        for conversation in self._open.values():
            conversation.end(Ending.by(error))
        self._on_lost(error)

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _health(self, _request: web.Request) -> web.Response:
        stats, info = self._ticker.stats, self._model.info
        body = {
            "version": __version__,
            "model": info.name,
            "device": info.device,
            "dtype": info.dtype,
            "context_frames": info.context_frames,
            "voices": list(self._model.voices),
            "rows": info.rows,
            "busy": self._ticker.busy,
            "lost": self._ticker.lost is not None or self.lost.done(),
            "late_ms": round(1000 * max(0.0, stats.late_s), 1),
            "step_ms": {"p50": round(stats.step_ms(0.5), 2), "p99": round(stats.step_ms(0.99), 2)},
            "ticks": stats.ticks,
            "skipped_ticks": stats.skipped_ticks,
            "dropped_frames": stats.dropped_frames,
            "renewals": self._ticker.renewals,
        }
        return web.json_response(body, status=503 if body["lost"] else 200)

    async def _chat(self, request: web.Request) -> web.WebSocketResponse:
        self._admit(request)
        websocket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), max_msg_size=MAX_MESSAGE_BYTES, timeout=LINGER_S, compress=False
        )
        if not websocket.can_prepare(request).ok:
            raise web.HTTPUpgradeRequired(text=f"{ROUTE} is a WebSocket.", headers={"Upgrade": "websocket"})
        self._connected += 1
        try:
            await self._serve(websocket, request)
        finally:
            self._connected -= 1
        return websocket

    async def _serve(self, websocket: web.WebSocketResponse, request: web.Request) -> None:
        limit_socket(request)
        await websocket.prepare(request)
        transport = request.transport
        outgoing = Outgoing(websocket, transport if isinstance(transport, asyncio.Transport) else None)
        try:
            conversation = self._conversation(websocket, outgoing, request)
        except EngineError as error:
            outgoing.send(bytes([Kind.ERROR]) + error.sentence.encode())
            too_long = isinstance(error, PromptTooLongError)
            await outgoing.close(Ending.by(error, CloseCode.TOO_BIG if too_long else None).close, error.sentence)
            return
        serving = asyncio.create_task(conversation.run(self._options.limits), name="engine-conversation")
        self._open[serving] = conversation
        try:
            ending = await asyncio.shield(serving)
            _LOG.info("a session ended: %s", "the client left" if ending.gone else ending.close)
        finally:
            if not serving.done():
                serving.cancel()
            del self._open[serving]

    def _conversation(self, websocket: web.WebSocketResponse, outgoing: Outgoing, request: web.Request) -> Conversation:
        given = self._options.context_frames
        if websocket.ws_protocol == SUBPROTOCOL:
            window = self._ticker.window(live=True, given_frames=given)
            return ExtensionConversation(websocket, outgoing, self._ticker, window)
        window = self._ticker.window(live=False, given_frames=given)
        return ReferenceConversation(websocket, outgoing, self._ticker, self._prompt(request), window)

    def _prompt(self, request: web.Request) -> Prompt:
        """Voice and prompt of the reference protocol's address; what else stands there is ignored as it does.

        Raises:
            PromptError: missing, empty or too long.
            VoiceError: missing or unknown.
        """
        voice, text = request.query.get("voice_prompt"), request.query.get("text_prompt")
        if voice is None and text is None:
            return self._options.default
        if voice not in self._model.voices:
            known = ", ".join(self._model.voices[:20])
            raise VoiceError(f"voice_prompt must name a voice of this engine. It has: {known}.")
        if text is None or not text.strip():
            raise PromptError("text_prompt must say in words who the assistant is; it is missing or empty.")
        if len(text) > MAX_PROMPT_CHARS:
            raise PromptTooLongError(f"text_prompt has {len(text)} characters; {MAX_PROMPT_CHARS} are the limit.")
        return Prompt(voice, text)

    def _admit(self, request: web.Request) -> None:
        """Refuse before the upgrade what is no client at all.

        Raises:
            HTTPForbidden: a web page of another origin.
            HTTPServiceUnavailable: too many connections, or the engine is ending.
        """
        if self._stopping or self.lost.done():
            raise web.HTTPServiceUnavailable(text="The engine is being stopped.")
        if self._connected >= self._model.info.rows + SPARE_CONNECTIONS:
            raise web.HTTPServiceUnavailable(text="Too many connections to the engine.")
        origin = request.headers.get("Origin")
        if origin is not None and not self._allowed(origin, request.host):
            raise web.HTTPForbidden(text="This web origin may not use the engine; allow it with --allow-origin.")

    def _allowed(self, origin: str, host: str) -> bool:
        """Web pages of this machine may connect, others where they were allowed; behind a name, its own pages too."""
        if "*" in self._options.origins or origin in self._options.origins:
            return True
        name = urlsplit(origin).hostname or ""
        if is_loopback(name):
            return True
        return not self._options.loopback and name == urlsplit(f"//{host}").hostname


def is_loopback(name: str) -> bool:
    """Whether this host name or address is this machine alone."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
