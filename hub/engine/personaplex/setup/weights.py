"""What a weights folder must hold, what is in one, and the voices' archive. Opens no model file and needs no torch."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.engine.personaplex.port import WeightsError

MODEL: Final = "model.safetensors"
MIMI: Final = "tokenizer-e351c8d8-checkpoint125.safetensors"
TOKENIZER: Final = "tokenizer_spm_32k_3.model"
VOICES: Final = "voices"
VOICES_ARCHIVE: Final = "voices.tgz"
CONFIG: Final = "config.json"
_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ -]{0,60}\.(pt|wav)")
_MAX_CONFIG_BYTES: Final = 1 << 20
_MAX_VOICES: Final = 200
_MAX_VOICE_BYTES: Final = 64 << 20
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class WeightsFolder:
    """What lies in a folder.

    Attributes:
        missing: names of what a model needs and is not there, `voices/` among them when it holds no voice.
        voices: file names of the voices.
        size_bytes: of everything that is needed.
    """

    folder: Path
    missing: tuple[str, ...]
    voices: tuple[str, ...]
    size_bytes: int

    @property
    def complete(self) -> bool:
        """Whether a model could be loaded from it."""
        return not self.missing


def inspect(folder: Path, voices: Path | None = None) -> WeightsFolder:
    """Look into a weights folder.

    Args:
        folder: it need not exist.
        voices: another folder of voices, as `engine.voices` of the settings.
    """
    names = _file_names(folder)
    there = [folder / name for name in names if (folder / name).is_file()]
    found = list_voices(folder / VOICES) | (list_voices(voices) if voices is not None else frozenset())
    missing = [name for name in names if folder / name not in there]
    if not found:
        missing.append(f"{VOICES}/")
    return WeightsFolder(folder, tuple(missing), tuple(sorted(found)), sum(path.stat().st_size for path in there))


def list_voices(folder: Path) -> frozenset[str]:
    """File names that are voices by their name; a folder that is not there has none."""
    if not folder.is_dir():
        return frozenset()
    return frozenset(path.name for path in folder.iterdir() if _VOICE.fullmatch(path.name) and path.is_file())


def _file_names(folder: Path) -> tuple[str, str, str]:
    """Names of model, codec and tokenizer: the released ones, unless `config.json` gives others."""
    path = folder / CONFIG
    try:
        text = path.read_text("utf-8") if path.stat().st_size <= _MAX_CONFIG_BYTES else ""
        config = json.loads(text) if text.strip() else {}
    except (OSError, ValueError):
        config = {}  # absent for the released weights; a broken one is told by the model's own loader
    if not isinstance(config, dict):
        config = {}
    keys = {"moshi_name": MODEL, "mimi_name": MIMI, "tokenizer_name": TOKENIZER}
    model, mimi, tokenizer = (str(config.get(key, default)) for key, default in keys.items())
    return model, mimi, tokenizer


def unpack_voices(archive: Path, folder: Path) -> list[str]:
    """Put the voices of a `voices.tgz` into `folder/voices`; voices of one's own that lie there stay.

    Nothing but plain files named like voices is taken, and each only by its bytes: no path, owner, link or mode of the
    archive has any effect.

    Returns:
        The file names.

    Raises:
        WeightsError: it is no such archive, or holds no voices, too many, or too large ones.
    """
    target, new = folder / VOICES, folder / f"{VOICES}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    names: list[str] = []
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = Path(member.name)
                if not member.isreg() or path.parent.name != VOICES or _VOICE.fullmatch(path.name) is None:
                    continue
                if len(names) >= _MAX_VOICES or member.size > _MAX_VOICE_BYTES:
                    raise WeightsError(f"{archive.name} holds more than voices. Delete it and fetch it again.")
                source = tar.extractfile(member)
                if source is not None:
                    with source, (new / path.name).open("wb") as file:
                        shutil.copyfileobj(source, file, _CHUNK_BYTES)
                    names.append(path.name)
        if not names:
            raise WeightsError(f"{archive.name} holds no voices. Delete it and fetch it again.")
        target.mkdir(exist_ok=True)
        for name in names:
            (new / name).replace(target / name)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise WeightsError(f"{archive.name} cannot be unpacked ({error}). Delete it and fetch it again.") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return sorted(names)
