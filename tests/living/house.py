"""A house of six rooms and how sound gets about in it: statistical room acoustics, cheap enough for an hour.

Within a room there is the direct sound and an exponential tail at the level that volume and reverberation time give.
Into another room comes only reverberation, weaker and duller by every door on the way.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 24_000
TAPS: Final = 6_000  # 0.25 s
_SOUND_M_PER_S: Final = 343.0
_NEAREST_M: Final = 0.3
Signal = NDArray[np.float32]


@dataclass(frozen=True)
class Room:
    """An area; the bathroom has no satellite."""

    area: str
    size_m: tuple[float, float]
    t60_s: float


@dataclass(frozen=True)
class Microphone:
    """Where a satellite stands.

    Attributes:
        gain_db: no two microphones have the same.
        noise_db: of the quiet room, dBFS at a gain of 0.
    """

    name: str
    area: str
    at_m: tuple[float, float]
    gain_db: float
    noise_db: float


@dataclass(frozen=True)
class Spot:
    """Where a source of sound is."""

    area: str
    at_m: tuple[float, float]


ROOMS: Final = {
    room.area: room
    for room in (
        Room("kitchen", (4.0, 3.2), 0.45),
        Room("living_room", (6.5, 4.2), 0.50),
        Room("hallway", (5.0, 1.8), 0.60),
        Room("bedroom", (4.0, 3.5), 0.35),
        Room("office", (3.2, 3.0), 0.40),
        Room("bathroom", (2.4, 2.0), 0.65),
    )
}
MICROPHONES: Final = (
    Microphone("kitchen-pi", "kitchen", (0.6, 0.5), 0.0, -68.0),
    Microphone("sofa-pi", "living_room", (0.6, 2.0), 3.0, -69.0),
    Microphone("dining-pi", "living_room", (5.9, 2.2), -4.0, -69.0),
    Microphone("hallway-pi", "hallway", (2.5, 0.3), -2.0, -67.0),
    Microphone("bedroom-pi", "bedroom", (0.5, 3.0), 5.0, -71.0),
    Microphone("office-pi", "office", (2.8, 0.4), 1.0, -66.0),
)
# Mean level difference in dB, and what more is lost at 8 kHz than at 250 Hz.
LOSS_DB: Final = {"open": (12.0, 4.0), "ajar": (18.0, 7.0), "closed": (30.0, 12.0), "wall": (42.0, 18.0)}
DOORS: Final = {
    ("hallway", "kitchen"): "open",
    ("hallway", "living_room"): "ajar",
    ("kitchen", "living_room"): "closed",
    ("bedroom", "hallway"): "ajar",
    ("hallway", "office"): "closed",
    ("bathroom", "bedroom"): "closed",
}
WALLS: Final = (("bedroom", "office"), ("bathroom", "office"))
TELEVISION: Final = Spot("living_room", (3.2, 4.0))


def door_between(one: str, other: str) -> tuple[str, str]:
    """The name of a door."""
    return (one, other) if one < other else (other, one)


class Acoustics:
    """Impulse responses from any spot to every satellite, by the doors as they stand."""

    def __init__(self) -> None:
        self.doors = dict(DOORS)
        self._tails: dict[tuple[str, str], Signal] = {}
        self._made: dict[tuple[Spot, str, tuple[str, ...]], Signal | None] = {}

    def way(self, start: str, end: str) -> list[str]:
        """The rooms that one walks through, both ends included; doors open when they are walked through."""
        ways: list[list[str]] = [[start]]
        for found in ways:
            if found[-1] == end:
                return found
            ways.extend(
                [*found, room]
                for door in DOORS
                if found[-1] in door and (room := door[door[0] == found[-1]]) not in found
            )
        raise ValueError(f"no way from {start} to {end}")

    def losses_db(self, start: str) -> dict[str, tuple[float, float]]:
        """From a room to all others: level and tilt, by the loudest way."""
        found = {start: (0.0, 0.0)}
        between = [(*door, *LOSS_DB[kind]) for door, kind in self.doors.items()]
        between += [(*pair, *LOSS_DB["wall"]) for pair in WALLS]
        for _ in ROOMS:
            for one, other, loss_db, tilt_db in between:
                for a, b in ((one, other), (other, one)):
                    if a in found and (b not in found or found[a][0] + loss_db < found[b][0]):
                        found[b] = found[a][0] + loss_db, found[a][1] + tilt_db
        return found

    def response(self, spot: Spot, microphone: Microphone) -> Signal | None:
        """From pressure at 1 m to the satellite's samples; None where nothing arrives. `TAPS` long."""
        key = spot, microphone.name, tuple(self.doors.values())
        if key not in self._made:
            self._made[key] = self._respond(spot, microphone)
        return self._made[key]

    def _respond(self, spot: Spot, microphone: Microphone) -> Signal | None:
        gain = 10 ** (microphone.gain_db / 20)
        if spot.area == microphone.area:
            far_m = max(_NEAREST_M, math.dist(spot.at_m, microphone.at_m))
            delay = round(far_m / _SOUND_M_PER_S * RATE_HZ)
            heard = np.zeros(TAPS, np.float32)
            heard[delay] = 1.0 / far_m
            tail = self._tail(spot.area, microphone.area)
            heard[delay + 60 :] += tail[: TAPS - delay - 60]
            return (gain * heard).astype(np.float32)
        loss_db, tilt_db = self.losses_db(spot.area).get(microphone.area, (99.0, 0.0))
        if loss_db > 60.0:
            return None
        tail = self._tail(spot.area, microphone.area)
        spectrum = np.fft.rfft(tail)
        octaves = np.log2(np.maximum(np.fft.rfftfreq(TAPS, 1 / RATE_HZ), 125.0) / 250.0)
        spectrum *= 10 ** (-(loss_db + tilt_db * (octaves / 5.0)) / 20)
        delayed = np.roll(np.fft.irfft(spectrum, TAPS), 240)
        delayed[:240] = 0.0
        return (gain * delayed).astype(np.float32)

    def _tail(self, start: str, end: str) -> Signal:
        """Reverberation of unit pressure at 1 m, the same every time."""
        key = start, end
        if key not in self._tails:
            rng = np.random.default_rng([ord(letter) for letter in f"{start}>{end}"])
            rooms = (ROOMS[start], ROOMS[end]) if start != end else (ROOMS[start],)
            time_s = np.arange(TAPS) / RATE_HZ
            decays = [np.exp(-6.9 * time_s / room.t60_s) for room in rooms]
            envelope = decays[0]
            if len(decays) > 1:  # one room's decay feeds the other's: it rises before it falls
                size = 2 * TAPS
                both = np.fft.rfft(decays[0] ** 2, size) * np.fft.rfft(decays[1] ** 2, size)
                envelope = np.sqrt(np.maximum(np.fft.irfft(both, size)[:TAPS], 0.0))
            noise = rng.standard_normal(TAPS) * envelope
            room = rooms[0]
            volume_m3 = room.size_m[0] * room.size_m[1] * 2.5
            critical_m = 0.057 * math.sqrt(volume_m3 / room.t60_s)
            self._tails[key] = (noise / np.sqrt(np.sum(noise**2)) / critical_m).astype(np.float32)
        return self._tails[key]


def satellites_in(area: str) -> list[str]:
    """The names of an area's satellites."""
    return [microphone.name for microphone in MICROPHONES if microphone.area == area]


AREAS_HEARD: Final = tuple(dict.fromkeys(itertools.chain(microphone.area for microphone in MICROPHONES)))
