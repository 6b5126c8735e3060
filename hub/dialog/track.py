"""The user's sound as one run of positions, whichever satellites of the session it came from, and where he was."""

from __future__ import annotations

from typing import Final

from protocol.opus import FRAME_MS, FRAME_SAMPLES

# Sound of the new room that begins by more than this before the end of the old room's has been heard there.
_AGAIN_MS: Final = FRAME_MS / 2
_SAMPLES_PER_MS: Final = 24
# Who is heard first so shortly after a walk was in the middle of saying something: that is why he was followed.
_TORN_MS: Final = 400.0


class Track:
    """The walk of one session's talker.

    Every satellite counts its samples from a zero of its own. What is captured in the next room is put behind what the
    last one gave, by the hub's clock, so that nobody downstream notices the change: no word comes twice, and none is
    missing that either room has sent.

    Attributes:
        area_id: where the talker is now.
    """

    def __init__(self, area_id: str) -> None:
        self.area_id = area_id
        self._areas: list[tuple[int, str]] = [(0, area_id)]  # from this position on
        self._last: tuple[int, float] | None = None
        self._offset = 0
        self._joins = False

    def move(self, area_id: str) -> None:
        """From now on frames come from another satellite."""
        self.area_id = area_id
        self._joins = True

    def place(self, samples: int, at_ms: float) -> int | None:
        """The position of a frame that its satellite captured at `samples` and the hub's time `at_ms`.

        Returns:
            None when the room that was left has given this moment already.
        """
        if self._joins:
            if not self._join(samples, at_ms):
                return None
            self._joins = False
            self._areas.append((samples + self._offset, self.area_id))
        position = samples + self._offset
        self._last = (position, at_ms)
        return position

    def _join(self, samples: int, at_ms: float) -> bool:
        if self._last is None:
            return True
        position, last_ms = self._last
        hole_ms = at_ms - (last_ms + FRAME_MS)
        if hole_ms < -_AGAIN_MS:
            return False
        follows = position + FRAME_SAMPLES
        if hole_ms > _AGAIN_MS:
            follows += round(hole_ms * _SAMPLES_PER_MS)
        self._offset = follows - samples
        return True

    def area_at(self, samples: int) -> str:
        """Where the talker was when this was captured."""
        return next((area for begin, area in reversed(self._areas) if samples >= begin), self._areas[0][1])

    def is_torn(self, samples: int) -> bool:
        """Whether what begins at this position may be the rest of what was begun, unheard, in the room before."""
        return len(self._areas) > 1 and 0 <= samples - self._areas[-1][0] <= _TORN_MS * _SAMPLES_PER_MS

    def ms_of(self, samples: int) -> float | None:
        """The hub's time of a position; None before the first frame."""
        if self._last is None:
            return None
        last_samples, last_ms = self._last
        return last_ms + (samples - last_samples) / _SAMPLES_PER_MS
