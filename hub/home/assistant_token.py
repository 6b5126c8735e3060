"""The file with Home Assistant's access token."""

from __future__ import annotations

from pathlib import Path

from hub.home.port import HomeRefusedTokenError
from hub.secret_file import SecretFile, SecretFileError


class TokenFile:
    """Reads the token when it is needed and never keeps it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secret = SecretFile(path, "access token")

    def read(self) -> str:
        """The token.

        Raises:
            HomeRefusedTokenError: there is no file, or nothing in it that could be a token.
        """
        try:
            return self._secret.read()
        except SecretFileError as error:
            raise HomeRefusedTokenError(
                f"{error.sentence} Put a long-lived access token of Home Assistant into it."
            ) from error

    def version(self) -> tuple[int, int] | None:
        """Changes whenever somebody writes the file; None while there is none."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
