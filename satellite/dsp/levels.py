"""How often a quiet room reports: 12.5 records a second, 50 from an onset of speech until 1 s after its end.

While nobody speaks nothing is in a hurry, so two records travel together: a house of many rooms costs its hub less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from protocol.frames import FrameFlag
from protocol.measure import LevelRecord, encode_levels

IDLE_STRIDE: Final = 4
ACTIVE_STRIDE: Final = 1
IDLE_RECORDS: Final = 2
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


class Report(NamedTuple):
    """A LEVEL frame: its payload and flags, and the moment of its first record."""

    payload: bytes
    flags: FrameFlag
    samples: int
    time_us: int


class LevelReports:
    """Makes LEVEL frames of what is measured.

    Args:
        record: the scalars of this moment.
        floors: the ten noise floors of this moment.
    """

    def __init__(self, record: Callable[[], LevelRecord], floors: Callable[[], tuple[float, ...]]) -> None:
        self._record, self._floors = record, floors
        self._pace = LevelPace()
        self._waiting: list[LevelRecord] = []
        self._waiting_floors: tuple[float, ...] | None = None
        self._since = (0, 0)

    def step(self, samples: int, time_us: int, *, speech: bool) -> list[Report]:
        """After each frame of 20 ms: what is to be sent now, the oldest first."""
        stride = self._pace.step(speech=speech)
        if not stride:
            return []
        sent = self.rest() if stride == ACTIVE_STRIDE else []
        if not self._waiting:
            self._since = (samples, time_us)
            self._waiting_floors = self._floors() if self._pace.floors_due() else None
        self._waiting.append(self._record())
        if stride == ACTIVE_STRIDE:
            return [*sent, self._packed(ACTIVE_STRIDE)]
        return [self._packed(IDLE_STRIDE)] if len(self._waiting) == IDLE_RECORDS else []

    def rest(self) -> list[Report]:
        """What waits for its fellows: it is wanted now."""
        return [self._packed(IDLE_STRIDE)] if self._waiting else []

    def forget(self) -> None:
        """What waits is of no use any more."""
        self._waiting, self._waiting_floors = [], None

    def _packed(self, stride: int) -> Report:
        flags = FrameFlag.NONE if self._waiting_floors is None else FrameFlag.FLOORS
        report = Report(encode_levels(self._waiting, stride, self._waiting_floors), flags, *self._since)
        self.forget()
        return report
