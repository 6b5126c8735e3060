"""What a satellite keeps: who it is, which hub it belongs to, and whether its microphone is off."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocol.messages import DeviceId, Name, Slug
from satellite.errors import AlreadyRunningError, NotPairedError, StateError

_FILE: Final = "identity.json"
_LOCK: Final = "lock"
_KEY = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Pairing(BaseModel):
    """The hub this satellite belongs to.

    Attributes:
        device_key: 32 bytes as hexadecimal digits; it never crosses the wire.
        certificate_hash: SHA-256 of the hub's certificate, hexadecimal.
        host: where the hub was last reached.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device_key: _KEY
    hub_id: DeviceId
    hub_name: Name
    certificate_hash: _KEY
    host: Annotated[str, Field(min_length=1, max_length=255)]
    port: Annotated[int, Field(ge=1, le=65535)]
    area: Slug
    area_name: Name


class Identity(BaseModel):
    """The whole state file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device_id: DeviceId
    name: Name
    muted: bool = False
    pairing: Pairing | None = None

    def paired(self) -> Pairing:
        """The hub this satellite belongs to.

        Raises:
            NotPairedError: none yet.
        """
        if self.pairing is None:
            raise NotPairedError(
                "This satellite belongs to no hub yet. Ask the hub for a code (“roomtone pair --area NAME”), then run "
                "“roomtone-satellite pair --hub auto --code CODE”."
            )
        return self.pairing


def default_state_dir() -> Path:
    """`$XDG_STATE_HOME/roomtone-satellite`."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "roomtone-satellite"


class Store:
    """Reads and writes the state file: mode 0600, replaced in one step, so that a power cut costs nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / _FILE

    def prepare(self) -> None:
        """Make the directory, mode 0700.

        Raises:
            StateError: it cannot be made.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StateError(
                f"{self.directory} cannot be made: {error.strerror}. Choose another --state-dir."
            ) from error

    def load(self) -> Identity | None:
        """What was saved; None before the first time.

        Raises:
            StateError: the file cannot be read or understood; it is never replaced silently.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StateError(
                f"{self._path} cannot be read ({type(error).__name__}); check its owner and mode."
            ) from error
        try:
            return Identity.model_validate_json(text)
        except ValidationError as error:
            raise StateError(
                f"{self._path} is damaged ({error.error_count()} faults). Remove it and pair this satellite again."
            ) from None

    def save(self, identity: Identity) -> None:
        """Replace the file in one step.

        Raises:
            StateError: it cannot be written, e.g. the disk is full; the old file stays.
        """
        part = self._path.with_name(f"{_FILE}.{secrets.token_hex(4)}.part")
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(identity.model_dump_json(indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):  # the disk that refused the file may refuse this too
                part.unlink(missing_ok=True)
            raise StateError(f"{self._path} cannot be written: {error.strerror}.") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for one running satellite; the kernel lets go of it even after a kill.

        Raises:
            AlreadyRunningError: another process holds it.
            StateError: the lock file cannot be made.
        """
        try:
            file = (self.directory / _LOCK).open("w")
        except OSError as error:
            raise StateError(f"{self.directory} cannot be written: {error.strerror}.") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunningError(
                    f"A satellite already runs with {self.directory}. Stop it, or give this one its own --state-dir."
                ) from None
            yield
