"""What is measured of 20 ms of sound, and how it looks on the wire (`SPEC.md` section 7)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from protocol.errors import BadMessageError
from protocol.frames import FrameFlag

BAND_EDGES_HZ: Final = (125, 250, 400, 600, 900, 1300, 1900, 2700, 3900, 5500, 7500)
BANDS: Final = len(BAND_EDGES_HZ) - 1
MEASUREMENT_BYTES: Final = 16
LEVEL_BYTES: Final = 6
MAX_MEASUREMENTS: Final = 100  # 2 s, the whole pre-roll
MAX_LEVELS: Final = 50
SNR_LOW_DB: Final = -10.0
SNR_HIGH_DB: Final = 40.0
VARIANCE_LOW: Final = -10.0
VARIANCE_HIGH: Final = 2.75
HF_LOW_DB: Final = -40.0
HF_HIGH_DB: Final = 23.75


class MeasureFlag(IntFlag):
    """What the satellite knows about a frame."""

    NONE = 0
    CLIPPED = 1  # at least one sample at full scale
    PLAYING = 2  # its own loudspeaker is sounding
    MUTED = 4  # the microphone is off
    SPEECH = 8  # its VAD hears somebody
    DUCKED = 16  # it has turned its loudspeaker down, because somebody talks over it


_KNOWN_FLAGS: Final = 31
_FLAGS: Final = tuple(map(MeasureFlag, range(_KNOWN_FLAGS + 1)))  # looking up costs a tenth of making one


def to_byte(value: float, low: float, step: float) -> int:
    """The nearest of 256 steps from `low` up; values outside are clipped."""
    return min(255, max(0, round((value - low) / step)))


def _db_to_byte(level_db: float) -> int:
    return min(255, max(0, round(-2.0 * level_db)))


@dataclass(frozen=True, slots=True)
class Measurement:
    """Everything measured in one frame. It leaves the room only with WAKE and in a session.

    Attributes:
        level_db: RMS without its mean, dBFS (0 is a mean square of full scale), 0.5 dB steps down to -127.5.
        floor_db: noise floor of `level_db`.
        bands_db: the ten bands of `BAND_EDGES_HZ`, dBFS.
        vad: probability of speech, 0 to 1.
        wake: the wake word detector's newest score, 0 to 1.
        echo: how much of the sound is our own loudspeaker, 0 to 1.
    """

    level_db: float
    floor_db: float
    bands_db: tuple[float, ...]
    vad: float
    wake: float
    echo: float
    flags: MeasureFlag = MeasureFlag.NONE

    def pack(self) -> bytes:
        """16 bytes: level, floor, ten bands, vad, wake, echo, flags.

        Raises:
            ValueError: not exactly ten bands.
        """
        if len(self.bands_db) != BANDS:
            raise ValueError(f"a measurement has {BANDS} bands, not {len(self.bands_db)}")
        levels = (self.level_db, self.floor_db, *self.bands_db)
        shares = (self.vad, self.wake, self.echo)
        return bytes([*map(_db_to_byte, levels), *(to_byte(s, 0.0, 1 / 255) for s in shares), int(self.flags) & 255])

    @staticmethod
    def unpack(data: bytes) -> Measurement:
        """Read 16 bytes; unknown flag bits are ignored.

        Raises:
            BadMessageError: any other number of bytes.
        """
        if len(data) != MEASUREMENT_BYTES:
            raise BadMessageError(f"A measurement has {MEASUREMENT_BYTES} bytes, not {len(data)}.")
        level, floor, *bands = [-0.5 * byte for byte in data[:12]]
        return Measurement(
            level,
            floor,
            tuple(bands),
            data[12] / 255,
            data[13] / 255,
            data[14] / 255,
            _FLAGS[data[15] & _KNOWN_FLAGS],
        )


@dataclass(frozen=True, slots=True)
class LevelRecord:
    """The scalars of a room in which nobody was called: enough to compare rooms, too little to hear words.

    Attributes:
        level_db: of the newest frame, dBFS.
        vad: of the newest frame, 0 to 1.
        snr_db: mean over the bands of the signal over the room's own floor, -10 to 40 dB, over 0.4 s.
        variance: natural logarithm of the envelope variance over 0.4 s; high near the talker.
        hf_db: 1.9 to 5.5 kHz against 0.25 to 1.3 kHz of what exceeds the floor, dB.
    """

    level_db: float
    vad: float
    snr_db: float
    variance: float
    hf_db: float
    flags: MeasureFlag = MeasureFlag.NONE

    def pack(self) -> bytes:
        """6 bytes: level, vad, SNR (0.2 dB steps), variance (0.05), HF (0.25 dB), flags."""
        return bytes(
            (
                _db_to_byte(self.level_db),
                to_byte(self.vad, 0.0, 1 / 255),
                to_byte(self.snr_db, SNR_LOW_DB, 0.2),
                to_byte(self.variance, VARIANCE_LOW, 0.05),
                to_byte(self.hf_db, HF_LOW_DB, 0.25),
                int(self.flags) & 255,
            )
        )

    @staticmethod
    def unpack(data: bytes) -> LevelRecord:
        """Read 6 bytes; unknown flag bits are ignored.

        Raises:
            BadMessageError: any other number of bytes.
        """
        if len(data) != LEVEL_BYTES:
            raise BadMessageError(f"A level record has {LEVEL_BYTES} bytes, not {len(data)}.")
        level, vad, snr, variance, hf, flags = data
        return LevelRecord(
            -0.5 * level,
            vad / 255,
            SNR_LOW_DB + snr * 0.2,
            VARIANCE_LOW + variance * 0.05,
            HF_LOW_DB + hf * 0.25,
            _FLAGS[flags & _KNOWN_FLAGS],
        )


@dataclass(frozen=True, slots=True)
class LevelBatch:
    """The payload of a LEVEL frame: records every `stride_frames` x 20 ms, once a second with the floors."""

    records: tuple[LevelRecord, ...]
    stride_frames: int
    floors_db: tuple[float, ...] | None


def encode_levels(records: Sequence[LevelRecord], stride_frames: int, floors_db: Sequence[float] | None) -> bytes:
    """The payload of a LEVEL frame. With floors its frame needs `FrameFlag.FLOORS`.

    Raises:
        ValueError: not 1 to 50 records, a stride outside 1 to 50, or not ten floors.
    """
    if not 1 <= len(records) <= MAX_LEVELS or not 1 <= stride_frames <= MAX_LEVELS:
        raise ValueError(f"{len(records)} records with stride {stride_frames}: both must be 1 to {MAX_LEVELS}")
    if floors_db is not None and len(floors_db) != BANDS:
        raise ValueError(f"{len(floors_db)} floors instead of {BANDS}")
    body = b"".join(record.pack() for record in records)
    return bytes((stride_frames, len(records))) + body + bytes(map(_db_to_byte, floors_db or ()))


def decode_levels(payload: bytes, flags: int) -> LevelBatch:
    """Read the payload of a LEVEL frame whose header has `flags`.

    Raises:
        BadMessageError: lengths, count or stride do not fit each other.
    """
    if len(payload) < 2:
        raise BadMessageError("A LEVEL payload has at least two bytes.")
    stride, count = payload[0], payload[1]
    end = 2 + count * LEVEL_BYTES
    with_floors = bool(flags & FrameFlag.FLOORS)
    if not 1 <= stride <= MAX_LEVELS or not 1 <= count <= MAX_LEVELS:
        raise BadMessageError(f"A LEVEL payload names stride {stride} and {count} records; both are 1 to {MAX_LEVELS}.")
    if len(payload) != end + BANDS * with_floors:
        raise BadMessageError(f"A LEVEL payload of {count} records has {len(payload)} bytes.")
    records = tuple(LevelRecord.unpack(payload[at : at + LEVEL_BYTES]) for at in range(2, end, LEVEL_BYTES))
    return LevelBatch(records, stride, tuple(-0.5 * byte for byte in payload[end:]) if with_floors else None)


def pack_measurements(measurements: Sequence[Measurement]) -> str:
    """Base64 for `Wake.measurements`; oldest first, at most 100.

    Raises:
        ValueError: more than 100.
    """
    if len(measurements) > MAX_MEASUREMENTS:
        raise ValueError(f"{len(measurements)} measurements; a WAKE carries at most {MAX_MEASUREMENTS}")
    return base64.b64encode(b"".join(m.pack() for m in measurements)).decode("ascii")


def unpack_measurements(text: str) -> list[Measurement]:
    """Read `Wake.measurements`.

    Raises:
        BadMessageError: no base64, no whole number of records, or more than 100.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessageError("The measurements of a wake message are not base64.") from None
    count, rest = divmod(len(data), MEASUREMENT_BYTES)
    if rest or count > MAX_MEASUREMENTS:
        raise BadMessageError(f"The measurements of a wake message have {len(data)} bytes.")
    return [Measurement.unpack(data[at : at + MEASUREMENT_BYTES]) for at in range(0, len(data), MEASUREMENT_BYTES)]
