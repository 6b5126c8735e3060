"""From the wire's 24 kHz to the recognisers' 16 kHz frames, and the speech that is kept for reading."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from hub.hearing.decoders import RATE_HZ
from hub.hearing.turns import FRAME_SAMPLES

INPUT_HZ = 24_000
_CAPTURE_PER_FRAME = FRAME_SAMPLES * INPUT_HZ // RATE_HZ


class Intake:
    """Cuts one stream into VAD frames, numbers them from 0 and keeps those that may still be read."""

    def __init__(self) -> None:
        self._resampler = soxr.ResampleStream(INPUT_HZ, RATE_HZ, 1, dtype="int16", quality="MQ")
        self._rest = np.zeros(0, np.int16)
        self._kept: list[NDArray[np.int16]] = []
        self._first_kept = 0
        self._base_samples = 0
        self._fed_samples = 0

    def frames(self, pcm: NDArray[np.int16], samples: int) -> Iterator[NDArray[np.int16]]:
        """Take audio captured at position `samples`; gives the frames that are full now, each kept when given.

        A jump of the position (audio was lost on the way) moves the positions of all that follows.
        """
        self._base_samples = samples - self._fed_samples
        self._fed_samples += len(pcm)
        resampled = self._resampler.resample_chunk(np.ascontiguousarray(pcm, np.int16))
        ready = np.concatenate((self._rest, resampled))
        whole = len(ready) - len(ready) % FRAME_SAMPLES
        self._rest = ready[whole:]
        for start in range(0, whole, FRAME_SAMPLES):
            frame = ready[start : start + FRAME_SAMPLES]
            self._kept.append(frame)
            yield frame

    def position(self, frame: int) -> int:
        """Capture position (24 kHz) of a frame's first sample."""
        return self._base_samples + frame * _CAPTURE_PER_FRAME

    def speech_from(self, frame: int) -> NDArray[np.float32]:
        """Everything kept since this frame: float32, 16 kHz, full scale 1.0."""
        first = max(frame - self._first_kept, 0)
        return np.concatenate(self._kept[first:]).astype(np.float32) / 32768.0

    def keep_only(self, frames: int) -> None:
        """Forget all but the newest frames."""
        surplus = len(self._kept) - frames
        if surplus > 0:
            del self._kept[:surplus]
            self._first_kept += surplus
