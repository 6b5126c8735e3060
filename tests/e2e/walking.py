"""Somebody walks through three rooms and speaks; what he hears of the assistant on the way.

The rooms are in a row with their doors open: kitchen, living room, hallway. What he says grows faint in one room as
it grows loud in the next, with the sound of both.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate, fftconvolve

from tests.e2e.household import LEAD_S, RATE_HZ, Household, Pcm, read_wav, track, wait_for
from tests.living.house import MICROPHONES, Acoustics, Microphone, Spot

ROOMS = ("kitchen", "living_room", "hallway")
# Whoever walks with it hears it in three rooms.
LONG = (
    "Here is what I know about the garden. The roses were watered this morning at seven, the lawn was cut on Tuesday, "
    "the apple trees have been pruned for the winter, and the pump in the pond runs until ten in the evening. "
    "The cherries are ripe, the beans need another week, and somebody has left the ladder under the plum tree, "
    "where it will be rained on tonight, because the wind comes from the west and brings clouds from the sea."
)
# Without a hum: what this synthetic voice hums is read as words.
LISTENING = ("Yeah, okay, right. I see. Okay.", "Oh yes, that's right. Okay. Yeah, I see.")
_PIECE = 3840  # 160 ms
_STEP = 1920
_LOUD = 1500
_SAME = 0.75
_STUTTER = 12_000
_SEARCH = 10 * _STEP
_FADE_S = 0.2
# Where he stands, and the doors he comes by on his way there.
_STANDS = {
    "kitchen": Spot("kitchen", (1.6, 1.4)),
    "living_room": Spot("living_room", (1.8, 2.2)),
    "hallway": Spot("hallway", (2.2, 1.2)),
}
_DOORS = {
    ("kitchen", "living_room"): (Spot("kitchen", (3.4, 2.6)), Spot("living_room", (3.0, 1.0))),
    ("living_room", "hallway"): (Spot("living_room", (3.4, 3.2)), Spot("hallway", (3.6, 0.9))),
}


class Walk:
    """A home whose three rooms are heard on one time line.

    Args:
        home: with the three rooms paired.
        seconds: how long the recordings last.
        options: of each satellite's audio.
    """

    def __init__(self, home: Household, seconds: float, *options: str) -> None:
        self.home = home
        self._acoustics = Acoustics()
        self._acoustics.doors.update(
            {("kitchen", "living_room"): "open", ("hallway", "living_room"): "open", ("hallway", "kitchen"): "closed"}
        )
        self._ears = [next(mic for mic in MICROPHONES if mic.area == area) for area in ROOMS]
        start_at = time.time() + 12.0
        for seed, area in enumerate(ROOMS):
            home.satellite(area, track(seconds, seed=seed), *options, f"start_at={start_at:.3f}", args=())
        wait_for(lambda: home.connected() >= set(ROOMS), 30, "the satellites")
        home.wait_recorded(*ROOMS, until_s=2.5)

    @property
    def now_s(self) -> float:
        return max(self.home.recorded_s(area) for area in ROOMS)

    def speak(self, words: Pcm, *rooms: str) -> float:
        """He speaks in a room, or on his way from one to the next; returns the end of his words in the recordings."""
        way = [_STANDS[rooms[0]]]
        if len(rooms) == 2:
            way += [*_on_the_way(rooms[0], rooms[1]), *[_STANDS[rooms[1]]] * 2]  # where he has come to he stays longer
        parts = _parts(words.astype(np.float64), way)
        heard = {mic.area: self._heard(parts, mic) for mic in self._ears}
        at_s = self.now_s + LEAD_S  # not before all of it is there to be heard
        for area, pcm in heard.items():
            self.home.speak(area, pcm, at_s=at_s)
        return at_s + words.size / RATE_HZ

    def _heard(self, parts: Sequence[tuple[NDArray[np.float64], Spot]], mic: Microphone) -> Pcm:
        """What a satellite hears of somebody who speaks at several spots."""
        heard = np.zeros(parts[0][0].size)
        for part, spot in parts:
            response = self._acoustics.response(spot, mic)
            if response is not None:
                heard += fftconvolve(part, response)[: heard.size]
        return heard.clip(-32768, 32767).astype(np.int16)

    def reference(self) -> Pcm:
        """What the long sentence sounds like: said once in a room where nobody is."""
        begin = round(self.now_s * RATE_HZ)
        saying, _ = self.home.say(ROOMS[-1], LONG)
        saying.join()
        recording = self.loudspeakers(begin)[ROOMS[-1]]
        sounds = np.flatnonzero(np.abs(recording) > 300)
        return recording[sounds[0] : sounds[-1]]

    def loudspeakers(self, begin: int, end: int | None = None) -> dict[str, Pcm]:
        """What sounded in each room, from one sample of the time line to another."""
        return {area: read_wav(self.home.report_dir / area / "speaker.wav")[begin:end] for area in ROOMS}


def _on_the_way(one: str, other: str) -> Sequence[Spot]:
    there = _DOORS.get((one, other))
    return there if there is not None else tuple(reversed(_DOORS[other, one]))


def _parts(words: NDArray[np.float64], way: Sequence[Spot]) -> list[tuple[NDArray[np.float64], Spot]]:
    """What he says at each spot of his way: he is as long at each of them, and goes from one to the next in 0.2 s."""
    at_s = (np.arange(words.size) / RATE_HZ)[np.newaxis]
    changes = np.arange(1, len(way))[:, np.newaxis] * words.size / len(way) / RATE_HZ
    gone = np.clip((at_s - changes) / _FADE_S + 0.5, 0.0, 1.0)
    gone = np.vstack([np.ones(words.size), gone, np.zeros(words.size)])
    return [(words * (gone[number] - gone[number + 1]), spot) for number, spot in enumerate(way)]


# --- what he hears ----------------------------------------------------------------------------------------------------


def likeness(piece: Pcm, there: Pcm) -> NDArray[np.float64]:
    """Normalised correlation of a piece at every place of a longer sound."""
    small, large = piece.astype(np.float64), there.astype(np.float64)
    power = np.concatenate(([0.0], np.cumsum(large**2)))
    energy = np.sqrt(np.maximum(power[small.size :] - power[: -small.size], 0.0) * (small @ small))
    return correlate(large, small, "valid", "fft") / np.maximum(energy, 1e5)


def pieces(said: Pcm) -> list[int]:
    """Where the pieces of what was said begin that can be known again."""
    return [at for at in range(0, said.size - _PIECE, _STEP) if np.abs(said[at : at + _PIECE]).max() >= _LOUD]


def places(said: Pcm, recording: Pcm) -> dict[int, int]:
    """Where pieces of what was said sound in a recording, which may stutter where the machine is slow."""
    found: dict[int, int] = {}
    surest, sure_at, sure_there = 0.0, 0, 0
    for at in range(0, said.size - RATE_HZ, _SEARCH):
        alike = likeness(said[at : at + RATE_HZ], recording)
        if alike.max() > surest:
            surest, sure_at, sure_there = float(alike.max()), at, int(alike.argmax())
    for order in (range(sure_at, said.size - _PIECE, _STEP), range(sure_at, 0, -_STEP)):
        begins = sure_there - sure_at
        for at in order:
            piece, begin = said[at : at + _PIECE], max(0, begins + at - _STUTTER)
            there = recording[begin : max(0, begins + at + _STUTTER)]
            if np.abs(piece).max() < _LOUD or there.size < 2 * _PIECE:
                continue
            alike = likeness(piece, there)
            where = int(np.argmax(alike))
            if alike[where] > _SAME:
                found[at] = begin + where
                begins = found[at] - at
    return found


@dataclass(frozen=True)
class Change:
    """From one loudspeaker to the next.

    Attributes:
        goes_on: where in what is said the new room begins.
        silence_ms: between the last sound of one and the first of the other; below 0 they sound together.
        twice_ms: what is said in both; below 0 it is missing in both.
    """

    goes_on: int
    silence_ms: float
    twice_ms: float


def change(before: Pcm, first: dict[int, int], after: Pcm, then: dict[int, int]) -> Change:
    """How a speech went from one room to the next, by where its pieces sounded in both."""
    # Digital silence before and after: a loudspeaker that is given sound is never quite silent.
    left, came = int(np.flatnonzero(before)[-1]), int(np.flatnonzero(after)[0])
    left_said = left - int(np.median([first[at] - at for at in sorted(first)[-8:]]))
    came_said = came - int(np.median([then[at] - at for at in sorted(then)[:8]]))
    return Change(came_said, (came - left) / 24, (left_said - came_said) / 24)
