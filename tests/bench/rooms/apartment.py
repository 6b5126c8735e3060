"""Homes made of shoebox rooms, joined by doors, with a satellite in each room or two in a large one.

Inside a room the image-source method of pyroomacoustics rules. A door is a point that hears one room and speaks into
the other, so what comes through it carries the reverberation of both; its loss is set so that the mean level
difference between the two rooms is the drawn one, and is greater at high frequencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyroomacoustics as pra
from numpy.typing import NDArray
from scipy.signal import fftconvolve, firwin2, minimum_phase

RATE_HZ: Final = 16_000
_MAX_ORDER: Final = 12
_EARLY: Final = pra.constants.get("frac_delay_length") // 2
_HEIGHT_M: Final = 2.5
_MARGIN_M: Final = 0.35
# Mean level difference between two rooms, in dB, by what is between them.
LOSS_DB: Final = {"open": (8.0, 15.0), "ajar": (14.0, 22.0), "closed": (25.0, 40.0), "wall": (36.0, 48.0)}
# How much more is lost at 8 kHz than at 250 Hz.
_TILT_DB: Final = {"open": 3.0, "ajar": 6.0, "closed": 12.0, "wall": 18.0}

Signal = NDArray[np.float64]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Place:
    """A point in a room, in that room's own coordinates (metres)."""

    room: int
    at: Point


@dataclass
class Door:
    """What joins two rooms: a point of each, and a filter from one to the other."""

    rooms: tuple[int, int]
    points: tuple[Point, Point]
    kind: str
    loss_db: float
    filter: Signal = field(default_factory=lambda: np.ones(1))

    def side(self, room: int) -> Point:
        return self.points[self.rooms.index(room)]

    def other(self, room: int) -> int:
        return self.rooms[1 - self.rooms.index(room)]


@dataclass
class Room:
    size: Point
    absorption: float
    satellites: list[int] = field(default_factory=list)


class Apartment:
    """Rooms, doors and satellites, and how sound gets from a place to every satellite."""

    def __init__(self, rooms: list[Room], doors: list[Door], satellites: list[Place]) -> None:
        self.rooms, self.doors, self.satellites = rooms, doors, satellites
        self._from_place: dict[Place, list[list[Signal]]] = {}
        self._from_door: dict[tuple[int, int], list[Signal]] = {}
        for door in doors:
            self._tune(door)

    def _responses(self, room: int, sources: Sequence[Point], mics: Sequence[Point]) -> list[list[Signal]]:
        """Impulse responses [mic][source]."""
        shape = self.rooms[room]
        box = pra.ShoeBox(
            shape.size, fs=RATE_HZ, materials=pra.Material(shape.absorption), max_order=_MAX_ORDER, air_absorption=True
        )
        for source in sources:
            box.add_source(list(source))
        box.add_microphone_array(np.array(mics).T)
        box.compute_rir()
        # Its fractional delays begin half a filter late; through two doors that would be three times as much.
        return [[response[_EARLY:] for response in row] for row in box.rir]

    def _listeners(self, room: int) -> tuple[list[tuple[str, int]], list[Point]]:
        """Satellites and doors of a room, and where they are."""
        names: list[tuple[str, int]] = [("satellite", s) for s in self.rooms[room].satellites]
        points = [self.satellites[s].at for s in self.rooms[room].satellites]
        for index, door in enumerate(self.doors):
            if room in door.rooms:
                names.append(("door", index))
                points.append(door.side(room))
        return names, points

    def _door_into(self, index: int, room: int) -> dict[tuple[str, int], Signal]:
        """Responses from a door to everything in the room behind it; made once."""
        names, points = self._listeners(room)
        key = (index, room)
        if key not in self._from_door:
            away = self.doors[index].side(room)
            # A point cannot hear itself: other doors and the satellites only.
            where = [p if p != away else (p[0] + 0.05, p[1] + 0.05, p[2]) for p in points]
            self._from_door[key] = [row[0] for row in self._responses(room, [away], where)]
        return {n: h for n, h in zip(names, self._from_door[key], strict=True) if n != ("door", index)}

    def _tune(self, door: Door) -> None:
        """Set the filter such that the levels of both rooms differ by the drawn loss."""
        a, b = door.rooms
        centre = tuple(0.5 * x for x in self.rooms[a].size)
        probes = [self.satellites[s].at for s in self.rooms[a].satellites] or [(0.6, 0.6, 1.2)]
        ears = [self.satellites[s].at for s in self.rooms[b].satellites] or [(0.6, 0.6, 1.2)]
        near = self._responses(a, [centre], [*probes, door.side(a)])
        behind = self._responses(b, [door.side(b)], ears)
        level_a = np.mean([np.sum(row[0] ** 2) for row in near[:-1]])
        level_b = np.mean([np.sum(fftconvolve(near[-1][0], row[0]) ** 2) for row in behind])
        gain_db = 10 * np.log10(level_a / level_b) - door.loss_db
        tilt = _TILT_DB[door.kind]
        freqs = np.array([0, 250, 1000, 4000, 8000.0])
        db = gain_db + tilt * np.array([0.35, 0.35, 0.05, -0.35, -0.65])
        # Of minimum phase: a delay of the filter would not be the house's.
        door.filter = minimum_phase(firwin2(65, freqs / 8000, 10 ** (db / 20)), half=False)

    def spread(self, place: Place, sounds: Signal, depth: int = 2) -> dict[int, Signal]:
        """What each satellite hears of a sound (pressure at 1 m) from a place; satellites out of reach lack."""
        heard: dict[int, Signal] = {}
        names, points = self._listeners(place.room)
        if place not in self._from_place:
            self._from_place[place] = self._responses(place.room, [place.at], points)
        responses = self._from_place[place]
        waiting: list[tuple[int, int, Signal]] = []
        for name, row in zip(names, responses, strict=True):
            wave = fftconvolve(sounds, row[0])
            if name[0] == "satellite":
                _add(heard, name[1], wave)
            else:
                waiting.append((name[1], place.room, wave))
        for _ in range(depth):
            further: list[tuple[int, int, Signal]] = []
            for index, room, wave in waiting:
                door = self.doors[index]
                behind, outgoing = door.other(room), fftconvolve(wave, door.filter)
                for name, response in self._door_into(index, behind).items():
                    if name[0] == "satellite":
                        _add(heard, name[1], fftconvolve(outgoing, response))
                    else:
                        further.append((name[1], behind, fftconvolve(outgoing, response)))
            waiting = further
        return heard

    def nearest(self, place: Place) -> int:
        """The satellite of the same room that is closest."""
        own = self.rooms[place.room].satellites
        return min(own, key=lambda s: float(np.linalg.norm(np.subtract(self.satellites[s].at, place.at))))

    def acceptable(self, place: Place) -> list[int]:
        """The closest satellite, and any other of the room that is not half a metre farther."""
        own = self.rooms[place.room].satellites
        far = {s: float(np.linalg.norm(np.subtract(self.satellites[s].at, place.at))) for s in own}
        return [s for s in own if far[s] < min(far.values()) + 0.5]


def _add(heard: dict[int, Signal], key: int, wave: Signal) -> None:
    if key in heard:
        size = max(len(heard[key]), len(wave))
        both = np.zeros(size)
        both[: len(heard[key])] += heard[key]
        both[: len(wave)] += wave
        heard[key] = both
    else:
        heard[key] = wave


def random_point(rng: np.random.Generator, size: Point, height_m: tuple[float, float]) -> Point:
    """Anywhere in a room, not at its walls."""
    x, y = (float(rng.uniform(_MARGIN_M, s - _MARGIN_M)) for s in size[:2])
    return x, y, float(rng.uniform(*height_m))


def make_apartment(
    rng: np.random.Generator, satellites: int, *, open_plan: float = 0.2, doors: Sequence[str] | None = None
) -> Apartment:
    """A random home along a grid: neighbours share doors or walls.

    Args:
        rng: decides everything.
        satellites: how many.
        open_plan: chance that a room is large and has two satellites.
        doors: kinds of doors to draw from; default all of them.
    """
    rooms: list[Room] = []
    places: list[Place] = []
    while len(places) < satellites:
        shared = len(places) + 2 <= satellites and rng.random() < open_plan
        low, high = (4.2, 6.5) if shared else (2.5, 5.6)
        size = (float(rng.uniform(low, high)), float(rng.uniform(2.5, 4.8)), _HEIGHT_M)
        t60 = float(rng.uniform(0.28, 0.62))
        absorption, _ = pra.inverse_sabine(t60, size)
        room = Room(size, min(0.95, absorption))
        index = len(rooms)
        for half in range(2 if shared else 1):
            x, y, z = random_point(rng, size, (0.7, 1.5))
            if shared:  # one at each end
                x = float(rng.uniform(_MARGIN_M, size[0] * 0.3)) + half * size[0] * 0.6
            room.satellites.append(len(places))
            places.append(Place(index, (x, y, z)))
        rooms.append(room)
    columns = max(2, int(np.ceil(np.sqrt(len(rooms)))))
    kinds = list(doors or ("open", "open", "ajar", "closed"))
    joined: list[Door] = []
    for index in range(len(rooms)):
        right, below = index + 1, index + columns
        for other, axis in ((right, 0), (below, 1)):
            if other >= len(rooms) or (axis == 0 and other % columns == 0):
                continue
            kind = str(rng.choice(kinds)) if rng.random() < 0.75 or (axis == 0) else "wall"
            one, two = rooms[index].size, rooms[other].size
            points: list[Point] = []
            for size, far in ((one, True), (two, False)):
                along = float(rng.uniform(0.6, size[1 - axis] - 0.6))
                depth = size[axis] - 0.1 if far else 0.1
                points.append((depth, along, 1.2) if axis == 0 else (along, depth, 1.2))
            joined.append(Door((index, other), (points[0], points[1]), kind, float(rng.uniform(*LOSS_DB[kind]))))
    return Apartment(rooms, joined, places)
