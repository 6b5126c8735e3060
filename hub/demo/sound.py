"""Plays the winning room's answers aloud, on a machine that has a loudspeaker."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 24_000
WAV_HEADER_BYTES: Final = 44
_SILENCE: Final = 60  # of 32768; below this nothing is heard
_MARGIN: Final = RATE_HZ // 20


class Loudspeaker:
    """What a room's satellite has played since the last time, on this machine's own loudspeaker."""

    def __init__(self, sounddevice: Any) -> None:
        self._sounddevice = sounddevice
        self._read: dict[Path, int] = {}

    @classmethod
    def find(cls) -> Loudspeaker | None:
        """This machine's loudspeaker; None where there is none, or no PortAudio to reach it."""
        try:
            import sounddevice
        except (OSError, ImportError):  # OSError: the package is there and PortAudio is not
            return None
        try:
            sounddevice.query_devices(kind="output")
        except (sounddevice.PortAudioError, ValueError):
            return None
        return cls(sounddevice)

    async def play_new(self, speaker: Path) -> None:
        """Play what was added to the growing WAV file `speaker`."""
        data = await asyncio.to_thread(speaker.read_bytes)
        begin = self._read.get(speaker, WAV_HEADER_BYTES)
        end = len(data) - (len(data) - begin) % 2
        self._read[speaker] = end
        pcm = trimmed(np.frombuffer(data[begin:end], dtype="<i2").astype(np.int16))
        if len(pcm):
            await asyncio.to_thread(self._sounddevice.play, pcm, RATE_HZ, blocking=True)


def trimmed(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Without the silence around what can be heard; empty when there is nothing."""
    heard = np.flatnonzero(np.abs(pcm.astype(np.int32)) > _SILENCE)
    if not len(heard):
        return pcm[:0]
    return pcm[max(0, int(heard[0]) - _MARGIN) : int(heard[-1]) + _MARGIN]
