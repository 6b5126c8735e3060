"""The house's network in memory: links as the product makes them, in virtual time, that break and freeze when told to.

A link is the protocol's own; what is missing is TLS and the kernel. Bytes arrive in order, a few milliseconds late,
and now and then much later, as over a wireless network.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from protocol.connection import Link
from protocol.errors import LinkClosedError, RoomtoneError

PORT: Final = 7460
_LEAST_S, _USUAL_S = 0.0012, 0.0015
_HICCUP, _HICCUP_S = 0.0008, (0.02, 0.09)


class _Certificate:
    """Stands where a TLS object would, and shows the hub's certificate to satellites."""

    def __init__(self, der: bytes | None) -> None:
        self._der = der

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        assert binary_form
        return self._der


class Wire(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, name: str, peer_certificate: bytes | None, chance: random.Random) -> None:
        super().__init__({"peername": (name, PORT), "ssl_object": _Certificate(peer_certificate)})
        self.other: Wire
        self.link: Link
        self.frozen = False
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = self._lost = False

    def write(self, data: Any) -> None:
        """Send bytes; they arrive at the other end in order."""
        if self._closing or self.other._lost:
            return
        chance = self._chance
        late_s = _LEAST_S + chance.expovariate(1.0 / _USUAL_S)
        if chance.random() < _HICCUP:
            late_s += chance.uniform(*_HICCUP_S)
        earliest_s = self._waiting[-1][0] if self._waiting else 0.0
        self._waiting.append((max(earliest_s, self._loop.time() + late_s), bytes(data)))
        self._wait()

    def _wait(self) -> None:
        if self._timer is None and self._waiting and not self.frozen:
            self._timer = self._loop.call_at(max(self._waiting[0][0], self._loop.time()), self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        while self._waiting and self._waiting[0][0] <= self._loop.time() and not self.frozen:
            _, data = self._waiting.popleft()
            if not self.other._lost:
                self.other.link.data_received(data)
        self._wait()
        if self._closing and not self._waiting:
            self.cut()

    def freeze(self, *, on: bool) -> None:
        """Nothing gets through in either direction, and nobody is told."""
        for end in (self, self.other):
            end.frozen = on
            end._wait()

    def cut(self) -> None:
        """The connection is gone, at both ends."""
        for end in (self, self.other):
            if not end._lost:
                end._lost = end._closing = True
                end._waiting.clear()
                self._loop.call_soon(end.link.connection_lost, None)

    def close(self) -> None:
        """End it when all is sent."""
        self._closing = True
        if not self._waiting:
            self.cut()

    abort = cut

    def is_closing(self) -> bool:
        return self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer that could fill up."""


class Network:
    """Takes the place of `protocol.link.connect` and `serve` in one process with one hub.

    Attributes:
        wires: the newest connection of each satellite, by its name.
        down: satellites that reach nobody now.
    """

    def __init__(self, seed: int) -> None:
        self.wires: dict[str, Wire] = {}
        self.down: dict[str, bool] = {}
        self.clocks: dict[str, Callable[[], int]] = {}
        self._seed, self._count = seed, 0
        self._on_link: Callable[[Link], Awaitable[None]] | None = None
        self._certificate = b""
        self._tasks: set[asyncio.Task[None]] = set()
        self._hub_us: Callable[[], int] = lambda: 0

    def begin(self, certificate: bytes, hub_us: Callable[[], int]) -> None:
        """Say whose certificate satellites are shown, and what the hub's clock is."""
        self._certificate, self._hub_us = certificate, hub_us

    async def serve(self, _host: str, _port: int, *, on_link: Callable[[Link], Awaitable[None]], **_: Any) -> Network:
        """As `protocol.link.serve`."""
        self._on_link = on_link
        return self

    @property
    def port(self) -> int:
        return PORT

    async def close(self) -> None:
        """End every connection."""
        self._on_link = None
        for wire in self.wires.values():
            wire.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def connect(self, host: str, _port: int, **_: Any) -> Link:
        """As `protocol.link.connect`; the host is the satellite's own name."""
        if self._on_link is None or self.down.get(host):
            raise LinkClosedError(f"No hub can be reached from {host}.")
        self._count += 1
        chance = random.Random(f"{self._seed} {host} {self._count}")
        near, far = Wire("hub", self._certificate, chance), Wire(host, None, chance)
        near.other, far.other = far, near
        near.link, far.link = Link(now_us=self.clocks[host]), Link(now_us=self._hub_us)
        self.wires[host] = near
        far.link.connection_made(far)
        near.link.connection_made(near)
        task = asyncio.create_task(self._greet(far.link, self._on_link))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return near.link

    @staticmethod
    async def _greet(link: Link, on_link: Callable[[Link], Awaitable[None]]) -> None:
        # What the listening port of the product does with a connection.
        try:
            await on_link(link)
            await link.wait_closed()
        except RoomtoneError as error:
            link.fail(error)
            await link.wait_closed()
