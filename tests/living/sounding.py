"""What is in the air: every sound of the house as each microphone gets it, sample by sample, and the truth about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.living.house import MICROPHONES, RATE_HZ, TAPS, Acoustics, Microphone, Spot

BLOCK: Final = 480
_RING: Final = 90 * RATE_HZ  # nobody says anything longer
_LEAK_SIZE: Final = 8192
# What a satellite's own loudspeaker sounds like in its microphone, and at 1 m in the room.
_OWN_ECHO_DB, _LOUDSPEAKER_DB = -8.0, -12.0
_INAUDIBLE_DB: Final = -18.0  # under the room's noise
_FRAME: Final = 768  # 32 ms: how finely the envelope of what was said is known
_VOICED_DB: Final = -22.0


@dataclass
class Utterance:
    """Something that was said, and where it is heard how loud.

    Attributes:
        number: counts all of the house's.
        begin: first sample on the house's clock.
        voiced: for each 32 ms whether there is sound.
        words: each with its middle, in samples from `begin`.
        snr_db: at each satellite, over the quiet room's noise.
    """

    number: int
    text: str
    who: str
    begin: int
    length: int
    voiced: NDArray[np.bool_]
    words: list[tuple[str, int]]
    snr_db: dict[str, float] = field(default_factory=dict)

    def sounds_at(self, sample: int) -> bool:
        """Whether there is voice at a sample of the house's clock."""
        frame = (sample - self.begin) // _FRAME
        return 0 <= frame < len(self.voiced) and bool(self.voiced[frame])


class Speech(NamedTuple):
    """Words as sound, at an active level of 1.

    Attributes:
        words: each with its middle, in samples.
        word_end: where the wake word ends that it begins with, 0 without one.
    """

    text: str
    sound: NDArray[np.float32]
    words: list[tuple[str, int]]
    word_end: int = 0


def speech(voice: Callable[[str], NDArray[np.float32]], text: str, *, wake: str = "", pause_s: float = 0.12) -> Speech:
    """Let a voice say something, after a wake word if it begins with one."""
    said = voice(text)
    if not wake:
        return Speech(text, said, _words(text, said.size))
    word, pause = voice(wake), round(pause_s * RATE_HZ)
    behind = word.size + pause
    words = _words(wake, word.size) + [(one, at + behind) for one, at in _words(text, said.size)]
    return Speech(f"{wake} {text}", np.concatenate([word, np.zeros(pause, np.float32), said]), words, word.size)


class Air:
    """Samples of every microphone, written ahead as sounds begin, and consumed block by block.

    Args:
        now_s: the house's clock; sample 0 is when it was made.
    """

    def __init__(self, acoustics: Acoustics, now_s: Callable[[], float], rng: np.random.Generator) -> None:
        self.acoustics = acoustics
        self._now_s, self._begin_s = now_s, now_s()
        self._ahead = {mic.name: np.zeros(_RING, np.float32) for mic in MICROPHONES}
        self._noise = {mic.name: _room_noise(rng, mic) for mic in MICROPHONES}
        self._echo = {mic.name: _own_echo(rng) for mic in MICROPHONES}
        self._echo_rest = {mic.name: np.zeros(_LEAK_SIZE, np.float32) for mic in MICROPHONES}
        self._leaks: dict[tuple[str, tuple[str, ...]], dict[str, NDArray[np.complex64]]] = {}
        self.utterances: list[Utterance] = []
        self.playing: dict[str, int] = {}  # the last sample at which a loudspeaker sounded

    def sample(self, at_s: float | None = None) -> int:
        """A time of the house's clock as a sample."""
        return round(((self._now_s() if at_s is None else at_s) - self._begin_s) * RATE_HZ)

    def time_s(self, sample: int) -> float:
        """And back."""
        return self._begin_s + sample / RATE_HZ

    # --- sounds -------------------------------------------------------------------------------------------------------

    def sound(self, pressure: NDArray[np.float32], places: list[tuple[int, Spot]], begin: int) -> dict[str, float]:
        """Let a sound begin at a sample, from `places`, each from an offset on; its level at each satellite."""
        levels: dict[str, float] = {}
        size = 1 << (pressure.size + TAPS - 1).bit_length()
        pieces = [(np.fft.rfft(part, size), spot) for part, spot in _faded(pressure, places)]
        for mic in MICROPHONES:
            total: NDArray[np.complex128] | None = None
            for spectrum, spot in pieces:
                response = self.acoustics.response(spot, mic)
                if response is None or not spectrum.any():
                    continue
                heard = spectrum * np.fft.rfft(response, size)
                total = heard if total is None else total + heard
            if total is None:
                continue
            wave = np.fft.irfft(total, size)[: pressure.size + TAPS].astype(np.float32)
            power = wave[: pressure.size // BLOCK * BLOCK].reshape(-1, BLOCK).astype(np.float64) ** 2
            loud = power.mean(axis=1)
            level_db = 10 * np.log10(loud[loud >= loud.max() * 1e-2].mean() + 1e-15)
            levels[mic.name] = float(level_db)
            if level_db > mic.noise_db + mic.gain_db + _INAUDIBLE_DB:
                self._write(mic.name, begin, wave)
        return levels

    def say(self, who: str, level_db: float, speech: Speech, places: list[tuple[int, Spot]], begin: int) -> Utterance:
        """Say something, at an active level (dBFS at 1 m and a gain of 0)."""
        voice = speech.sound
        levels = self.sound(voice * np.float32(10 ** (level_db / 20)), places, begin)
        frames = voice[: voice.size // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
        voiced = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12) > _VOICED_DB
        said = Utterance(len(self.utterances) + 1, speech.text, who, begin, voice.size, voiced, speech.words)
        for mic in MICROPHONES:
            if mic.name in levels:
                said.snr_db[mic.name] = levels[mic.name] - mic.noise_db - mic.gain_db
        self.utterances.append(said)
        return said

    def _write(self, name: str, begin: int, wave: NDArray[np.float32]) -> None:
        ring, at = self._ahead[name], begin % _RING
        first = min(wave.size, _RING - at)
        ring[at : at + first] += wave[:first]
        ring[: wave.size - first] += wave[first:]

    # --- a satellite's next 20 ms -------------------------------------------------------------------------------------

    def hear(self, mic: Microphone, begin: int, far: NDArray[np.int16]) -> NDArray[np.int16]:
        """What a microphone hears while its loudspeaker is given `far`; each block once, in order."""
        ring, at, noise = self._ahead[mic.name], begin % _RING, self._noise[mic.name]
        rest = self._echo_rest[mic.name]
        first = min(BLOCK, _RING - at)
        heard = np.empty(BLOCK, np.float32)
        heard[:first] = ring[at : at + first]
        ring[at : at + first] = 0.0
        if first < BLOCK:
            heard[first:] = ring[: BLOCK - first]
            ring[: BLOCK - first] = 0.0
        start = begin % (noise.size - BLOCK)
        heard += noise[start : start + BLOCK]
        if far.any():
            self.playing[mic.name] = begin + BLOCK
            self._play(mic, begin, far.astype(np.float32) / 32768.0)
        if rest.any():
            heard += rest[:BLOCK]
            rest[:-BLOCK] = rest[BLOCK:]
            rest[-BLOCK:] = 0.0
        return np.rint(np.clip(heard * 32768.0, -32768, 32767)).astype(np.int16)

    def _play(self, mic: Microphone, begin: int, far: NDArray[np.float32]) -> None:
        spectrum = np.fft.rfft(far, _LEAK_SIZE)
        self._echo_rest[mic.name] += np.fft.irfft(spectrum * self._echo[mic.name], _LEAK_SIZE).astype(np.float32)
        for name, response in self._leaks_of(mic).items():
            # The others may have consumed this block already, so sound arrives 20 ms late there.
            self._write(
                name, begin + BLOCK, np.fft.irfft(spectrum * response, _LEAK_SIZE)[: BLOCK + TAPS].astype(np.float32)
            )

    def _leaks_of(self, mic: Microphone) -> dict[str, NDArray[np.complex64]]:
        key = mic.name, tuple(self.acoustics.doors.values())
        if key not in self._leaks:
            found: dict[str, NDArray[np.complex64]] = {}
            for other in MICROPHONES:
                response = None if other is mic else self.acoustics.response(Spot(mic.area, mic.at_m), other)
                if response is not None and 10 * np.log10(np.sum(response**2) + 1e-12) > -45.0:
                    found[other.name] = np.fft.rfft(response * 10 ** (_LOUDSPEAKER_DB / 20), _LEAK_SIZE).astype(
                        np.complex64
                    )
            self._leaks[key] = found
        return self._leaks[key]

    def speech_at(self, name: str, sample: int, *, least_db: float) -> list[Utterance]:
        """Who is heard saying something at a satellite at this sample, the loudest first."""
        newest = self.utterances[-24:]
        found = [u for u in newest if u.snr_db.get(name, -99.0) >= least_db and u.sounds_at(sample)]
        return sorted(found, key=lambda utterance: -utterance.snr_db[name])


def _faded(pressure: NDArray[np.float32], places: list[tuple[int, Spot]]) -> list[tuple[NDArray[np.float32], Spot]]:
    """A sound cut where its source changes places, with crossfades of 0.2 s."""
    if len(places) == 1:
        return [(pressure, places[0][1])]
    index, half = np.arange(pressure.size), 0.1 * RATE_HZ
    rises = [np.ones(pressure.size, np.float32)]
    rises += [np.clip((index - at + half) / (2 * half), 0, 1).astype(np.float32) for at, _ in places[1:]]
    rises.append(np.zeros(pressure.size, np.float32))
    return [(pressure * (rises[k] - rises[k + 1]), spot) for k, (_, spot) in enumerate(places)]


def _words(text: str, length: int) -> list[tuple[str, int]]:
    """Each word's middle; longer words take longer."""
    words = text.split()
    sizes = np.array([len(word) + 2.0 for word in words])
    middles = (np.cumsum(sizes) - sizes / 2) / sizes.sum() * length
    return [(word, int(middle)) for word, middle in zip(words, middles.tolist(), strict=True)]


def _room_noise(rng: np.random.Generator, mic: Microphone) -> NDArray[np.float32]:
    """Ten seconds of a quiet room, more of it at low frequencies."""
    white = np.fft.rfft(rng.standard_normal(10 * RATE_HZ))
    hertz = np.fft.rfftfreq(10 * RATE_HZ, 1 / RATE_HZ)
    pink = np.fft.irfft(white / np.sqrt(np.maximum(hertz, 80.0)), 10 * RATE_HZ)
    level = 10 ** ((mic.noise_db + mic.gain_db) / 20)
    return (pink / pink.std() * level).astype(np.float32)


def _own_echo(rng: np.random.Generator) -> NDArray[np.complex64]:
    taps = np.zeros(2400)
    taps[36] = 1.0
    taps[60:] += 0.06 * rng.standard_normal(2340) * np.exp(-np.arange(2340) / 500.0)
    return np.fft.rfft(taps * 10 ** (_OWN_ECHO_DB / 20), _LEAK_SIZE).astype(np.complex64)
