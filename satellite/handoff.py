"""From the DSP thread to the event loop: bounded, oldest first out, one wake-up for many items."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

LIMIT: Final = 256  # 5 s of frames; a pre-roll of 100 passes whole
T = TypeVar("T")


class Handoff(Generic[T]):
    """Carries items into a callback on the event loop.

    Attributes:
        dropped: items given up because the event loop stood still.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[T], None]) -> None:
        self.dropped = 0
        self._loop = loop
        self._take = take
        self._items: deque[T] = deque()
        self._lock = threading.Lock()
        self._scheduled = False

    def put(self, item: T) -> None:
        """Hand over one item; any thread."""
        with self._lock:
            if len(self._items) >= LIMIT:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            if self._scheduled:
                return
            self._scheduled = True
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to take anything
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        with self._lock:
            items, self._items = self._items, deque()
            self._scheduled = False
        while items:
            try:
                self._take(items.popleft())
            except Exception as defect:  # noqa: BLE001 (told to whoever watches the loop; the other items still count)
                self._loop.call_exception_handler({"message": "an item could not be taken", "exception": defect})
