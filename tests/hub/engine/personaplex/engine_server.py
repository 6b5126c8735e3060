"""A server over the fake model on a free port, and a client of the reference protocol written from its description."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import AsyncIterator
from unittest.mock import patch
from urllib.parse import quote

import aiohttp
import numpy as np

from hub.engine.personaplex.ogg_opus import OggOpusReader, OggOpusWriter
from hub.engine.personaplex.port import FRAME_SAMPLES, Prompt
from hub.engine.personaplex.serving import rows as batch
from hub.engine.personaplex.serving.codec import FrameEncoder, PacketDecoder
from hub.engine.personaplex.serving.conversation import SessionLimits
from hub.engine.personaplex.serving.server import EngineServer, ServerOptions
from tests.hub.engine.personaplex.fake_model import FakeModel

# The thread that ticks cannot have virtual time; a frame comes every 20 ms instead of every 80.
QUICK_TICK_S = 0.02
DEFAULT = Prompt("NATM1.pt", "You are the default.")


class Engine:
    """A running server and how to reach it."""

    def __init__(self, model: FakeModel, server: EngineServer, http: aiohttp.ClientSession, port: int) -> None:
        self.model = model
        self.server = server
        self.http = http
        self.port = port

    def url(self, **query: str) -> str:
        text = "&".join(f"{key}={quote(value)}" for key, value in query.items())
        return f"http://127.0.0.1:{self.port}/api/chat?{text}"

    async def reference(self, voice: str = "NATF2.pt", text: str = "You are kind.", **query: str) -> ReferenceClient:
        return ReferenceClient(await self.http.ws_connect(self.url(voice_prompt=voice, text_prompt=text, **query)))

    async def extension(self) -> aiohttp.ClientWebSocketResponse:
        return await self.http.ws_connect(self.url(), protocols=("roomtone.engine.v1",))

    async def health(self) -> dict:
        async with self.http.get(f"http://127.0.0.1:{self.port}/api/health") as answer:
            return await answer.json()


@contextlib.asynccontextmanager
async def serving(
    rows: int = 2, limits: SessionLimits | None = None, *, tick_s: float = QUICK_TICK_S, **options: object
) -> AsyncIterator[Engine]:
    model = FakeModel(rows, spend=time.sleep)
    model.step_s = model.slice_s = 0.001
    server = EngineServer(model, ServerOptions(default=DEFAULT, limits=limits or SessionLimits(), **options))
    with patch.object(batch, "TICK_S", tick_s), socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        await server.start(sock)
        async with aiohttp.ClientSession() as http:
            try:
                yield Engine(model, server, http, port)
            finally:
                model.gate.set()
                await http.close()
                await server.close()


class ReferenceClient:
    """Sends tones as Ogg Opus and collects what comes back."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = websocket
        self.writer = OggOpusWriter(1)
        self.encoder = FrameEncoder()
        self.reader = OggOpusReader()
        self.decoder = PacketDecoder()
        self.header = self.writer.header()
        self.samples = 0
        self.texts: list[str] = []
        self.errors: list[str] = []

    def page(self, level: float = 0.0) -> bytes:
        pcm = np.full(FRAME_SAMPLES, level, np.float32)
        head, self.header = self.header, b""
        return head + self.writer.page(self.encoder.encode(pcm), FRAME_SAMPLES)

    async def send(self, frames: int) -> None:
        for _ in range(frames):
            await self.ws.send_bytes(b"\x01" + self.page())

    async def next(self) -> int | None:
        """The kind of the next message, None at the end."""
        message = await self.ws.receive(timeout=10)
        if message.type is not aiohttp.WSMsgType.BINARY:
            return None
        kind, body = message.data[0], message.data[1:]
        if kind == 1:
            self.samples += sum(self.decoder.decode(packet).size for packet in self.reader.feed(body))
        elif kind == 2:
            self.texts.append(body.decode())
        elif kind == 5:
            self.errors.append(body.decode())
        return kind

    async def frames(self, count: int) -> None:
        """Read until this many frames have come."""
        while self.samples < count * FRAME_SAMPLES:
            assert await self.next() is not None, self.ws.close_code

    async def end(self) -> int | None:
        """Read to the end; the close code."""
        while await self.next() is not None:
            pass
        return self.ws.close_code
