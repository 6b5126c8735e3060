"""Staying connected: find the hub, log in, and come back after whatever happens."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from enum import Enum
from types import MappingProxyType
from typing import Final, Protocol

from protocol.discovery import Browser, HubRecord
from protocol.errors import AuthenticationError, RoomtoneError
from protocol.frames import Frame
from protocol.handshake import satellite_login
from protocol.link import Link, connect
from protocol.messages import ASK_FEATURE, FOLLOW_FEATURE, TIMERS_FEATURE, AnyMessage, Welcome
from protocol.security import client_context
from satellite.config import Identity
from satellite.machine import Machine

_LOG: Final = logging.getLogger(__name__)
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
REFUSED_WAIT_S: Final = 60.0
_CONNECT_TIMEOUT_S: Final = 3.0
SOFTWARE: Final = "roomtone-satellite 0.1.0"


class State(Enum):
    """Where the connection is."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    LOGGING_IN = "logging_in"
    ONLINE = "online"
    REFUSED = "refused"


class Event(Enum):
    """What can happen to it."""

    TRY = "try"
    REACHED = "reached"
    WELCOMED = "welcomed"
    FAILED = "failed"
    REFUSED = "refused"


TABLE: Final = MappingProxyType(
    {
        (State.WAITING, Event.TRY): State.CONNECTING,
        (State.REFUSED, Event.TRY): State.CONNECTING,
        (State.CONNECTING, Event.REACHED): State.LOGGING_IN,
        (State.CONNECTING, Event.FAILED): State.WAITING,
        (State.LOGGING_IN, Event.WELCOMED): State.ONLINE,
        (State.LOGGING_IN, Event.FAILED): State.WAITING,
        (State.LOGGING_IN, Event.REFUSED): State.REFUSED,
        (State.ONLINE, Event.FAILED): State.WAITING,
        (State.ONLINE, Event.REFUSED): State.REFUSED,
    }
)


class Owner(Protocol):
    """Who uses the connection. Called on the event loop."""

    def welcomed(self, link: Link, welcome: Welcome, address: tuple[str, int]) -> None:
        """Logged in; messages follow."""

    def message(self, message: AnyMessage) -> None:
        """A control message came."""

    def frame(self, frame: Frame) -> None:
        """A frame came."""

    def lost(self, error: RoomtoneError) -> None:
        """The link that was welcomed is over."""


class Backoff:
    """0.5 s, then twice as long each time up to 30 s, half of it by chance, so that a house does not come at once."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        """`chance` gives 0 to 1."""
        self._chance = chance
        self._tries = 0

    def reset(self) -> None:
        """It worked."""
        self._tries = 0

    def next_s(self) -> float:
        """How long to wait now."""
        full_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._tries, 10))
        self._tries += 1
        return full_s * (0.5 + 0.5 * self._chance())


class HubConnection:
    """Keeps a paired satellite connected for as long as `run` runs.

    Attributes:
        problem: why it is not connected, for a person; empty when it is.
    """

    def __init__(
        self, identity: Identity, owner: Owner, *, override: tuple[str, int] | None = None, follow: bool = True
    ) -> None:
        """Prepare; with `override` that address alone is tried and nobody is asked on the network.

        `follow`: whether this room takes over the floor when the talker of another one comes in.

        Raises:
            NotPairedError: this satellite belongs to no hub.
        """
        pairing = identity.paired()
        self.problem = ""
        self._identity = identity
        self._pairing = pairing
        self._owner = owner
        self._follow = follow
        self._browse = override is None
        self._addresses = [override or (pairing.host, pairing.port)]
        self._machine = Machine("connection", State.WAITING, TABLE)
        self._backoff = Backoff()
        self._announced = asyncio.Event()
        self._over = asyncio.Event()
        self._end: RoomtoneError | None = None

    @property
    def state(self) -> State:
        """Where it is."""
        return self._machine.state

    def announced(self, record: HubRecord) -> None:
        """A hub says where it is, perhaps after a restart."""
        if record.hub_id != self._pairing.hub_id:
            return
        found = [(address, record.port) for address in record.addresses]
        self._addresses = [*found, *(known for known in self._addresses if known not in found)][:9]
        self._announced.set()

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        browser = Browser(self.announced) if self._browse else None
        try:
            if browser is not None:
                try:
                    await browser.start()
                except OSError as error:
                    _LOG.warning("no discovery on this network (%s); the last known address is tried", error)
            while True:
                self._announced.clear()
                await self._one_life()
                await self._wait()
        finally:
            if browser is not None:
                await browser.close()

    async def _one_life(self) -> None:
        self._machine.transition(Event.TRY)
        reached: tuple[Link, tuple[str, int]] | None = None
        problem: RoomtoneError | None = None
        for address in list(self._addresses):
            try:
                reached = await connect(*address, ssl=client_context(), timeout_s=_CONNECT_TIMEOUT_S), address
                break
            except RoomtoneError as error:
                problem = error
        if reached is None:
            self._failed(problem)
            return
        self._machine.transition(Event.REACHED)
        link, address = reached
        try:
            welcome = await self._log_in(link)
        except RoomtoneError as error:
            link.close("login failed")
            self._failed(error)
            return
        except asyncio.CancelledError:
            link.close("stopped")
            raise
        self._machine.transition(Event.WELCOMED)
        self.problem = ""
        self._backoff.reset()
        self._addresses = [address, *(known for known in self._addresses if known != address)]
        self._over.clear()
        self._end = None
        try:
            self._owner.welcomed(link, welcome, address)
            link.attach(self)
            await self._over.wait()
        finally:
            link.close("the satellite stops")
        self._failed(self._end)

    async def _log_in(self, link: Link) -> Welcome:
        return await satellite_login(
            link,
            device_id=self._identity.device_id,
            name=self._identity.name,
            software=SOFTWARE,
            device_key=bytes.fromhex(self._pairing.device_key),
            pinned_hash=bytes.fromhex(self._pairing.certificate_hash),
            features=(TIMERS_FEATURE, ASK_FEATURE, *((FOLLOW_FEATURE,) if self._follow else ())),
        )

    def _failed(self, error: RoomtoneError | None) -> None:
        refused = isinstance(error, AuthenticationError)
        if error is not None:
            if error.sentence != self.problem:
                _LOG.warning("not connected: %s [%s]", error.sentence, error.code)
            self.problem = error.sentence
        self._machine.transition(Event.REFUSED if refused else Event.FAILED)

    async def _wait(self) -> None:
        refused = self._machine.state is State.REFUSED
        delay_s = REFUSED_WAIT_S if refused else self._backoff.next_s()
        try:
            async with asyncio.timeout(delay_s):
                await self._announced.wait()
        except TimeoutError:
            return
        # Announced a moment before it listens, or by somebody noisy: never faster than this.
        await asyncio.sleep(0.1)

    # --- what the link calls ---

    def message_received(self, link: Link, message: AnyMessage) -> None:  # noqa: ARG002 - the handler's shape
        """A control message came."""
        self._owner.message(message)

    def frame_received(self, link: Link, frame: Frame) -> None:  # noqa: ARG002 - the handler's shape
        """A frame came."""
        self._owner.frame(frame)

    def link_lost(self, link: Link, error: RoomtoneError) -> None:  # noqa: ARG002 - the handler's shape
        """The link is over."""
        self._end = error
        self._owner.lost(error)
        self._over.set()
