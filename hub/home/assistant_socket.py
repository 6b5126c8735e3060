"""One connection to Home Assistant's WebSocket: who asks gets the answer, and nobody else's."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp

from hub.errors import ConfigError
from hub.home.errors import BadValueError, HomeTimeoutError, NotAllowedError, ServiceNotFoundError
from hub.home.port import HomeError, HomeRefusedTokenError, HomeUnreachableError

CONNECT_S = 10.0
COMMAND_S = 10.0
CLOSE_S = 2.0
HEARTBEAT_S = 15.0
"""A ping this often; a peer that misses one answer is gone after half of it again."""
MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""All states of a house of some ten thousand devices; more is no house."""
MAX_PENDING = 500

_LOG = logging.getLogger(__name__)


class CommandError(HomeError):
    """Home Assistant answered a command with an error that has no closer class here.

    Attributes:
        reason: Home Assistant's own code.
        translation_key: its finer one, where it sent one.
    """

    def __init__(self, sentence: str, reason: str = "", translation_key: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason
        self.translation_key = translation_key


def websocket_url(url: str) -> str:
    """`http(s)://host:8123` to the address of its WebSocket.

    Raises:
        ConfigError: it is no such address.
    """
    scheme, _, rest = url.strip().partition("://")
    kinds = {"http": "ws", "https": "wss"}
    if scheme not in kinds or not rest.strip("/"):
        raise ConfigError(f"home.url is {url!r}; it must look like http://homeassistant.local:8123.")
    return f"{kinds[scheme]}://{rest.rstrip('/')}/api/websocket"


def command_error(error: object) -> HomeError:
    """The typed error for the `error` part of a result."""
    held: Mapping[str, Any] = error if isinstance(error, dict) else {}
    reason, key = str(held.get("code", "")), str(held.get("translation_key", ""))
    sentence = str(held.get("message", ""))[:500] or f"Home Assistant failed with {reason or 'no reason given'}."
    if key == "service_not_found" or (reason == "not_found" and "ervice" in sentence):
        return ServiceNotFoundError(sentence)
    if reason in ("service_validation_error", "invalid_format"):
        return BadValueError(sentence)
    if reason == "unauthorized":
        return NotAllowedError("The owner of Home Assistant's token is not allowed to do this.")
    return CommandError(sentence, reason, key)


class AssistantSocket:
    """An authenticated connection. One task reads; each command has a future of its own.

    Attributes:
        closed: done when the connection has ended, for whatever reason.
    """

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._handlers: dict[int, Callable[[Mapping[str, Any]], None]] = {}
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, url: str, token: str) -> Self:
        """Connect and authenticate.

        Args:
            session: who owns the sockets.
            url: as `websocket_url` gives it.
            token: a long-lived access token; it is sent, never kept or logged.

        Raises:
            HomeUnreachableError: nobody answers, or not like Home Assistant.
            HomeRefusedTokenError: the token is not accepted.
        """
        websocket = None
        try:
            async with asyncio.timeout(CONNECT_S):
                websocket = await session.ws_connect(
                    url,
                    heartbeat=HEARTBEAT_S,
                    max_msg_size=MAX_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                )
                await _authenticate(websocket, token)
        except BaseException as error:
            if websocket is not None:
                await websocket.close()
            if isinstance(error, (aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError)):
                raise HomeUnreachableError(
                    f"Home Assistant cannot be reached ({_why(error)}). Check home.url and that it runs; "
                    "the hub keeps trying."
                ) from error
            raise
        connection = cls(websocket)
        connection._reader = asyncio.create_task(connection._read(), name="home-assistant-reader")
        return connection

    async def command(self, kind: str, *, deadline_s: float = COMMAND_S, **fields: Any) -> Any:
        """Send one command and wait for its own result.

        Raises:
            HomeUnreachableError: the connection is or goes down.
            HomeTimeoutError: no answer in time.
            HomeError: Home Assistant refuses; see `command_error`.
        """
        return await self._send(next(self._numbers), kind, deadline_s, fields)

    async def subscribe(self, kind: str, handler: Callable[[Mapping[str, Any]], None], **fields: Any) -> None:
        """Send a subscribing command; `handler(event)` is called by the reader and must be quick.

        Raises:
            HomeError: as `command`.
        """
        number = next(self._numbers)
        # The first events may come in the same breath as the result.
        self._handlers[number] = handler
        try:
            await self._send(number, kind, COMMAND_S, fields)
        except BaseException:
            self._handlers.pop(number, None)
            raise

    async def close(self) -> None:
        """End the connection; every command that waits gets `HomeUnreachableError`."""
        await self._websocket.close()
        if self._reader is not None:
            await self._reader

    async def _send(self, number: int, kind: str, deadline_s: float, fields: Mapping[str, Any]) -> Any:
        if self.closed.done():
            raise _gone()
        if len(self._pending) >= MAX_PENDING:
            raise HomeTimeoutError("Too many calls wait for Home Assistant already.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        try:
            async with asyncio.timeout(deadline_s):
                await self._websocket.send_json({"id": number, "type": kind, **fields})
                return await future
        except TimeoutError as error:
            raise HomeTimeoutError(f"Home Assistant did not answer within {deadline_s:.0f} seconds.") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise _gone() from error
        finally:
            self._pending.pop(number, None)

    async def _read(self) -> None:
        try:
            async for message in self._websocket:
                if message.type is aiohttp.WSMsgType.TEXT and not self._take(message.data):
                    _LOG.warning("Home Assistant sent something that is not JSON; connecting anew")
                    break
        finally:
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(_gone())
            if not self.closed.done():
                self.closed.set_result(None)
            await self._websocket.close()

    def _take(self, text: str) -> bool:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return False
        for part in message if isinstance(message, list) else [message]:
            number = part.get("id") if isinstance(part, dict) else None
            if isinstance(number, int):
                self._deliver(number, part)
        return True

    def _deliver(self, number: int, part: Mapping[str, Any]) -> None:
        if part.get("type") == "result":
            future = self._pending.get(number)
            if future is not None and not future.done():
                if part.get("success") is True:
                    future.set_result(part.get("result"))
                else:
                    future.set_exception(command_error(part.get("error")))
        elif part.get("type") == "event":
            handler, event = self._handlers.get(number), part.get("event")
            if handler is not None and isinstance(event, dict):
                handler(event)


async def _authenticate(websocket: aiohttp.ClientWebSocketResponse, token: str) -> None:
    hello = await websocket.receive_json()
    if not isinstance(hello, dict) or hello.get("type") != "auth_required":
        raise ValueError("it does not speak like Home Assistant")
    await websocket.send_json({"type": "auth", "access_token": token})
    answer = await websocket.receive_json()
    kind = answer.get("type") if isinstance(answer, dict) else None
    if kind == "auth_invalid":
        raise HomeRefusedTokenError(
            "Home Assistant does not accept the token. Make a long-lived access token in your Home Assistant "
            "profile under Security, and put it into home.token_file."
        )
    if kind != "auth_ok":
        raise ValueError("it does not speak like Home Assistant")


def _gone() -> HomeUnreachableError:
    return HomeUnreachableError("The connection to Home Assistant is down; the hub keeps trying.")


def _why(error: BaseException) -> str:
    return str(error)[:200] or type(error).__name__
