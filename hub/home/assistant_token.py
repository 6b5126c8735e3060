"""The file with Home Assistant's access token."""

from __future__ import annotations

import logging
from pathlib import Path

from hub.home.port import HomeRefusedTokenError

_MAX_BYTES = 4096
_LOG = logging.getLogger(__name__)


class TokenFile:
    """Reads the token when it is needed and never keeps it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._warned = False

    def read(self) -> str:
        """The token.

        Raises:
            HomeRefusedTokenError: there is no file, or nothing in it that could be a token.
        """
        try:
            with self._path.open("rb") as file:
                token = file.read(_MAX_BYTES + 1).decode("ascii").strip()
                mode = self._path.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not plain text"
            raise HomeRefusedTokenError(
                f"The token file {self._path} cannot be read ({reason}). Put a long-lived access token of Home "
                "Assistant into it."
            ) from error
        if mode & 0o077 and not self._warned:
            self._warned = True
            _LOG.warning("%s can be read by other users; run: chmod 600 %s", self._path, self._path)
        if not token or len(token) > _MAX_BYTES or any(c.isspace() for c in token):
            raise HomeRefusedTokenError(f"The file {self._path} does not hold one access token.")
        return token

    def version(self) -> tuple[int, int] | None:
        """Changes whenever somebody writes the file; None while there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
