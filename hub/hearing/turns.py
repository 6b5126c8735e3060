"""Where a turn begins and ends, told from VAD probabilities. Pure, and only in audio time: bursts change nothing."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

FRAME_SAMPLES = 512
"""One VAD frame at 16 kHz."""
FRAME_MS = 32

SPEECH_PROBABILITY = 0.5
SILENCE_PROBABILITY = 0.35
_ONSET_FRAMES = 3
_ONSET_WINDOW = 5
_RESUME_FRAMES = 2


class TurnPhase(Enum):
    """What the user is doing, as far as the VAD can tell."""

    QUIET = "quiet"
    TALKING = "talking"
    PAUSING = "pausing"


class TurnSignal(Enum):
    """What changed with this frame."""

    ONSET = "onset"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLOSED = "closed"


_TRANSITIONS = {
    (TurnPhase.QUIET, TurnSignal.ONSET): TurnPhase.TALKING,
    (TurnPhase.TALKING, TurnSignal.PAUSED): TurnPhase.PAUSING,
    (TurnPhase.TALKING, TurnSignal.CLOSED): TurnPhase.QUIET,
    (TurnPhase.PAUSING, TurnSignal.RESUMED): TurnPhase.TALKING,
    (TurnPhase.PAUSING, TurnSignal.CLOSED): TurnPhase.QUIET,
}


@dataclass(frozen=True, slots=True)
class Hangover:
    """How long silence must last, in audio time as the VAD sees it.

    Silero goes on believing in speech for about 90 ms after its end, at any threshold from 0.35 to 0.8 (measured: 110
    to 78 ms), so the silence of the room is that much longer than each of these.

    Attributes:
        early_ms: then the final decode starts on a copy.
        complete_ms: then a text that is a whole request is believed.
        patient_ms: then any text is believed.
        longest_ms: a turn is cut here.
    """

    early_ms: int = 64
    complete_ms: int = 256
    patient_ms: int = 640
    longest_ms: int = 15_000


class TurnDetector:
    """Follows one stream of VAD frames.

    Attributes:
        phase: where the turn stands.
        onset_frame: first frame of the running (or last) turn's speech.
        last_speech_frame: its last frame with speech so far.
        frame: number of frames seen.
    """

    def __init__(self, hangover: Hangover) -> None:
        self._hangover = hangover
        self.phase = TurnPhase.QUIET
        self.onset_frame = 0
        self.last_speech_frame = 0
        self.frame = 0
        self._recent: deque[bool] = deque(maxlen=_ONSET_WINDOW)
        self._run = 0

    @property
    def may_resume(self) -> bool:
        """Whether the last frame was speech again: too little to go on with the turn, enough not to end it."""
        return self._run > 0

    @property
    def silence_ms(self) -> int:
        """Silence since the last speech of this turn."""
        return (self.frame - 1 - self.last_speech_frame) * FRAME_MS

    def feed(self, probability: float) -> TurnSignal | None:
        """Take the probability of speech of the next 32 ms; answers what changed, if anything."""
        index = self.frame
        self.frame += 1
        threshold = SILENCE_PROBABILITY if self.phase is TurnPhase.TALKING else SPEECH_PROBABILITY
        speech = probability >= threshold
        self._recent.append(speech)
        self._run = self._run + 1 if speech else 0
        match self.phase:
            case TurnPhase.QUIET:
                return self._quiet(index)
            case TurnPhase.TALKING:
                return self._talking(index, speech=speech)
            case TurnPhase.PAUSING:
                return self._pausing(index)

    def close(self) -> None:
        """End the running turn now: its text was believed before the patient hangover ran out."""
        self._signal(TurnSignal.CLOSED)

    def _signal(self, signal: TurnSignal) -> TurnSignal:
        target = _TRANSITIONS.get((self.phase, signal))
        if target is None:
            raise ValueError(f"no {signal.value} while {self.phase.value}")
        self.phase = target
        if target is TurnPhase.QUIET:
            self._recent.clear()
        return signal

    def _quiet(self, index: int) -> TurnSignal | None:
        if sum(self._recent) < _ONSET_FRAMES or not self._recent[-1]:
            return None
        first = list(self._recent).index(True)
        self.onset_frame = index - (len(self._recent) - 1 - first)
        self.last_speech_frame = index
        return self._signal(TurnSignal.ONSET)

    def _talking(self, index: int, *, speech: bool) -> TurnSignal | None:
        if speech:
            self.last_speech_frame = index
        if (self.frame - self.onset_frame) * FRAME_MS >= self._hangover.longest_ms:
            return self._signal(TurnSignal.CLOSED)
        if self.silence_ms >= self._hangover.early_ms:
            return self._signal(TurnSignal.PAUSED)
        return None

    def _pausing(self, index: int) -> TurnSignal | None:
        if self._run >= _RESUME_FRAMES:
            self.last_speech_frame = index
            return self._signal(TurnSignal.RESUMED)
        if self.silence_ms >= self._hangover.patient_ms:
            return self._signal(TurnSignal.CLOSED)
        return None
