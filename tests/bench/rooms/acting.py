"""Who is where and says what: the pieces that families are made of."""

from __future__ import annotations

from typing import Final

import numpy as np
from apartment import Apartment, Place, random_point
from numpy.typing import NDArray
from scene import Stage, Utterance
from voices import FULL_SCALE_DB_SPL, Talker, at_level, said

RATE_HZ: Final = 16_000
_MOUTH_M: Final = (1.1, 1.75)
_LOW_M: Final = (0.5, 0.9)


def somewhere(stage: Stage, room: int) -> Place:
    """Where somebody stands or sits."""
    return Place(room, random_point(stage.rng, stage.home.rooms[room].size, _MOUTH_M))


def low(stage: Stage, room: int) -> Place:
    """Where a loudspeaker stands."""
    return Place(room, random_point(stage.rng, stage.home.rooms[room].size, _LOW_M))


def say(stage: Stage, talker: Talker, place: Place, t0_s: float, *, wake: bool) -> float:
    """Say something and enter it into the truth; returns when it ends."""
    sound, word_s = talker.says(wake=wake)
    stage.sound(f"talker{talker.number}", sound, t0_s, place)
    return enter(stage, talker, place, t0_s=t0_s, length_s=len(sound) / RATE_HZ, word_s=word_s)


def enter(stage: Stage, talker: Talker, place: Place, *, t0_s: float, length_s: float, word_s: float) -> float:
    """Enter into the truth what was said; returns when it ends."""
    ok = tuple(stage.home.acceptable(place))
    nearest = stage.home.nearest(place)
    stage.truth.utterances.append(Utterance(t0_s, t0_s + length_s, nearest, ok, word_s > 0, talker.number, talker.kind))
    if word_s > 0:
        stage.words.append((f"talker{talker.number}", t0_s, t0_s + word_s))
    return t0_s + length_s


def short(rng: np.random.Generator, home: Apartment, duration_s: float) -> tuple[Stage, int]:
    """An empty scene, and one of its rooms."""
    return Stage(home, duration_s, rng), int(rng.integers(len(home.rooms)))


def dialogue(stage: Stage, talker: Talker, place: Place, t0_s: float) -> float:
    """A call, and something more after it."""
    end = say(stage, talker, place, t0_s, wake=True)
    return say(stage, talker, place, end + stage.rng.uniform(0.6, 1.2), wake=False)


def programme(rng: np.random.Generator, samples: int) -> NDArray[np.float64]:
    """News and plays in one voice, or several people who talk."""
    if rng.random() < 0.5:
        tone = float(rng.choice([0.9, 1.0, 1.12]))
        pieces = [said("programme", int(i), tone) for i in rng.permutation(3)]
    else:
        cast = [Talker(rng, 8), Talker(rng, 9)]
        pieces = [at_level(cast[i % 2].says(wake=False)[0], -40.0) for i in range(9)]
    pauses = [np.zeros(int(rng.uniform(0.1, 0.5) * RATE_HZ)) for _ in pieces]
    sound = np.concatenate([part for both in zip(pieces, pauses, strict=True) for part in both])
    begin = int(rng.uniform(0, 4) * RATE_HZ)
    return np.tile(sound, 1 + (begin + samples) // len(sound))[begin : begin + samples]


def television(stage: Stage, room: int) -> None:
    """It talks all the time, from one place."""
    rng = stage.rng
    sound = programme(rng, stage.samples)
    level = float(rng.uniform(60.0, 70.0))
    stage.sound("tv", at_level(sound, level - FULL_SCALE_DB_SPL), 0.0, low(stage, room))
    stage.truth.tv = room
