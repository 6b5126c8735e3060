"""A stand-in for NVIDIA's server: the same order of events, the same lock, the same crashes; frames without a model.

What it does is pinned by what was read in that server's source and seen when it ran. It is faster (`step_s`), and its
"model" answers silence, a tone where `talks` says so, and the pieces of `script`.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np
import opuslib_next
from aiohttp import web

from hub.engine.personaplex.ogg_opus import OggOpusReader, OggOpusWriter
from hub.engine.personaplex.serving.codec import FrameCutter, PacketDecoder
from protocol.errors import CodecError

FRAME = 1920
LONGEST_PROMPT_CHARS = 2999


class StrictReader:
    """sphn 0.1: without the header pages it never decodes anything, and damage ends the session."""

    def __init__(self):
        self._ogg = OggOpusReader()
        self._decoder = PacketDecoder()
        self._first = True
        self._dead = False
        self.packets = []

    def append(self, data):
        if self._first:
            self._dead = b"OpusHead" not in data[:64]
            self._first = False
        if self._dead:
            return np.zeros(0, np.float32)
        packets = self._ogg.feed(data)
        if self._ogg.counts.broken_pages:
            raise CodecError("damaged")
        self.packets += packets
        return np.concatenate([np.zeros(0, np.float32), *(self._decoder.decode(packet) for packet in packets)])


@dataclass
class Reference:
    """The server and what it has seen.

    Attributes:
        step_s: time of one frame of the model.
        talks: frames in which it makes a tone.
        script: pieces of text by frame.
        silent_from: a frame from which on it computes nothing any more, as a GPU that hangs.
        dies_at: a frame at which the process drops every connection.
    """

    voices: Path
    step_s: float = 0.0005
    prompt_step_s: float = 0.0005
    talks: range = range(0)
    script: dict = field(default_factory=dict)
    silent_from: int = 1 << 30
    dies_at: int = 1 << 30
    opens: int = 0
    greeted: int = 0
    queries: list = field(default_factory=list)
    prompts_read: list = field(default_factory=list)
    heard: list = field(default_factory=list)
    packets: list = field(default_factory=list)
    frames: int = 0
    early_bytes: int = 0
    headers: list = field(default_factory=list)

    def __post_init__(self):
        self._lock = asyncio.Lock()
        self._shared_prompt = None
        self._runner = None
        self.port = 0

    async def start(self, ssl=None, port=0):
        app = web.Application()
        app.router.add_get("/api/chat", self._chat)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=ssl)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def stop(self):
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _chat(self, request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.opens += 1
        self.queries.append(dict(request.query))
        self.headers.append(dict(request.headers))
        try:
            await self._serve(ws, request)
        except (KeyError, FileNotFoundError, IsADirectoryError, TypeError, aiohttp.ClientError, ConnectionAbortedError):
            request.transport.abort()  # an exception in that handler: the socket drops without a close frame
        return ws

    async def _serve(self, ws, request):
        # Before the lock: whoever connects replaces the prompt of whoever has not been greeted yet.
        voice = self.voices / request.query["voice_prompt"]
        if not voice.exists():
            raise FileNotFoundError
        text = request.query["text_prompt"]
        self._shared_prompt = text or None
        if "seed" in request.query:
            raise KeyError("seed")
        async with self._lock:
            reader = StrictReader()
            await self._read_prompt(ws, voice)
            await ws.send_bytes(b"\x00")
            self.greeted += 1
            await self._talk(ws, reader)
            await ws.close()

    async def _read_prompt(self, ws, voice):
        frames = len(voice.read_bytes()) + 6
        for _ in range(frames):
            await self._alive(ws)
        if self._shared_prompt is None:
            raise TypeError("no prompt to iterate over")
        self.prompts_read.append(self._shared_prompt)
        while len(self._shared_prompt) > LONGEST_PROMPT_CHARS:
            await self._alive(ws)
        for _ in range(len(self._shared_prompt.split()) + 6):
            await self._alive(ws)

    async def _alive(self, ws):
        """One frame of the prompt, and a look for a client that has gone; what it sends is thrown away."""
        await asyncio.sleep(self.prompt_step_s)
        with contextlib.suppress(TimeoutError):
            message = await asyncio.wait_for(ws.receive(), timeout=0.01)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.early_bytes += len(message.data)
            elif message.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionAbortedError

    async def _talk(self, ws, reader):
        sound, out = asyncio.Queue(), asyncio.Queue()
        self.packets = reader.packets
        tasks = [
            asyncio.ensure_future(step) for step in (self._receive(ws, reader, sound), self._model(ws, sound, out))
        ]
        tasks.append(asyncio.ensure_future(self._send(ws, out)))
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            if isinstance(task.exception(), ConnectionAbortedError):
                raise task.exception()

    async def _receive(self, ws, reader, sound):
        async for message in ws:
            if message.type is aiohttp.WSMsgType.BINARY and message.data and message.data[0] == 1:
                sound.put_nowait(reader.append(message.data[1:]))

    async def _model(self, ws, sound, out):
        cutter, frame = FrameCutter(), 0
        tone = (0.3 * np.sin(np.arange(FRAME) * 0.1)).astype(np.float32)
        while True:
            for heard in cutter.cut(await sound.get()):
                await asyncio.sleep(self.step_s)
                self.heard.append(heard)
                self.frames += 1
                if self.frames > self.dies_at:
                    raise ConnectionAbortedError
                if self.frames <= 2 or frame >= self.silent_from:
                    continue  # the first two steps give nothing
                out.put_nowait(tone if frame in self.talks else np.zeros(FRAME, np.float32))
                if frame in self.script:
                    await ws.send_bytes(b"\x02" + self.script[frame].encode())
                frame += 1

    async def _send(self, ws, out):
        encoder = opuslib_next.Encoder(24_000, 1, opuslib_next.APPLICATION_AUDIO)
        ogg = OggOpusWriter(serial=7)
        header = ogg.header()
        await ws.send_bytes(b"\x01" + header[:47])
        await ws.send_bytes(b"\x01" + header[47:])
        while True:
            frame = await out.get()
            packet = encoder.encode_float(frame.tobytes(), FRAME)  # one packet of 80 ms
            await ws.send_bytes(b"\x01" + ogg.page([packet], FRAME))
