"""Which satellites are there, in which areas, and what they hear right now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.rooms.port import Line
from protocol.records import LevelBatch, MeasureFlag, Measurement

_FRESH_MS = 1500.0


@dataclass(slots=True)
class Room:
    """One satellite in its area, with the newest of what it reports. Times are the hub's monotonic milliseconds."""

    line: Line
    muted: bool = False
    level_db: float = -127.5
    snr_db: float = 0.0
    speech: bool = False
    heard_ms: float | None = None
    onset_ms: float | None = None
    floors_db: tuple[float, ...] = field(default=())

    @property
    def area_id(self) -> str:
        """The area this satellite stands in."""
        return self.line.area_id

    def hears_speech(self, now_ms: float) -> bool:
        """Whether speech was reported within the last moments."""
        return not self.muted and self.heard_ms is not None and now_ms - self.heard_ms < _FRESH_MS

    def take(self, batch: LevelBatch, first_ms: float) -> None:
        """Digest a LEVEL frame whose first record was measured at `first_ms`."""
        if batch.floors_db is not None:
            self.floors_db = batch.floors_db
        for index, record in enumerate(batch.records):
            at_ms = first_ms + index * batch.stride_frames * 20.0
            speech = bool(record.flags & MeasureFlag.SPEECH)
            if speech and not self.speech:
                self.onset_ms = at_ms
            if speech:
                self.heard_ms = at_ms
            self.speech = speech
            self.level_db, self.snr_db = record.level_db, record.snr_db

    def take_measurement(self, measurement: Measurement, at_ms: float) -> None:
        """Digest the full measurement of a frame of the area that has the floor."""
        self.speech = bool(measurement.flags & MeasureFlag.SPEECH)
        if self.speech:
            self.heard_ms = at_ms
        self.level_db, self.snr_db = (
            measurement.level_db,
            max(0.0, measurement.level_db - measurement.floor_db),
        )


class Registry:
    """The satellites that are connected. One satellite per device id; the newest connection is the true one."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def add(self, line: Line) -> Room:
        """Enter a satellite."""
        room = self._rooms[line.device_id] = Room(line)
        return room

    def remove(self, line: Line) -> None:
        """Forget a satellite, unless a newer connection of it has taken its place."""
        room = self._rooms.get(line.device_id)
        if room is not None and room.line is line:
            del self._rooms[line.device_id]

    def room(self, line: Line) -> Room | None:
        """The room behind a line, None when the line is an old one."""
        room = self._rooms.get(line.device_id)
        return room if room is not None and room.line is line else None

    def by_device(self, device_id: str) -> Room | None:
        """The room of a device."""
        return self._rooms.get(device_id)

    def in_area(self, area_id: str) -> Room | None:
        """The satellite of an area; with several, the one that hears best."""
        rooms = [room for room in self._rooms.values() if room.area_id == area_id]
        return max(rooms, key=lambda room: room.snr_db) if rooms else None

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    def others_hearing(self, device_ids: set[str], now_ms: float) -> int:
        """How many other satellites report speech and may still call."""
        return sum(1 for room in self if room.line.device_id not in device_ids and room.hears_speech(now_ms))
