"""Which frames of a model that sends audio all the time are speech.

The model answers every frame with a frame, silence included. A loudspeaker must be told when a stretch of speech
begins and ends, so unasked audio (utterance 0) passes this gate on the hub's side of the wire; a `say` does not, its
ends are told by the engine. Silence between two words passes; the stretch ends after `HANG_FRAMES` without any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# A word's text comes one or two frames before its sound, so text opens the gate in time. Sounds without words (a laugh,
# a breath, "mm") open it by their level, and one frame before them goes along so that their attack is heard.
OPEN_DB: Final = -40.0
CLOSE_DB: Final = -50.0
HANG_FRAMES: Final = 6
# After a cut, words of the same stretch stay unheard until the model has paused for so long, or for at most so long.
REARM_FRAMES: Final = 3
CUT_LIMIT_FRAMES: Final = 62

_NEVER: Final = -(1 << 40)


@dataclass(frozen=True, slots=True)
class Passed:
    """What one frame let through: frames with their numbers, oldest first, and whether a stretch of speech ended."""

    frames: tuple[tuple[int, NDArray[np.int16]], ...] = ()
    ended: bool = False


def level_db(pcm: NDArray[np.int16]) -> float:
    """RMS level of int16 samples in dBFS, at least -96."""
    if not pcm.size:
        return -96.0
    power = float(np.mean(np.square(pcm, dtype=np.float64))) / 32768.0**2
    return float(10.0 * np.log10(max(power, 10**-9.6)))


class SpeechGate:
    """Lets speech through and keeps silence back. Frames come in order; numbers may jump.

    Attributes:
        muted: nothing passes; a stretch in progress must be cut first.
    """

    def __init__(self) -> None:
        self.muted = False
        self._open = False
        self._quiet_frames = 0
        self._text_frame = _NEVER
        self._before: tuple[int, NDArray[np.int16]] | None = None
        self._cut_frames = 0

    @property
    def open(self) -> bool:
        """Whether a stretch of speech is in progress."""
        return self._open

    @property
    def lets_text(self) -> bool:
        """Whether words of now can be heard; those that cannot must not be told either."""
        return not self.muted and self._cut_frames == 0

    def text(self, frame: int) -> None:
        """A word's piece belongs to this frame."""
        self._text_frame = max(self._text_frame, frame)

    def push(self, pcm: NDArray[np.int16], frame: int) -> Passed:
        """Take the next frame, int16 [1920]."""
        active = abs(frame - self._text_frame) <= 1 or level_db(pcm) >= (CLOSE_DB if self._open else OPEN_DB)
        self._quiet_frames = 0 if active else self._quiet_frames + 1
        if self._cut_frames:
            self._cut_frames -= 1
            if self._quiet_frames >= REARM_FRAMES:
                self._cut_frames = 0
            return Passed()
        if self.muted:
            self._before = None
            return Passed()
        if self._open:
            if self._quiet_frames < HANG_FRAMES:
                return Passed(((frame, pcm),))
            self._open, self._before = False, None
            return Passed(ended=True)
        before, self._before = self._before, (frame, pcm)
        if not active:
            return Passed()
        self._open, self._before = True, None
        return Passed((*((before,) if before is not None else ()), (frame, pcm)))

    def cut(self) -> bool:
        """Keep back what is being spoken, up to the next pause; whether that was a stretch of unasked speech."""
        self._cut_frames = CUT_LIMIT_FRAMES
        self._quiet_frames = 0
        return self.shut()

    def shut(self) -> bool:
        """End a stretch here because something else speaks now; False when there was none."""
        was_open, self._open, self._before = self._open, False, None
        return was_open
