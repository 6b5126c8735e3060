"""Recorded turns and what each should lead to."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import soxr
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocol.errors import RoomtoneError

RATE_HZ: Final = 24_000
MAX_TURN_S: Final = 60
MAX_TURNS: Final = 1000
NOTES: Final = "turns.jsonl"
_MAX_NOTES_BYTES: Final = 4 << 20


class TurnsError(RoomtoneError):
    """The recordings cannot be used."""

    code = "bad_turns"


class ExpectedAction(BaseModel):
    """The call that a turn should lead to, as the journal of a hub names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str
    service: str
    entity_id: Annotated[tuple[str, ...], Field(min_length=1)]


class Expected(BaseModel):
    """One line of `turns.jsonl`. `action`: null says that nothing may be done; left out, anything may."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    text: str | None = None
    area: str | None = None
    action: ExpectedAction | None = None

    @property
    def judges_action(self) -> bool:
        """Whether it says anything about what should be done."""
        return "action" in self.model_fields_set


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """One turn.

    Attributes:
        pcm: int16 [n], 24 kHz mono.
    """

    path: Path
    pcm: NDArray[np.int16]
    expected: Expected


def read_turns(paths: Sequence[Path]) -> list[RecordedTurn]:
    """Read WAV files, and every WAV file of folders, in the order of their names.

    Raises:
        TurnsError: nothing is there, or a file is no such recording; the sentence names it.
    """
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.wav")) if path.is_dir() else [path]
        if not found:
            raise TurnsError(f"There is no WAV file in {path}.")
        files += found
    if len(files) > MAX_TURNS:
        raise TurnsError(f"{len(files)} turns are too many; take at most {MAX_TURNS}.")
    notes = {folder: _read_notes(folder) for folder in {file.parent for file in files}}
    return [
        RecordedTurn(file, _read_wav(file), notes[file.parent].get(file.name, Expected(file=file.name)))
        for file in files
    ]


def _read_notes(folder: Path) -> dict[str, Expected]:
    path = folder / NOTES
    if not path.exists():
        return {}
    try:
        if path.stat().st_size > _MAX_NOTES_BYTES:
            raise TurnsError(f"{path} is larger than {_MAX_NOTES_BYTES >> 20} MiB.")
        lines = path.read_text("utf-8").split("\n")  # no other character ends a line of JSON
    except (OSError, UnicodeDecodeError) as error:
        raise TurnsError(f"{path} cannot be read: {error}.") from error
    expected: dict[str, Expected] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = Expected.model_validate(json.loads(line))
        except (json.JSONDecodeError, ValidationError) as error:
            first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.msg
            raise TurnsError(f"{path}, line {number}: {first}.") from None
        expected[one.file] = one
    return expected


def _read_wav(path: Path) -> NDArray[np.int16]:
    try:
        with wave.open(str(path), "rb") as file:
            rate_hz, frames = file.getframerate(), file.getnframes()
            if file.getnchannels() != 1 or file.getsampwidth() != 2:
                raise TurnsError(f"{path} is not mono with 16 bit; convert it: ffmpeg -i IN -ac 1 -sample_fmt s16 OUT")
            if not 0 < frames <= MAX_TURN_S * rate_hz:
                raise TurnsError(f"{path} is empty or longer than {MAX_TURN_S} s; a turn is one spoken request.")
            raw = file.readframes(frames)
    except (OSError, EOFError, wave.Error) as error:
        raise TurnsError(f"{path} is no WAV file: {error}.") from error
    pcm = np.frombuffer(raw, "<i2").astype(np.int16)
    return pcm if rate_hz == RATE_HZ else soxr.resample(pcm, rate_hz, RATE_HZ)
