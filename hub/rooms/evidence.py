"""From a wake message to comparable evidence: how clearly, and how early, did this room hear the call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.rooms.arbiter import Call, Loudspeaker
from hub.rooms.registry import Room
from protocol.messages import Wake
from protocol.opus import FRAME_SAMPLES
from protocol.records import Measurement

# A voice "begins" where its mean band SNR first stays this high for two frames.
_ONSET_SNR_DB: Final = 6.0
# Detectors place the start of the word roughly; speech up to this much earlier still belongs to the call.
_LEAD_FRAMES: Final = 15
# A recording of digital silence has no noise floor; the range must still tell near from far there.
_SNR_RANGE_DB: Final = (-10.0, 90.0)
# An onset that a room reported longer ago than this belongs to other speech.
_ONSET_FRESH_MS: Final = 3000.0


def call_from(room: Room, wake: Wake, measurements: Sequence[Measurement], now_ms: float) -> Call:
    """The evidence of one satellite's wake message that is there now; without measurements (a button) it is certain.

    The word itself is judged by what this room reported while it was spoken, because that is what all rooms report;
    the measurements say when it began.
    """
    line = room.line
    end_ms = line.to_hub_ms(wake.time_us)
    snr_db, onset_ms = room.snr_db, room.onset_ms
    if onset_ms is not None and not 0.0 <= end_ms - onset_ms <= _ONSET_FRESH_MS:
        onset_ms = None
    if measurements:
        band_snr_db = _band_snr_db(measurements, room.floors_db)
        first = max(0, (wake.start_samples - wake.first_samples) // FRAME_SAMPLES - _LEAD_FRAMES)
        last = max(first + 1, (wake.end_samples - wake.first_samples) // FRAME_SAMPLES)
        word_snr_db = band_snr_db[first:last]
        if word_snr_db.size:
            # The upper half of the frames: pauses inside the word say nothing about the room.
            frame_snr_db = np.sort(word_snr_db.mean(axis=1))
            snr_db = float(frame_snr_db[frame_snr_db.size // 2 :].mean())
            onset = _onset(word_snr_db)
            if onset is not None:
                position = wake.first_samples + (first + onset) * FRAME_SAMPLES
                onset_ms = end_ms - (wake.end_samples - position) / 24.0
    elif wake.trigger == "button":
        snr_db = _SNR_RANGE_DB[1]  # a hand in the room is certain
    odds: float | None = None
    begun_ms: float | None = None
    refused: Loudspeaker | None = None
    if wake.trigger == "word" and room.attention.ears.newest[room.row] >= 0:
        begun_ms = end_ms - (wake.end_samples - wake.start_samples) / 24.0
        stretch = room.attention.heard(begun_ms, end_ms, now_ms)
        odds, refused = float(stretch.odds[room.row]), room.attention.loudspeaker(stretch)
    return Call(
        device_id=line.device_id,
        area_id=line.area_id,
        word=wake.word,
        score=wake.score,
        snr_db=snr_db,
        fired_ms=end_ms,
        onset_ms=onset_ms,
        clock_error_ms=line.clock_error_ms,
        odds=odds,
        refused=refused,
        begun_ms=begun_ms,
    )


def _band_snr_db(measurements: Sequence[Measurement], floors_db: Sequence[float]) -> NDArray[np.float64]:
    """SNR of each frame (rows) and band (columns) over the room's own floors, clipped, in dB."""
    bands_db = np.array([measurement.bands_db for measurement in measurements], dtype=np.float64)
    if len(floors_db) == bands_db.shape[1]:
        floor_db = np.asarray(floors_db, dtype=np.float64)
    else:
        # The satellite has not reported floors yet: the quietest tenth of what it sent must do.
        floor_db = np.quantile(bands_db, 0.1, axis=0)
    return np.clip(bands_db - floor_db, *_SNR_RANGE_DB)


def _onset(band_snr_db: NDArray[np.float64]) -> int | None:
    loud = band_snr_db.mean(axis=1) > _ONSET_SNR_DB
    both = np.flatnonzero(loud[:-1] & loud[1:])
    return int(both[0]) if both.size else None
