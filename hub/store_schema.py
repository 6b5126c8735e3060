"""The tables of the store, version by version."""

from __future__ import annotations

from typing import Final

# One entry a version, applied in order and never changed once released; `user_version` counts them.
MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE hub (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE satellite (
        device_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        device_key BLOB NOT NULL,
        area_id TEXT NOT NULL,
        paired_at REAL NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE pending (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('timer', 'reminder', 'deed')),
        text TEXT NOT NULL,
        area_id TEXT NOT NULL,
        device_id TEXT NOT NULL,
        set_s REAL NOT NULL,
        due_at REAL NOT NULL,
        paused_s REAL,
        by_clock INTEGER NOT NULL,
        action TEXT NOT NULL,
        begun INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE list_item (
        number INTEGER PRIMARY KEY,
        list TEXT NOT NULL,
        item TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE quiet (
        area_id TEXT PRIMARY KEY,
        quiet INTEGER NOT NULL,
        until_at REAL
    ) STRICT;
    """,
)
