"""A scene: what every satellite of a home hears for some seconds, and the truth about who spoke where."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from apartment import Apartment, Place, Signal
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from voices import FULL_SCALE_DB_SPL

RATE_HZ: Final = 16_000
FRAME: Final = 320
DECIDE_S: Final = 0.02
_STEP_S: Final = 0.2


@dataclass(frozen=True)
class Utterance:
    """Seconds; `ok` are the satellites that may answer, `voice` the kind of the talker's."""

    t0: float
    t1: float
    room: int
    ok: tuple[int, ...]
    wake: bool
    talker: int
    voice: str


@dataclass(frozen=True)
class Crossing:
    """A talker goes through a door at `t`."""

    t: float
    to: int


@dataclass
class Truth:
    """What the measures know."""

    utterances: list[Utterance] = field(default_factory=list)
    crossings: list[Crossing] = field(default_factory=list)
    track: list[tuple[float, float, int | None]] = field(default_factory=list)
    playing: list[tuple[int, float, float]] = field(default_factory=list)
    tv: int | None = None


@dataclass
class Scene:
    """Everything that arrives at the hub.

    Attributes:
        pcm: int16[satellites, samples] at 16 kHz.
        wakes: satellite, frame in which its detector fires, score.
        refs: what a satellite plays, int16[samples]; and whether it plays, by frame.
        offsets_s: how far each satellite's clock is off, and its drift.
        arrivals_s: when each frame of each satellite reaches the hub.
    """

    name: str
    family: str
    kind: str
    pcm: NDArray[np.int16]
    truth: Truth
    wakes: list[tuple[int, int, float]]
    refs: dict[int, NDArray[np.int16]]
    playing: NDArray[np.bool_]
    clocks_s: NDArray[np.float64]
    arrivals_s: NDArray[np.float64]

    @property
    def satellites(self) -> int:
        return len(self.playing)

    @property
    def frames(self) -> int:
        return self.playing.shape[1]

    def order(self) -> Iterator[tuple[float, int, int] | float]:
        """What happens at the hub: a frame comes (when, room, frame), or it is asked (when)."""
        decide = DECIDE_S
        for t, room, frame in sorted(
            (self.arrivals_s[r, f], r, f) for r in range(self.satellites) for f in range(self.frames)
        ):
            while decide <= t:
                yield round(decide, 6)
                decide += DECIDE_S
            yield round(float(t), 6), room, frame
        yield round(decide, 6)

    def meta(self, room: int, frame: int) -> dict[str, Any]:
        """What a satellite says beside its sound, but for what it plays."""
        return {
            "seq": frame,
            "t_cap": round(float(self.clocks_s[room, frame]), 6),
            "wake": next((score for r, f, score in self.wakes if (r, f) == (room, frame)), None),
            "playing": bool(self.playing[room, frame]),
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """The scene as the line protocol has it."""
        yield {"op": "start", "rooms": self.satellites, "fs": RATE_HZ, "frame": FRAME}
        for event in self.order():
            if isinstance(event, float):
                yield {"op": "decide", "t": event}
                continue
            t, room, frame = event
            part = slice(frame * FRAME, (frame + 1) * FRAME)
            played = self.refs[room][part] if self.playing[room, frame] else None
            ref = None if played is None else _base64(played)
            meta = {**self.meta(room, frame), "ref": ref}
            yield {"op": "frame", "room": room, "t": t, "pcm": _base64(self.pcm[room, part]), "meta": meta}


def _base64(pcm: NDArray[np.int16]) -> str:
    return base64.b64encode(pcm.astype("<i2").tobytes()).decode()


class Stage:
    """Where a scene is put together: sounds at places, noise, gains, clocks."""

    def __init__(self, home: Apartment, duration_s: float, rng: np.random.Generator) -> None:
        self.home, self.rng = home, rng
        self.samples = int(duration_s * 50) * FRAME
        n = len(home.satellites)
        self.parts: dict[str, Signal] = {}
        self.ambient = self._noise(n)
        self.refs: dict[int, NDArray[np.int16]] = {}
        self.playing = np.zeros((n, self.samples // FRAME), bool)
        self.truth = Truth()
        self.words: list[tuple[str, float, float]] = []  # part, start and end of a wake word
        self.kind = ""  # what the report calls this scene, where that is more than its family

    def _noise(self, n: int) -> Signal:
        """Pink noise of a room; satellites of one room hear as much of it."""
        out = np.zeros((n, self.samples))
        hertz = np.fft.rfftfreq(self.samples, 1 / RATE_HZ)
        levels = {room: self.rng.uniform(26.0, 40.0) for room in range(len(self.home.rooms))}
        for s, place in enumerate(self.home.satellites):
            spectrum = np.fft.rfft(self.rng.standard_normal(self.samples)) / np.sqrt(np.maximum(hertz, 60.0))
            noise = np.fft.irfft(spectrum, self.samples)
            own = self.rng.standard_normal(self.samples) * 10 ** ((24.0 - FULL_SCALE_DB_SPL) / 20)
            out[s] = noise / np.std(noise) * 10 ** ((levels[place.room] - FULL_SCALE_DB_SPL) / 20) + own
        return out

    def _part(self, name: str) -> Signal:
        if name not in self.parts:
            self.parts[name] = np.zeros((len(self.home.satellites), self.samples))
        return self.parts[name]

    def sound(self, part: str, sound: Signal, t0_s: float, place: Place) -> None:
        """A sound (pressure at 1 m, full scale) from a place."""
        into = self._part(part)
        for satellite, wave in self.home.spread(place, sound).items():
            self._lay(into[satellite], wave, t0_s)

    def moving(self, part: str, sound: Signal, t0_s: float, where: Sequence[tuple[float, Place]]) -> None:
        """A sound whose source moves: `where` gives places at times, which are held for 0.2 s and faded over."""
        fade = int(_STEP_S * RATE_HZ)
        window = np.hanning(2 * fade)
        times = np.array([t for t, _ in where])
        for at in range(-fade, len(sound), fade):
            piece = np.zeros(2 * fade)
            low, high = max(0, at), min(len(sound), at + 2 * fade)
            if high <= low:
                continue
            piece[low - at : high - at] = sound[low:high]
            begin_s = t0_s + at / RATE_HZ
            place = where[int(np.argmin(np.abs(times - begin_s - _STEP_S)))][1]
            if begin_s >= 0:
                self.sound(part, piece * window, begin_s, place)

    def play(self, satellite: int, sound: Signal, t0_s: float, level_db_spl: float) -> float:
        """The assistant speaks from a satellite, whose microphone is a hand's breadth from its loudspeaker."""
        scaled = sound * 10 ** ((level_db_spl - FULL_SCALE_DB_SPL) / 20)
        place = self.home.satellites[satellite]
        beside = Place(place.room, (place.at[0] + 0.1, place.at[1] + 0.06, place.at[2] - 0.05))
        self.sound("own", scaled, t0_s, beside)
        first, last = int(t0_s * 50), int(np.ceil((t0_s + len(sound) / RATE_HZ) * 50))
        self.playing[satellite, first:last] = True
        ref = self.refs.setdefault(satellite, np.zeros(self.samples, np.int16))
        begin = int(t0_s * RATE_HZ) + int(self.rng.uniform(-0.03, 0.03) * RATE_HZ)
        given = np.clip(np.rint(sound / np.abs(sound).max() * 20_000), -32768, 32767).astype(np.int16)
        end = min(self.samples, begin + len(given))
        ref[begin:end] = given[: end - begin]
        self.truth.playing.append((satellite, t0_s, t0_s + len(sound) / RATE_HZ))
        return t0_s + len(sound) / RATE_HZ

    def _lay(self, into: Signal, wave: Signal, t0_s: float) -> None:
        begin = int(t0_s * RATE_HZ)
        end = min(self.samples, begin + len(wave))
        if end > begin:
            into[begin:end] += wave[: end - begin]

    def finish(self, name: str, family: str, *, gains_db: NDArray[np.float64] | None = None) -> Scene:
        """Gains, clipping, wake words, clocks and the network."""
        rng, n, frames = self.rng, len(self.home.satellites), self.samples // FRAME
        gains_db = rng.uniform(-6.0, 6.0, n) if gains_db is None else gains_db
        mixed = self.ambient + sum(self.parts.values())
        pcm = np.clip(np.rint(mixed * 10 ** (gains_db[:, None] / 20) * 32768), -32768, 32767).astype(np.int16)
        captured = np.arange(frames) * 0.02
        offsets, drifts = rng.uniform(-0.05, 0.05, n), rng.uniform(-50e-6, 50e-6, n)
        clocks = captured * (1 + drifts[:, None]) + offsets[:, None]
        delays = rng.uniform(0.0, 0.08, (n, frames))
        arrivals = np.maximum.accumulate(captured + 0.02 + delays, axis=1)
        scene = Scene(name, family, self.kind or family, pcm, self.truth, [], self.refs, self.playing, clocks, arrivals)
        scene.wakes = self._wakes(frames)
        return scene

    def _wakes(self, frames: int) -> list[tuple[int, int, float]]:
        """A detector fires where the word stands 2 dB over everything else; near or far, it is as sure and as late."""
        found: list[tuple[int, int, float]] = []
        for part, t0, t1 in self.words:
            span = slice(int(t0 * RATE_HZ), int((t1 + 0.1) * RATE_HZ))
            for s in range(len(self.home.satellites)):
                wanted = _speech_power(self.parts[part][s, span])
                others = sum(_speech_power(p[s, span]) for name, p in self.parts.items() if name != part)
                snr_db = 10 * np.log10(wanted / (others + _speech_power(self.ambient[s, span])) + 1e-9)
                if snr_db + self.rng.normal(0.0, 1.5) < 2.0:
                    continue
                frame = int((t1 + self.rng.uniform(0.06, 0.30)) * 50)
                score = float(np.clip(0.998 - self.rng.exponential(0.01) * (2.0 if snr_db < 8 else 1.0), 0.6, 1.0))
                if frame < frames:
                    found.append((s, frame, round(score, 3)))
        return found


_SPEECH_BAND: Final = np.diff(
    np.concatenate([[0.0], np.sinc((np.arange(128) - 63.5) * 0.45) * np.hanning(128) * 0.45])
)  # rises by 6 dB an octave and ends at 3.6 kHz: what a detector lives on


def _speech_power(sound: Signal) -> float:
    return float(np.mean(fftconvolve(sound, _SPEECH_BAND, "same") ** 2)) + 1e-14
