"""Which satellites are there, in which areas, and what they hear right now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.rooms.attention import Attention
from hub.rooms.ears import Ears
from hub.rooms.live import LiveFeatures
from hub.rooms.port import Line
from hub.rooms.quarantine import Offence, Quarantine, QuarantinedError
from protocol.messages import FOLLOW_FEATURE, Playback
from protocol.records import SNR_LOW_DB, LevelBatch, MeasureFlag, Measurement

_FRESH_MS = 1500.0
_FRAME_MS = 20.0
_SILENT_DB = -127.5


@dataclass(slots=True)
class Room:
    """One satellite in its area, with the newest of what it reports. Times are the hub's monotonic milliseconds.

    Attributes:
        attention: where it is compared with the other rooms, and `row` its place there.
    """

    line: Line
    attention: Attention = field(default_factory=lambda: Attention(Ears()))
    row: int = 0
    muted: bool = False
    level_db: float = _SILENT_DB
    snr_db: float = 0.0
    speech: bool = False
    heard_ms: float | None = None
    onset_ms: float | None = None
    floors_db: tuple[float, ...] = field(default=())
    _live: LiveFeatures = field(default_factory=LiveFeatures)

    @property
    def area_id(self) -> str:
        """The area this satellite stands in."""
        return self.line.area_id

    @property
    def follows(self) -> bool:
        """Whether a session may come here without a call."""
        return FOLLOW_FEATURE in self.line.features and not self.muted

    def hears_speech(self, now_ms: float) -> bool:
        """Whether speech was reported within the last moments."""
        return not self.muted and self.heard_ms is not None and now_ms - self.heard_ms < _FRESH_MS

    def take(self, batch: LevelBatch, first_ms: float) -> None:
        """Digest a LEVEL frame whose first record was measured at `first_ms`."""
        if batch.floors_db is not None:
            self.floors_db = batch.floors_db
            self._live.forget()
        for index, record in enumerate(batch.records):
            at_ms = first_ms + index * batch.stride_frames * _FRAME_MS
            self.attention.ears.take(self.row, record, at_ms, batch.stride_frames)
            speech = bool(record.flags & MeasureFlag.SPEECH)
            if speech and not self.speech:
                self.onset_ms = at_ms
            if speech:
                self.heard_ms = at_ms
            self.speech = speech
            self.level_db, self.snr_db = record.level_db, record.snr_db

    def take_measurement(self, measurement: Measurement, at_ms: float, *, preroll: bool = False) -> None:
        """Digest the full measurement of a frame of the area that has the floor, or of one before it had."""
        if preroll:
            self._live.prime(measurement)
            return
        self.speech = bool(measurement.flags & MeasureFlag.SPEECH)
        if self.speech:
            self.heard_ms = at_ms
        record = self._live.take(measurement, self.floors_db)
        self.attention.ears.take(self.row, record, at_ms, 1)
        self.level_db, self.snr_db = record.level_db, record.snr_db


class Registry:
    """The satellites that are connected. One satellite per device id; the newest connection is the true one."""

    def __init__(self) -> None:
        self.attention = Attention(Ears())
        self.quarantine = Quarantine()
        self._rooms: dict[str, Room] = {}

    def add(self, line: Line) -> Room:
        """Enter a satellite."""
        older = self._rooms.get(line.device_id)
        if older is not None:
            self._clear(older)
        room = self._rooms[line.device_id] = Room(line, self.attention, self.attention.ears.add())
        self.attention.gains.join(room.row, line.device_id)
        return room

    def hear(self, room: Room, batch: LevelBatch, first_ms: float, now_ms: float) -> QuarantinedError | None:
        """Take what a satellite reports of its room; the error is for one that nobody listens to from now on."""
        error = self.quarantine.reported(room.line.device_id, batch, first_ms, now_ms)
        if error is not None:
            self._silence(room)
        elif self.held(room, now_ms) is None:
            room.take(batch, first_ms)
        return error

    def called(self, room: Room, now_ms: float) -> QuarantinedError | None:
        """A satellite calls; the error is for one that nobody listens to from now on. `held` says whether to go on."""
        error = self.quarantine.called(room.line.device_id, now_ms)
        if error is not None:
            self._silence(room)
        return error

    def held(self, room: Room, now_ms: float) -> Offence | None:
        """Why nobody listens to a satellite; None where somebody does."""
        return self.quarantine.held(room.line.device_id, now_ms)

    def _silence(self, room: Room) -> None:
        self.attention.forget(room.row)
        self.attention.ears.silence(room.row)
        self.attention.gains.join(room.row, room.line.device_id)  # it is believed again some time
        room.speech, room.heard_ms, room.onset_ms = False, None, None
        room.level_db, room.snr_db = _SILENT_DB, SNR_LOW_DB

    def remove(self, line: Line) -> None:
        """Forget a satellite, unless a newer connection of it has taken its place."""
        room = self._rooms.get(line.device_id)
        if room is not None and room.line is line:
            self._clear(self._rooms.pop(line.device_id))

    def _clear(self, room: Room) -> None:
        self.attention.forget(room.row)
        self.attention.ears.remove(room.row)

    def room(self, line: Line) -> Room | None:
        """The room behind a line, None when the line is an old one."""
        room = self._rooms.get(line.device_id)
        return room if room is not None and room.line is line else None

    def played(self, line: Line, playback: Playback, now_ms: float) -> None:
        """A loudspeaker says what it has played."""
        room = self.room(line)
        if room is not None:
            self.attention.plays(room.row, now_ms, playing=playback.state in {"started", "playing"})

    def by_device(self, device_id: str) -> Room | None:
        """The room of a device."""
        return self._rooms.get(device_id)

    def by_row(self, row: int) -> Room | None:
        """The room of a row of `ears`."""
        return next((room for room in self._rooms.values() if room.row == row), None)

    def in_area(self, area_id: str) -> Room | None:
        """The satellite of an area; with several, the one that hears best."""
        rooms = [room for room in self._rooms.values() if room.area_id == area_id]
        return max(rooms, key=lambda room: room.snr_db) if rooms else None

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    def others_hearing(self, device_ids: set[str], now_ms: float) -> int:
        """How many other satellites may still call and win: they report speech, and these do not outdo them by far."""
        callers = [room.row for room in self if room.line.device_id in device_ids]
        others = [room for room in self if room.line.device_id not in device_ids and room.hears_speech(now_ms)]
        rivals = self.attention.rivals(callers)
        return sum(1 for room in others if room.row in rivals)
