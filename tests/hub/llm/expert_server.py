"""A chat completion server on the loopback that streams, stalls, dies or talks nonsense, as a test tells it."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web


class Reply:
    """One answer in the making."""

    def __init__(self, server, request, asked):
        self.server, self.request, self.asked = server, request, asked
        self.response = None

    async def begin(self, *, content_type="text/event-stream", status=200):
        self.response = web.StreamResponse(status=status, headers={"Content-Type": content_type})
        await self.response.prepare(self.request)

    async def raw(self, data):
        if self.response is None:
            await self.begin()
        await self.response.write(data)

    async def event(self, value):
        await self.raw(f"data: {json.dumps(value)}\n\n".encode())

    async def delta(self, finish=None, **delta):
        await self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    async def words(self, text, pause_s=0.0):
        for number, word in enumerate(text.split(" ")):
            await self.delta(content=word if number == 0 else f" {word}")
            if pause_s:
                await asyncio.sleep(pause_s)

    async def done(self, reason="stop"):
        await self.delta(finish=reason)
        await self.raw(b"data: [DONE]\n\n")

    async def hang(self):
        await asyncio.Event().wait()

    def die(self):
        self.request.transport.abort()


class ExpertServer:
    """`play(reply)` answers every question; `says(text)` sets a plain one."""

    def __init__(self):
        self.asked, self.headers, self.connections = [], [], set()
        self.left = asyncio.Event()  # a client went away before the end
        self.runner, self.port, self.play = None, 0, None
        self.says("Hello there.")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def says(self, text, pause_s=0.0):
        async def play(reply):
            await reply.words(text, pause_s)
            await reply.done()

        self.play = play

    async def start(self):
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.answer)
        self.runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def stop(self):
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    async def answer(self, request):
        self.connections.add(request.transport.get_extra_info("peername"))
        asked = await request.json()
        self.asked.append(asked)
        self.headers.append(dict(request.headers))
        reply = Reply(self, request, asked)
        try:
            answered = await self.play(reply)
        except (asyncio.CancelledError, ConnectionResetError):
            self.left.set()
            raise
        return answered if answered is not None else reply.response
