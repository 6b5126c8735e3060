"""What is pending, against two clocks: seconds that only count up, and the time of day. No I/O but the store's.

A timer counts seconds, whatever happens to the computer's clock; a reminder for half past seven follows that clock.
The store holds times of day for both, since nothing else survives a restart. Whenever the clock is set, the stored
times of those that count are corrected.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.tools.agenda_store import AgendaStore, Kind, Pending
from hub.tools.port import ToolError

_LOG = logging.getLogger(__name__)

MAX_PENDING: Final = 200
MAX_S: Final = 366 * 86_400.0
_CLOCK_WAS_SET_S: Final = 1.0


class AgendaError(ToolError):
    """This cannot be kept for later."""

    code = "bad_value"


class Agenda:
    """Everything pending, in memory and on disk.

    Args:
        rows: where it is kept.
        now_s: seconds that only count up.
        wall_s: seconds since the epoch.
        new_id: a fresh id.
    """

    def __init__(
        self,
        rows: AgendaStore,
        *,
        now_s: Callable[[], float],
        wall_s: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._rows = rows
        self._now_s, self._wall_s, self._new_id = now_s, wall_s, new_id
        self._offset_s = wall_s() - now_s()
        self._listeners: list[Callable[[], None]] = []
        self._pending = {one.id: one for one in rows.load()}
        # A clock that was set back while the hub was off must not make a timer longer than it ever was.
        self._deadline_s = {
            one.id: now_s() + min(one.set_s, one.due_at - wall_s())
            for one in self._pending.values()
            if not one.by_clock
        }

    def __iter__(self) -> Iterator[Pending]:
        """Soonest first, paused ones last."""
        return iter(sorted(self._pending.values(), key=lambda one: (one.paused_s is not None, self.remaining_s(one))))

    def __len__(self) -> int:
        return len(self._pending)

    def get(self, pending_id: str) -> Pending | None:
        """One of them."""
        return self._pending.get(pending_id)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener()` whenever something was added, changed or removed."""
        self._listeners.append(listener)

    def remaining_s(self, one: Pending) -> float:
        """Seconds until it is due; negative when it is overdue."""
        if one.paused_s is not None:
            return one.paused_s
        if one.by_clock:
            return one.due_at - self._wall_s()
        return self._deadline_s[one.id] - self._now_s()

    def add(
        self,
        kind: Kind,
        *,
        text: str,
        area_id: str,
        device_id: str,
        delay_s: float | None = None,
        due_at: float | None = None,
        action: Mapping[str, Any] | None = None,
    ) -> Pending:
        """Keep something for later: after `delay_s`, or at `due_at` seconds since the epoch.

        Raises:
            AgendaError: the time is past or too far, or too much is pending.
            StoreError: it cannot be written.
        """
        wait_s = delay_s if delay_s is not None else (due_at or 0.0) - self._wall_s()
        if wait_s <= 0:
            raise AgendaError("That time is already over.")
        if wait_s > MAX_S:
            raise AgendaError("That is more than a year away.")
        if len(self._pending) >= MAX_PENDING:
            raise AgendaError(f"I already keep {MAX_PENDING} timers and reminders; please cancel some first.")
        one = Pending(
            id=self._new_id(),
            kind=kind,
            text=text,
            area_id=area_id,
            device_id=device_id,
            set_s=wait_s,
            due_at=self._wall_s() + wait_s,
            by_clock=delay_s is None,
            action=action,
        )
        self._put(one, None if one.by_clock else self._now_s() + wait_s)
        return one

    def pause(self, one: Pending) -> Pending:
        """Stop counting."""
        paused = replace(one, paused_s=max(0.0, self.remaining_s(one)))
        self._put(paused, self._deadline_s.get(one.id))
        return paused

    def resume(self, one: Pending) -> Pending:
        """Go on counting."""
        return self._restart(one, self.remaining_s(one))

    def extend(self, one: Pending, seconds: float) -> Pending:
        """Let it take longer, or less long for a negative number.

        Raises:
            AgendaError: nothing would be left of it.
        """
        left_s = self.remaining_s(one) + seconds
        if left_s <= 0:
            raise AgendaError("That would leave no time at all.")
        if left_s > MAX_S:
            raise AgendaError("That is more than a year away.")
        if one.paused_s is not None:
            longer = replace(one, paused_s=left_s, set_s=one.set_s + max(0.0, seconds))
            self._put(longer, self._deadline_s.get(one.id))
            return longer
        return self._restart(replace(one, set_s=one.set_s + max(0.0, seconds)), left_s)

    def begin(self, one: Pending) -> Pending:
        """Note on disk that a deed is being carried out, before it is."""
        begun = replace(one, begun=True)
        self._put(begun, self._deadline_s.get(one.id))
        return begun

    def remove(self, *gone: Pending) -> None:
        """They are done, or not wanted any more."""
        self._rows.remove(*(one.id for one in gone))
        for one in gone:
            self._pending.pop(one.id, None)
            self._deadline_s.pop(one.id, None)
        self._tell()

    def due(self) -> list[Pending]:
        """Those whose time has come, the longest overdue first."""
        return [one for one in self if one.paused_s is None and self.remaining_s(one) <= 0]

    def next_s(self) -> float | None:
        """Seconds until the next one is due, None when nothing runs; those that are due already do not count."""
        waiting = [self.remaining_s(one) for one in self._pending.values() if one.paused_s is None]
        return min((left_s for left_s in waiting if left_s > 0), default=None)

    def check_clock(self) -> None:
        """Notice that the computer's clock was set: what counts seconds is then due at another time of day."""
        offset_s = self._wall_s() - self._now_s()
        if abs(offset_s - self._offset_s) < _CLOCK_WAS_SET_S:
            return
        _LOG.info("the clock was set by %.0f s", offset_s - self._offset_s)
        self._offset_s = offset_s
        moved = [
            replace(self._pending[one_id], due_at=deadline_s + offset_s)
            for one_id, deadline_s in self._deadline_s.items()
        ]
        self._rows.keep(*moved)
        self._pending.update((one.id, one) for one in moved)
        self._tell()

    def _restart(self, one: Pending, left_s: float) -> Pending:
        running = replace(one, paused_s=None, due_at=self._wall_s() + left_s)
        self._put(running, None if one.by_clock else self._now_s() + left_s)
        return running

    def _put(self, one: Pending, deadline_s: float | None) -> None:
        self._rows.keep(one)
        self._pending[one.id] = one
        if deadline_s is not None:
            self._deadline_s[one.id] = deadline_s
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
