"""The report of a run: one line a turn, on disk before the next turn begins."""

from __future__ import annotations

import contextlib
import json
import os
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from hub.errors import StoreError


class Journal:
    """Appends to `turns.jsonl` in the folder the user asked for. Without a folder nothing is kept at all."""

    def __init__(self, directory: Path | None) -> None:
        self._path: Path | None = None
        if directory is not None:
            try:
                directory.mkdir(parents=True, exist_ok=True)
                self._path = directory / "turns.jsonl"
                with self._path.open("a+b") as file:
                    if file.tell() and _last_byte(file) != b"\n":
                        file.write(b"\n")  # the power went in the middle of a line
            except OSError as error:
                raise StoreError(f"The report folder {directory} cannot be written: {error.strerror}.") from error

    def write(self, record: dict[str, Any]) -> None:
        """Append a turn and hand it to the disk.

        Raises:
            StoreError: the disk is full or gone; the conversation itself is not touched by that.
        """
        if self._path is None:
            return
        line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
        try:
            with self._path.open("ab", buffering=0) as file:
                self._append(file, line.encode())
        except OSError as error:
            raise StoreError(f"The turn could not be written to {self._path}: {error.strerror}.") from error

    @staticmethod
    def _append(file: FileIO, line: bytes) -> None:
        """Write a line whole or not at all: half a line would spoil the next one."""
        end = file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]  # a write into the last free bytes takes what fits, the next one fails
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                file.truncate(end)
            raise


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)
