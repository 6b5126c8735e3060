"""One loudspeaker's part of a speech: paced frames from some position on, until the speech ends or goes elsewhere."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from hub.rooms.port import Line
from protocol.messages import Flush, Play, PlayKind
from protocol.opus import FRAME_MS, FRAME_SAMPLES

# How far ahead of real time audio is sent: enough to ride over a Wi-Fi pause, little enough to be flushed at once.
LEAD_MS: Final = 200.0
# A whole long answer; an engine that makes more than this ahead of the loudspeaker loses the end, and is counted.
LIMIT_FRAMES: Final = 120 * 1000 // FRAME_MS
# What was sent may be wanted again by another loudspeaker: all that a buffer may still hold, and more.
_KEPT_FRAMES: Final = 100
# A voice that gives nothing for this long in the middle of a sentence gives nothing any more.
STALL_S: Final = 10.0
# A change of rooms is a cross-fade of 80 ms: the same frames grow in one room and fall silent in the other.
FADE_FRAMES: Final = 4

Sent = Literal["all", "stalled"]


class Reel:
    """The frames of a speech by number: those that wait, and the newest of those that were sent."""

    def __init__(self) -> None:
        self.dropped_frames = 0
        self.complete = False
        self.more = asyncio.Event()
        self._frames: deque[NDArray[np.int16]] = deque()
        self._first = self._wanted = 0
        self._tail = np.zeros(0, np.int16)

    @property
    def count(self) -> int:
        """Frames so far, those included that are gone."""
        return self._first + len(self._frames)

    def push(self, pcm: NDArray[np.int16]) -> None:
        """Add audio (int16, 24 kHz mono, any length)."""
        pcm = np.concatenate((self._tail, pcm)) if self._tail.size else pcm
        whole = pcm.size // FRAME_SAMPLES * FRAME_SAMPLES
        for frame in pcm[:whole].reshape(-1, FRAME_SAMPLES):
            if self.count - self._wanted >= LIMIT_FRAMES:
                self.dropped_frames += 1
            else:
                self._frames.append(frame)
        self._tail = pcm[whole:].copy()
        self.more.set()

    def finish(self) -> None:
        """No more audio comes."""
        last = np.zeros(FRAME_SAMPLES, np.int16)
        last[: self._tail.size] = self._tail
        self._frames.append(last)
        self.complete = True
        self.more.set()

    def take(self, number: int) -> NDArray[np.int16]:
        """A frame that is there; those long before it are given up."""
        self._wanted = max(self._wanted, number + 1)
        while self._wanted - self._first > _KEPT_FRAMES:
            self._frames.popleft()
            self._first += 1
        return self._frames[number - self._first]

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()


class Leg:
    """A playback generation that begins at frame `first` of the reel.

    Args:
        after_ms: how long to wait before it begins.
        fades_in: whether it grows over its first 80 ms.

    Attributes:
        next: the number of the frame that is sent next.
        first_sent_ms: when the first one went out.
    """

    def __init__(
        self,
        line: Line,
        generation: int,
        reel: Reel,
        *,
        now_ms: Callable[[], float],
        kind: PlayKind = "speech",
        first: int = 0,
        after_ms: float = 0.0,
        fades_in: bool = False,
    ) -> None:
        self.line, self.generation = line, generation
        self.first = self.next = first
        self.first_sent_ms: float | None = None
        self._reel, self._now_ms, self._kind = reel, now_ms, kind
        self._after_ms, self._fades_in = after_ms, fades_in
        self._until: int | None = None
        self._start_ms = 0.0

    @property
    def first_samples(self) -> int:
        """Where it begins in the speech."""
        return self.first * FRAME_SAMPLES

    @property
    def sent_samples(self) -> int:
        """How far the speech was sent."""
        return self.next * FRAME_SAMPLES

    @property
    def lasts_ms(self) -> float:
        """How long what was sent sounds from now on, if it was played in time."""
        return self._start_ms + (self.next - self.first) * FRAME_MS - self._now_ms()

    @property
    def over(self) -> bool:
        """Whether everything that there is to send has been sent, or will be faded out."""
        return self._until is not None or (self._reel.complete and self.next + FADE_FRAMES >= self._reel.count)

    def fade_out(self) -> None:
        """End after the next 80 ms, which fall silent; another leg begins with the same ones."""
        self._until = self.next + FADE_FRAMES

    async def send(self) -> Sent:
        """Send frames as they come and fall due."""
        reel = self._reel
        await asyncio.sleep(self._after_ms / 1000.0)
        self.line.send(Play(generation=self.generation, kind=self._kind))
        while not (reel.complete and self.next >= reel.count) and self.next != self._until:
            if self.next >= reel.count:
                reel.more.clear()
                try:
                    async with asyncio.timeout(STALL_S):
                        await reel.more.wait()
                except TimeoutError:
                    return "stalled"
                continue
            now_ms = self._now_ms()
            sent_ms = (self.next - self.first) * FRAME_MS
            due_ms = self._start_ms + sent_ms - LEAD_MS
            if self.first_sent_ms is None:
                self._start_ms, self.first_sent_ms = now_ms, now_ms
            elif now_ms < due_ms:
                await asyncio.sleep((due_ms - now_ms) / 1000.0)
                continue
            elif now_ms > due_ms + LEAD_MS:
                self._start_ms = now_ms - sent_ms  # the engine was late: play on from here
            self._send_next()
        return "all"

    def _send_next(self) -> None:
        reel, number = self._reel, self.next - self.first
        frame = reel.take(self.next)
        if self._fades_in and number < FADE_FRAMES:
            frame = _faded(frame, number)
        if self._until is not None:
            frame = _faded(frame, self._until - self.next, down=True)
        last = self.next + 1 == self._until or (reel.complete and self.next + 1 >= reel.count)
        self.line.send_audio(frame, generation=self.generation, samples=number * FRAME_SAMPLES, last=last)
        self.next += 1

    def flush(self) -> None:
        """Silence within 20 ms."""
        self.line.send(Flush(generation=self.generation))


def _faded(frame: NDArray[np.int16], steps: int, *, down: bool = False) -> NDArray[np.int16]:
    """A frame that begins at so many quarters of its loudness, and gains or loses one more."""
    ramp = np.linspace(steps, steps - 1 if down else steps + 1, FRAME_SAMPLES, endpoint=False) / FADE_FRAMES
    return (frame * ramp).astype(np.int16)
