"""Families in which the house hears much that is not meant for it before somebody calls: these calls are people's.

And those in which a loudspeaker says the wake word: these are nobody's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from acting import RATE_HZ, low, programme, say, short, somewhere
from apartment import Place, Signal, make_apartment
from scene import Stage
from voices import FULL_SCALE_DB_SPL, Talker, at_level, said

_TALK_S: Final = 45.0


def onesided(rng: np.random.Generator) -> Stage:
    """A telephone call, somebody who reads aloud, or two who talk; then one of them, or another one, calls."""
    home = make_apartment(rng, int(rng.integers(3, 6)))
    stage, room = short(rng, home, _TALK_S + 18.0)
    stage.kind = str(rng.choice(["after a phone call", "after reading", "after a chat"]))
    people = [Talker(rng, 0), Talker(rng, 1)]
    places = [somewhere(stage, room), somewhere(stage, room)]
    pauses = {"after a phone call": (1.5, 6.0), "after reading": (0.2, 0.8), "after a chat": (0.2, 1.5)}[stage.kind]
    t, turn = 1.5, 0
    while t < _TALK_S:
        who = turn % 2 if stage.kind == "after a chat" else 0
        if stage.kind == "after a phone call" and rng.random() < 0.5:
            places[0] = somewhere(stage, room)  # he walks about
        sound, _ = people[who].says(wake=False)
        stage.sound(f"talker{who}", sound, t, places[who])
        t, turn = t + len(sound) / RATE_HZ + float(rng.uniform(*pauses)), turn + 1
    caller = 0 if stage.kind != "after a chat" else int(rng.integers(2))
    say(stage, people[caller], places[caller], t + float(rng.uniform(0.2, 1.2)), wake=True)
    return stage


def _jingle(rng: np.random.Generator, length_s: float) -> Signal:
    """Chords, as between two parts of a programme."""
    time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    out = np.zeros(len(time_s))
    for begin_s in np.arange(0.0, length_s, 0.4):
        tone = np.clip(time_s - begin_s, 0.0, None)
        for hertz in rng.choice([196.0, 247.0, 294.0, 392.0, 494.0, 587.0], 3, replace=False):
            for harmonic in range(1, 6):
                out += np.sin(2 * np.pi * hertz * harmonic * tone) * np.exp(-tone / 0.35) * (tone > 0) / harmonic
    return out


def tvcalls(rng: np.random.Generator) -> Stage:
    """A television that has been on for a while says the wake word; later somebody calls beside it or elsewhere."""
    home = make_apartment(rng, int(rng.integers(3, 6)))
    stage, room = short(rng, home, 68.0)
    beside = rng.random() < 0.5
    others = [r for r in range(len(home.rooms)) if r != room]
    own = room if beside or not others else int(rng.choice(others))
    stage.kind = "beside a television that calls" if own == room else "elsewhere than a television that calls"
    actor = Talker(rng, 7)
    word, word_s = actor.says(wake=True)
    at = int(float(rng.uniform(32.0, 45.0)) * RATE_HZ)
    before = programme(rng, at)
    jingle = at_level(_jingle(rng, 3.0), -42.0)
    first = int(rng.uniform(10.0, 20.0) * RATE_HZ)
    after = programme(rng, stage.samples - at - len(word))
    show = np.concatenate([at_level(before, -40.0), at_level(word, -40.0), at_level(after, -40.0)])
    show[first : first + len(jingle)] = jingle
    level = float(rng.uniform(60.0, 70.0))
    where = low(stage, room)
    stage.sound("tv", show * 10 ** ((level - FULL_SCALE_DB_SPL + 40.0) / 20), 0.0, where)
    stage.truth.tv = room
    stage.words.append(("tv", at / RATE_HZ, at / RATE_HZ + word_s))
    caller = Talker(rng, 0)
    caller.level_db_spl = max(caller.level_db_spl, level + float(rng.uniform(-6.0, 4.0)))
    t0 = at / RATE_HZ + float(rng.uniform(10.0, 14.0))
    say(stage, caller, somewhere(stage, own), t0, wake=True)
    return stage


def ourvoice(rng: np.random.Generator) -> Stage:
    """The assistant answers; while it does or just after it, somebody calls, or it says the wake word itself."""
    home = make_apartment(rng, int(rng.integers(3, 6)))
    stage, room = short(rng, home, 30.0)
    kinds = ["after our voice", "while we speak elsewhere", "we say the wake word"]
    kind = str(rng.choice(kinds, p=[0.3, 0.4, 0.3]))
    first, second = Talker(rng, 0), Talker(rng, 1)
    place = somewhere(stage, room)
    satellite = home.nearest(place)
    level = float(rng.uniform(60.0, 70.0))
    end = say(stage, first, place, float(rng.uniform(1.4, 1.8)), wake=True)
    one, two = (said("answer", int(i), 1.0) for i in rng.permutation(3)[:2])
    end = stage.play(satellite, at_level(one, 0.0), end + float(rng.uniform(0.5, 1.2)), level)
    begin = end + float(rng.uniform(1.5, 3.0))
    others = [r for r in range(len(home.rooms)) if r != room]
    if kind == "while we speak elsewhere" and others:
        end = stage.play(satellite, at_level(two, 0.0), begin, level)
        t, there = begin - float(rng.uniform(0.0, 1.0)), somewhere(stage, int(rng.choice(others)))
        for _ in range(int(rng.integers(1, 3))):  # he talks to somebody there first
            sound, _ = second.says(wake=False)
            stage.sound("talker1", sound, t, there)
            t += len(sound) / RATE_HZ + float(rng.uniform(0.15, 0.6))
        say(stage, second, there, min(t, end - 1.5), wake=True)
    elif kind == "we say the wake word":
        word = said("wake", int(rng.integers(3)), 1.0)
        sound, word_s = np.concatenate([word, two[: int(RATE_HZ)]]), len(word) / RATE_HZ
        lead = two[: int(2.5 * RATE_HZ)]
        spoken = np.concatenate([at_level(lead, -10.0), at_level(sound, -10.0)])
        stage.play(satellite, at_level(spoken, 0.0), begin, level)
        word_at = begin + len(lead) / RATE_HZ
        stage.words.append(("own", word_at, word_at + word_s))
    else:
        kind = "after our voice"
        end = stage.play(satellite, at_level(two, 0.0), begin, level)
        caller, where = (first, place) if rng.random() < 0.7 or not others else (second, _elsewhere(stage, others))
        say(stage, caller, where, end + float(rng.uniform(-0.5, 0.5)), wake=True)
    stage.kind = kind
    return stage


def _elsewhere(stage: Stage, rooms: list[int]) -> Place:
    return somewhere(stage, int(stage.rng.choice(rooms)))
