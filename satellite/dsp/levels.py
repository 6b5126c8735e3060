"""How often a quiet room reports: 12.5 times a second, 50 times from an onset of speech until 1 s after its end."""

from __future__ import annotations

from typing import Final

IDLE_STRIDE: Final = 4
ACTIVE_STRIDE: Final = 1
_AFTER_FRAMES: Final = 50
_FLOORS_EVERY_FRAMES: Final = 50


class LevelPace:
    """Says after each frame of 20 ms whether a record is due."""

    def __init__(self) -> None:
        self._active_frames = 0
        self._since_record = 0
        self._since_floors = _FLOORS_EVERY_FRAMES

    def step(self, *, speech: bool) -> int:
        """The stride of the record that is due now, in frames; 0 when none is."""
        self._active_frames = _AFTER_FRAMES if speech else max(0, self._active_frames - 1)
        stride = ACTIVE_STRIDE if self._active_frames else IDLE_STRIDE
        self._since_record += 1
        self._since_floors += 1
        if self._since_record < stride:
            return 0
        self._since_record = 0
        return stride

    def floors_due(self) -> bool:
        """Whether the record that is due now carries the floors too."""
        if self._since_floors < _FLOORS_EVERY_FRAMES:
            return False
        self._since_floors = 0
        return True
