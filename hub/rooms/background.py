"""What each room sounds like when nobody there is being served: its usual din, a television, our own voice next door.

A satellite's noise floor holds fans and fridges. A television is speech: its satellite hears a talker who never
leaves. So for each room the level that its SNR reaches in one frame of seven is followed while nobody there has our
attention, and only what rises over that counts as somebody new. While the house itself speaks, a second such level is
followed, faster, and put aside again afterwards: the first one must not learn our own voice.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.rooms.posterior import Floats
from protocol.records import SNR_LOW_DB

Flags = NDArray[np.bool_]

QUANTILE: Final = 0.85
# Steps for a frame of 20 ms: from quiet to a television's level within a second and a half; back within some seconds.
_STEP_DB: Final = 0.30
_STEP_AT_START_DB: Final = 1.2
_START_FRAMES: Final = 60
_STEP_WHILE_PLAYING_DB: Final = 0.6
# So much over the floor is still the room itself.
_MARGIN_DB: Final = 4.0
# Talk of this level that goes on while nobody there is served is a television, until it has been off for so long.
_TELEVISION_DB: Final = 6.0
_TELEVISION_AFTER_FRAMES: Final = 50
_TELEVISION_FRAMES: Final = 1500  # 30 s
# Nobody is turned away for a television that has not been on for so long without a pause. People who talk to each
# other, or to a telephone, fall silent again and again: such a silence undoes many times its own length of sound.
_ESTABLISHED_FRAMES: Final = 500
_ON_AT_MOST_FRAMES: Final = 3000
_PAUSE_FRAMES: Final = 25
_UNDONE_BY_PAUSE: Final = 20
# What is silence beside a room's usual din.
_SILENT_DB: Final = 3.0
_UNDER_DIN_DB: Final = 12.0
_COUNTS: Final = ("_known_frames", "_talking_frames", "_television_frames", "_on_frames", "_silent_frames")


class Background:
    """Rows as in `Ears`."""

    def __init__(self, rows: int) -> None:
        self.usual_db = np.full(rows, SNR_LOW_DB)
        self.leak_db = np.full(rows, SNR_LOW_DB)
        self._known_frames = np.zeros(rows, np.int64)
        self._talking_frames = np.zeros(rows, np.int64)
        self._television_frames = np.zeros(rows, np.int64)
        self._on_frames = np.zeros(rows, np.int64)
        self._silent_frames = np.zeros(rows, np.int64)

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        more = rows - len(self.usual_db)
        if more > 0:
            for name in ("usual_db", "leak_db"):
                setattr(self, name, np.concatenate([getattr(self, name), np.full(more, SNR_LOW_DB)]))
            for name in _COUNTS:
                setattr(self, name, np.concatenate([getattr(self, name), np.zeros(more, np.int64)]))

    def forget(self, row: int) -> None:
        """A row belongs to another satellite now."""
        self.usual_db[row] = self.leak_db[row] = SNR_LOW_DB
        for name in _COUNTS:
            getattr(self, name)[row] = 0

    @property
    def television(self) -> Flags:
        """Rooms in which somebody talks to nobody."""
        return self._television_frames > 0

    @property
    def established(self) -> Flags:
        """Televisions that have been on for some while, and seldom silent."""
        return self.television & (self._on_frames >= _ESTABLISHED_FRAMES)

    @property
    def known(self) -> Flags:
        """Rooms that have been listened to for a second."""
        return self._known_frames >= 50

    def follow(self, snr_db: Floats, unattended: Flags, frames: int) -> None:
        """Learn `frames` more frames of the rooms in which nobody is served, while the house is silent."""
        step = np.where(self._known_frames < _START_FRAMES, _STEP_AT_START_DB, _STEP_DB) * frames
        self.usual_db = np.where(unattended, _towards(self.usual_db, snr_db, step), self.usual_db)
        self._known_frames += frames
        talking = unattended & (self.usual_db > _TELEVISION_DB)
        self._talking_frames = np.where(talking, self._talking_frames + frames, 0)
        on = self._talking_frames >= _TELEVISION_AFTER_FRAMES
        self._television_frames = np.where(
            on, _TELEVISION_FRAMES, np.maximum(0, self._television_frames - frames * unattended)
        )
        self._follow_pauses(snr_db, frames)

    def _follow_pauses(self, snr_db: Floats, frames: int) -> None:
        silent = snr_db < self.silence_db()
        self._silent_frames = np.where(silent, self._silent_frames + frames, 0)
        too_long = np.clip(self._silent_frames - _PAUSE_FRAMES, 0, frames)
        on = self._on_frames + np.where(silent, -_UNDONE_BY_PAUSE * too_long, frames)
        self._on_frames = np.clip(on, 0, _ON_AT_MOST_FRAMES)

    def silence_db(self) -> Floats:
        """What is under this is a pause of what each room sounds like anyway."""
        level_db: Floats = np.maximum(_SILENT_DB, self.usual_db - _UNDER_DIN_DB)
        return level_db

    def suspect(self, row: int) -> None:
        """Somebody was talking here when we began to listen: a television, until it has been off for long enough."""
        self._television_frames[row] = _TELEVISION_FRAMES

    def accept(self, snr_db: Floats) -> None:
        """What is heard now is a part of the house from now on."""
        self.usual_db = np.maximum(self.usual_db, snr_db)

    def begin_leak(self) -> None:
        """The house begins to speak."""
        self.leak_db = self.usual_db.copy()

    def follow_leak(self, snr_db: Floats, frames: int, newcomer: int | None = None) -> None:
        """Learn how loud the house's own voice is in each room but that in which somebody else may be speaking."""
        step = np.full_like(snr_db, _STEP_WHILE_PLAYING_DB * frames)
        if newcomer is not None:
            step[newcomer] = 0.0
        self.leak_db = _towards(self.leak_db, snr_db, step)

    def level_db(self, *, playing: bool) -> Floats:
        """What each room sounds like anyway."""
        return np.maximum(self.leak_db, self.usual_db) if playing else self.usual_db


def over(snr_db: Floats, base_db: Floats) -> Floats:
    """How far each room stands over what it would sound like anyway, dB."""
    rise: Floats = snr_db - np.maximum(0.0, base_db - _MARGIN_DB)
    return rise


def _towards(level_db: Floats, seen_db: Floats, step_db: Floats) -> Floats:
    distance = seen_db - level_db
    up, down = np.minimum(distance, QUANTILE * step_db), np.maximum(distance, (QUANTILE - 1.0) * step_db)
    moved: Floats = level_db + np.where(distance > 0, up, down)
    return moved
