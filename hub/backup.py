"""A hub in one file: store, identity and configuration.

Whoever holds a backup can be this hub, so it is readable by its owner alone. It is taken while the hub runs, and
restored only where none does.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from typing_extensions import Buffer

from hub import __version__
from hub.errors import StoreError
from hub.store import STORE_NAME, StateLock
from hub.store_schema import MIGRATIONS
from protocol.errors import RoomtoneError

IDENTITY_NAME: Final = "identity.pem"
CONFIG_NAME: Final = "config.yaml"
MANIFEST_NAME: Final = "manifest.json"
FORMAT: Final = 1
MAX_MEMBER_BYTES: Final = {
    MANIFEST_NAME: 64 << 10,
    STORE_NAME: 64 << 20,
    IDENTITY_NAME: 64 << 10,
    CONFIG_NAME: 1 << 20,
}


_MAX_TOTAL_BYTES: Final = sum(MAX_MEMBER_BYTES.values()) + (1 << 20)


class BackupError(RoomtoneError):
    """The backup cannot be written, or the file is no backup that can be restored."""

    code = "backup_failed"


class _Capped(io.RawIOBase):
    """Reads no more than a backup can hold: a few compressed bytes may stand for a memory full of zeros."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._left = _MAX_TOTAL_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self._file.read(len(view))
        self._left -= len(data)
        if self._left < 0:
            raise BackupError("The file is no Roomtone backup: it is too large.")
        view[: len(data)] = data
        return len(data)


@dataclass(frozen=True, slots=True)
class BackupContents:
    """What a backup holds.

    Attributes:
        made_at: seconds since the epoch.
        version: the Roomtone that wrote it.
        members: the files restored or saved, by name.
    """

    made_at: float
    version: str
    members: tuple[str, ...]


def backup(target: Path, *, state_dir: Path, config: Path | None) -> BackupContents:
    """Write a backup, consistent even while the hub runs. An existing file is replaced in one step.

    Raises:
        BackupError: there is nothing to save, or `target` cannot be written.
    """
    store = state_dir / STORE_NAME
    if not store.exists():
        raise BackupError(f"There is no hub in {state_dir} to back up. Name its --state-dir.")
    try:
        members = {STORE_NAME: _snapshot(store)}
        for name, path in ((IDENTITY_NAME, state_dir / IDENTITY_NAME), (CONFIG_NAME, config)):
            if path is not None and path.exists():
                members[name] = path.read_bytes()
        made_at = time.time()
        manifest = {"format": FORMAT, "version": __version__, "made_at": made_at, "members": sorted(members)}
        archive = _pack({MANIFEST_NAME: json.dumps(manifest).encode(), **members}, made_at)
        _write_atomically(target, archive)
    except OSError as error:
        raise BackupError(f"The backup {target} cannot be written: {error.strerror or error}.") from None
    except sqlite3.Error as error:
        raise BackupError(f"The store {store} cannot be read: {error}.") from None
    return BackupContents(made_at, __version__, tuple(sorted(members)))


def restore(source: Path, *, state_dir: Path, config: Path | None) -> BackupContents:
    """Put a backup's hub into a state directory. Everything is checked before the first file changes.

    Args:
        source: the backup.
        state_dir: where no hub may be running; made if missing.
        config: where the configuration goes if the backup holds one and no file is there; None leaves it out.

    Raises:
        BackupError: the file is no sound backup; nothing was changed.
        AlreadyRunningError: a hub runs there; nothing was changed.
        StoreError: the state directory cannot be written.
    """
    members, contents = _unpack(source)
    with StateLock(state_dir):
        _check_store(members[STORE_NAME], state_dir)
        restored = [STORE_NAME]
        try:
            _fold_old_log(state_dir / STORE_NAME)
            if IDENTITY_NAME in members:
                _write_atomically(state_dir / IDENTITY_NAME, members[IDENTITY_NAME])
                restored.append(IDENTITY_NAME)
            _write_atomically(state_dir / STORE_NAME, members[STORE_NAME])
            if CONFIG_NAME in members and config is not None and not config.exists():
                config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write_atomically(config, members[CONFIG_NAME])
                restored.append(CONFIG_NAME)
        except OSError as error:
            raise StoreError(f"The backup cannot be put into {state_dir}: {error.strerror or error}.") from None
    return BackupContents(contents.made_at, contents.version, tuple(restored))


def _snapshot(store: Path) -> bytes:
    with (
        contextlib.closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)) as live,
        contextlib.closing(sqlite3.connect(":memory:")) as copy,
    ):
        live.backup(copy)
        return copy.serialize()


def _pack(members: dict[str, bytes], made_at: float) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), 0o600, int(made_at)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _unpack(source: Path) -> tuple[dict[str, bytes], BackupContents]:
    members: dict[str, bytes] = {}
    try:
        with (
            gzip.open(source) as file,
            io.BufferedReader(_Capped(file)) as whole,
            tarfile.open(fileobj=whole, mode="r|") as archive,
        ):
            for info in archive:
                limit = MAX_MEMBER_BYTES.get(info.name)
                if limit is None or not info.isreg() or info.name in members:
                    raise BackupError(f"{source} is no Roomtone backup: it holds something that none does.")
                if info.size > limit:
                    raise BackupError(f"{source} is no Roomtone backup: its {info.name} is too large.")
                data = archive.extractfile(info)
                members[info.name] = data.read(limit) if data is not None else b""
            while whole.read(1 << 16):
                pass  # the checksum of everything comes last
    except (tarfile.TarError, zlib.error, EOFError, ValueError, OverflowError) as error:
        raise BackupError(f"{source} is no Roomtone backup, or is damaged: {error}.") from None
    except OSError as error:
        raise BackupError(f"The backup {source} cannot be read: {error.strerror or error}.") from None
    return members, _check_manifest(source, members)


def _fold_old_log(store: Path) -> None:
    """Leave no old log beside the new database, into which it would be replayed; lose nothing if we stop here."""
    if store.exists():
        # A damaged store is a good reason to restore, and its log is worth nothing.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(store)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    for suffix in ("-wal", "-shm"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)


def _check_manifest(source: Path, members: dict[str, bytes]) -> BackupContents:
    try:
        manifest: Any = json.loads(members.pop(MANIFEST_NAME))
        contents = BackupContents(
            float(manifest["made_at"]), str(manifest["version"])[:40], tuple(map(str, manifest["members"]))
        )
        number = int(manifest["format"])
    except (KeyError, ValueError, TypeError, RecursionError, OverflowError):
        raise BackupError(f"{source} is no Roomtone backup: its table of contents is missing or broken.") from None
    if number > FORMAT:
        raise BackupError(f"{source} was made by Roomtone {contents.version}, which is newer. Update Roomtone first.")
    if STORE_NAME not in members or sorted(members) != sorted(contents.members):
        raise BackupError(f"{source} is incomplete. Use another backup.")
    return contents


def _check_store(data: bytes, state_dir: Path) -> None:
    """Open the database beside its future place and read all of it."""
    handle, name = tempfile.mkstemp(dir=state_dir, prefix=".restore-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        with contextlib.closing(sqlite3.connect(f"file:{quote(name)}?immutable=1", uri=True)) as db:
            healthy = db.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if not healthy or version < 1:
                raise BackupError("The store in this backup is damaged. Use another backup.")
            if version > len(MIGRATIONS):
                raise BackupError("The store in this backup was written by a newer Roomtone. Update Roomtone first.")
            db.execute("SELECT name, value FROM hub").fetchall()
            db.execute("SELECT device_id, device_key FROM satellite").fetchall()
    except sqlite3.Error:
        raise BackupError("The store in this backup is damaged. Use another backup.") from None
    except OSError as error:
        raise StoreError(f"The backup cannot be put into {state_dir}: {error.strerror or error}.") from None
    finally:
        Path(name).unlink(missing_ok=True)


def _write_atomically(target: Path, data: bytes) -> None:
    """All of it or nothing, readable by its owner alone, and on disk when this returns."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
