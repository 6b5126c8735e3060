"""The families of scenes. A seed decides everything: the same seed gives the same bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from acting import RATE_HZ, dialogue, enter, say, short, somewhere, television
from apartment import Apartment, Place, Point, make_apartment
from overheard import onesided, ourvoice, tvcalls
from scene import Crossing, Scene, Stage
from voices import Talker, at_level, said

_ARM_M: Final = 0.45  # nobody is nearer to the point that stands for a whole door
_PACE_M_S: Final = 1.0


def single(rng: np.random.Generator, manner: str = "normal", satellites: int | None = None) -> Stage:
    home = make_apartment(rng, satellites or int(rng.integers(3, 6)))
    stage, room = short(rng, home, 9.5)
    dialogue(stage, Talker(rng, manner=manner), somewhere(stage, room), float(rng.uniform(1.4, 1.8)))
    stage.kind = "" if manner == "normal" else manner
    return stage


def voices(rng: np.random.Generator) -> Stage:
    return single(rng, "whisper" if rng.random() < 0.5 else "shout")


def many(rng: np.random.Generator) -> Stage:
    return single(rng, satellites=int(rng.choice([8, 12, 16, 24, 32])))


def gain(rng: np.random.Generator) -> Stage:
    """Two rooms, one of which may be a large one with two satellites: the gains oppose the truth."""
    home = make_apartment(rng, int(rng.integers(2, 4)), open_plan=0.5)
    stage, room = short(rng, home, 9.5)
    dialogue(stage, Talker(rng), somewhere(stage, room), float(rng.uniform(1.4, 1.8)))
    return stage


def tv(rng: np.random.Generator) -> Stage:
    home = make_apartment(rng, int(rng.integers(3, 6)))
    stage, room = short(rng, home, 13.0)
    others = [r for r in range(len(home.rooms)) if r != room]
    television(stage, int(rng.choice(others)) if others and rng.random() < 0.85 else room)
    dialogue(stage, Talker(rng), somewhere(stage, room), float(rng.uniform(3.5, 5.0)))
    return stage


def doorway(rng: np.random.Generator) -> Stage:
    """Somebody speaks from a doorway: both rooms are right, changing between them is not."""
    home = make_apartment(rng, int(rng.integers(3, 6)), open_plan=0.0, doors=["open"])
    stage, _ = short(rng, home, 9.5)
    door = home.doors[int(rng.integers(len(home.doors)))]
    here = Place(door.rooms[0], _inside(home, door.rooms[0], door.side(door.rooms[0]), 0.35))
    ok = (home.rooms[door.rooms[0]].satellites[0], home.rooms[door.rooms[1]].satellites[0])
    dialogue(stage, Talker(rng), here, float(rng.uniform(1.4, 1.8)))
    stage.truth.utterances = [replace(u, ok=ok) for u in stage.truth.utterances]
    return stage


def _inside(home: Apartment, room: int, door: Point, depth_m: float) -> Point:
    centre = np.multiply(home.rooms[room].size, 0.5)
    way = centre[:2] - np.array(door[:2])
    x, y = np.array(door[:2]) + way / np.linalg.norm(way) * depth_m
    return float(x), float(y), 1.5


def selfvoice(rng: np.random.Generator) -> Stage:
    home = make_apartment(rng, int(rng.integers(3, 6)))
    stage, room = short(rng, home, 15.5)
    talker, place = Talker(rng), somewhere(stage, room)
    end = say(stage, talker, place, float(rng.uniform(1.4, 1.8)), wake=True)
    answer = said("answer", int(rng.integers(3)), 1.0)
    satellite = home.nearest(place)
    level = float(rng.uniform(60, 70))
    end = stage.play(satellite, at_level(answer, 0.0), end + rng.uniform(0.4, 1.2), level)
    say(stage, talker, place, end + float(rng.uniform(0.6, 1.0)), wake=False)
    return stage


def barge(rng: np.random.Generator) -> Stage:
    """Somebody calls while the assistant speaks, in its room or from another one."""
    home = make_apartment(rng, int(rng.integers(3, 6)))
    stage, room = short(rng, home, 14.0)
    talker, place = Talker(rng), somewhere(stage, room)
    end = say(stage, talker, place, float(rng.uniform(1.4, 1.8)), wake=True)
    answer = np.concatenate([said("answer", int(rng.integers(3)), 1.0)] * 2)
    begin = end + float(rng.uniform(0.4, 1.0))
    stage.play(home.nearest(place), at_level(answer, 0.0), begin, float(rng.uniform(60, 70)))
    other = somewhere(stage, int(rng.integers(len(home.rooms)))) if rng.random() < 0.4 else place
    say(stage, Talker(rng, 1) if other is not place else talker, other, begin + float(rng.uniform(1.5, 2.5)), wake=True)
    return stage


def two(rng: np.random.Generator) -> Stage:
    """Two people in two rooms; the second begins while the first still speaks."""
    home = make_apartment(rng, int(rng.integers(3, 6)))
    stage, room = short(rng, home, 11.0)
    others = [r for r in range(len(home.rooms)) if r != room]
    if not others:
        return two(rng)
    t0 = float(rng.uniform(1.4, 1.8))
    first, second = Talker(rng, 0), Talker(rng, 1)
    end = say(stage, first, somewhere(stage, room), t0, wake=True)
    lead = float(rng.choice([0.1, 0.25, 0.5, 1.0, 1.5]))
    other = somewhere(stage, int(rng.choice(others)))
    end = say(stage, second, other, t0 + lead, wake=True)
    say(stage, second, other, end + 0.5, wake=False)
    return stage


def followme(rng: np.random.Generator) -> Stage:
    """Somebody walks through a door and back while speaking."""
    home = make_apartment(rng, int(rng.integers(3, 6)), open_plan=0.0, doors=["open", "open", "ajar"])
    stage, _ = short(rng, home, 19.0)
    door = home.doors[int(rng.integers(len(home.doors)))]
    one, two_ = door.rooms if rng.random() < 0.5 else door.rooms[::-1]
    talker = Talker(rng)
    start, goal = somewhere(stage, one), somewhere(stage, two_)
    t_cross = [float(rng.uniform(5.5, 7.0)), float(rng.uniform(12.5, 14.0))]
    where = _walk(stage, (start, goal), door.side(one), door.side(two_), t_cross)
    t0, index = 1.6, 0
    while t0 < 17.5:
        sound, word_s = talker.says(wake=index == 0 or rng.random() < 0.5)
        sound = sound[: int((18.4 - t0) * RATE_HZ)]
        stage.moving("talker0", sound, t0, where)
        at = min(where, key=lambda w: abs(w[0] - t0))[1]
        t1 = enter(stage, talker, at, t0_s=t0, length_s=len(sound) / RATE_HZ, word_s=word_s)
        around = [c for c in t_cross if t0 - 0.7 < c < t1 + 0.7]
        if around:
            both = (home.rooms[one].satellites[0], home.rooms[two_].satellites[0])
            stage.truth.utterances.append(replace(stage.truth.utterances.pop(), ok=both))
        t0, index = t1 + float(rng.uniform(0.35, 0.6)), index + 1
    a, b = home.rooms[one].satellites[0], home.rooms[two_].satellites[0]
    stage.truth.track = [(0.0, t_cross[0], a), (t_cross[0], t_cross[1], b), (t_cross[1], 19.0, a)]
    stage.truth.crossings = [Crossing(t_cross[0], b), Crossing(t_cross[1], a)]
    return stage


def _walk(
    stage: Stage, rooms: tuple[Place, Place], door_one: Point, door_two: Point, t_cross: list[float]
) -> list[tuple[float, Place]]:
    """Places every 0.2 s: stand, walk to the door, go through, walk on, stand; and back."""
    start, goal = rooms
    way_in = float(np.linalg.norm(np.subtract(door_one, start.at)))
    way_out = float(np.linalg.norm(np.subtract(goal.at, door_two)))

    def at(t: float) -> Place:
        moment = min(t_cross, key=lambda c: abs(c - t))
        ahead_m = (t - moment) * _PACE_M_S
        forth = moment == t_cross[0]
        if (ahead_m < 0) == forth:  # still, or again, in the first room
            share = min(1.0, abs(ahead_m) / max(0.1, way_in))
            return Place(start.room, _between(door_one, start.at, share))
        share = min(1.0, abs(ahead_m) / max(0.1, way_out))
        return Place(goal.room, _between(door_two, goal.at, share))

    return [(t, at(t)) for t in np.arange(0.0, stage.samples / RATE_HZ, 0.2).tolist()]


def _between(a: Point, b: Point, share: float) -> Point:
    way = np.subtract(b, a)
    length = float(np.linalg.norm(way))
    x, y, z = np.array(a) + way * max(share, min(1.0, _ARM_M / length))
    return float(x), float(y), float(z)


def days(rng: np.random.Generator) -> Stage:
    """A home with a large room and its two satellites, and sixteen calls: what is learnt from the first helps the last.

    The house is silent for longer than a conversation lasts before each call; some are answered.
    """
    home = make_apartment(rng, int(rng.integers(3, 6)), open_plan=0.5)
    while not any(len(room.satellites) > 1 for room in home.rooms):
        home = make_apartment(rng, int(rng.integers(3, 6)), open_plan=0.5)
    stage = Stage(home, 230.0, rng)
    people = [Talker(rng, 0), Talker(rng, 1)]
    shared = [index for index, room in enumerate(home.rooms) if len(room.satellites) > 1]
    end = 0.0
    for call in range(16):
        room = int(rng.choice(shared) if rng.random() < 0.6 else rng.integers(len(home.rooms)))
        place = somewhere(stage, room)
        end = say(stage, people[int(rng.integers(2))], place, end + float(rng.uniform(8.6, 9.4)), wake=True)
        if call < 6:
            answer = said("answer", int(rng.integers(3)), 1.0)[: int(3.0 * RATE_HZ)]
            end = stage.play(home.nearest(place), at_level(answer, 0.0), end + 0.8, float(rng.uniform(60, 70)))
    return stage


FAMILIES: Final[dict[str, Callable[[np.random.Generator], Stage]]] = {
    "single": single,
    "gain": gain,
    "voices": voices,
    "many": many,
    "tv": tv,
    "doorway": doorway,
    "selfvoice": selfvoice,
    "barge": barge,
    "two": two,
    "followme": followme,
    "onesided": onesided,
    "tvcalls": tvcalls,
    "ourvoice": ourvoice,
    "days": days,
}


def make_scene(family: str, seed: int) -> Scene:
    """The scene of a family by its seed."""
    rng = np.random.default_rng([zlib.crc32(family.encode()), seed])
    stage = FAMILIES[family](rng)
    return stage.finish(f"{family}-{seed}", family)
