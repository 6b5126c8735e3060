"""The same numbers from a room that has the floor as from one that has not.

In a session a satellite sends full measurements instead of scalars. The hub makes the scalars itself, by the
satellite's own formula, so that the room can still be compared with the others.
"""

from __future__ import annotations

from collections import deque

from protocol.measure import FEATURE_FRAMES, features
from protocol.records import LevelRecord, Measurement


class LiveFeatures:
    """For one satellite."""

    def __init__(self) -> None:
        self._recent: deque[Measurement] = deque(maxlen=FEATURE_FRAMES)
        self._floor_db: float | None = None

    def forget(self) -> None:
        """The satellite reports scalars, and floors with them, by itself again."""
        self._recent.clear()
        self._floor_db = None

    def prime(self, measurement: Measurement) -> None:
        """Remember a frame of the pre-roll: what the satellite told about it at the time stands."""
        self._recent.append(measurement)
        self._floor_db = measurement.floor_db

    def take(self, measurement: Measurement, floors_db: tuple[float, ...]) -> LevelRecord:
        """What the satellite would have reported for this frame.

        Args:
            measurement: of the newest 20 ms.
            floors_db: the ten floors as last reported. In a session they do not come; they are taken to move as the
                floor of the whole does. Without any, the quietest of the last frames must do.
        """
        self._recent.append(measurement)
        if self._floor_db is None:
            self._floor_db = measurement.floor_db
        if floors_db:
            moved_db = measurement.floor_db - self._floor_db
            floors = tuple(floor + moved_db for floor in floors_db)
        else:
            floors = tuple(min(bands) for bands in zip(*(m.bands_db for m in self._recent), strict=True))
        return features(self._recent, floors)
