"""What the linear stage leaves of the echo: told from a person, and taken away where no person is.

A loudspeaker distorts, a room is longer than the filter, and a filter has errors. How much of that is left is learnt in
21 bands while only the loudspeaker sounds, and never while somebody seems to talk over it. What exceeds it is somebody.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from satellite.audio.port import BLOCK_SAMPLES, RATE_HZ
from satellite.dsp.kalman import HOP_SAMPLES, Signal, Split

Bands = NDArray[np.float64]

# The edges of Zwicker's critical bands.
_EDGES_HZ: Final = np.fromstring(
    "100 200 300 400 510 630 770 920 1080 1270 1480 1720 2000 2320 2700 3150 3700 4400 5300 6400 7700 9500", sep=" "
)
_BANDS: Final = _EDGES_HZ.size - 1
_SPEECH: Final = slice(1, 18)  # 200 to 5300 Hz
_FRAME: Final = 2 * BLOCK_SAMPLES
_WINDOW: Final = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
_STARTS: Final = np.ceil(_EDGES_HZ * _FRAME / RATE_HZ).astype(np.intp)
_WIDTHS: Final = np.diff(_STARTS)
_DOUBT_STARTS: Final = np.ceil(_EDGES_HZ * 2 * HOP_SAMPLES / RATE_HZ).astype(np.intp)
_DOUBT_WIDTHS: Final = np.diff(_DOUBT_STARTS)
# The filter's doubt is of the energy of one hop, band powers here are of a windowed frame.
_DOUBT_SCALE: Final = float(np.sum(_WINDOW**2)) / HOP_SAMPLES

_TINY: Final = 1e-9
_DIGITAL_SILENCE_DB: Final = -85.0
_TAIL_DB: Final = 1.4  # a block: so slowly dies what comes after the filter's end in a large room
_PLAYING_DB: Final = -40.0
# Trackers of quantiles, in dB a block: their ups and downs stand as the share below to the share above.
_LEAK_UP, _LEAK_DOWN = 0.3, 0.2  # 60 % of what is left in a band of the echo there
_SPREAD_UP, _SPREAD_DOWN = 0.44, 0.06  # 88 % of what the whole echo makes in other bands: distortion
_LOUDEST_KEPT: Final = 0.9995  # a block: 0.1 dB a second
_DISTORTION_GROWS: Final = 1.0
_FLOOR_SHARE_UP, _FLOOR_SHARE_DOWN = 0.3, 0.7
_FLOOR_STEP_DB, _FLOOR_STEP_PLAYING_DB, _FLOOR_STEP_START_DB = 0.25, 0.02, 2.0
_FLOOR_NEAR_DB: Final = 6.0  # what is further away is followed up to four times faster
_START_BLOCKS: Final = 50
_LEAST_DB: Final = -60.0
_CLEAR_DB: Final = 20.0  # an echo so far over the noise can be measured
_FLOOR_MARGIN: Final = 2.0
_EXCESS_MAX_DB: Final = 20.0

_TAPS: Final = 48  # each side: 2 ms of delay
_GAIN_MIN: Final = 10 ** (-30 / 20)
_OVER: Final = 2.0  # how much of the expected rest is taken away


class Residual:
    """Follows the linear stage block by block.

    Attributes:
        excess_db: how far the rest stands over what loudspeaker and noise explain, mean of the bands of speech.
    """

    def __init__(self) -> None:
        self.excess_db = 0.0
        self._floor_db: Bands | None = None
        self._blocks = 0
        self._gains = np.ones(_BANDS)
        self._old_taps = _taps(self._gains)
        self._open = True
        self._random = np.random.default_rng(0)
        self._before = np.zeros(2 * _TAPS, np.float32)
        self.reset()

    def reset(self) -> None:
        """The linear stage begins anew; the room's noise stays known."""
        self._leak_db = np.zeros(_BANDS)
        self._spread_db = np.full(_BANDS, -20.0)
        self._tail = np.full(_BANDS, _TINY)
        self._loudest = _TINY
        self._rest_before = np.zeros(BLOCK_SAMPLES, np.float32)
        self._echo_before = np.zeros(BLOCK_SAMPLES, np.float32)

    def take(self, split: Split, *, talking: bool) -> Signal:
        """One block of the linear stage; `talking`: somebody was found to talk, so nothing is learnt.

        Returns:
            float32[480], 2 ms late: the rest without what is left of the echo.
        """
        rest = _band_powers(self._rest_before, split.rest) + _TINY
        echo = _band_powers(self._echo_before, split.echo)
        self._rest_before, self._echo_before = split.rest, split.echo
        self._tail = np.maximum(echo, self._tail * 10 ** (-_TAIL_DB / 10)) + _TINY * 1e-3
        whole = float(self._tail.mean())
        self._loudest = max(whole, self._loudest * _LOUDEST_KEPT)
        # Distortion grows faster than the sound that is distorted.
        distorted = whole * (whole / self._loudest) ** _DISTORTION_GROWS
        doubt = np.add.reduceat(split.doubt, _DOUBT_STARTS)[:_BANDS] / _DOUBT_WIDTHS * _DOUBT_SCALE
        rest_db, tail_db = _db(rest), _db(self._tail)
        playing = bool(split.doubt.any()) or float(tail_db.max()) > _PLAYING_DB
        floor_db = self._follow_floor(rest_db, playing=playing)
        floor = 10 ** (floor_db / 10)
        left = 10 ** (self._leak_db / 10) * self._tail + 10 ** (self._spread_db / 10) * distorted + doubt
        over_db = _db(rest / (left + _FLOOR_MARGIN * floor))
        self.excess_db = float(np.clip(over_db[_SPEECH], 0.0, _EXCESS_MAX_DB).mean()) if playing else 0.0
        if playing and not talking:
            self._learn(rest, floor, tail_db, rest_db - floor_db, distorted)
        # Gains rise at once and fall over some blocks: words are not bitten off.
        wanted = np.sqrt(np.maximum(1.0 - _OVER * left / rest, 0.0)) if playing else np.ones(_BANDS)
        self._gains = np.maximum(np.maximum(wanted, 0.5 * self._gains), _GAIN_MIN)
        return self._filter(split.rest, floor)

    def _follow_floor(self, rest_db: Bands, *, playing: bool) -> Bands:
        if rest_db.max() < _DIGITAL_SILENCE_DB:  # muted, or a device that wakes up: that is not the room
            return rest_db if self._floor_db is None else self._floor_db
        floor = rest_db.copy() if self._floor_db is None else self._floor_db
        step = np.full(_BANDS, _FLOOR_STEP_PLAYING_DB)
        if not playing and self._blocks < _START_BLOCKS:
            step[:] = _FLOOR_STEP_START_DB
        elif not playing:
            step = _FLOOR_STEP_DB * np.clip(np.abs(rest_db - floor) / _FLOOR_NEAR_DB, 1.0, 4.0)
        self._blocks += 1
        floor += step * np.where(rest_db > floor, _FLOOR_SHARE_UP, -_FLOOR_SHARE_DOWN)
        self._floor_db = floor
        return floor

    def _learn(self, rest: Bands, floor: Bands, tail_db: Bands, over_floor_db: Bands, distorted: float) -> None:
        floor_db = _db(floor)
        own = np.maximum(rest - floor, _TINY)
        clear = (tail_db + self._leak_db > floor_db + 3.0) | (
            (tail_db > floor_db + _CLEAR_DB + 5.0) & (over_floor_db > 6.0)
        )
        self._leak_db = _stepped(self._leak_db, _db(own) - tail_db, _LEAK_UP, _LEAK_DOWN, clear)
        spread = np.maximum(own - 10 ** (self._leak_db / 10) * self._tail, _TINY)
        loud = 10.0 * np.log10(distorted) > floor_db + _CLEAR_DB
        self._spread_db = _stepped(self._spread_db, _db(spread / distorted), _SPREAD_UP, _SPREAD_DOWN, loud)

    def _filter(self, rest: Signal, floor: Bands) -> Signal:
        """The gains as a short filter of linear phase, faded over from the one before; the room's noise is put back."""
        sound = np.concatenate((self._before, rest))
        self._before = sound[-2 * _TAPS :]
        if self._gains.min() == 1.0 and self._open:
            return sound[_TAPS:-_TAPS]
        self._open = bool(self._gains.min() == 1.0)
        new_taps = _taps(self._gains)
        old, new = (np.convolve(sound, taps, "valid") for taps in (self._old_taps, new_taps))
        self._old_taps = new_taps
        # A noise that comes and goes with the assistant's words would be speech to whoever listens for it.
        removed = _taps(np.sqrt(floor * np.maximum(1.0 - self._gains**2, 0.0) / _NOISE_POWER))
        at = int(self._random.integers(_NOISE.size - BLOCK_SAMPLES - 2 * _TAPS))
        noise = np.convolve(_NOISE[at : at + BLOCK_SAMPLES + 2 * _TAPS], removed, "valid")
        return np.asarray(old + (new - old) * _FADE + noise, np.float32)


_NOISE: Final = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32)
_NOISE_POWER: Final = float(np.sum(_WINDOW**2))
_FADE: Final = np.linspace(0.0, 1.0, BLOCK_SAMPLES, dtype=np.float32)
_TAP_WINDOW: Final = np.hanning(2 * _TAPS + 3)[1:-1].astype(np.float32)
_CENTRES: Final = np.sqrt(_EDGES_HZ[:-1] * _EDGES_HZ[1:])
_BINS_HZ: Final = np.linspace(0.0, RATE_HZ / 2, 4 * _TAPS + 1)


def _taps(gains: Bands) -> Signal:
    spectrum = np.interp(_BINS_HZ, _CENTRES, gains)
    response = np.fft.irfft(spectrum)
    middle: Signal = (np.roll(response, _TAPS)[: 2 * _TAPS + 1] * _TAP_WINDOW).astype(np.float32)
    return middle


def _band_powers(before: Signal, now: Signal) -> Bands:
    spectrum = np.fft.rfft(np.concatenate((before, now)) * _WINDOW)
    power = spectrum.real**2 + spectrum.imag**2
    bands: Bands = np.add.reduceat(power, _STARTS)[:_BANDS] / _WIDTHS
    return bands


def _stepped(level_db: Bands, seen_db: Bands, up: float, down: float, where: NDArray[np.bool_]) -> Bands:
    moved = np.clip(level_db + np.where(seen_db > level_db, up, -down), _LEAST_DB, 0.0)
    stepped: Bands = np.where(where, moved, level_db)
    return stepped


def _db(power: Bands) -> Bands:
    decibels: Bands = 10.0 * np.log10(power)
    return decibels
