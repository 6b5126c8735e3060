"""The assistant's voice on its way to one loudspeaker: paced, bounded, and cut off within a frame when asked."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from hub.rooms.port import Line
from protocol.messages import Flush, Play, Playback
from protocol.opus import FRAME_MS, FRAME_SAMPLES

_LOG = logging.getLogger(__name__)

# How far ahead of real time audio is sent: enough to ride over a Wi-Fi pause, little enough to be flushed at once.
LEAD_MS: Final = 200.0
# A whole long answer; an engine that makes more than this ahead of the loudspeaker loses the end, and is counted.
LIMIT_FRAMES: Final = 120 * 1000 // FRAME_MS
# After the last frame the satellite has this long to say that it has played it.
_ACKNOWLEDGE_S: Final = 3.0
# A voice that gives nothing for this long in the middle of a sentence gives nothing any more.
STALL_S: Final = 10.0

Ending = Literal["finished", "flushed", "lost", "stalled"]


class Speech:
    """One playback generation: frames in, paced frames out, and what the loudspeaker says it has played."""

    def __init__(self, line: Line, generation: int, *, now_ms: Callable[[], float]) -> None:
        self.generation = generation
        self.begun_ms = now_ms()
        self.first_sent_ms: float | None = None
        self.first_played_ms: float | None = None
        self.played_samples = 0
        self.sent_samples = 0
        self.dropped_frames = 0
        self.ids: tuple[int, ...] = ()
        """The text ids that the voice spoke it by, if it has such."""
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._played_ms = 0.0
        self._over_ms: float | None = None
        self._line = line
        self._now_ms = now_ms
        self._frames: deque[NDArray[np.int16]] = deque()
        self._tail = np.zeros(0, np.int16)
        self._complete = False
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._send(), name=f"speech-{generation}")
        self._task.add_done_callback(self._sent)

    def push(self, pcm: NDArray[np.int16]) -> None:
        """Add audio (int16, 24 kHz mono, any length); nothing when it has ended or is complete."""
        if self._complete or self.ended.done():
            return
        pcm = np.concatenate((self._tail, pcm)) if self._tail.size else pcm
        whole = pcm.size // FRAME_SAMPLES * FRAME_SAMPLES
        for frame in pcm[:whole].reshape(-1, FRAME_SAMPLES):
            if len(self._frames) >= LIMIT_FRAMES:
                self.dropped_frames += 1
            else:
                self._frames.append(frame)
        self._tail = pcm[whole:].copy()
        self._more.set()

    def complete(self) -> None:
        """No more audio comes."""
        if self._complete or self.ended.done():
            return
        last = np.zeros(FRAME_SAMPLES, np.int16)
        last[: self._tail.size] = self._tail
        self._frames.append(last)
        self._complete = True
        self._more.set()

    def flush(self) -> None:
        """Silence now: nothing more is sent and the satellite empties its buffer."""
        if not self.ended.done():
            self._line.send(Flush(generation=self.generation))
            self._end("flushed")

    def lost(self) -> None:
        """The satellite is gone."""
        self._end("lost")

    def heard_samples(self, now_ms: float) -> int:
        """About how much the room has heard: the satellite's last word, and the time since then while it played."""
        if self.first_played_ms is None:
            return 0
        until_ms = now_ms if self._over_ms is None else self._over_ms
        return min(self.sent_samples, self.played_samples + int(max(0.0, until_ms - self._played_ms) * 24))

    def acknowledge(self, playback: Playback, at_ms: float) -> None:
        """Take the satellite's word for what was really played."""
        self.played_samples = max(self.played_samples, playback.samples)
        self._played_ms = self._now_ms()
        sent_ms = self.first_sent_ms
        if self.first_played_ms is None and sent_ms is not None and playback.state != "flushed":
            self.first_played_ms = max(sent_ms, at_ms)  # its clock is known to a few ms only
        if playback.state == "finished":
            self._end("finished")
        elif playback.state == "flushed":
            self._end("flushed")

    def _end(self, ending: Ending) -> None:
        if not self.ended.done():
            self._over_ms = self._now_ms()
            self.ended.set_result(ending)
        self._task.cancel()
        self._frames.clear()

    def _sent(self, task: asyncio.Task[None]) -> None:
        """Whatever ended the sending, nobody waits for this speech for ever."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            _LOG.error("sending speech broke", exc_info=fault)
        self._end("lost")

    async def _send(self) -> None:
        self._line.send(Play(generation=self.generation))
        start_ms, sent = 0.0, 0
        while not (self._complete and not self._frames):
            if not self._frames:
                self._more.clear()
                try:
                    async with asyncio.timeout(STALL_S):
                        await self._more.wait()
                except TimeoutError:
                    self._line.send(Flush(generation=self.generation))
                    self._end("stalled")
                    return
                continue
            now_ms = self._now_ms()
            due_ms = start_ms + sent * FRAME_MS - LEAD_MS
            if self.first_sent_ms is None:
                start_ms, self.first_sent_ms = now_ms, now_ms
            elif now_ms < due_ms:
                await asyncio.sleep((due_ms - now_ms) / 1000.0)
                continue
            elif now_ms > due_ms + LEAD_MS:
                start_ms = now_ms - sent * FRAME_MS  # the engine was late: play on from here
            frame = self._frames.popleft()
            last = self._complete and not self._frames
            self._line.send_audio(frame, generation=self.generation, samples=sent * FRAME_SAMPLES, last=last)
            sent += 1
            self.sent_samples = sent * FRAME_SAMPLES
        remaining_ms = start_ms + sent * FRAME_MS - self._now_ms()
        await asyncio.sleep(max(0.0, remaining_ms) / 1000.0 + _ACKNOWLEDGE_S)
        self._end("lost")
