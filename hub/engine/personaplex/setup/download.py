"""One file over HTTP: goes on where a broken connection left it, and is kept only with the promised bytes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

import aiohttp
from yarl import URL

from hub.engine.port import EngineError

if TYPE_CHECKING:
    from hashlib import _Hash

_CHUNK_BYTES: Final = 1 << 20
_TRIES: Final = 6
_FIRST_PAUSE_S: Final = 1.0
_MAX_PAUSE_S: Final = 30.0
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(?:\d{1,15}|\*)")


class FetchError(EngineError):
    """The weights cannot be fetched."""

    code = "engine_fetch"
    retry = True

    @classmethod
    def refused(cls, status: int, name: str, retry_after: str | None, where: str) -> Self:
        """A status that is an answer, in words with what to do."""
        place = where.partition("/resolve/")[0]
        when = f"in {retry_after} s" if (retry_after or "").isdecimal() else "in some minutes"
        sentences = {
            401: f"The server does not know who asks for {name} (401): accept the licence at {place} and put an access"
            " token of that account into HF_TOKEN.",
            403: f"This account may not have {name} (403): open {place} with the account of your HF_TOKEN, accept the"
            " licence there, and try again; the token needs the right to read gated repositories.",
            404: f"There is no {name} at {place} (404): correct the endpoint or the revision.",
            429: f"The server has had too many requests (429): try again {when}; what is here is kept.",
        }
        return cls(sentences.get(status, f"The server answers {status} for {name}; try again later."))

    @classmethod
    def unreachable(cls, where: str, error: BaseException) -> Self:
        """No answer at all."""
        return cls(
            f"{where} cannot be reached ({type(error).__name__}): is this machine on the network? What is here is kept;"
            " the same command goes on."
        )


@dataclass(frozen=True, slots=True)
class Checksum:
    """How a file is proved: by its SHA-256, or as git names the content of a small one."""

    kind: Literal["sha256", "git"]
    hex: str

    @property
    def text(self) -> str:
        """For the record of what was fetched."""
        return f"{self.kind}:{self.hex}"

    @classmethod
    def parse(cls, etag: str | None) -> Self | None:
        """Read an ETag; None for one that says nothing about the content."""
        value = (etag or "").removeprefix("W/").strip('"').lower()
        if re.fullmatch(r"[0-9a-f]{64}", value):
            return cls("sha256", value)
        return cls("git", value) if re.fullmatch(r"[0-9a-f]{40}", value) else None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that can be fetched."""

    name: str
    url: URL
    size_bytes: int
    checksum: Checksum | None

    def partial(self, folder: Path) -> Path:
        """Where its first bytes are kept; another content has another name, so that two never mix."""
        mark = self.checksum.hex[:12] if self.checksum is not None else str(self.size_bytes)
        return folder / f".{self.name}.{mark}.part"

    def partial_bytes(self, folder: Path) -> int:
        """How much of it is already here."""
        path = self.partial(folder)
        return min(path.stat().st_size, self.size_bytes) if path.exists() else 0


def file_checksum(path: Path, kind: Literal["sha256", "git"], progress: Callable[[int], None]) -> Checksum:
    """Hash a file on disk.

    Raises:
        FetchError: it cannot be read.
    """
    digest = _new_digest(kind, path.stat().st_size)
    done = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                progress(done)
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror or error}.") from error
    return Checksum(kind, digest.hexdigest())


def _new_digest(kind: Literal["sha256", "git"], size_bytes: int) -> _Hash:
    if kind == "sha256":
        return hashlib.sha256()
    # git hashes a header before the content; this proves integrity, not identity.
    return hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)


class _BrokenOffError(Exception):
    """The connection ended too early; the next try goes on from there."""


class Download:
    """Brings one file.

    Args:
        session: with its time-outs.
        file: what to bring.
        folder: where to.
        headers: what an address may be told.
        progress: takes name, bytes so far, bytes in all.
        sleep: waits some seconds between two tries.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        file: RemoteFile,
        folder: Path,
        *,
        headers: Callable[[URL], dict[str, str]],
        progress: Callable[[str, int, int], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._session = session
        self._headers = headers
        self._file = file
        self._part = file.partial(folder)
        self._target = folder / file.name
        self._progress = progress

    async def run(self) -> Checksum:
        """Download, prove, and put it at its place.

        Returns:
            The file's checksum, of the kind the server named, SHA-256 where it named none.

        Raises:
            FetchError: refused, broken off again and again without one byte more, or other bytes than promised.
        """
        failures, pause_s = 0, _FIRST_PAUSE_S
        while not self._part.exists() or self._size() < self._file.size_bytes:
            before = self._size()
            fault = await self._try(before)
            if self._size() > before:
                failures, pause_s = 0, _FIRST_PAUSE_S
            if fault is None:
                continue
            failures += 1
            if failures >= _TRIES:
                raise FetchError.unreachable(self._file.url.human_repr(), fault) from fault
            await self._sleep(pause_s)
            pause_s = min(pause_s * 2, _MAX_PAUSE_S)
        return self._prove()

    async def _try(self, start: int) -> Exception | None:
        """One connection; what broke it off, if that may pass."""
        try:
            await self._go_on(start)
        except (aiohttp.ClientError, ConnectionError, TimeoutError, _BrokenOffError) as error:
            return error
        except OSError as error:
            raise FetchError(f"{self._part.parent} cannot be written: {error.strerror or error}.") from error
        return None if self._size() > start else _BrokenOffError()

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    async def _go_on(self, start: int) -> None:
        """One connection: from `start` to wherever it gets."""
        url = self._file.url
        headers = self._headers(url)
        if start:
            headers["Range"] = f"bytes={start}-"
        # The client drops Authorization by itself when a redirect leads to another host.
        async with self._session.get(url, headers=headers, max_redirects=5) as answer:
            if answer.status == 416:
                self._part.unlink(missing_ok=True)
                raise _BrokenOffError
            if answer.status >= 500:
                raise _BrokenOffError
            if answer.status not in {200, 206}:
                raise FetchError.refused(answer.status, self._file.name, answer.headers.get("Retry-After"), str(url))
            if answer.status == 206:
                given = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
                if given is None or int(given[1]) != start:
                    raise FetchError(f"The server sends another part of {self._file.name} than was asked for.")
            done = start if answer.status == 206 else 0
            with self._part.open("ab" if done else "wb") as file:
                async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                    done += len(chunk)
                    if done > self._file.size_bytes:
                        file.truncate(0)
                        raise FetchError(f"The server sends more of {self._file.name} than it said there is.")
                    file.write(chunk)
                    self._progress(self._file.name, done, self._file.size_bytes)

    def _prove(self) -> Checksum:
        promised = self._file.checksum
        size_bytes = self._file.size_bytes
        found = file_checksum(
            self._part,
            promised.kind if promised is not None else "sha256",
            lambda done: self._progress(self._file.name, done, size_bytes),
        )
        if promised is not None and found != promised:
            self._part.unlink()
            raise FetchError(
                f"{self._file.name} arrived with other bytes than the server promised and was thrown away. Try again;"
                " if it happens again, something on the way changes files."
            )
        self._part.replace(self._target)
        return found
