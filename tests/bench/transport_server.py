"""One of three servers that send every frame back: ours, a bare TLS relay, or Wyoming's reader and writer.

`python -m tests.bench.transport_server ours|relay|wyoming STATE_DIR` prints its port and serves until stdin ends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from protocol.connection import Link
from protocol.frames import Frame, FrameType
from protocol.link import serve
from protocol.records import MEASUREMENT_BYTES, Measurement
from protocol.security import load_or_create_identity


class Accounting:
    """What the hub does with a frame besides decoding Opus: reads the measurement, keeps books, answers."""

    def __init__(self) -> None:
        self.frames = 0
        self.level_db = 0.0
        self.lost = 0

    def message_received(self, link, message):
        raise AssertionError(message)

    def frame_received(self, link: Link, frame: Frame) -> None:
        measurement = Measurement.unpack(frame.payload[:MEASUREMENT_BYTES])
        self.frames += 1
        self.level_db = measurement.level_db
        link.send_frame(
            Frame(
                FrameType.AUDIO,
                frame.payload,
                frame.flags,
                1,
                1,
                0,
                frame.samples,
                link.clock.to_local_us(frame.time_us),
            )
        )

    def link_lost(self, link, error):
        self.lost += 1


async def ours(state: Path) -> int:
    identity = load_or_create_identity(state)

    async def on_link(link: Link) -> None:
        link.authenticated = True
        link.attach(Accounting())
        await link.wait_closed()

    server = await serve("127.0.0.1", 0, ssl=identity.server_context(), on_link=on_link, max_unauthenticated=128)
    return server.port


class Relay(asyncio.Protocol):
    """Bytes in, the same bytes out: what TLS and the event loop alone cost."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def relay(state: Path) -> int:
    context = load_or_create_identity(state).server_context()
    server = await asyncio.get_running_loop().create_server(Relay, "127.0.0.1", 0, ssl=context)
    return server.sockets[0].getsockname()[1]


async def wyoming(_state: Path) -> int:
    from wyoming.event import async_read_event, async_write_event

    async def on_client(reader, writer):
        while (event := await async_read_event(reader)) is not None:
            await async_write_event(event, writer)
        writer.close()

    server = await asyncio.start_server(on_client, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


async def main() -> None:
    kind, state = sys.argv[1], Path(sys.argv[2])
    port = await {"ours": ours, "relay": relay, "wyoming": wyoming}[kind](state)
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
