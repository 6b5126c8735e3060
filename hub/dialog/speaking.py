"""The assistant's voice on its way to the room: paced, bounded, cut off within a frame, and able to change rooms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from hub.dialog.leg import FADE_FRAMES, LEAD_MS, LIMIT_FRAMES, STALL_S, Leg, Reel
from hub.rooms.port import Line
from protocol.messages import Playback, PlayKind
from protocol.opus import FRAME_SAMPLES

__all__ = ["LEAD_MS", "LIMIT_FRAMES", "STALL_S", "Ending", "Speech"]

_LOG = logging.getLogger(__name__)

# After the last frame the satellite has this long to say that it has played it.
_ACKNOWLEDGE_S: Final = 3.0
# A loudspeaker that is given a whole handful at once begins about so much later.
_STARTS_AFTER_MS: Final = 40.0

Ending = Literal["finished", "flushed", "lost", "stalled"]


class Speech:
    """One utterance: audio in, paced frames out, and what the loudspeaker says it has played.

    It sounds on one line. While it changes rooms it fades out in the old one and grows in the new one.
    """

    def __init__(self, line: Line, generation: int, *, now_ms: Callable[[], float], kind: PlayKind = "speech") -> None:
        self.begun_ms = now_ms()
        self.first_played_ms: float | None = None
        self.played_samples = 0
        self.ids: tuple[int, ...] = ()
        """The text ids that the voice spoke it by, if it has such."""
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._played_ms = 0.0
        self._over_ms: float | None = None
        self._now_ms = now_ms
        self._reel = Reel()
        self._kind = kind
        self._leg = self._first_leg = Leg(line, generation, self._reel, now_ms=now_ms, kind=kind)
        self._task = self._send(self._leg)
        self._old: tuple[Leg, asyncio.Task[None]] | None = None

    @property
    def line(self) -> Line:
        """Where it sounds."""
        return self._leg.line

    @property
    def generation(self) -> int:
        """Its number there."""
        return self._leg.generation

    @property
    def first_sent_ms(self) -> float | None:
        """When its first frame went out."""
        sent_ms = self._first_leg.first_sent_ms
        return self._leg.first_sent_ms if sent_ms is None else sent_ms

    @property
    def dropped_frames(self) -> int:
        """What an endless voice made too much."""
        return self._reel.dropped_frames

    @property
    def sent_samples(self) -> int:
        """How much of it has been sent."""
        old = 0 if self._old is None else self._old[0].sent_samples
        return max(self._leg.sent_samples, old)

    def push(self, pcm: NDArray[np.int16]) -> None:
        """Add audio (int16, 24 kHz mono, any length); nothing when it has ended or is complete."""
        if not self._reel.complete and not self.ended.done():
            self._reel.push(pcm)

    def complete(self) -> None:
        """No more audio comes."""
        if not self._reel.complete and not self.ended.done():
            self._reel.finish()

    def flush(self) -> None:
        """Silence now: nothing more is sent and the satellite empties its buffer."""
        if not self.ended.done():
            self._leg.flush()
            self._end("flushed")

    def lost(self) -> None:
        """The satellite is gone."""
        self._end("lost")

    def move(self, line: Line, generation: int) -> None:
        """Go on from another loudspeaker behind what this one has been sent; a last word is left where it is."""
        old, sending = self._leg, self._task
        sounds = self.first_played_ms is not None
        if self.ended.done() or (sounds and old.over):
            return
        first = old.next if sounds else 0
        still_ms = (first * FRAME_SAMPLES - self.heard_samples(self._now_ms())) / 24
        if self._old is not None and old.first_sent_ms is None:
            sending.cancel()  # he has walked on before that room has said a word
        elif still_ms > 0:
            self._drop_old()
            old.fade_out()
            self._old = old, sending
        else:
            sending.cancel()  # nothing of it is in the air
            old.flush()
        self._leg = Leg(
            line,
            generation,
            self._reel,
            now_ms=self._now_ms,
            kind=self._kind,
            first=first,
            after_ms=max(0.0, still_ms - _STARTS_AFTER_MS),
            fades_in=still_ms > 0,
        )
        self._task = self._send(self._leg)

    def heard_samples(self, now_ms: float) -> int:
        """About how much the room has heard: the satellite's last word, and the time since then while it played."""
        if self.first_played_ms is None:
            return 0
        until_ms = now_ms if self._over_ms is None else self._over_ms
        return min(self.sent_samples, self.played_samples + int(max(0.0, until_ms - self._played_ms) * 24))

    def acknowledge(self, playback: Playback, at_ms: float) -> None:
        """Take the satellite's word for what was really played."""
        played = self._leg.first_samples + playback.samples
        if played >= self.played_samples:
            self.played_samples, self._played_ms = played, min(at_ms, self._now_ms())
        sent_ms = self.first_sent_ms
        if self.first_played_ms is None and sent_ms is not None and playback.state != "flushed":
            self.first_played_ms = max(sent_ms, at_ms)  # its clock is known to a few ms only
        if playback.samples > FADE_FRAMES * FRAME_SAMPLES:
            self._old = None  # it has ended by itself
        if playback.state == "finished":
            self._end("finished")
        elif playback.state == "flushed":
            self._end("flushed")

    def _end(self, ending: Ending) -> None:
        if not self.ended.done():
            self._over_ms = self._now_ms()
            self.ended.set_result(ending)
        self._task.cancel()
        self._drop_old()
        self._reel.clear()

    def _drop_old(self) -> None:
        """What the room that was left still plays is cut off."""
        if self._old is not None:
            (leg, sending), self._old = self._old, None
            sending.cancel()
            leg.flush()

    def _send(self, leg: Leg) -> asyncio.Task[None]:
        task = asyncio.create_task(self._sending(leg), name=f"speech-{leg.generation}")
        task.add_done_callback(lambda done: self._sent(leg, done))
        return task

    def _sent(self, leg: Leg, task: asyncio.Task[None]) -> None:
        """Whatever ended the sending, nobody waits for this speech for ever."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            _LOG.error("sending speech broke", exc_info=fault)
        if leg is self._leg:
            self._end("lost")

    async def _sending(self, leg: Leg) -> None:
        if await leg.send() == "stalled":
            if leg is self._leg:
                leg.flush()
                self._end("stalled")
            return
        await asyncio.sleep(max(0.0, leg.lasts_ms) / 1000.0 + _ACKNOWLEDGE_S)
