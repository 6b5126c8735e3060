"""The sound of one room on its way to another's loudspeaker: passed on as it comes, never more than a moment behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from hub.rooms.port import Line
from protocol.messages import Flush, Play, Playback
from protocol.opus import FRAME_SAMPLES

_PER_MS: Final = 24
# So much may wait at the loudspeaker, its jitter buffer included; what comes beyond that is given up.
MOST_WAITING_MS: Final = 200.0
# The other room is so much quieter while the house says something over it.
UNDER_WORDS_DB: Final = -20.0
_UNDER_WORDS: Final = 10 ** (UNDER_WORDS_DB / 20)

Ending = Literal["finished", "flushed"]


class Overlay:
    """Words over the sound: the house says something in the middle of a call.

    Attributes:
        ended: `finished` once it has all been sent, `flushed` when the call was over before.
    """

    def __init__(self) -> None:
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._frames: deque[NDArray[np.int16]] = deque()
        self._tail = np.zeros(0, np.int16)
        self._complete = False

    def push(self, pcm: NDArray[np.int16]) -> None:
        """Add audio, int16 at 24 kHz, any length."""
        pcm = np.concatenate((self._tail, pcm))
        whole = pcm.size // FRAME_SAMPLES * FRAME_SAMPLES
        self._frames.extend(pcm[:whole].reshape(-1, FRAME_SAMPLES))
        self._tail = pcm[whole:].copy()

    def complete(self) -> None:
        """No more comes."""
        last = np.zeros(FRAME_SAMPLES, np.int16)
        last[: self._tail.size] = self._tail
        self._frames.append(last)
        self._complete = True

    def end(self, ending: Ending) -> None:
        """It is over."""
        if not self.ended.done():
            self.ended.set_result(ending)

    def over(self, pcm: NDArray[np.int16]) -> NDArray[np.int16]:
        """The next 20 ms of it over 20 ms of the other room."""
        if not self._frames:
            if self._complete:
                self.end("finished")
            return pcm
        mixed = pcm.astype(np.float64) * _UNDER_WORDS + self._frames.popleft()
        clipped: NDArray[np.int16] = np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
        return clipped


class LiveSound:
    """One playback generation without an end of its own.

    Attributes:
        generation: on the wire.
        sent_frames, dropped_frames: of 20 ms; dropped are those that would have come too late.
    """

    def __init__(self, line: Line, generation: int, *, now_ms: Callable[[], float]) -> None:
        self.generation = generation
        self.sent_frames = self.dropped_frames = 0
        self._line, self._now_ms = line, now_ms
        self._played_samples = 0
        self._played_ms: float | None = None
        self._overlays: deque[Overlay] = deque()
        line.send(Play(generation=generation, kind="intercom"))

    @property
    def waiting_ms(self) -> float:
        """How much has been sent and not been heard yet: the loudspeaker's last word, and the time since then."""
        since_ms = 0.0 if self._played_ms is None else max(0.0, self._now_ms() - self._played_ms)
        played_ms = self._played_samples / _PER_MS + since_ms
        return max(0.0, self.sent_frames * FRAME_SAMPLES / _PER_MS - played_ms)

    def push(self, pcm: NDArray[np.int16]) -> None:
        """Pass on 20 ms, or give them up where too much waits already."""
        if self.waiting_ms >= MOST_WAITING_MS:
            self.dropped_frames += 1
            return
        while self._overlays and self._overlays[0].ended.done():
            self._overlays.popleft()
        if self._overlays:
            pcm = self._overlays[0].over(pcm)
        samples = self.sent_frames * FRAME_SAMPLES
        self._line.send_audio(pcm, generation=self.generation, samples=samples, last=False)
        self.sent_frames += 1

    def lay_over(self, overlay: Overlay) -> None:
        """Let the house say something over it, after what it says already."""
        self._overlays.append(overlay)

    def playback(self, playback: Playback) -> None:
        """The loudspeaker's word on what it plays."""
        if playback.generation == self.generation:
            self._played_samples = max(self._played_samples, playback.samples)
            self._played_ms = self._now_ms()

    def end(self) -> None:
        """Silence now."""
        self._line.send(Flush(generation=self.generation))
        for overlay in self._overlays:
            overlay.end("flushed")
        self._overlays.clear()
