from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from protocol.errors import RoomtoneError, UnknownAreaError
from protocol.frames import Frame
from protocol.limits import LinkLimits
from protocol.link import Link, LinkServer, connect, serve
from protocol.messages import AnyMessage, Welcome
from protocol.security import Identity, client_context, load_or_create_identity


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return load_or_create_identity(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="session")
def other_identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return load_or_create_identity(tmp_path_factory.mktemp("other"))


@dataclass
class Door:
    """A hub that keeps everything in memory."""

    certificate_hash: bytes
    code: str | None = "123456"
    tries: int = 5
    hub_id: str = "a" * 32
    hub_name: str = "Home"
    keys: dict[str, bytes] = field(default_factory=dict)
    kept: list[tuple[str, str]] = field(default_factory=list)

    def device_key(self, device_id: str) -> bytes | None:
        return self.keys.get(device_id)

    def welcome(self, device_id: str) -> Welcome:
        return Welcome(hub_name=self.hub_name, area="kitchen", area_name="Kitchen", volume=0.5)

    def pairing_code(self) -> str | None:
        return self.code if self.tries > 0 else None

    def pairing_failed(self) -> None:
        self.tries -= 1

    def area_for_pairing(self, asked: str | None) -> tuple[str, str]:
        if asked not in (None, "Kitchen"):
            raise UnknownAreaError("No such area; the nearest is Kitchen.")
        return "kitchen", "Kitchen"

    def pairing_done(self, device_id: str, name: str, device_key: bytes, area_id: str) -> None:
        self.keys[device_id] = device_key
        self.kept.append((name, area_id))


@pytest.fixture
def door(identity: Identity) -> Door:
    return Door(identity.certificate_hash)


@dataclass
class Recorder:
    """A handler that keeps what comes."""

    messages: list[AnyMessage] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    errors: list[RoomtoneError] = field(default_factory=list)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def message_received(self, link: Link, message: AnyMessage) -> None:
        self.messages.append(message)
        self.changed.set()

    def frame_received(self, link: Link, frame: Frame) -> None:
        self.frames.append(frame)
        self.changed.set()

    def link_lost(self, link: Link, error: RoomtoneError) -> None:
        self.errors.append(error)
        self.lost.set()
        self.changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@dataclass
class Loopback:
    """A hub's port, and links to it."""

    identity: Identity
    limits: LinkLimits | None = None
    servers: list[LinkServer] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    async def serve(self, on_link: Callable[[Link], Awaitable[None]], **options) -> LinkServer:
        context = options.pop("identity", self.identity).server_context()
        server = await serve("127.0.0.1", 0, ssl=context, on_link=on_link, **options)
        self.servers.append(server)
        return server

    async def connect(self, server: LinkServer, **options) -> Link:
        link = await connect("127.0.0.1", server.port, ssl=client_context(), **options)
        self.links.append(link)
        return link

    async def pair(self, **options) -> tuple[Link, Link]:
        """A satellite's and a hub's end, TLS between them, both said to be authenticated."""
        arrived: asyncio.Queue[Link] = asyncio.Queue()
        server = await self.serve(arrived.put, **options)
        satellite = await self.connect(server)
        hub = await arrived.get()
        satellite.authenticated = hub.authenticated = True
        return satellite, hub


@pytest.fixture
async def loopback(identity: Identity) -> AsyncIterator[Loopback]:
    here = Loopback(identity)
    yield here
    for link in here.links:
        link.close()
        await link.wait_closed()
    for server in here.servers:
        await server.close()
