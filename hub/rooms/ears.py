"""What every satellite heard in the last seconds, as arrays: a row for each satellite, a column for each 20 ms.

Reports come in whatever order the network gives them, at 12.5 or 50 a second; a report that stands for several frames
fills as many columns. Rows are compared only where they speak of the same instant, so everything is kept by the time of
capture, on the hub's clock.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from protocol.records import SNR_LOW_DB, VARIANCE_LOW, LevelRecord, MeasureFlag

COLUMN_MS: Final = 20.0
COLUMNS: Final = 128  # 2.56 s
_ROWS_AT_START: Final = 8
# A report from further ahead than any clock error explains would shift every row's present.
_AHEAD_MS: Final = 500.0


class Cue(IntEnum):
    """The layers of the array."""

    SNR = 0  # mean band SNR over the room's own floor, dB
    VARIANCE = 1  # logarithm of the envelope variance
    HF = 2  # high-frequency ratio of the excess, dB
    LEVEL = 3  # of the newest frame, dBFS
    SPEECH = 4  # whether the satellite's own VAD hears it, 0 or 1


_EMPTY: Final = np.array([SNR_LOW_DB, VARIANCE_LOW, 0.0, -127.5, 0.0], np.float32)
_REPORT: Final = 3 + len(Cue)  # row, instant, frames, cues
_WAITING_LIMIT: Final = _REPORT * 4096
_SPEECH: Final = MeasureFlag.SPEECH.value


class Ears:
    """The array. Rows are given out by `add` and reused after `remove`."""

    def __init__(self) -> None:
        self.heard = np.empty((len(Cue), _ROWS_AT_START, COLUMNS), np.float32)
        self.column_of = np.full((_ROWS_AT_START, COLUMNS), -1, np.int64)  # which instant a cell holds
        self.newest = np.full(_ROWS_AT_START, -1, np.int64)
        self.used = np.zeros(_ROWS_AT_START, np.bool_)
        self.phase_ms = np.zeros(_ROWS_AT_START)  # how far into a column a satellite's frames begin
        self.heard[:] = _EMPTY[:, None, None]
        self._waiting = array("d")
        self.speech_waits = False  # whether a report that was noted and not entered yet says that there is speech

    def add(self) -> int:
        """A row for a satellite."""
        free = np.flatnonzero(~self.used)
        row = int(free[0]) if free.size else self._grow()
        self.used[row] = True
        return row

    def remove(self, row: int) -> None:
        """Forget what a row heard; it may be given out again."""
        self.silence(row)
        self.used[row] = False

    def silence(self, row: int) -> None:
        """Forget what a row heard."""
        waiting = np.frombuffer(self._waiting).reshape(-1, _REPORT)
        self._waiting = array("d", waiting[waiting[:, 0] != row].ravel())
        self.newest[row] = -1
        self.column_of[row] = -1
        self.heard[:, row] = _EMPTY[:, None]

    def _grow(self) -> int:
        rows = len(self.used)
        more = np.empty((len(Cue), rows, COLUMNS), np.float32)
        more[:] = _EMPTY[:, None, None]
        self.heard = np.concatenate([self.heard, more], axis=1)
        self.column_of = np.concatenate([self.column_of, np.full((rows, COLUMNS), -1, np.int64)])
        self.newest = np.concatenate([self.newest, np.full(rows, -1, np.int64)])
        self.used = np.concatenate([self.used, np.zeros(rows, np.bool_)])
        self.phase_ms = np.concatenate([self.phase_ms, np.zeros(rows)])
        return rows

    def take(self, row: int, record: LevelRecord, at_ms: float, frames: int) -> None:
        """Note a report whose newest frame was captured at `at_ms` and which stands for `frames` frames."""
        speech = (record.flags.value & _SPEECH) != 0
        self.speech_waits = self.speech_waits or speech
        self.phase_ms[row] = at_ms % COLUMN_MS
        if len(self._waiting) > _WAITING_LIMIT:
            self.settle(at_ms)  # nobody looks at what is heard, but it must not pile up
        self._waiting.extend(
            (
                row,
                at_ms // COLUMN_MS,
                frames,
                record.snr_db,
                record.variance,
                record.hf_db,
                record.level_db,
                speech,
            )
        )

    def settle(self, now_ms: float) -> None:
        """Enter what was noted since the last time."""
        if not self._waiting:
            return
        reports = np.frombuffer(self._waiting).reshape(-1, _REPORT)
        self._waiting = array("d")
        self.speech_waits = False
        reports = reports[reports[:, 1] * COLUMN_MS <= now_ms + _AHEAD_MS]
        rows, instants, frames = reports[:, :3].astype(np.int64).T
        if frames.max(initial=1) > 1:
            # One that stands for several frames becomes as many, the oldest first.
            total = np.repeat(np.arange(len(reports)), frames)
            back = frames[total] - 1 - (np.arange(len(total)) - np.repeat(np.cumsum(frames) - frames, frames))
            self._enter(rows[total], instants[total] - back, reports[total, 3:])
        else:
            self._enter(rows, instants, reports[:, 3:])
        np.maximum.at(self.newest, rows, instants)

    def _enter(self, rows: NDArray[np.int64], instants: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        columns = instants % COLUMNS
        fresh = instants >= self.column_of[rows, columns]
        rows, columns = rows[fresh], columns[fresh]
        self.column_of[rows, columns] = instants[fresh]
        self.heard[:, rows, columns] = values[fresh].T

    def window(self, last: int, columns: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Cues [cue, row, column] of the `columns` instants that end with `last`, and which of them were reported."""
        instants = np.arange(last - columns + 1, last + 1)
        at = instants % COLUMNS
        return self.heard[:, :, at], self.column_of[:, at] == instants
