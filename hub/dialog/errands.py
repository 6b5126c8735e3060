"""What is done beside: begun by somebody who does not wait for it, and over when he is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Errands:
    """Those of one owner that run now."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None], name: str | None = None) -> None:
        """Do it, beside everything else."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, within_s: float = 0.0) -> None:
        """Let them come to their ends for so long, and break off the rest."""
        running = tuple(self._tasks)
        if running and within_s:
            await asyncio.wait(running, timeout=within_s)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
