"""The rows of what is pending and of the hub's own lists, in the hub's store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from hub.store import Store

Kind = Literal["timer", "reminder", "deed"]
MAX_ITEMS: Final = 500
"""Of one list; a list that nobody clears must not grow without end."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that becomes due.

    Attributes:
        id: 16 hexadecimal digits.
        text: a timer's name (empty without one), or what is to be remembered.
        device_id: the satellite that rings; empty where none was there.
        set_s: how long it was from the beginning, seconds.
        due_at: seconds since the epoch; void while `paused_s` is set.
        paused_s: seconds left of a paused timer.
        by_clock: due at a time of day, so it follows the clock of the house and not a count of seconds.
        action: domain, service, entity_ids and data of a deed.
        begun: a deed that was being carried out; after a crash nobody knows whether it was.
    """

    id: str
    kind: Kind
    text: str
    area_id: str
    device_id: str
    set_s: float
    due_at: float
    paused_s: float | None = None
    by_clock: bool = False
    action: Mapping[str, Any] | None = None
    begun: bool = False


class AgendaStore:
    """Keeps them; what a method has returned from survives a power cut.

    Raises:
        StoreError: from every method: the store cannot be read or written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> list[Pending]:
        """Everything that is pending, soonest first."""
        with self._store.transaction() as db:
            rows = db.execute(
                "SELECT id, kind, text, area_id, device_id, set_s, due_at, paused_s, by_clock, action, begun"
                " FROM pending ORDER BY due_at, id"
            ).fetchall()
        return [
            Pending(
                id=one_id,
                kind=cast("Kind", kind),
                text=text,
                area_id=area_id,
                device_id=device_id,
                set_s=set_s,
                due_at=due_at,
                paused_s=paused_s,
                by_clock=bool(by_clock),
                action=json.loads(action) if action else None,
                begun=bool(begun),
            )
            for one_id, kind, text, area_id, device_id, set_s, due_at, paused_s, by_clock, action, begun in rows
        ]

    def keep(self, *pending: Pending) -> None:
        """Write them, each in place of its former self."""
        with self._store.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO pending"
                " (id, kind, text, area_id, device_id, set_s, due_at, paused_s, by_clock, action, begun)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.id,
                        one.kind,
                        one.text,
                        one.area_id,
                        one.device_id,
                        one.set_s,
                        one.due_at,
                        one.paused_s,
                        int(one.by_clock),
                        json.dumps(one.action) if one.action is not None else "",
                        int(one.begun),
                    )
                    for one in pending
                ],
            )

    def remove(self, *ids: str) -> None:
        """Delete them; ids that are not there are nothing to do."""
        with self._store.transaction() as db:
            db.executemany("DELETE FROM pending WHERE id = ?", [(one,) for one in ids])

    def items(self, name: str) -> list[str]:
        """What stands on a list, in the order in which it was added."""
        with self._store.transaction() as db:
            rows = db.execute("SELECT item FROM list_item WHERE list = ? ORDER BY number", (name,)).fetchall()
        return [str(row[0]) for row in rows]

    def lists(self) -> list[str]:
        """The lists that hold something, by name."""
        with self._store.transaction() as db:
            rows = db.execute("SELECT DISTINCT list FROM list_item ORDER BY list").fetchall()
        return [str(row[0]) for row in rows]

    def add_item(self, name: str, item: str) -> bool:
        """Put something on a list; False when the list is full."""
        with self._store.transaction() as db:
            count = db.execute("SELECT count(*) FROM list_item WHERE list = ?", (name,)).fetchone()[0]
            if count >= MAX_ITEMS:
                return False
            db.execute("INSERT INTO list_item (list, item) VALUES (?, ?)", (name, item))
        return True

    def remove_item(self, name: str, item: str) -> bool:
        """Take the first item of this very spelling off; whether it was there."""
        with self._store.transaction() as db:
            gone = db.execute(
                "DELETE FROM list_item WHERE number = (SELECT min(number) FROM list_item WHERE list = ? AND item = ?)",
                (name, item),
            ).rowcount
        return gone > 0

    def clear(self, name: str) -> int:
        """Empty a list; how many items it had."""
        with self._store.transaction() as db:
            return db.execute("DELETE FROM list_item WHERE list = ?", (name,)).rowcount
