"""A real Home Assistant: connected for as long as the hub runs, in step with it, and asked before anything is said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import aiohttp

from hub.home.assistant_house import Registries, place, read_entity, read_states
from hub.home.assistant_requests import carry_out, fetch_registries, question
from hub.home.assistant_socket import AssistantSocket, websocket_url
from hub.home.assistant_token import TokenFile
from hub.home.confirmation import Confirmation
from hub.home.errors import NotAllowedError
from hub.home.permission import check, check_question
from hub.home.port import HomeError, HomeRefusedTokenError, HomeUnreachableError
from hub.understanding.house import Action, ActionResult, Entity, HomeKind, House

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0
"""A refused connection costs nothing; a house whose Home Assistant is back must not wait longer than for a sentence."""
REFUSED_RETRY_S = 300.0
"""How often a refused token is tried again although its file did not change."""
REFRESH_S = 300.0
"""Exposure of devices without a registry entry changes without an event, so the lists are read again this often."""
_TOKEN_POLL_S = 2.0
_SETTLE_S = 0.1
_MAX_HELD_EVENTS = 20_000
_REGISTRY_EVENTS = (
    "area_registry_updated",
    "floor_registry_updated",
    "device_registry_updated",
    "entity_registry_updated",
    "core_config_updated",
    "homeassistant_started",
)

_LOG = logging.getLogger(__name__)


class AssistantHome:
    """The house behind a Home Assistant.

    Args:
        url: `http(s)://host:8123`.
        token_file: holds a long-lived access token of an administrator; read at every connection.
        now: monotonic seconds.

    Raises:
        ConfigError: the address is none.
    """

    kind: ClassVar[HomeKind] = "assistant"

    def __init__(self, *, url: str, token_file: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._url = websocket_url(url)
        self._token = TokenFile(token_file)
        self._now = now
        self._registries = Registries()
        self._entities: dict[str, Entity] = {}
        self._house: House | None = None
        self._revision = 0
        self._held: list[Mapping[str, Any]] | None = None
        self._trouble: HomeError | None = HomeUnreachableError("The hub has not reached Home Assistant yet.")
        self._socket: AssistantSocket | None = None
        self._stale = asyncio.Event()
        self._first = asyncio.Event()
        self._listeners: list[Callable[[str], None]] = []
        self._waiting: list[Confirmation] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def house(self) -> House:
        """The newest known moment; it stays readable while the connection is down."""
        if self._house is None:
            self._house = House(
                name=self._registries.name,
                floors=self._registries.floors,
                areas=self._registries.areas,
                entities=MappingProxyType(dict(self._entities)),
                time_zone=self._registries.time_zone,
                revision=self._revision,
            )
        return self._house

    @property
    def trouble(self) -> HomeError | None:
        """Why nothing can be asked or done right now."""
        return self._trouble

    async def start(self) -> None:
        """Connect in the background and wait for the first sync or the first error."""
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected(), name="home-assistant")
        first = asyncio.create_task(self._first.wait())
        try:
            await asyncio.wait([first, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            first.cancel()
        if self._task.done():
            await self._task

    async def act(self, action: Action, *, trace: str) -> ActionResult:
        """Call the service and wait for the states that it should lead to."""
        socket = self._socket
        try:
            if self._trouble is not None or socket is None:
                trouble = self._trouble or HomeUnreachableError("Home Assistant is not connected.")
                return ActionResult(
                    action, verified=False, failed=action.entity_ids, error=trouble.code, sentence=trouble.spoken
                )
            before = check(action, self.house)
        except HomeError as error:
            return ActionResult(
                action, verified=False, failed=action.entity_ids, error=error.code, sentence=error.sentence
            )
        confirmation = Confirmation(action, before, now=self._now)
        self._waiting.append(confirmation)
        try:
            failure = await carry_out(socket, action, confirmation)
        finally:
            self._waiting.remove(confirmation)
        result = confirmation.result(failure)
        if result.error is not None:
            _LOG.info("trace %s: a call failed with %s", trace, result.error)
        return result

    async def ask(
        self, domain: str, service: str, data: Mapping[str, Any], *, answers: bool = True
    ) -> Mapping[str, Any]:
        """Call a service for its answer."""
        socket = self._socket
        if self._trouble is not None or socket is None:
            raise self._trouble or HomeUnreachableError("Home Assistant is not connected.")
        check_question(domain, data, self.house)
        return await question(socket, domain, service, data, answers=answers)

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener(entity_id)` at every change of state; the answer takes it off again."""
        self._listeners.append(listener)

        def off() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return off

    async def close(self) -> None:
        """Disconnect for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._listeners.clear()

    async def _stay_connected(self) -> None:
        wait_s = FIRST_RETRY_S
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    await self._connected(session)
                    wait_s = FIRST_RETRY_S
                    self._fall(HomeUnreachableError("The connection to Home Assistant is down; the hub keeps trying."))
                except (HomeRefusedTokenError, NotAllowedError) as error:
                    self._fall(error)
                    await self._token_changed()
                    continue
                except HomeError as error:
                    wait_s = FIRST_RETRY_S if self._trouble is None else wait_s
                    self._fall(error)
                # Jitter keeps a house full of clients from coming back in the same instant.
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                wait_s = min(wait_s * 2.0, LAST_RETRY_S)

    async def _connected(self, session: aiohttp.ClientSession) -> None:
        """One connection from its start to its end."""
        socket = await AssistantSocket.open(session, self._url, self._token.read())
        try:
            await self._sync(socket)
            self._socket, self._trouble = socket, None
            self._first.set()
            _LOG.info("Home Assistant is connected: %d entities", len(self._entities))
            await self._keep_fresh(socket)
        finally:
            self._socket = None
            await socket.close()

    async def _sync(self, socket: AssistantSocket) -> None:
        """Everything anew. Events that arrive meanwhile are held back and replayed, so that none is lost or undone."""
        self._held = []
        self._stale.clear()
        await socket.subscribe("subscribe_events", self._on_state, event_type="state_changed")
        for event_type in _REGISTRY_EVENTS:
            await socket.subscribe("subscribe_events", lambda _event: self._stale.set(), event_type=event_type)
        # Home Assistant decides about devices it has not been asked about when it prepares for a conversation.
        try:
            await socket.command("conversation/prepare", language="en")
        except HomeError as error:
            _LOG.info("Home Assistant does not prepare for conversations: %s", error.sentence)
        self._registries = await fetch_registries(socket)
        before = self._entities
        self._entities = read_states(await socket.command("get_states"), self._registries)
        self._renew()
        held, self._held = self._held or [], None
        for event in held:
            self._on_state(event)
        for entity_id in before.keys() | self._entities.keys():
            old, new = before.get(entity_id), self._entities.get(entity_id)
            if old is None or new is None or (old.state, old.attributes) != (new.state, new.attributes):
                self._tell(entity_id)

    async def _keep_fresh(self, socket: AssistantSocket) -> None:
        while not socket.closed.done():
            stale = asyncio.create_task(self._stale.wait())
            either: list[asyncio.Future[Any]] = [stale, socket.closed]
            try:
                await asyncio.wait(either, timeout=REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stale.cancel()
                await asyncio.gather(stale, return_exceptions=True)
            if socket.closed.done():
                return
            # Changes come in bursts; one reading serves them all.
            await asyncio.sleep(_SETTLE_S)
            self._stale.clear()
            registries = await fetch_registries(socket)
            if registries != self._registries:
                self._registries = registries
                self._entities = {k: place(entity, registries) for k, entity in self._entities.items()}
                self._renew()

    def _renew(self) -> None:
        self._revision += 1
        self._house = None

    def _on_state(self, event: Mapping[str, Any]) -> None:
        if self._held is not None:
            if len(self._held) < _MAX_HELD_EVENTS:
                self._held.append(event)
            return
        data = event.get("data")
        if not isinstance(data, dict) or not isinstance(data.get("entity_id"), str):
            return
        entity_id = data["entity_id"]
        entity = read_entity(data.get("new_state"), self._registries)
        if data.get("new_state") is None:
            self._entities.pop(entity_id, None)
        elif entity is None or entity.entity_id != entity_id:
            return
        else:
            known = self._entities.get(entity_id)
            self._entities[entity_id] = entity
            if known is None:
                self._stale.set()
            for confirmation in self._waiting:
                confirmation.see(entity)
        self._house = None
        self._tell(entity_id)

    def _tell(self, entity_id: str) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(entity_id)
            except Exception:  # noqa: BLE001 - logged whole; the code is another part's
                # One listener's fault must not cost the house its connection.
                _LOG.exception("a listener to the house failed")

    def _fall(self, error: HomeError) -> None:
        if self._trouble is None or self._trouble.sentence != error.sentence:
            _LOG.warning("%s", error.sentence)
        self._trouble = error
        self._first.set()

    async def _token_changed(self) -> None:
        version = self._token.version()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REFUSED_RETRY_S):
                while self._token.version() == version:  # noqa: ASYNC110 - a file tells nobody that it was written
                    await asyncio.sleep(_TOKEN_POLL_S)
