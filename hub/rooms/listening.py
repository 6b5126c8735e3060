"""How all rooms hear one instant, or one stretch of time: the cues of every row, weighed against its own din."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hub.rooms.arrival import compare
from hub.rooms.background import QUANTILE, Background, Flags, over
from hub.rooms.ears import COLUMN_MS, Cue, Ears
from hub.rooms.gains import Gains
from hub.rooms.posterior import NOTHING, Floats, evidence
from protocol.records import HF_LOW_DB, SNR_LOW_DB, VARIANCE_LOW

_WINDOW: Final = 5  # columns, 100 ms; every report itself covers 0.4 s
_BEHIND: Final = 5  # columns that a speaking room's report may be late before the others go on without it
_STALE: Final = 25  # columns after which a silent satellite says nothing any more
# Speech: so much over what the room sounds like anyway, in an envelope that moves.
_SPEECH_RISE_DB: Final = 3.0
_SPEECH_VARIANCE: Final = -2.6
# Detectors place a word roughly, and up to 0.3 s late.
_LEAD: Final = 6
LONGEST: Final = 44
# What was there before a word is looked for at a distance from it. All of it must be within the columns that there are.
_GAP: Final = 12
_BEFORE: Final = 60
# Who calls has paused for so much of it; a television seldom does.
_PAUSE: Final = 36
# Who heard it first: so much for a millisecond, where the envelopes are alike, and never more than that.
_ARRIVAL_NAT_PER_MS: Final = 0.10
_ARRIVAL_LIMIT_MS: Final = 20.0
_ARRIVAL_CORRELATION: Final = 0.8
_ARRIVAL_ROOMS: Final = 3
# Rooms farther behind than this are not brought forward by any order of arrival.
_CLOSE_NAT: Final = 3.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What all rooms hear at one instant; arrays have a place for each row.

    Attributes:
        instant: the column.
        snr_db: mean band SNR over the room's noise floor.
        rise_db: the same over what the room sounds like anyway.
        level_db: of the microphone.
        odds: evidence that somebody speaks there.
        speaking: rooms that hear speech, wherever it comes from.
    """

    instant: int
    snr_db: Floats
    rise_db: Floats
    level_db: Floats
    odds: Floats
    speaking: Flags


@dataclass(frozen=True, slots=True)
class Stretch:
    """How all rooms heard a stretch of time.

    Attributes:
        rise_db: mean band SNR over what the room sounds like anyway.
        over_own_db: the same over the house's own voice alone; infinite while that is silent.
        paused: rooms that were silent for most of the second before.
        raw: evidence from the SNR alone, whatever the room sounds like.
        odds: evidence that somebody new spoke there.
    """

    rise_db: Floats
    over_own_db: Floats
    paused: Flags
    raw: Floats
    odds: Floats


def common_instant(ears: Ears) -> int:
    """The newest column of which every room that hears speech has reported; 0 before the first report."""
    newest = int(ears.newest.max(initial=-1))
    if newest < 0:
        return 0
    columns = ears.newest % ears.heard.shape[2]
    speaks = ears.heard[Cue.SPEECH, np.arange(len(columns)), columns] > 0
    waited_for = speaks & (ears.newest >= newest - _BEHIND)
    return int(ears.newest[waited_for].min()) if waited_for.any() else newest


def look(ears: Ears, background: Background, instant: int, *, playing: bool) -> Moment:
    """What every room hears at an instant."""
    snr_db, variance, hf_db, level_db = _mean(ears, instant)
    rise_db = over(snr_db, background.level_db(playing=playing))
    # Of a room that has just come nobody knows whether it is always so loud.
    comparable = ears.used & (background.known | ~background.known.any())
    odds = np.where(comparable, evidence(rise_db, variance, hf_db), NOTHING)
    speaking = (rise_db > _SPEECH_RISE_DB) & (variance > _SPEECH_VARIANCE) & ears.used
    return Moment(instant, snr_db, rise_db, level_db, odds, speaking)


def _mean(ears: Ears, instant: int) -> Floats:
    """SNR, variance, HF and level [cue, row] over the last 100 ms; who reports seldom is as he last was."""
    last = np.minimum(ears.newest, instant)
    instants = last[:, None] - np.arange(_WINDOW)
    columns = instants % ears.heard.shape[2]
    rows = np.arange(len(last))[:, None]
    cells = ears.heard[: Cue.LEVEL + 1, rows, columns].astype(np.float64)
    true = (ears.column_of[rows, columns] == instants) & (instants >= 0)
    mean: Floats = (cells * true).sum(axis=2) / np.maximum(true.sum(axis=1), 1)
    mean[:, ~true.any(axis=1) | (last < instant - _STALE)] = _SILENCE
    return mean


_SILENCE: Final = np.array([[SNR_LOW_DB], [VARIANCE_LOW], [HF_LOW_DB], [-127.5]])


def listen_back(
    ears: Ears, background: Background, gains: Gains, *, begun_ms: float, ended_ms: float, own_db: Floats | None
) -> Stretch:
    """How every room heard a stretch of time, for instance a wake word.

    While the house itself speaks, what counts is how far a room rises over what it hears of that: `own_db`, or where
    that is infinite, what was heard until then. None while the house is silent.
    """
    last = int(ended_ms // COLUMN_MS)
    columns = min(LONGEST, max(_WINDOW, last - int(begun_ms // COLUMN_MS) + _LEAD))
    cells, true = ears.window(last, columns)
    mean = (cells[: Cue.LEVEL + 1] * true).sum(axis=2, dtype=np.float64) / np.maximum(true.sum(axis=1), 1)
    mean[:, ~true.any(axis=1)] = _SILENCE
    snr_db, variance, hf_db, level_db = mean
    cells, reported = ears.window(last - columns - _GAP, _BEFORE)
    before_db = np.where(reported, cells[Cue.SNR], SNR_LOW_DB)
    paused = (before_db < background.silence_db()[:, None]).sum(axis=1) >= _PAUSE
    base_db, over_own_db = background.usual_db, np.full(len(snr_db), np.inf)
    if own_db is not None:
        leak_db = np.where(np.isinf(own_db), np.quantile(before_db, QUANTILE, axis=1), own_db)
        base_db, over_own_db = np.maximum(base_db, leak_db), over(snr_db, leak_db)
    rise_db = over(snr_db, base_db)
    odds = np.where(ears.used, evidence(rise_db, variance, hf_db), NOTHING)
    raw = np.where(ears.used, evidence(snr_db, variance, hf_db), NOTHING)
    return Stretch(rise_db, over_own_db, paused, raw, by_arrival(ears, gains.by_level(odds, level_db), last, columns))


def by_arrival(ears: Ears, odds: Floats, last: int, columns: int) -> Floats:
    """The same odds after looking which of the best rooms heard it first; only where that can change anything."""
    best = int(np.argmax(odds))
    close = (odds > odds[best] - _CLOSE_NAT) & (np.arange(len(odds)) != best)
    rivals = np.flatnonzero(close)
    if not rivals.size:
        return odds
    judged = odds.copy()
    for rival in rivals[np.argsort(-odds[rivals])][:_ARRIVAL_ROOMS].tolist():
        lag_ms, correlation = compare(ears, best, rival, last, columns)
        if correlation > _ARRIVAL_CORRELATION:
            judged[rival] -= _ARRIVAL_NAT_PER_MS * min(_ARRIVAL_LIMIT_MS, max(-_ARRIVAL_LIMIT_MS, lag_ms))
    return judged
