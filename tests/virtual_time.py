"""An event loop whose time jumps to the next timer when nothing else is to be done."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable

_THREAD_LIMIT_S = 10.0


class _Sockets(selectors.DefaultSelector):
    """Where no socket has anything, the time passes for which the loop would wait."""

    def __init__(self, patience_s: float, pass_s: Callable[[float], None]):
        super().__init__()
        self._patience_s = patience_s
        self._pass_s = pass_s
        self.threads = 0

    def select(self, timeout=None):
        if timeout is not None and timeout <= 0:
            return super().select(0)
        events = super().select(_THREAD_LIMIT_S if self.threads else self._patience_s)
        if not events and not self.threads:
            if timeout is None:
                raise AssertionError("everybody waits for something that never comes")
            self._pass_s(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Never waits: hours pass in milliseconds, and in the same order each time.

    Both ends of a socket may be on this loop. Threads that it runs take no time.

    Args:
        patience_s: how long sockets are given, in real time, before time jumps; none where there are no sockets.
    """

    def __init__(self, patience_s: float = 0.0):
        self._virtual_s = 1000.0
        self._sockets = _Sockets(patience_s, self._pass)
        super().__init__(self._sockets)

    def time(self):
        return self._virtual_s

    def now_ms(self):
        return self._virtual_s * 1000.0

    def run_in_executor(self, executor, func, *args):
        future = super().run_in_executor(executor, func, *args)
        self._sockets.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _future):
        self._sockets.threads -= 1

    def _pass(self, seconds):
        self._virtual_s += seconds


def loop_of(*, virtual: bool) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loop of a test; sockets of one process are quick, and time may jump after a millisecond."""
    return (lambda: VirtualLoop(patience_s=0.001)) if virtual else asyncio.new_event_loop
