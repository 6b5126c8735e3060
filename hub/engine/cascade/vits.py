"""Runs a Piper voice so that a sentence sounds before it is finished.

A VITS model first makes latent frames of the whole sentence and then, at most of the cost, sound from the frames.
A piece of the sound depends only on the few frames around it, so the second part works piece by piece; its samples
are those of the whole model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from hub.engine.cascade.onnx_cut import NotCuttableError, cut_at_input

_SOUND_BEGINS = ("Conv", "dec.conv_pre.weight")  # Piper's name for the first layer that makes sound from frames
_CONTEXTS = (10, 16, 24)  # frames to either side; medium voices need 10, larger ones more
_FIRST_FRAMES, _MOST_FRAMES = 24, 96  # of 256 samples: 0.28 s and 1.1 s at 22 050 Hz
_PROOF_FRAMES = 8
_SAME = 1e-3

Inputs = Mapping[str, NDArray[Any]]
Sound = NDArray[np.float32]


class Voice(Protocol):
    """Speaks sentence by sentence.

    Attributes:
        peak: the loudest sample of the sentence that it was tried with.
    """

    peak: float

    def speak(self, inputs: Inputs) -> Iterator[Sound]:
        """Give the sound of one sentence in pieces, float32[samples], as loud as the model makes it."""


def load(path: Path, trial: Inputs) -> Voice:
    """Load a voice and try it with a sentence: in two parts where the pieces prove to be right, else in one."""
    try:
        return InPieces(path.read_bytes(), trial)
    except NotCuttableError:
        return AtOnce(str(path), trial)


def _session(model: str) -> Any:
    """One thread: a second one only spins beside the rest of the hub."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


def _session_of(model: bytes) -> Any:
    """Load from a file in memory: a session that was given bytes keeps them as long as it lives."""
    with os.fdopen(os.memfd_create("voice"), "wb") as file:
        file.write(model)
        file.flush()
        return _session(f"/proc/self/fd/{file.fileno()}")


class AtOnce:
    """A model in one part: a sentence is one piece."""

    def __init__(self, model: str, trial: Inputs) -> None:
        self._session = _session(model)
        self.peak = float(np.abs(next(self.speak(trial))).max())

    def speak(self, inputs: Inputs) -> Iterator[Sound]:
        """Give the sentence."""
        yield self._session.run(None, dict(inputs))[0].reshape(-1)


class InPieces:
    """A model in two parts.

    Raises:
        NotCuttableError: it is built in another way, or its sound depends on too many frames around it.
    """

    def __init__(self, model: bytes, trial: Inputs) -> None:
        halves = cut_at_input(model, *_SOUND_BEGINS)
        self._latent, self._decoder = _session_of(halves.first), _session_of(halves.second)
        self._tensor = halves.tensor
        frames = self._frames(trial)
        whole = self._decode(frames)
        self.peak = float(np.abs(whole).max())
        self._context = self._enough_context(frames, whole)

    def speak(self, inputs: Inputs) -> Iterator[Sound]:
        """Give the sentence in pieces: a short one first, then longer ones."""
        frames = self._frames(inputs)
        count = frames.shape[2]
        at, size = 0, _FIRST_FRAMES
        while at < count:
            end = at + size if count - at - size >= _FIRST_FRAMES else count
            yield self._piece(frames, at, end, self._context)
            at, size = end, min(2 * size, _MOST_FRAMES)

    def _frames(self, inputs: Inputs) -> Sound:
        frames: Sound = self._latent.run(None, dict(inputs))[0]  # (1, channels, frames)
        return frames

    def _decode(self, frames: Sound) -> Sound:
        sound: Sound = self._decoder.run(None, {self._tensor: frames})[0].reshape(-1)
        return sound

    def _piece(self, frames: Sound, begin: int, end: int, context: int) -> Sound:
        first = max(0, begin - context)
        window = frames[:, :, first : end + context]
        sound = self._decode(np.ascontiguousarray(window))
        samples = len(sound) // window.shape[2]
        return sound[(begin - first) * samples : (end - first) * samples]

    def _enough_context(self, frames: Sound, whole: Sound) -> int:
        """Find how many frames around a piece make it the same as in the whole."""
        count = frames.shape[2]
        begin = count // 2
        samples = len(whole) // count
        wanted = whole[begin * samples : (begin + _PROOF_FRAMES) * samples]
        for context in _CONTEXTS:
            if begin < context or count - begin - _PROOF_FRAMES < context or len(whole) != count * samples:
                break
            piece = self._piece(frames, begin, begin + _PROOF_FRAMES, context)
            if piece.shape == wanted.shape and np.abs(piece - wanted).max() <= _SAME * self.peak:
                return context
        raise NotCuttableError("A piece of this voice's sound depends on too many frames around it.")
