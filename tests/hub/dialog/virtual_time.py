"""An event loop whose time jumps to the next timer when nothing else is to be done."""

from __future__ import annotations

import asyncio


class VirtualLoop(asyncio.SelectorEventLoop):
    """Never waits: hours pass in milliseconds, and in the same order each time."""

    def __init__(self):
        super().__init__()
        self._virtual_s = 1000.0

    def time(self):
        return self._virtual_s

    def _run_once(self):
        if not self._ready:
            due_s = [timer.when() for timer in self._scheduled if not timer.cancelled()]
            if not due_s:
                raise AssertionError("everybody waits for something that never comes")
            self._virtual_s = max(self._virtual_s, min(due_s))
        super()._run_once()

    def now_ms(self):
        return self._virtual_s * 1000.0
