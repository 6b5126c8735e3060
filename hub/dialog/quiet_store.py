"""The rows of what was switched about do-not-disturb, in the hub's store."""

from __future__ import annotations

from hub.dialog.quiet import Switched
from hub.store import Store


class QuietStore:
    """Keeps them; what a method has returned from survives a power cut.

    Raises:
        StoreError: from every method: the store cannot be read or written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> list[Switched]:
        """All of it."""
        with self._store.transaction() as db:
            rows = db.execute("SELECT area_id, quiet, until_at FROM quiet").fetchall()
        return [Switched(area_id, bool(quiet), until_at) for area_id, quiet, until_at in rows]

    def keep(self, switched: Switched) -> None:
        """Keep this in place of what was kept for the room."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO quiet (area_id, quiet, until_at) VALUES (?, ?, ?)",
                (switched.area_id, int(switched.quiet), switched.until_at),
            )

    def forget(self, area_id: str) -> None:
        """Nothing is switched in the room any more."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM quiet WHERE area_id = ?", (area_id,))
