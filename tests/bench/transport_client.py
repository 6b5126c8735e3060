"""The load: N satellites, 50 frames a second each, every frame timed from here to the server and back."""

from __future__ import annotations

import asyncio
import json
import struct
import time

from protocol.frames import Frame, FrameDecoder, FrameType, encode
from protocol.records import Measurement
from protocol.security import client_context

# A measurement and an Opus packet of 24 kbit/s.
PAYLOAD = Measurement(-30.0, -60.0, (-40.0,) * 10, 0.9, 0.0, 0.0).pack() + bytes(range(84))
_STAMP = struct.Struct(">Q")


class FrameClient(asyncio.Protocol):
    """Speaks our frames; a relay sends them back as they are, our hub as an answer."""

    def __init__(self, took_ms: list[float]) -> None:
        self.decoder, self.took_ms, self.sequence = FrameDecoder(), took_ms, 0
        self.sent_at: dict[int, float] = {}

    def connection_made(self, transport):
        self.transport = transport

    def send(self) -> None:
        samples = self.sequence * 480
        self.sent_at[samples] = time.perf_counter()
        frame = Frame(FrameType.AUDIO, PAYLOAD, 0, 1, 0, self.sequence, samples, time.monotonic_ns() // 1000)
        self.transport.write(encode(frame))
        self.sequence += 1

    def data_received(self, data):
        now = time.perf_counter()
        for frame in self.decoder.feed(data):
            if frame.type == FrameType.AUDIO:
                self.took_ms.append((now - self.sent_at.pop(frame.samples)) * 1000)


class WyomingClient(asyncio.Protocol):
    """Speaks Wyoming events by hand, so that the client costs as little as the other."""

    def __init__(self, took_ms: list[float]) -> None:
        self.took_ms, self.number, self.rest = took_ms, 0, b""
        self.sent_at: dict[int, float] = {}

    def connection_made(self, transport):
        self.transport = transport

    def send(self) -> None:
        self.sent_at[self.number] = time.perf_counter()
        data = json.dumps({"rate": 24000, "width": 2, "channels": 1, "timestamp": self.number}).encode()
        header = {"type": "audio-chunk", "version": "1.10.2", "data_length": len(data), "payload_length": len(PAYLOAD)}
        self.transport.write(json.dumps(header).encode() + b"\n" + data + PAYLOAD)
        self.number += 1

    def data_received(self, data):
        now = time.perf_counter()
        self.rest += data
        while (end := self.rest.find(b"\n")) >= 0:
            header = json.loads(self.rest[:end])
            size = end + 1 + header.get("data_length", 0) + header.get("payload_length", 0)
            if len(self.rest) < size:
                break
            fields = json.loads(self.rest[end + 1 : end + 1 + header["data_length"]])
            self.took_ms.append((now - self.sent_at.pop(fields["timestamp"])) * 1000)
            self.rest = self.rest[size:]


async def load(kind: str, port: int, *, clients: int, seconds: float, warm_s: float = 1.0) -> list[float]:
    """Run the load; returns round trips in milliseconds, the first `warm_s` left out."""
    loop = asyncio.get_running_loop()
    took_ms: list[float] = []
    make = WyomingClient if kind == "wyoming" else FrameClient
    context = None if kind == "wyoming" else client_context()
    peers = [
        (await loop.create_connection(lambda: make(took_ms), "127.0.0.1", port, ssl=context))[1] for _ in range(clients)
    ]
    start = loop.time() + 0.2

    async def satellite(index: int) -> None:
        # Satellites are not in step with each other.
        for number in range(int(seconds * 50)):
            due = start + number * 0.02 + index * 0.02 / clients
            await asyncio.sleep(due - loop.time())
            peers[index].send()

    loop.call_at(start + warm_s, took_ms.clear)
    await asyncio.gather(*(satellite(index) for index in range(clients)))
    await asyncio.sleep(0.2)
    for peer in peers:
        peer.transport.abort()
    await asyncio.sleep(0.2)
    return took_ms
