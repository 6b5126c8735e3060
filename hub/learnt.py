"""What the rooms have learnt about their microphones, kept from one start of the hub to the next."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Final

from hub.errors import StoreError
from hub.rooms.gains import BadGainsError, Gains
from hub.store import Store

_LOG = logging.getLogger(__name__)
_NAME: Final = "gains"
_EVERY_S: Final = 900.0


class LearntGains:
    """Loads at the start, and keeps every quarter of an hour and at the end."""

    def __init__(self, store: Store, gains: Gains, *, every_s: float = _EVERY_S) -> None:
        self._store, self._gains, self._every_s = store, gains, every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Load, and keep from now on. What cannot be read is learnt anew."""
        with self._store.transaction() as db:
            row = db.execute("SELECT value FROM hub WHERE name = ?", (_NAME,)).fetchone()
        if row is not None:
            try:
                self._gains.load(_json(row[0]))
            except BadGainsError as error:
                _LOG.warning("%s", error.sentence)
        self._task = asyncio.get_running_loop().create_task(self._keep_on())

    async def close(self) -> None:
        """Keep it a last time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            self._keep()

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            self._keep()

    def _keep(self) -> None:
        """What was learnt is worth less than a hub that runs: a full disk is told to the log."""
        try:
            with self._store.transaction() as db:
                value = json.dumps(self._gains.to_json())
                db.execute("INSERT OR REPLACE INTO hub (name, value) VALUES (?, ?)", (_NAME, value))
        except StoreError as error:
            _LOG.warning("%s", error.sentence)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
