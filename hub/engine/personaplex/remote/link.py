"""One connection to the reference server, from the first byte to the last (`wire.Kind`).

The server sends no pings and takes its clients one after another behind a lock, silently. Two facts tell more than it
says. While it reads our prompt it receives from our socket and so answers WebSocket pings; while it serves somebody
else it does not. And in a running session a frame comes every 80 ms.
"""

from __future__ import annotations

import asyncio
from typing import Final

import aiohttp
from aiohttp import WSMsgType
from yarl import URL

from hub.engine.personaplex.faults import EngineDownError, EngineRefusedError, EngineSilentError, closed
from hub.engine.personaplex.remote.request import RemoteOptions, trust
from hub.engine.personaplex.wire import MAX_MESSAGE_BYTES, Kind
from hub.engine.port import EngineBusyError, EngineError

_CLOSE_S: Final = 1.0
_SEND_S: Final = 2.0
_PING: Final = b"whose turn"


class RemoteCertificateError(EngineError):
    """The server's certificate is not the one to trust: another server, or somebody in between."""

    code = "engine_certificate"
    retry = False


class RemoteDroppedError(EngineError):
    """The server dropped the connection in place of a greeting."""

    code = "engine_dropped"
    retry = True


class RemoteLink:
    """A session that the server has greeted; audio may be sent."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, silent_s: float) -> None:
        self._websocket = websocket
        self._silent_s = silent_s

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: URL, options: RemoteOptions) -> RemoteLink:
        """Connect and wait for the greeting. No audio is sent before it: the server would lose its beginning.

        Raises:
            EngineBusyError: the server serves somebody else.
            RemoteCertificateError: its certificate is not to be trusted.
            EngineError: it is not there, refuses, drops us or does not answer in time.
        """
        try:
            async with asyncio.timeout(options.connect_s):
                websocket = await http.ws_connect(
                    url,
                    ssl=trust(options),
                    autoping=False,
                    max_msg_size=MAX_MESSAGE_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
        except (aiohttp.ServerFingerprintMismatch, aiohttp.ClientSSLError) as fault:
            raise RemoteCertificateError(
                "The voice server's certificate is not the one to trust. If it signs its own, put its SHA-256 into "
                "engine.fingerprint."
            ) from fault
        except aiohttp.WSServerHandshakeError as fault:
            if fault.status in (429, 503):
                raise EngineBusyError("The voice server has no place free.") from fault
            raise EngineRefusedError(f"The voice server answered HTTP {fault.status} to a session.") from fault
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            raise EngineDownError("The voice server is not reachable; check engine.url and that it runs.") from fault
        try:
            await _greeting(websocket, options)
        except BaseException as fault:
            await websocket.close()
            if isinstance(fault, (aiohttp.ClientError, OSError)):
                raise EngineDownError("The connection to the voice server broke.") from fault
            raise
        return cls(websocket, options.silent_s)

    async def send(self, kind: Kind, payload: bytes) -> None:
        """Send one message.

        Raises:
            EngineError: the server does not take it, or is gone.
        """
        try:
            async with asyncio.timeout(_SEND_S):
                await self._websocket.send_bytes(bytes((kind,)) + payload)
        except TimeoutError as late:
            raise EngineSilentError("The voice server has stopped to take audio.") from late
        except (aiohttp.ClientError, OSError) as fault:
            raise closed(self._websocket.close_code) from fault

    async def receive(self) -> tuple[int, bytes]:
        """Kind and payload of the next message.

        Raises:
            EngineSilentError: none came in time.
            EngineError: the server ended the session.
        """
        try:
            async with asyncio.timeout(self._silent_s):
                while True:
                    message = await self._websocket.receive()
                    if message.type is WSMsgType.BINARY and message.data:
                        return message.data[0], message.data[1:]
                    await _attend(self._websocket, message)
        except TimeoutError as late:
            raise EngineSilentError(f"The voice server has been silent for {self._silent_s:g} seconds.") from late
        except (aiohttp.ClientError, OSError) as fault:
            raise closed(self._websocket.close_code) from fault

    async def close(self) -> None:
        """End it, and wait until the server knows: it serves nobody else before."""
        await self._websocket.close()


async def _greeting(websocket: aiohttp.ClientWebSocketResponse, options: RemoteOptions) -> None:
    """Wait for the handshake byte."""
    ours = False
    try:
        async with asyncio.timeout(options.handshake_s), asyncio.timeout(options.busy_s) as busy:
            await websocket.ping(_PING)
            while True:
                message = await websocket.receive()
                if message.type in (WSMsgType.PONG, WSMsgType.BINARY) and not ours:
                    ours = True
                    busy.reschedule(None)
                if message.type is WSMsgType.BINARY and message.data[:1] == bytes((Kind.HANDSHAKE,)):
                    return
                if message.type is WSMsgType.BINARY and message.data[:1] == bytes((Kind.ERROR,)):
                    raise EngineRefusedError("The voice server refused voice or prompt.")
                if message.type not in (WSMsgType.BINARY, WSMsgType.PONG):
                    await _attend(websocket, message, greeted=False)
    except TimeoutError as late:
        if ours:
            raise EngineSilentError(
                f"The voice server did not greet within {options.handshake_s:g} seconds; a shorter prompt helps."
            ) from late
        raise EngineBusyError("The voice server serves somebody else.") from late


async def _attend(
    websocket: aiohttp.ClientWebSocketResponse, message: aiohttp.WSMessage, *, greeted: bool = True
) -> None:
    """Deal with a message that brings nothing; raises on one that ends the session."""
    if message.type is WSMsgType.PING:
        await websocket.pong(message.data)
    elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
        if greeted or websocket.close_code not in (None, 1000, 1001, 1006):
            raise closed(websocket.close_code)
        raise RemoteDroppedError(
            "The voice server dropped the connection in place of a greeting; probably it does not have this voice."
        )
