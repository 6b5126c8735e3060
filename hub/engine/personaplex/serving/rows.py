"""The batch in time: which rows move when, and what is done between two ticks.

Every 80 ms one step moves all live rows, and the other rows that have a frame waiting. What time is left until the
next tick goes to prompts being read and to rows that have more than their share waiting: a client ahead of real time,
the seconds from before a wake word, a network that stood still. What cannot be made up for is given up and counted.

Nothing here waits or reads a clock of its own: `advance` does one thing that is due and says when to come back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from hub.engine.personaplex.port import FRAME_MS, FRAMES_PER_S, Model
from hub.engine.personaplex.serving.reading import PromptReader, Reading
from hub.engine.personaplex.serving.row import Ended, Row
from hub.engine.personaplex.wire import Lagging
from hub.engine.port import EngineError

TICK_S: Final = FRAME_MS / 1000
CATCH_UP_FRAMES: Final = 5
LIVE_FRAMES: Final = 40  # of the user's audio that a live row makes up for: 3.2 s, more is stale
LIVE_BEHIND_FRAMES: Final = 2  # from more than this on it hurries, until it is down to one
LATE_S: Final = 2 * TICK_S  # from here on the client is told
STALE_S: Final = 20.0  # for a client that sends in real time and is not served in real time
AHEAD_FRAMES: Final = 25  # a client that ever was this far ahead of real time wants every frame, however late

_WATCH_TICKS: Final = 62  # 5 s
_TELL_TICKS: Final = 12
_STARVED_TICKS: Final = 4


@dataclass(slots=True)
class TickStats:
    """How the ticker keeps up. Times in seconds, of the newest thousand steps."""

    steps_s: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    ticks: int = 0
    late_s: float = 0.0
    skipped_ticks: int = 0
    dropped_frames: int = 0

    def step_ms(self, share: float) -> float:
        """This quantile of a step, in milliseconds; 0 before the first."""
        ordered = sorted(self.steps_s)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(slots=True)
class _Place:
    """A row in time.

    Attributes:
        ahead: how far its client ever was ahead of real time, in frames.
        hurrying: more waits than should, so it moves between the ticks too.
        least_waiting: frames that were to spare at every one of the watched ticks.
    """

    row: Row
    reading: Reading
    ahead: float = 0.0
    hurrying: bool = False
    least_waiting: int = 0
    watched_ticks: int = 0
    told_tick: int = -_TELL_TICKS
    told_dropped: int = 0


class Rows:
    """All rows of one model, in the thread that owns it."""

    def __init__(self, model: Model, clock: Callable[[], float]) -> None:
        self._model = model
        self._clock = clock
        self._places: dict[int, _Place] = {}
        self._reader = PromptReader(model, clock)
        self._due: float | None = None
        self._slice_tick = 0
        self._read_next = True
        self.stats = TickStats()

    @property
    def renewals(self) -> int:
        """Sessions started again from their prompt."""
        return self._reader.renewals

    def join(self, row: Row) -> None:
        """Begin a session; it runs when its prompt has been read."""
        self._places[row.place] = _Place(row, self._reader.begin(row))

    def leave(self, row: Row) -> None:
        """End a session. Its events stop here."""
        place = self._places.get(row.place)
        if place is None or place.row is not row:
            return
        del self._places[row.place]
        self._reader.stop(place.reading)
        if row.joined:
            self._model.leave(row.place)

    def end(self, error: EngineError) -> None:
        """Tell every session that it is over."""
        for place in self._places.values():
            place.row.events.append(Ended(error))

    @property
    def telling(self) -> list[Row]:
        """The rows that have events."""
        return [place.row for place in self._places.values() if place.row.events]

    def advance(self) -> float | None:
        """Do one thing that is due. Answers when there is more to do, None if only after something came in.

        Raises:
            ModelLostError: the model is gone.
        """
        now = self._clock()
        running = [place for place in self._places.values() if place.row.joined]
        waiting = [place for place in running if _wants_more(place)]
        if not any(place.row.live for place in running):
            return self._advance_unpaced(waiting, now)
        if self._due is None:
            self._due = now
        # A model that never catches up has no time to spare, and somebody waits for the first word all the same.
        if not self._reader.waiting:
            self._slice_tick = self.stats.ticks
        starved = self.stats.ticks - self._slice_tick >= _STARVED_TICKS
        if now >= self._due and not starved:
            self._due += self._tick(running, now, late_s=now - self._due)
            return self._clock()
        slack = self._due - now
        if starved or (self._reader.waiting and self._reader.slice_s < slack):
            self._slice_tick = self.stats.ticks
            self._reader.read_slice()
            return self._clock()
        if waiting and self._typical_step_s() < slack:
            self._step(waiting)
            return self._clock()
        return self._due

    def _advance_unpaced(self, waiting: list[_Place], now: float) -> float | None:
        """No live row: what waits is stepped at once, in turn with prompts; rows that wait meanwhile go together."""
        self._due = None
        if self._reader.waiting and (self._read_next or not waiting):
            self._read_next = False
            self._reader.read_slice()
        elif waiting:
            self._read_next = True
            self._tick(waiting, now, late_s=0.0)
        else:
            self.stats.late_s = 0.0
            return None
        return self._clock()

    # --- the tick -----------------------------------------------------------------------------------------------------

    def _tick(self, places: list[_Place], now: float, *, late_s: float) -> float:
        """One tick; answers the time from its due time to the next one's."""
        self.stats.late_s = late_s
        self.stats.ticks += 1
        skipped = int(late_s / TICK_S) if late_s > CATCH_UP_FRAMES * TICK_S else 0
        self.stats.skipped_ticks += skipped
        for place in places:
            self._keep_up(place, now)
        self._step([place for place in places if place.row.live or len(place.row.inbox)])
        for place in places:
            self._tell(place, late_s)
        return (skipped + 1) * TICK_S

    def _keep_up(self, place: _Place, now: float) -> None:
        """Give up audio of the user that is too old to be answered."""
        row = place.row
        if not row.live:
            inbox = row.inbox
            place.ahead = max(place.ahead, inbox.received - (now - inbox.first_at) * FRAMES_PER_S)
            if inbox.age_s(now) > STALE_S and place.ahead <= AHEAD_FRAMES:
                self._drop(place, 1)
            return
        count = len(row.inbox)
        if count > LIVE_FRAMES:
            self._drop(place, 1)
        # A frame that was to spare all the time is delay and nothing else.
        place.least_waiting = min(place.least_waiting, count - 1) if place.watched_ticks else count - 1
        place.watched_ticks += 1
        if place.watched_ticks >= _WATCH_TICKS:
            place.hurrying = place.least_waiting > 0
            place.watched_ticks = 0

    def _drop(self, place: _Place, keep: int) -> None:
        count = place.row.inbox.trim(keep)
        place.row.dropped += count
        self.stats.dropped_frames += count

    def _tell(self, place: _Place, late: float) -> None:
        row = place.row
        if not row.live or (late < LATE_S and row.dropped == place.told_dropped):
            return
        if self.stats.ticks - place.told_tick < _TELL_TICKS:
            return
        place.told_tick, place.told_dropped = self.stats.ticks, row.dropped
        row.events.append(Lagging(late_ms=round(1000 * max(0.0, late), 1), dropped_frames=row.dropped))

    def _typical_step_s(self) -> float:
        newest = sorted(islice(reversed(self.stats.steps_s), 8))
        return newest[len(newest) * 3 // 4] if newest else 0.0

    def _step(self, places: list[_Place]) -> None:
        if not places:
            return
        began = self._clock()
        outputs = self._model.step({place.row.place: place.row.input() for place in places})
        self.stats.steps_s.append(self._clock() - began)
        for place in places:
            place.row.output(outputs[place.row.place])
            self._reader.look_after(place.reading)


def _wants_more(place: _Place) -> bool:
    """Whether a row has frames that need not wait for the next tick."""
    count = len(place.row.inbox)
    if not place.row.live:
        return count > 0
    place.hurrying = count > 1 and (place.hurrying or count > LIVE_BEHIND_FRAMES)
    return place.hurrying
