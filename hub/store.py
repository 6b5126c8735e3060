"""What the hub must not forget: who it is, the satellites paired with it, and what others keep in tables of their own.

SQLite in WAL mode with full synchronisation: what a method has returned from survives `kill -9` and a power
cut. The store belongs to one thread, the event loop's; a transaction is one row and takes milliseconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from hub.errors import AlreadyRunningError, StoreError
from hub.store_schema import MIGRATIONS

STORE_NAME: Final = "hub.sqlite3"
LOCK_NAME: Final = "hub.lock"
BUSY_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class StoredSatellite:
    """A paired satellite.

    Attributes:
        device_id: 32 hexadecimal digits.
        name: what its owner called it.
        device_key: the secret both sides derived in pairing.
        area_id: the area it stands in.
        paired_at: seconds since the epoch.
    """

    device_id: str
    name: str
    device_key: bytes = field(repr=False)
    area_id: str
    paired_at: float


def make_private_dir(path: Path) -> None:
    """Make sure a state directory exists and that no stranger can exchange files in it.

    Raises:
        StoreError: it cannot be made, or everybody may write to it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.stat().st_mode
    except OSError as error:
        raise StoreError(f"The state directory {path} cannot be used: {error.strerror}.") from None
    if mode & 0o002:
        raise StoreError(f"Everybody may write to the state directory {path}. Take that away: chmod 700 {path}")


class StateLock:
    """One hub at a time on a state directory. The kernel frees it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        """Take the lock.

        Raises:
            AlreadyRunningError: another process holds it.
            StoreError: the directory cannot be written.
        """
        make_private_dir(directory)
        try:
            self._fd = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreError(f"The state directory {directory} cannot be written: {error.strerror}.") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise AlreadyRunningError(
                f"A hub already runs on {directory}. Stop it first, or give this one its own --state-dir."
            ) from None

    def close(self) -> None:
        """Let the next one in. The file stays: removing it would let two processes lock two files."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def _typed(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, each with what to do about it."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            advice = "it is damaged. Restore a backup (roomtone restore FILE), or move it away and pair again"
        elif name.startswith("SQLITE_FULL"):
            advice = "the disk is full. Free some space; nothing stored before was lost"
        elif name.startswith("SQLITE_READONLY"):
            advice = "it is read-only. Give it back to the user the hub runs as"
        elif name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
            advice = f"the disk refuses ({error}). Check its space and its health"
        else:
            advice = f"{error}"
        raise StoreError(f"The store {path} cannot be used: {advice}.") from error


class Store:
    """The hub's database, and with it the lock on the state directory.

    Args:
        path: the database file; it is made, readable by its owner alone, if it does not exist.

    Raises:
        AlreadyRunningError: another hub has it.
        StoreError: damaged, from a newer version, unreadable or unwritable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = StateLock(path.parent)
        try:
            self._db = self._open()
        except BaseException:
            self._lock.close()
            raise

    def _open(self) -> sqlite3.Connection:
        try:
            # SQLite gives its side files the mode of the database, so that must be right from the first byte.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            self._path.chmod(0o600)
        except OSError as error:
            raise StoreError(f"The store {self._path} cannot be opened: {error.strerror}.") from None
        with _typed(self._path):
            db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA secure_delete = ON")
                _check_pages(db)
                migrate(db, self._path)
                self._make_identity(db)
            except BaseException:
                db.close()
                raise
        return db

    @staticmethod
    def _make_identity(db: sqlite3.Connection) -> None:
        with _transaction(db):
            db.executemany(
                "INSERT OR IGNORE INTO hub VALUES (?, ?)",
                [("hub_id", secrets.token_hex(16)), ("api_token", secrets.token_urlsafe(32))],
            )

    def close(self) -> None:
        """Close the database and let another hub in."""
        self._db.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The database, for a part that keeps rows of its own: all of them are on disk afterwards, or none.

        Raises:
            StoreError: it cannot be read or written.
        """
        with _typed(self._path), _transaction(self._db):
            yield self._db

    def hub_id(self) -> str:
        """Who this hub is: 32 hexadecimal digits, drawn once."""
        return self._identity("hub_id")

    def api_token(self) -> str:
        """What the HTTP API asks for, drawn once."""
        return self._identity("api_token")

    def _identity(self, name: str) -> str:
        with _typed(self._path):
            row = self._db.execute("SELECT value FROM hub WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise StoreError(f"The store {self._path} has lost its {name}. Restore a backup.")
        return str(row[0])

    def add_satellite(self, *, device_id: str, name: str, device_key: bytes, area_id: str, paired_at: float) -> None:
        """Remember a pairing; it is on disk when this returns. Pairing again replaces key and area."""
        with _typed(self._path), _transaction(self._db):
            self._db.execute(
                "INSERT OR REPLACE INTO satellite (device_id, name, device_key, area_id, paired_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (device_id, name, device_key, area_id, paired_at),
            )

    def satellite(self, device_id: str) -> StoredSatellite | None:
        """The pairing of this device; None if it was never paired or was revoked."""
        with _typed(self._path):
            row = self._db.execute(f"{_SELECT} WHERE device_id = ?", (device_id,)).fetchone()
        return None if row is None else StoredSatellite(*row)

    def satellites(self) -> list[StoredSatellite]:
        """Every paired satellite, in the order of pairing."""
        with _typed(self._path):
            rows = self._db.execute(f"{_SELECT} ORDER BY paired_at, device_id").fetchall()
        return [StoredSatellite(*row) for row in rows]

    def revoke(self, device_id: str) -> bool:
        """Delete the device's key, on disk too. Returns whether it was paired."""
        with _typed(self._path):
            with _transaction(self._db):
                gone = self._db.execute("DELETE FROM satellite WHERE device_id = ?", (device_id,)).rowcount > 0
            # The key also stands in the write-ahead log until that is folded in and cut.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return gone


_SELECT: Final = "SELECT device_id, name, device_key, area_id, paired_at FROM satellite"


def migrate(db: sqlite3.Connection, path: Path, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring the schema up to date, each version in a transaction of its own.

    Raises:
        StoreError: the file was written by a newer version.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(migrations):
        raise StoreError(
            f"The store {path} was written by a newer Roomtone: schema {version}, and this one knows"
            f" {len(migrations)}. Update Roomtone, or restore a backup made with this version."
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        with _transaction(db):
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")


def _check_pages(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("its pages contradict each other; restore a backup")


def read_api_token(path: Path) -> str:
    """The HTTP API's token of a store that a hub may have open.

    Raises:
        StoreError: there is no store, or it holds none.
    """
    if not path.exists():
        raise StoreError(f"There is no store at {path}. Start the hub once: roomtone hub run")
    with (
        _typed(path),
        contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db,
    ):
        row = db.execute("SELECT value FROM hub WHERE name = 'api_token'").fetchone()
    if row is None:
        raise StoreError(f"The store {path} holds no API token. Restore a backup.")
    return str(row[0])


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk has already rolled back by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
