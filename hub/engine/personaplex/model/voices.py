"""Voices: packaged ones (`.pt`) and recordings (`.wav`), by names that cannot leave their folder."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyloudnorm
import sphn
import torch
from numpy.typing import NDArray

from hub.engine.personaplex.model.layout import PAD, STREAMS, CodedVoice, EmbeddedVoice, Voice
from hub.engine.personaplex.port import FRAME_SAMPLES, FRAMES_PER_S, SAMPLE_RATE_HZ, VoiceError

_KINDS: Final = (".pt", ".wav")
_LOUDNESS_LUFS: Final = -24.0
_MAX_BYTES: Final = 64 << 20
_MAX_S: Final = 60
_MAX_FRAMES: Final = int(_MAX_S * FRAMES_PER_S)
_RATES_HZ: Final = (8_000, 192_000)
_RANDOM_FRAMES: Final = 50


class VoiceSource(Protocol):
    """Where voices come from."""

    @property
    def names(self) -> tuple[str, ...]:
        """File names that can be asked for."""

    def key(self, name: str) -> Hashable:
        """What tells this voice from any other, and from an older file of the same name.

        Raises:
            VoiceError: no such voice, or a name that is a path.
        """

    def open(self, name: str) -> Voice | Recording:
        """A packaged voice ready for use, or a recording that must go through the codec first.

        Raises:
            VoiceError: no such voice, or no sound or voice in it.
        """


class VoiceFolder:
    """A folder of voices; looked at anew each time, so that a new voice needs no restart."""

    def __init__(self, path: Path, *, dim: int, text_card: int, card: int) -> None:
        """Look at voices in `path` for a model of this width and these vocabularies."""
        self._path = path
        self._dim = dim
        self._cards = torch.tensor([text_card, *[card] * (STREAMS - 1)])[:, None]

    @property
    def names(self) -> tuple[str, ...]:
        """File names that can be asked for."""
        if not self._path.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._path.iterdir() if path.suffix in _KINDS and path.is_file()))

    def key(self, name: str) -> Hashable:
        """What tells this voice from any other, and from an older file of the same name.

        Raises:
            VoiceError: no such voice, or a name that is a path.
        """
        found = self._find(name).stat()
        return name, found.st_mtime_ns, found.st_size

    def open(self, name: str) -> Voice | Recording:
        """A packaged voice ready for use, or a recording that must go through the codec first.

        Raises:
            VoiceError: no such voice, or no sound or voice in it.
        """
        path = self._find(name)
        return self._packaged(path) if path.suffix == ".pt" else Recording(path)

    def _find(self, name: str) -> Path:
        if name not in self.names:
            known = ", ".join(self.names[:40]) or "none"
            raise VoiceError(f"There is no voice {name[:80]!r} in {self._path}. It has: {known}.")
        return self._path / name

    def _packaged(self, path: Path) -> EmbeddedVoice:
        found = _unpickled(path)
        embeddings, cache = found.get("embeddings"), found.get("cache")
        if not isinstance(embeddings, torch.Tensor) or not isinstance(cache, torch.Tensor):
            raise VoiceError(f"{path} holds no `embeddings` and `cache`: it is no packaged voice.")
        if embeddings.shape[1:] != (1, 1, self._dim) or not 0 < len(embeddings) <= _MAX_FRAMES:
            raise VoiceError(
                f"{path}: embeddings are {list(embeddings.shape)}; this model needs [frames, 1, 1, {self._dim}] with "
                f"at most {_MAX_FRAMES} frames: the voice was made for another model."
            )
        if cache.shape != (1, STREAMS, 4) or cache.dtype != torch.long:
            raise VoiceError(f"{path}: cache is {cache.dtype} {list(cache.shape)}, not int64 [1, {STREAMS}, 4].")
        if not embeddings.is_floating_point() or not bool(torch.isfinite(embeddings).all()):
            raise VoiceError(f"{path}: its embeddings are no finite numbers.")
        position = embeddings.shape[0]
        columns = cache[0, :, [position % 4, (position + 1) % 4]]
        if bool(((columns < -1) | (columns > self._cards)).any()):
            raise VoiceError(f"{path}: its cache holds tokens that this model does not have.")
        return EmbeddedVoice(embeddings[:, 0, 0], columns)


class RandomVoice:
    """The voice of random weights, so that prompts of a usual length can be timed."""

    names: Final = ("random.pt",)

    def __init__(self, *, dim: int, card: int) -> None:
        """Of this many frames, as long as a packaged voice."""
        columns = torch.randint(card, (STREAMS, 2))
        columns[0] = PAD
        self._voice = EmbeddedVoice(torch.randn(_RANDOM_FRAMES, dim), columns)

    def key(self, name: str) -> Hashable:
        """There is but one.

        Raises:
            VoiceError: another was asked for.
        """
        if name not in self.names:
            raise VoiceError(f"Random weights have one voice, {self.names[0]!r}.")
        return name

    def open(self, name: str) -> Voice:
        """The voice.

        Raises:
            VoiceError: another was asked for.
        """
        self.key(name)
        return self._voice


class Recording:
    """A `.wav` voice on its way through the codec."""

    def __init__(self, path: Path) -> None:
        """Read it, bring it to 24 kHz mono at -24 LUFS and cut it into frames, the last one filled with silence.

        Raises:
            VoiceError: no such sound, too short to be measured, silent, or too long.
        """
        self._frames = _frames(path)
        self._codes: list[torch.Tensor] = []

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self._frames)

    def pending(self, count: int) -> Iterator[NDArray[np.float32]]:
        """The next `count` frames, float32 [1920]."""
        yield from self._frames[len(self._codes) : len(self._codes) + count]

    def add(self, codes: torch.Tensor) -> None:
        """Codes [1, 8, 1] of the next frame."""
        self._codes.append(codes)

    @property
    def done(self) -> Voice | None:
        """The voice, when every frame has its codes."""
        if len(self._codes) < len(self._frames):
            return None
        return CodedVoice(torch.cat(self._codes, dim=2)[0].cpu())


def _unpickled(path: Path) -> dict[str, Any]:
    _refuse_large(path)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes lead an unpickler to any exception there is
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise VoiceError(f"{path} cannot be read as a voice ({reason}). Fetch the voices again.") from error
    return found if isinstance(found, dict) else {}


def _refuse_large(path: Path) -> None:
    if path.stat().st_size > _MAX_BYTES:
        raise VoiceError(f"{path} is over {_MAX_BYTES >> 20} MB, far more than a voice. Take another file.")


def _frames(path: Path) -> list[NDArray[np.float32]]:
    _refuse_large(path)
    try:
        pcm, rate_hz = sphn.read(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise VoiceError(f"{path} cannot be read as sound: {error}. Give a WAV file.") from error
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise VoiceError(f"{path} has {rate_hz} samples a second. Give a WAV file of 24 000 or 48 000.")
    if not pcm.size:
        raise VoiceError(f"{path} holds no sound. Record ten seconds of speech.")
    if pcm.shape[1] > _MAX_S * rate_hz:
        raise VoiceError(f"{path} is {pcm.shape[1] / rate_hz:.0f} s long. Ten seconds are plenty, {_MAX_S} the most.")
    mono = pcm if pcm.shape[0] == 1 else pcm.mean(axis=0, keepdims=True)
    mono = sphn.resample(mono, src_sample_rate=rate_hz, dst_sample_rate=SAMPLE_RATE_HZ)[0]
    try:
        loudness = pyloudnorm.Meter(SAMPLE_RATE_HZ).integrated_loudness(mono)
    except ValueError as error:
        raise VoiceError(f"{path} is too short to tell its loudness: {error}. Record ten seconds of speech.") from error
    if not np.isfinite(loudness):
        raise VoiceError(f"{path} is silent. Record ten seconds of speech.")
    gain = np.power(10.0, (_LOUDNESS_LUFS - loudness) / 20.0)
    level = (gain * mono).astype(np.float32)
    level = np.pad(level, (0, -len(level) % FRAME_SAMPLES))
    return list(level.reshape(-1, FRAME_SAMPLES))
