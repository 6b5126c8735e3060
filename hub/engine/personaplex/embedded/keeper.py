"""Keeps the engine process alive: starts it, watches it, and starts it again when it dies or hangs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.engine.personaplex.embedded.child import EngineChild
from hub.engine.personaplex.faults import EngineDownError, EngineSilentError
from hub.engine.personaplex.wire import HEALTH_ROUTE
from hub.engine.port import EngineError

_LOG = logging.getLogger(__name__)

_MAX_HEALTH_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the keeper waits, in seconds.

    Attributes:
        poll_s: between two looks at a running engine.
        answer_s: for one answer.
        misses: answers that may fail in a row before the engine counts as hung.
        healthy_s: a life of at least this long starts the delays over.
        delays_s: before each further start.
    """

    poll_s: float = 2.0
    answer_s: float = 2.0
    misses: int = 3
    healthy_s: float = 60.0
    delays_s: tuple[float, ...] = (0.0, 1.0, 4.0, 15.0, 60.0)


class Health(BaseModel):
    """What the engine tells of itself.

    Attributes:
        rows: conversations at the same time.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    rows: int = Field(ge=1, le=1024)


class EngineKeeper:
    """One engine process after another.

    Args:
        launch: starts one and answers when it is ready.
        http: for its health.
        on_lost: told at once when a running engine is gone.
        patience: how long to wait for what.
        now_s: a monotonic clock.

    Attributes:
        restarts: how often the process was started again.
    """

    def __init__(
        self,
        launch: Callable[[], Awaitable[EngineChild]],
        http: aiohttp.ClientSession,
        *,
        on_lost: Callable[[EngineError], None],
        patience: Patience | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._launch = launch
        self._http = http
        self._on_lost = on_lost
        self._patience = patience or Patience()
        self._now_s = now_s
        self._child: EngineChild | None = None
        self._health: Health | None = None
        self._task: asyncio.Task[None] | None = None
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.restarts = 0

    @property
    def port(self) -> int | None:
        """Where the engine answers now; None while there is none."""
        return self._child.port if self._child is not None and self._health is not None else None

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._child.pid if self._child is not None else None

    @property
    def rows(self) -> int:
        """Its conversations at the same time; 0 while there is none."""
        return self._health.rows if self._health is not None else 0

    async def running(self) -> None:
        """Begin if it has not begun, and wait until the engine runs.

        Raises:
            EngineError: the start that was going on failed; the next one comes by itself.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name="engine-keeper")
        if self.port is None:
            await asyncio.shield(self._outcome)

    async def close(self) -> None:
        """End the process, and do not start it again."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._tell(EngineDownError("The voice engine is being stopped."))

    async def _keep(self) -> None:
        delays = self._patience.delays_s
        failures = 0
        while True:
            await asyncio.sleep(delays[min(failures, len(delays) - 1)])
            began_s = self._now_s()
            try:
                fault = await self._live()
            except Exception:  # noqa: BLE001 (logged; a defect must not leave a hub that waits for a start for ever)
                _LOG.exception("starting or watching the voice engine broke")
                fault = EngineError("The voice engine failed by a defect; the log says where.")
                self._tell(fault)
            if fault.retry:
                failures = 1 if self._now_s() - began_s >= self._patience.healthy_s else failures + 1
            else:
                failures = len(delays)  # as weights that are missing: trying again soon changes nothing
            self.restarts += 1
            _LOG.warning("the voice engine is started again in %g s", delays[min(failures, len(delays) - 1)])

    async def _live(self) -> EngineError:
        """One life, from its start to its end; the answer says why it ended."""
        try:
            child = self._child = await self._launch()
        except EngineError as stillborn:
            self._tell(stillborn)
            return stillborn
        try:
            fault = await self._watch(child)
            child.kill()  # one that hangs would not end by itself
            was_running = self._health is not None
            self._child = self._health = None
            self._tell(fault)
            if was_running:
                self._on_lost(fault)
        finally:
            self._child = self._health = None
            await child.end()
        return fault

    async def _watch(self, child: EngineChild) -> EngineError:
        """Look after a running engine; the answer says how it failed."""
        ended = asyncio.create_task(child.ended(), name="engine-end")
        polling = asyncio.create_task(self._poll(child.port), name="engine-health")
        try:
            await asyncio.wait({ended, polling}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return ended.result()
            return polling.result()
        finally:
            ended.cancel()
            polling.cancel()
            await asyncio.gather(ended, polling, return_exceptions=True)

    async def _poll(self, port: int) -> EngineError:
        misses = 0
        while misses < self._patience.misses:
            try:
                health = await self._ask(port)
            except (aiohttp.ClientError, OSError, TimeoutError, ValidationError) as fault:
                misses += 1
                _LOG.warning("the voice engine does not tell how it is: %s", type(fault).__name__)
            else:
                misses = 0
                self._health = health
                if not self._outcome.done():
                    self._outcome.set_result(None)
            await asyncio.sleep(self._patience.poll_s)
        return EngineSilentError("The voice engine does not answer any more and is being started again.")

    async def _ask(self, port: int) -> Health:
        async with (
            asyncio.timeout(self._patience.answer_s),
            self._http.get(f"http://127.0.0.1:{port}{HEALTH_ROUTE}") as answer,
        ):
            answer.raise_for_status()
            body = bytearray()
            async for part in answer.content.iter_any():
                body += part
                if len(body) > _MAX_HEALTH_BYTES:
                    raise aiohttp.ClientPayloadError("an answer about health that is longer than any")
            return Health.model_validate_json(bytes(body))

    def _tell(self, fault: EngineError) -> None:
        """It does not run: whoever waits for this start learns why, and who comes now waits for the next one."""
        waiting, self._outcome = self._outcome, asyncio.get_running_loop().create_future()
        if not waiting.done():
            waiting.set_exception(fault)
            waiting.exception()  # nobody may be waiting
