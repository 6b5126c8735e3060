"""The report of a run: one line a turn, on disk before the next turn begins."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hub.errors import StoreError


class Journal:
    """Appends to `turns.jsonl` in the folder the user asked for. Without a folder nothing is kept at all."""

    def __init__(self, directory: Path | None) -> None:
        self._path: Path | None = None
        if directory is not None:
            try:
                directory.mkdir(parents=True, exist_ok=True)
                self._path = directory / "turns.jsonl"
                self._path.touch()
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
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"The turn could not be written to {self._path}: {error.strerror}.") from error
