"""A reading desk: one thread that runs a recogniser, the most urgent reading first.

The final text has a desk of its own. What else is read sits at another in the background, whose thread gives way:
two equal decodes side by side on one core would both come late, and a decode that has begun cannot be stopped.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from hub.hearing.decoders import Reading

_LOG = logging.getLogger(__name__)
# About a tenth of an equal's share of a core. Not the least there is: the thread now and then holds the
# interpreter, and whoever waits for that waits for it.
_GIVES_WAY = 10


class Urgency(IntEnum):
    """What is read first."""

    FINAL = 0
    SECOND = 1
    PARTIAL = 2
    STOP = 3


@dataclass(order=True)
class _Job:
    urgency: Urgency
    order: int
    read: Callable[[], Reading] | None = field(compare=False)
    done: Callable[[Reading | None], None] = field(compare=False)
    wanted: Callable[[], bool] = field(compare=False)


class ReadingDesk:
    """Owns the thread. Each stream has at most one reading of each urgency waiting, so the queue stays short."""

    def __init__(self, *, background: bool = False) -> None:
        """Make one; with `background` its thread gives way to every other of this process."""
        self._background = background
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._work, name="hearing-desk", daemon=True)
        self._thread.start()

    def submit(
        self,
        urgency: Urgency,
        read: Callable[[], Reading],
        done: Callable[[Reading | None], None],
        wanted: Callable[[], bool],
    ) -> None:
        """Read when its time comes, unless it is `wanted` no longer by then.

        `done` is called on the desk's thread, with None when the reading was not wanted or failed.
        """
        self._jobs.put(_Job(urgency, next(self._order), read, done, wanted))

    def stop(self) -> None:
        """Finish what waits and end the thread."""
        if self._thread is not None:
            self._jobs.put(_Job(Urgency.STOP, next(self._order), None, lambda _reading: None, lambda: False))
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        if self._background and sys.platform == "linux":  # elsewhere this would slow down the whole process
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _GIVES_WAY)
        while (job := self._jobs.get()).read is not None:
            reading: Reading | None = None
            try:
                if job.wanted():
                    reading = job.read()
            except Exception as fault:  # noqa: BLE001 - one bad turn must not make the house deaf
                # Without the traceback's values: a recogniser's message may hold what was said.
                _LOG.error("a reading failed: %s", type(fault).__name__)
            job.done(reading)
