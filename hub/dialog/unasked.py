"""What a voice says by itself, on its way to the room: held, let go or dropped, and known by frame."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hub.dialog.hold import LIKELY_HOLD_MS
from hub.dialog.speaking import Speech
from hub.engine.port import AudioOut, TextOut, UtteranceEnded

UnaskedEvent = AudioOut | TextOut | UtteranceEnded

# What was held for longer than this is stale: its moment has passed. Longer than any turn is held, so that an answer
# that is let go has its beginning.
STALE_MS: Final = LIKELY_HOLD_MS + 100.0
# A stretch of speech that ended so long ago, with none after it, was the whole answer.
GAP_S: Final = 1.0
# A voice that has not begun to answer by then does not answer this turn.
FIRST_WORD_S: Final = 3.0
MAX_PIECES: Final = 4000


@dataclass(slots=True)
class Stretch:
    """One piece of talk without a pause.

    Attributes:
        frames: (first sample of this speech, ModelFrame) of each piece of audio, in order.
        pieces: (ModelFrame, words) in order.
    """

    speech: Speech
    frames: list[tuple[int, int]] = field(default_factory=list)
    pieces: list[tuple[int, str]] = field(default_factory=list)
    samples: int = 0
    complete: bool = False

    def take(self, audio: AudioOut) -> None:
        """Send it on its way."""
        self.frames.append((self.samples, audio.frame))
        self.samples += audio.pcm.size
        self.speech.push(audio.pcm)

    def end(self) -> None:
        """No more of it comes."""
        self.complete = True
        self.speech.complete()

    def words_sent(self) -> int:
        """How many words are in what was sent to the room."""
        index = bisect_right(self.frames, self.speech.sent_samples - 1, key=lambda known: known[0])
        if not index:
            return 0
        last = self.frames[index - 1][1]
        return len("".join(piece for frame, piece in self.pieces if frame <= last).split())

    def last_heard_frame(self, now_ms: float) -> int:
        """The last ModelFrame of which the room has heard the beginning; -1 for none."""
        heard = self.speech.heard_samples(now_ms)
        index = bisect_right(self.frames, heard - 1, key=lambda known: known[0])
        return self.frames[index - 1][1] if index else -1

    def heard_text(self, now_ms: float) -> str:
        """The words of the frames that the room has heard."""
        whole = self.speech.ended.done() and self.speech.ended.result() == "finished"
        last = self.last_heard_frame(now_ms)
        return "".join(piece for frame, piece in self.pieces if whole or (last >= 0 and frame <= last))


class Unasked:
    """The unasked speech of one conversation: at most one stretch at a time.

    Args:
        new_speech: begins a playback generation.
        may_speak: whether it may go out now; asked for each event, `flow` lets go what had to wait.
        on_ended: told when the room has nothing more to hear.
        now_ms: the hub's monotonic milliseconds.
    """

    def __init__(
        self,
        new_speech: Callable[[], Speech],
        *,
        may_speak: Callable[[], bool],
        on_ended: Callable[[], None],
        now_ms: Callable[[], float],
    ) -> None:
        self.stretches: list[Stretch] = []
        """Those since `begin_turn`."""
        self.begun_ms = -math.inf
        """When the newest stretch began to go out."""
        self._new_speech = new_speech
        self._may_speak = may_speak
        self._on_ended = on_ended
        self._now_ms = now_ms
        self._waiting: deque[tuple[float, UnaskedEvent]] = deque()
        self._early: list[tuple[int, str]] = []
        self._stretch: Stretch | None = None
        self._changed = asyncio.Event()
        self._enough = False
        self._skipping = False

    @property
    def speech(self) -> Speech | None:
        """What is on its way or being played."""
        stretch = self._stretch
        return None if stretch is None or stretch.speech.ended.done() else stretch.speech

    def take(self, event: UnaskedEvent) -> None:
        """The engine's next piece."""
        if self._skipping:
            self._skipping = not isinstance(event, UtteranceEnded)
            return
        now_ms = self._now_ms()
        self._waiting.append((now_ms, event))
        while now_ms - self._waiting[0][0] > STALE_MS:
            self._waiting.popleft()
        self.flow()

    def flow(self) -> None:
        """Let go what may go."""
        while self._waiting and self._may_speak():
            stretch = self._stretch
            if stretch is not None and stretch.complete and not stretch.speech.ended.done():
                return  # one stretch at a time: its end calls again
            self._let_go(self._waiting.popleft()[1])

    def drop(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._early.clear()
        self._skipping = False

    def drop_before(self, at_ms: float) -> bool:
        """Forget the stretches that wait since before a time, to their end; whether the last of them still goes on."""
        while self._waiting and self._waiting[0][0] < at_ms:
            while self._waiting:
                if isinstance(self._waiting.popleft()[1], UtteranceEnded):
                    break
            else:
                self._early.clear()
                self._skipping = True
                return True
        return False

    def cut(self, since_ms: float = math.inf) -> int:
        """Silence now.

        Args:
            since_ms: what began after this and is over already counts, too.

        Returns:
            How many words of it had been sent to the room.
        """
        self.drop()
        stretch, self._stretch = self._stretch, None
        if stretch is None:
            return 0
        words = stretch.words_sent()
        if stretch.speech.ended.done():
            return words if stretch.speech.begun_ms > since_ms else 0
        stretch.speech.flush()
        self._changed.set()
        return words

    def begun_after(self, at_ms: float) -> bool:
        """Whether what is on its way or being played began after this time."""
        return self.speech is not None and self.begun_ms > at_ms

    def begin_turn(self, since_ms: float = math.inf) -> None:
        """What is said from now on, what is being said, and what was begun since a time, answers this turn."""
        self._enough = False
        newest = self._stretch
        kept = newest is not None and (self.speech is not None or newest.speech.begun_ms > since_ms)
        self.stretches = [newest] if kept and newest is not None else []

    def enough(self) -> None:
        """Whoever waits for the end of the answer waits no longer."""
        self._enough = True
        self._changed.set()

    async def answered(self) -> None:
        """Wait until the answer to this turn has been heard, or was cut, or does not come."""
        while not self._enough:
            self._changed.clear()
            speech = self.speech
            if speech is not None:
                await self._changed.wait()  # its end changes it too
                continue
            try:
                async with asyncio.timeout(GAP_S if self.stretches else FIRST_WORD_S):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _let_go(self, event: UnaskedEvent) -> None:
        stretch = self._stretch
        going = stretch is not None and not stretch.speech.ended.done()
        match event:
            case TextOut(piece=piece, frame=frame):
                pieces = stretch.pieces if stretch is not None and going else self._early
                if len(pieces) < MAX_PIECES:
                    pieces.append((frame, piece))
            case AudioOut():
                if stretch is None or not going:
                    stretch = self._begin()
                stretch.take(event)
            case UtteranceEnded():
                if stretch is not None and going:
                    stretch.end()

    def _begin(self) -> Stretch:
        stretch = self._stretch = Stretch(self._new_speech(), pieces=self._early)
        self._early = []
        self.begun_ms = stretch.speech.begun_ms
        self.stretches.append(stretch)
        stretch.speech.ended.add_done_callback(lambda _ended: self._over())
        self._changed.set()
        return stretch

    def _over(self) -> None:
        self._changed.set()
        self._on_ended()
        self.flow()
