"""The server's end of the extension in a test's hand: answers `open`, keeps what comes, sends what it is told."""

from __future__ import annotations

import asyncio

import aiohttp
import numpy as np
from aiohttp import web

from hub.engine.personaplex import wire

FRAME = 1920


class ExtensionServer:
    """One client at a time is enough.

    Attributes:
        answer: what `open` is answered with; None answers nothing.
        got: control messages that came, `audio` the indexes and payloads.
    """

    def __init__(self):
        self.answer = wire.Opened(row=0, prompt_frames=60, started_ms=1.0)
        self.protocols = (wire.SUBPROTOCOL,)
        self.got = []
        self.audio = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.ws = None
        self._came = asyncio.Event()
        self._runner = None
        self.url = ""

    async def start(self):
        app = web.Application()
        app.router.add_get(wire.ROUTE, self._chat)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{site._server.sockets[0].getsockname()[1]}{wire.ROUTE}"

    async def stop(self):
        await self._runner.cleanup()

    async def _chat(self, request):
        self.ws = ws = web.WebSocketResponse(protocols=self.protocols)
        await ws.prepare(request)
        while True:
            await self.reading.wait()
            message = await ws.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self.got.append(wire.parse_client(message.data))
                if isinstance(self.got[-1], wire.Open) and self.answer is not None:
                    await self.send(self.answer)
            elif message.type is aiohttp.WSMsgType.BINARY:
                self.audio.append(wire.unpack_audio(message.data))
            else:
                return ws
            self._came.set()

    async def send(self, *messages):
        for message in messages:
            await self.ws.send_str(message.model_dump_json())

    async def frame(self, index, value=0):
        await self.ws.send_bytes(wire.pack_audio(index, np.full(FRAME, value, "<i2").tobytes()))

    async def close(self, code):
        await self.ws.close(code=code)

    def abort(self):
        """The connection breaks without a close frame."""
        self.ws._req.transport.abort()

    async def until(self, fact):
        """Wait for a fact about what came."""
        async with asyncio.timeout(5):
            while not fact():
                self._came.clear()
                await self._came.wait()
