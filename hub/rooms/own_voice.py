"""What each room hears of the house's own voice: how loud it comes from each loudspeaker, learnt from what it says.

Over our own voice a call is told by what rises over it. In the seconds before a call somebody may have talked already,
and then nothing rises over what was heard just now; it still rises over what this loudspeaker is heard at otherwise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Final

import numpy as np

from hub.rooms.background import QUANTILE
from hub.rooms.posterior import Floats

# Pieces of speech long enough to have loud and quiet words; one is not enough, for somebody may have talked over it.
_PIECE_FRAMES: Final = 75
_SHORT_PIECE_FRAMES: Final = 50
_ENOUGH: Final = 3
_REMEMBERED: Final = 9
# What it says first is still on its way, or the canceller's first word.
_FROM_FRAMES: Final = 30
# One word is louder than another.
_MARGIN_DB: Final = 3.0
# To have said a wake word, a loudspeaker sounded before it and until its end; detectors are late, and rooms ring on.
_BEFORE_END_MS: Final = 400.0
_TAIL_MS: Final = 450.0


class OwnVoice:
    """Rows as in `Ears`; times are the hub's monotonic milliseconds."""

    def __init__(self) -> None:
        self._since_ms: dict[int, float] = {}
        self._stopped: dict[int, tuple[float, float]] = {}  # since when, and until when
        self._heard_db: dict[tuple[int, int], deque[float]] = {}
        self._source: int | None = None
        self._frames = 0
        self._piece: list[Floats] = []

    def plays(self, row: int, now_ms: float, *, playing: bool) -> None:
        """The loudspeaker of a room begins or stops."""
        if playing:
            self._since_ms.setdefault(row, now_ms)
        elif row in self._since_ms:
            self._stopped[row] = self._since_ms.pop(row), now_ms

    def in_air(self, now_ms: float) -> bool:
        """Whether it is to be heard, or has just ended."""
        return bool(self._since_ms) or any(now_ms - until_ms < _TAIL_MS for _, until_ms in self._stopped.values())

    def sources(self, ended_ms: float) -> frozenset[int]:
        """The loudspeakers that may have said a word that ended then."""
        begun = {row for row, since_ms in self._since_ms.items() if since_ms < ended_ms - _BEFORE_END_MS}
        over = {
            row
            for row, (since_ms, until_ms) in self._stopped.items()
            if since_ms < ended_ms - _BEFORE_END_MS and ended_ms - until_ms < _TAIL_MS
        }
        return frozenset(begun | over)

    def listen(self, snr_db: Floats, frames: int) -> None:
        """Learn from `frames` more frames, while it is in the air or not."""
        only = next(iter(self._since_ms)) if len(self._since_ms) == 1 else None
        if only != self._source:
            self._remember(_SHORT_PIECE_FRAMES)
            self._source, self._frames = only, -_FROM_FRAMES
            self._piece.clear()
        if only is None:
            return
        self._frames += frames
        if self._frames > 0:
            self._piece.append(snr_db)
            self._remember(_PIECE_FRAMES)

    def _remember(self, least_frames: int) -> None:
        if self._source is None or self._frames < least_frames:
            return
        size = min(len(heard) for heard in self._piece)
        levels_db = np.quantile([heard[:size] for heard in self._piece], QUANTILE, axis=0)
        for row, level_db in enumerate(levels_db.tolist()):
            self._heard_db.setdefault((self._source, row), deque(maxlen=_REMEMBERED)).append(level_db)
        self._piece.clear()
        self._frames = 0

    def at_most_db(self, sources: Iterable[int], rows: int) -> Floats:
        """The SNR that each room hears these loudspeakers with, if they are as loud as ever; infinite where unknown."""
        loudest: Floats = np.full(rows, -np.inf)
        for source in sources:
            for row in range(rows):
                heard = self._heard_db.get((source, row), ())
                # Beside the loudspeaker itself it is what the echo canceller leaves: now and then much.
                usual = max if row == source else median
                level_db = np.inf if len(heard) < _ENOUGH else usual(heard) + _MARGIN_DB
                loudest[row] = max(loudest[row], level_db)
        return loudest

    def forget(self, row: int) -> None:
        """A row belongs to another satellite now, or to none."""
        self._since_ms.pop(row, None)
        self._stopped.pop(row, None)
        for pair in [pair for pair in self._heard_db if row in pair]:
            del self._heard_db[pair]
        if self._source == row:
            self._source = None
            self._piece.clear()
