"""Fetches the released weights: asks what there is, checks the disk, downloads what is missing, proves every file."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from hub.engine.personaplex.setup.download import Checksum, Download, FetchError, RemoteFile, file_checksum
from hub.engine.personaplex.setup.weights import MIMI, MODEL, TOKENIZER, VOICES_ARCHIVE, unpack_voices

REPOSITORY: Final = "nvidia/personaplex-7b-v1"
ENDPOINT: Final = "https://huggingface.co"
MODEL_CARD: Final = "README.md"
LICENCE_URL: Final = "https://www.nvidia.com/en-us/agreements/enterprise-software/nvidia-open-model-license/"
# The terms are the model card's own words.
LICENCE_NOTICE: Final = f"""\
PersonaPlex-7B-v1 is made by NVIDIA and is no part of Roomtone. Its model card says:

  GOVERNING TERMS: Use of this model is governed by the NVIDIA Open Model License Agreement.
  ADDITIONAL INFORMATION: CC-BY-4.0.

The agreement:  {LICENCE_URL}
The model card: {ENDPOINT}/{REPOSITORY}

You accept the agreement by fetching the weights. It says, among other things:

  If You bypass, disable, reduce the efficacy of, or circumvent any technical limitation, safety guardrail or
  associated safety guardrail hyperparameter, encryption, security, digital rights management, or authentication
  mechanism (collectively “Guardrail”) contained in the Model without a substantially similar Guardrail appropriate
  for your use case, your rights under this Agreement will automatically terminate.

The model card is kept beside the weights. Imitate nobody's voice who has not agreed to it.
"""
_NEEDED: Final = (TOKENIZER, VOICES_ARCHIVE, MIMI, MODEL)  # the smallest first: a refusal shows before 17 GB
_RECORD: Final = "fetched.json"
_LOCK: Final = ".fetching"
_REDIRECTS: Final = 5
_ASK_S: Final = 30.0
_SPARE_BYTES: Final = 1 << 30
_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the weights come from.

    Attributes:
        endpoint: base URL of the model hub or of a mirror that answers like it.
        token: sent to the endpoint alone, and never in the clear over a network.
    """

    endpoint: str = ENDPOINT
    repository: str = REPOSITORY
    revision: str = "main"
    token: str | None = None

    def url(self, name: str) -> URL:
        """Address of one file."""
        return URL(f"{self.endpoint.rstrip('/')}/{self.repository}/resolve/{self.revision}/{name}")

    def headers(self, url: URL) -> dict[str, str]:
        """What this address may be told: the token only at the endpoint itself."""
        told = {"Accept-Encoding": "identity", "User-Agent": "roomtone"}
        safe = url.scheme == "https" or url.host in _LOOPBACK
        if self.token and safe and url.origin() == URL(self.endpoint).origin():
            told["Authorization"] = f"Bearer {self.token}"
        return told


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was done.

    Attributes:
        verified: names of files whose checksum the server named and which have it.
        downloaded: names that were not there before.
    """

    folder: Path
    voices: tuple[str, ...]
    verified: tuple[str, ...]
    downloaded: tuple[str, ...]


Progress = Callable[[str, int, int], None]
"""Takes a file's name, its bytes so far and its bytes in all."""


async def fetch(source: Source, folder: Path, progress: Progress) -> Fetched:
    """Bring the weights into a folder. What an earlier call left there is used.

    Raises:
        FetchError: refused, out of reach, disk too small, or other bytes than the server promised.
        WeightsError: the voices' archive is none.
    """
    _check_endpoint(source)
    with _own(folder):
        return await _fetch(source, folder, progress)


async def _fetch(source: Source, folder: Path, progress: Progress) -> Fetched:
    async with _session() as session:
        files = {name: await _ask(session, source, name) for name in _NEEDED}
        card = await _ask(session, source, MODEL_CARD, optional=True)
        found = {name: file for name, file in {**files, MODEL_CARD: card}.items() if file is not None}
        record = _read_record(folder)
        missing = [file for file in found.values() if not _is_there(folder, file, record, progress)]
        _check_disk(folder, missing)
        for file in missing:
            checksum = await Download(session, file, folder, headers=source.headers, progress=progress).run()
            record[file.name] = checksum.text
            _write_record(folder, record)
    voices = unpack_voices(folder / VOICES_ARCHIVE, folder)
    _write_record(folder, record)
    return Fetched(
        folder,
        tuple(voices),
        tuple(sorted(file.name for file in found.values() if file.checksum is not None)),
        tuple(file.name for file in missing),
    )


def _check_endpoint(source: Source) -> None:
    parts = urlsplit(source.endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FetchError(f"{source.endpoint!r} is no address to fetch from; expected something like {ENDPOINT}.")


@contextmanager
def _own(folder: Path) -> Iterator[None]:
    """The folder, for this process alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w")
    except OSError as error:
        raise FetchError(f"{folder} cannot be written: {error.strerror or error}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FetchError(f"Another fetch into {folder} is running.") from error
        yield
        (folder / _LOCK).unlink(missing_ok=True)


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True, auto_decompress=False) as session:
        yield session


async def _ask(
    session: aiohttp.ClientSession, source: Source, name: str, *, optional: bool = False
) -> RemoteFile | None:
    """Size, checksum and place of one file, read from the redirects that lead to its bytes."""
    url, checksum, size_bytes = source.url(name), None, None
    try:
        for _hop in range(_REDIRECTS):
            async with session.head(
                url, headers=source.headers(url), allow_redirects=False, timeout=aiohttp.ClientTimeout(_ASK_S)
            ) as answer:
                checksum = checksum or Checksum.parse(answer.headers.get("X-Linked-Etag") or answer.headers.get("ETag"))
                size_bytes = size_bytes or _number(answer.headers, "X-Linked-Size")
                if answer.status in {301, 302, 303, 307, 308} and "Location" in answer.headers:
                    url = url.join(URL(answer.headers["Location"]))
                    continue
                if optional and answer.status == 404:
                    return None
                if answer.status != 200:
                    raise FetchError.refused(
                        answer.status, name, answer.headers.get("Retry-After"), str(source.url(""))
                    )
                size_bytes = size_bytes or _number(answer.headers, "Content-Length")
                if size_bytes is None:
                    raise FetchError(f"The server does not say how large {name} is, so it cannot be proved.")
                # The first address is asked again each time: those behind redirects hold only for a while.
                return RemoteFile(name, source.url(name), size_bytes, checksum)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise FetchError.unreachable(source.endpoint, error) from error
    raise FetchError(f"The server sends from one address to the next for {name}, more than {_REDIRECTS} times.")


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 16 else None


def _is_there(folder: Path, file: RemoteFile, record: dict[str, str], progress: Progress) -> bool:
    """Whether the file lies there with the bytes the server promises; its hash is computed once and remembered."""
    path = folder / file.name
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    if file.checksum is None:
        return True
    if record.get(file.name) != file.checksum.text:
        found = file_checksum(path, file.checksum.kind, lambda done: progress(file.name, done, file.size_bytes))
        record[file.name] = found.text
    return record[file.name] == file.checksum.text


def _check_disk(folder: Path, missing: list[RemoteFile]) -> None:
    needed_bytes = sum(file.size_bytes - file.partial_bytes(folder) for file in missing)
    free_bytes = shutil.disk_usage(folder).free
    if missing and free_bytes < needed_bytes + _SPARE_BYTES:
        raise FetchError(
            f"{(needed_bytes + _SPARE_BYTES) / 1e9:.1f} GB of disk are needed at {folder}, and {free_bytes / 1e9:.1f}"
            " GB are free. Free some, or name a folder on another disk with --to."
        )


def _read_record(folder: Path) -> dict[str, str]:
    try:
        value = json.loads((folder / _RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # it only saves hashing again
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}


def _write_record(folder: Path, record: dict[str, str]) -> None:
    new = folder / f"{_RECORD}.new"
    try:
        new.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
        new.replace(folder / _RECORD)
    except OSError as error:
        raise FetchError(f"{folder} cannot be written: {error.strerror or error}.") from error
