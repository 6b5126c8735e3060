"""A file that holds one secret: a token or a key."""

from __future__ import annotations

import logging
from pathlib import Path

from protocol.errors import RoomtoneError

_MAX_BYTES = 4096
_LOG = logging.getLogger(__name__)


class SecretFileError(RoomtoneError):
    """The file cannot be read, or nothing in it could be a secret."""

    code = "bad_secret_file"


class SecretFile:
    """Reads the secret when it is needed and never keeps it.

    Args:
        path: the file.
        holds: what is in it, for a person: "access token", "API key".
    """

    def __init__(self, path: Path, holds: str) -> None:
        self.path = path
        self._holds = holds
        self._warned = False

    def read(self) -> str:
        """The secret.

        Raises:
            SecretFileError: there is no file, or nothing in it that could be one.
        """
        try:
            with self.path.open("rb") as file:
                secret = file.read(_MAX_BYTES + 1).decode("ascii").strip()
                mode = self.path.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not plain text"
            raise SecretFileError(f"The file {self.path} with the {self._holds} cannot be read ({reason}).") from error
        if mode & 0o077 and not self._warned:
            self._warned = True
            _LOG.warning("%s can be read by other users; run: chmod 600 %s", self.path, self.path)
        if not secret or len(secret) > _MAX_BYTES or not secret.isprintable() or " " in secret:
            raise SecretFileError(f"The file {self.path} does not hold one {self._holds}.")
        return secret
