"""Satellites that cannot be believed: what they say is kept away from the others until they are sensible again.

A broken microphone, a clock that jumps, a detector that fires without end, a program that is no satellite at all: one
of them must not take the floor from everybody else. Each kind of nonsense has a bound that no room and no person can
reach; who goes over it is not listened to for a minute, and for longer each time.

Pure: reports, calls and times in, verdicts out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar, Final

from protocol.errors import RoomtoneError
from protocol.records import LevelBatch, LevelRecord, MeasureFlag

# Calls of one satellite: a person who insists calls every second and a half.
_CALLS: Final = 8
_CALLS_WITHIN_MS: Final = 10_000.0
# Clocks in step are off by milliseconds. One that was put right jumps once.
_AHEAD_MS: Final = 500.0
_BACK_MS: Final = 2_000.0
_JUMPS: Final = 10
_JUMPS_WITHIN_MS: Final = 10_000.0
# A room in which something is heard never gives the same numbers for so long: its noise alone moves them.
_FROZEN_MS: Final = 3_000.0
_FROZEN_SNR_DB: Final = 3.0
# No sound has this level for longer than a shout, nor such an SNR at such a level.
_LOUDEST_DB: Final = -1.5
_LOUD_MS: Final = 2_000.0
_FAINTEST_DB: Final = -100.0
_AUDIBLE_SNR_DB: Final = 25.0
_CONTRADICTIONS_MS: Final = 1_000.0
# How long nobody listens: doubled each time, forgotten after a good hour.
_FIRST_MS: Final = 60_000.0
_LONGEST_MS: Final = 1_800_000.0
_GOOD_MS: Final = 3_600_000.0
_FRAME_MS: Final = 20.0


class QuarantinedError(RoomtoneError):
    """A satellite is not listened to for a while."""

    code = "satellite_quarantined"
    retry = True
    what: ClassVar[str] = "cannot be believed; restart it"

    def __init__(self, device_id: str, for_ms: float) -> None:
        minutes = round(for_ms / 60_000)
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(f"The satellite “{device_id}” {self.what}. Nobody listens to it for {minutes} {unit}.")


class CallsWithoutEndError(QuarantinedError):
    """More calls than a person can make."""

    code = "satellite_calls_without_end"
    what = "calls without end; look for what sounds like the wake word beside it, or make its wake word stricter"


class ClockJumpsError(QuarantinedError):
    """Reports from times that are not now."""

    code = "satellite_clock_jumps"
    what = "reports from times that are not now; restart it"


class FrozenError(QuarantinedError):
    """The same numbers again and again."""

    code = "satellite_is_frozen"
    what = "reports the same numbers again and again; restart it, or plug its microphone in again"


class ImpossibleLevelsError(QuarantinedError):
    """Levels that contradict each other, or that no room has for so long."""

    code = "satellite_levels_impossible"
    what = "reports levels that no microphone can hear; look at its microphone and its gain"


Offence = type[QuarantinedError]


@dataclass(slots=True)
class _Record:
    calls_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_CALLS))
    jumps_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_JUMPS))
    newest_ms: float | None = None
    last: LevelRecord | None = None
    same_ms: float = 0.0
    loud_ms: float = 0.0
    contradictory_ms: float = 0.0
    offence: Offence | None = None
    until_ms: float = float("-inf")
    term_ms: float = 0.0


class Quarantine:
    """One for the whole house; satellites by their device id. What is known of one outlives its connection."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def held(self, device_id: str, now_ms: float) -> Offence | None:
        """Why nobody listens to this satellite; None where somebody does."""
        record = self._records.get(device_id)
        return record.offence if record is not None and now_ms < record.until_ms else None

    def called(self, device_id: str, now_ms: float) -> QuarantinedError | None:
        """A call came; the error is for the one that is too much."""
        record = self._record(device_id)
        offence = CallsWithoutEndError if _full(record.calls_ms, now_ms, _CALLS_WITHIN_MS) else None
        return self._convict(device_id, record, offence, now_ms)

    def reported(self, device_id: str, batch: LevelBatch, first_ms: float, now_ms: float) -> QuarantinedError | None:
        """Scalars came, the first of them captured at `first_ms`; the error is for those that are too much."""
        record = self._record(device_id)
        offence: Offence | None = None
        back = record.newest_ms is not None and first_ms < record.newest_ms - _BACK_MS
        if (back or first_ms > now_ms + _AHEAD_MS) and _full(record.jumps_ms, now_ms, _JUMPS_WITHIN_MS):
            offence = ClockJumpsError
        record.newest_ms = first_ms
        for one in batch.records:
            offence = _look(record, one, batch.stride_frames * _FRAME_MS) or offence
        return self._convict(device_id, record, offence, now_ms)

    def _record(self, device_id: str) -> _Record:
        return self._records.setdefault(device_id, _Record())

    @staticmethod
    def _convict(device_id: str, record: _Record, offence: Offence | None, now_ms: float) -> QuarantinedError | None:
        """Begin or prolong; said once, however long it goes on."""
        if offence is None:
            return None
        known = now_ms < record.until_ms
        if not known:
            good = record.offence is None or now_ms - record.until_ms > _GOOD_MS
            record.term_ms = _FIRST_MS if good else min(_LONGEST_MS, 2.0 * record.term_ms)
            record.offence = offence
        record.until_ms = now_ms + record.term_ms
        return None if known else offence(device_id, record.term_ms)


def _full(times_ms: deque[float], now_ms: float, within_ms: float) -> bool:
    """Enter a time; whether there are more than the limit within so short a time."""
    full = len(times_ms) == times_ms.maxlen and now_ms - times_ms[0] < within_ms
    times_ms.append(now_ms)
    return full


def _look(record: _Record, one: LevelRecord, for_ms: float) -> Offence | None:
    """What these scalars prove, after those before them."""
    same = record.last is not None and record.last == one and MeasureFlag.MUTED not in one.flags
    record.same_ms = record.same_ms + for_ms if same and one.snr_db > _FROZEN_SNR_DB else 0.0
    record.loud_ms = record.loud_ms + for_ms if one.level_db > _LOUDEST_DB else 0.0
    contradictory = one.snr_db > _AUDIBLE_SNR_DB and one.level_db < _FAINTEST_DB
    record.contradictory_ms = record.contradictory_ms + for_ms if contradictory else 0.0
    record.last = one
    if record.loud_ms >= _LOUD_MS or record.contradictory_ms >= _CONTRADICTIONS_MS:
        record.loud_ms = record.contradictory_ms = 0.0
        return ImpossibleLevelsError
    if record.same_ms >= _FROZEN_MS:
        record.same_ms = 0.0
        return FrozenError
    return None
