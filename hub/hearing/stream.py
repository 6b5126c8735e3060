"""The ears of one conversation: a thread that follows the user's speech and has it read."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hub.hearing.decoders import Decoder, Reading
from hub.hearing.desk import ReadingDesk, Urgency
from hub.hearing.intake import INPUT_HZ, Intake
from hub.hearing.port import Final, HearingEvent, HearingHints, Partial, SpeechStarted
from hub.hearing.second_opinion import agrees, second_is_better
from hub.hearing.turns import FRAME_MS, Hangover, TurnDetector, TurnPhase, TurnSignal
from hub.hearing.wake_phrase import strip_wake_phrase

QUEUE_SAMPLES = 4 * INPUT_HZ
_LEAD_FRAMES = 10
_TAIL_FRAMES = 3
# The VAD takes at least so much silence for speech, so nothing was said in it.
_VAD_LATE_MS = 64
_PARTIAL_MS = 320
_FIRST_PARTIAL_MS = 480
# Over the assistant's voice, the words decide whether it falls silent.
_PARTIAL_OVER_MS = 128
_FIRST_PARTIAL_OVER_MS = 224


@dataclass(frozen=True, slots=True)
class Recognisers:
    """What reads. `final` is always there; `second` reads partials and gives the other opinion."""

    final: Decoder
    second: Decoder | None

    @property
    def apart(self) -> bool:
        """Whether there are two, which can then read at the same time."""
        return self.second is not None and self.second is not self.final


@dataclass(slots=True)
class _Attempt:
    """One reading of a turn as it stood in a silence. `closed`: the turn is over and waits only for this."""

    start_samples: int
    end_samples: int
    speech: NDArray[np.float32]
    reading: Reading | None = None
    second: Reading | None = None
    early: Reading | None = None
    waits: int = 0
    closed: bool = False
    dropped: bool = False


@dataclass(slots=True)
class _Inbox:
    """What waits for the thread: audio within a bound, and news of readings."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    audio: deque[tuple[NDArray[np.int16], int]] = field(default_factory=deque)
    news: deque[Callable[[], None]] = field(default_factory=deque)
    waiting_samples: int = 0
    closing: bool = False


class LocalStream:
    """Implements `HearingStream`.

    Attributes:
        dropped_samples: how much audio (24 kHz) was thrown away because the thread fell behind.
    """

    def __init__(
        self,
        *,
        hints: HearingHints,
        on_event: Callable[[HearingEvent], None],
        recognisers: Recognisers,
        desk: ReadingDesk,
        background: ReadingDesk,
        probability: Callable[[bytes], float],
        now_ms: Callable[[], float],
        hangover: Hangover,
        on_closed: Callable[[LocalStream], None],
    ) -> None:
        self.dropped_samples = 0
        self._hints = hints
        self._on_event = on_event
        self._recognisers = recognisers
        self._desk = desk
        self._background = background
        self._probability = probability
        self._now_ms = now_ms
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._inbox = _Inbox()
        self._closed = False
        self._intake = Intake()
        self._turn = TurnDetector(hangover)
        self._hangover = hangover
        self._attempt: _Attempt | None = None
        self._attempts: list[_Attempt] = []
        self._wake_word = hints.wake_word
        self._partial, self._partial_ms, self._steady = "", 0.0, False
        self._partial_pending = False
        self._partial_frame = 0
        self._free_frame = 0
        self._prompt: Sequence[int] = recognisers.final.prime(hints.vocabulary, hints.wake_word)
        self._thread = threading.Thread(target=self._work, name="hearing-stream", daemon=True)
        self._thread.start()

    def feed(self, pcm: NDArray[np.int16], samples: int) -> None:
        """Take a piece of audio. Never blocks; beyond 4 s of waiting audio the oldest is dropped and counted."""
        inbox = self._inbox
        with inbox.changed:
            if inbox.closing:
                return
            inbox.audio.append((pcm, samples))
            inbox.waiting_samples += len(pcm)
            while inbox.waiting_samples > QUEUE_SAMPLES:
                oldest, _position = inbox.audio.popleft()
                inbox.waiting_samples -= len(oldest)
                self.dropped_samples += len(oldest)
            inbox.changed.notify()

    async def close(self) -> None:
        """Stop the thread; no event comes after this."""
        self._closed = True
        with self._inbox.changed:
            self._inbox.closing = True
            self._inbox.changed.notify()
        await asyncio.to_thread(self._thread.join)
        self._on_closed(self)

    def _tell(self, event: HearingEvent) -> None:
        self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: HearingEvent) -> None:
        if not self._closed:
            self._on_event(event)

    def _post(self, news: Callable[[], None]) -> None:
        with self._inbox.changed:
            self._inbox.news.append(news)
            self._inbox.changed.notify()

    def _work(self) -> None:
        inbox = self._inbox
        while True:
            with inbox.changed:
                inbox.changed.wait_for(lambda: inbox.closing or inbox.audio or inbox.news)
                if inbox.closing:
                    return
                news = list(inbox.news)
                inbox.news.clear()
                piece = inbox.audio.popleft() if inbox.audio and not news else None
                if piece is not None:
                    inbox.waiting_samples -= len(piece[0])
            for item in news:
                item()
            if piece is not None:
                self._hear(*piece)

    def _hear(self, pcm: NDArray[np.int16], samples: int) -> None:
        for frame in self._intake.frames(pcm, samples):
            self._frame(frame)

    def _frame(self, frame: NDArray[np.int16]) -> None:
        match self._turn.feed(self._probability(frame.tobytes())):
            case TurnSignal.ONSET:
                self._partial, self._partial_ms, self._steady = "", 0.0, False
                self._partial_frame = self._turn.onset_frame
                self._tell(SpeechStarted(self._intake.position(self._turn.onset_frame)))
            case TurnSignal.PAUSED:
                self._attempt_reading()
            case TurnSignal.RESUMED:
                if self._attempt is not None:
                    self._attempt.dropped = True
                    self._attempt = None
            case TurnSignal.CLOSED:
                self._end_turn()
            case None:
                pass
        if self._turn.phase is TurnPhase.TALKING:
            self._maybe_partial()
        elif self._turn.phase is TurnPhase.PAUSING:
            self._maybe_believe()
        if self._turn.phase is TurnPhase.QUIET:
            self._intake.keep_only(_LEAD_FRAMES)

    def _speech(self) -> NDArray[np.float32]:
        return self._intake.speech_from(max(self._turn.onset_frame - _LEAD_FRAMES, self._free_frame))

    def _attempt_reading(self) -> None:
        """Have the turn read as it stands now: by the final recogniser, then by the second."""
        attempt = _Attempt(
            self._intake.position(self._turn.onset_frame),
            self._intake.position(self._turn.last_speech_frame + 1),
            self._speech(),
        )
        self._attempt = attempt
        self._submit(attempt, Urgency.FINAL)
        self._read_early(attempt)

    def _read_early(self, attempt: _Attempt) -> None:
        """Have what was said up to a pause read by the quicker recogniser: it may be enough to act upon."""
        second = self._recognisers.second
        if second is None or not self._recognisers.apart:
            return
        if self._partial and self._is_all(self._partial_ms):
            self._words_so_far(self._partial, self._partial_ms)
            if self._steady:
                return

        def wanted() -> bool:
            return not attempt.dropped and attempt.reading is None and not self._inbox.closing

        def done(reading: Reading | None) -> None:
            self._post(lambda: self._early_read(attempt, reading))

        self._background.submit(Urgency.PARTIAL, lambda: second.read(attempt.speech, (), wanted), done, wanted)

    def _early_read(self, attempt: _Attempt, reading: Reading | None) -> None:
        if reading is None or attempt.dropped or attempt.closed or attempt.reading is not None:
            return
        attempt.early = reading
        text, _taken = strip_wake_phrase(reading.text, self._wake_word)
        if text:
            self._words_so_far(text, (self._turn.last_speech_frame + 1 - self._turn.onset_frame) * FRAME_MS)

    def _submit(self, attempt: _Attempt, urgency: Urgency) -> None:
        readers, speech = self._recognisers, attempt.speech
        second = readers.second if urgency is Urgency.SECOND else None
        attempt.waits += 1

        def wanted() -> bool:
            return not attempt.dropped and not self._inbox.closing

        def read() -> Reading:
            return (second or readers.final).read(speech, () if second else self._prompt, wanted)

        def done(reading: Reading | None) -> None:
            self._post(lambda: self._read(attempt, reading, second=second is not None))

        desk = self._desk if second is None else self._background
        desk.submit(urgency, read, done, wanted)

    def _read(self, attempt: _Attempt, reading: Reading | None, *, second: bool) -> None:
        attempt.waits -= 1
        if second:
            attempt.second = reading
        else:
            attempt.reading = reading
        if attempt.dropped:
            return
        if not second and not self._is_whole(attempt) and self._recognisers.apart:
            # A whole request is acted upon at once, and the core is left to the voice; any other gets a second reading.
            if attempt.early is None:
                self._submit(attempt, Urgency.SECOND)
            attempt.second = attempt.early
        if attempt.closed:
            self._flush()
        elif self._turn.phase is TurnPhase.PAUSING:
            self._maybe_believe()

    def _is_whole(self, attempt: _Attempt) -> bool:
        text, _second = self._texts(attempt)
        return bool(text) and self._hints.is_complete(text)

    def _maybe_believe(self) -> None:
        """End the turn early if what was read is a whole request and the silence is long enough for one."""
        attempt = self._attempt
        if attempt is None or attempt.reading is None or self._turn.may_resume:
            return
        if self._turn.silence_ms >= self._hangover.complete_ms and self._is_whole(attempt):
            self._turn.close()
            self._end_turn()

    def _end_turn(self) -> None:
        if self._attempt is None:
            self._attempt_reading()
        if self._attempt is not None:
            self._attempt.closed = True
            self._attempts.append(self._attempt)
            self._attempt = None
        self._free_frame = self._turn.last_speech_frame + _TAIL_FRAMES
        self._flush()

    def _flush(self) -> None:
        """Tell the closed turns that are read, in their order."""
        while self._attempts and not self._attempts[0].waits:
            self._finish(self._attempts.pop(0))

    def _finish(self, attempt: _Attempt) -> None:
        text, second = self._texts(attempt)
        if text:  # without words, or with the wake word alone, the command is still to come
            self._wake_word = ""
        self._tell(
            Final(
                text=text,
                start_samples=attempt.start_samples,
                end_samples=attempt.end_samples,
                confidence=attempt.reading.confidence if attempt.reading else 0.0,
                second=second,
                decoded_ms=self._now_ms(),
            )
        )

    def _texts(self, attempt: _Attempt) -> tuple[str, str | None]:
        """What was said, and the other reading, both without the wake phrase; the better one first."""
        first, _taken = strip_wake_phrase(attempt.reading.text if attempt.reading else "", self._wake_word)
        if attempt.second is None:
            return first, None
        second, _taken = strip_wake_phrase(attempt.second.text, self._wake_word)
        if second_is_better(first, second, self._hints.is_complete):
            return second, first
        return first, second

    def _maybe_partial(self) -> None:
        second = self._recognisers.second
        said_ms = (self._turn.frame - self._turn.onset_frame) * FRAME_MS
        waited_ms = (self._turn.frame - self._partial_frame) * FRAME_MS
        over = self._hints.is_over()
        first_ms, every_ms = (_FIRST_PARTIAL_OVER_MS, _PARTIAL_OVER_MS) if over else (_FIRST_PARTIAL_MS, _PARTIAL_MS)
        if second is None or self._partial_pending or said_ms < first_ms or waited_ms < every_ms:
            return
        if self._turn.silence_ms:
            return  # perhaps the end: the core is wanted for the final
        self._partial_pending = True
        self._partial_frame = self._turn.frame
        speech, onset = self._speech(), self._turn.onset_frame

        def still_talking() -> bool:
            return self._turn.phase is TurnPhase.TALKING and self._turn.onset_frame == onset and not self._inbox.closing

        def done(reading: Reading | None) -> None:
            self._post(lambda: self._partial_read(reading, onset, said_ms))

        self._background.submit(Urgency.PARTIAL, lambda: second.read(speech, (), still_talking), done, still_talking)

    def _partial_read(self, reading: Reading | None, onset: int, said_ms: float) -> None:
        self._partial_pending = False
        if reading is None or self._turn.onset_frame != onset or self._turn.phase is TurnPhase.QUIET:
            return
        text, _taken = strip_wake_phrase(reading.text, self._wake_word)
        if text:
            self._words_so_far(text, said_ms)

    def _words_so_far(self, text: str, said_ms: float) -> None:
        """Tell what was read from the first so many ms of the turn, if it is news or the user has paused behind it."""
        if said_ms != self._partial_ms:  # else it is the same reading, looked at again
            self._steady = agrees(self._partial, text)
        paused = self._turn.phase is TurnPhase.PAUSING and self._is_all(said_ms)
        news = text != self._partial
        self._partial, self._partial_ms = text, said_ms
        if news or paused:
            self._tell(Partial(text, said_ms, paused=paused, steady=self._steady))

    def _is_all(self, said_ms: float) -> bool:
        """Whether words that were read from the first so many ms of the turn are all of it."""
        spoken_ms = (self._turn.last_speech_frame + 1 - self._turn.onset_frame) * FRAME_MS
        return spoken_ms - said_ms <= _VAD_LATE_MS
