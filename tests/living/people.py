"""The people of the house: they walk, talk to each other and to the house, and wait for its answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from tests.living.espeak import Espeak
from tests.living.house import DOORS, MICROPHONES, RATE_HZ, ROOMS, TELEVISION, Spot, door_between, satellites_in
from tests.living.microphones import Satellites
from tests.living.record import Entry, Record
from tests.living.sounding import Air, Speech, Utterance, speech
from tests.living.words import WAKE, Request

To = Literal["house", "person", "phone", "viewers"]
_REACTION_S: Final = 0.05
_HOP_S: Final = 2.4
_ANSWER_S: Final = 7.0
_LIGHT_S: Final = 1.5  # who sees no light says it again
_QUIET_S: Final = 0.5
_POLL_S: Final = 0.1
# A chime is shorter than this, the shortest answer is not.
_ANSWER_SOUNDS_S: Final = 0.7
# A detector needs the word to stand over noise, and over other voices.
_FIRES_FROM_DB, _SURE_FROM_DB, _OVER_OTHERS_DB, _OVER_OWN_DB = 4.0, 8.0, -3.0, 14.0


@dataclass
class World:
    """What all people share."""

    air: Air
    record: Record
    satellites: Satellites
    espeak: Espeak
    chance: random.Random
    now_s: Callable[[], float]
    speaking: dict[str, asyncio.Lock] = field(default_factory=lambda: {area: asyncio.Lock() for area in ROOMS})
    to_house: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROOMS, 0))
    last_saying_ms: dict[str, int] = field(default_factory=dict)
    lights: dict[str, bool] = field(default_factory=dict)

    def hear(self, entry: Entry) -> None:
        """For the record: what the house says, and where, and which satellites show that they listen."""
        if entry["event"] == "hub Saying":
            self.last_saying_ms[entry["area"]] = entry["t_ms"]
        elif entry["event"] == "satellite" and entry["what"] in ("light_on", "light_off"):
            self.lights[entry["satellite"]] = entry["what"] == "light_on"

    def listens_in(self, area: str) -> bool:
        """Whether a light is on there."""
        return any(self.lights.get(name) for name in satellites_in(area))

    def sounds_in(self, area: str) -> bool:
        """Whether a loudspeaker of the area sounds."""
        sample = self.air.sample()
        return any(sample - self.air.playing.get(name, -(10**9)) < RATE_HZ // 5 for name in satellites_in(area))

    def say(
        self, who: tuple[str, float], said: Speech, places: list[tuple[int, Spot]], to: To, kind: str, **truth: Any
    ) -> Utterance:
        """Let somebody (name, and dBFS at 1 m) speak from now on, and every detector in earshot hear its word."""
        begin = self.air.sample() + round(_REACTION_S * RATE_HZ)
        utterance = self.air.say(*who, said, places, begin)
        end_ms = self.record.now_ms + round(1000 * (_REACTION_S + said.sound.size / RATE_HZ))
        areas = list(dict.fromkeys(spot.area for _, spot in places))
        self.record.note(
            "said", n=utterance.number, who=who[0], areas=areas, to=to, kind=kind, wake=bool(said.word_end),
            text=said.text, end_ms=end_ms, **truth,
        )  # fmt: skip
        if said.word_end:
            self._call(utterance, said.word_end)
        return utterance

    def _call(self, utterance: Utterance, word_end: int) -> None:
        loop = asyncio.get_running_loop()
        for mic in MICROPHONES:
            snr_db = utterance.snr_db.get(mic.name, -99.0)
            middle = utterance.begin + word_end // 2
            others = [u for u in self.air.speech_at(mic.name, middle, least_db=-20.0) if u is not utterance]
            over_db = snr_db - max(0.0, others[0].snr_db[mic.name]) if others else snr_db
            playing = self.air.sample() - self.air.playing.get(mic.name, -(10**9)) < RATE_HZ // 5
            heard = snr_db > (_OVER_OWN_DB if playing else _FIRES_FROM_DB) and over_db > _OVER_OTHERS_DB
            if heard and (snr_db > _SURE_FROM_DB or self.chance.random() < 0.6):
                late_s = self.chance.uniform(0.03, 0.12)
                score = round(self.chance.uniform(0.92, 1.0), 3)
                at_s = self.air.time_s(utterance.begin + word_end) + late_s
                loop.call_at(at_s, self.satellites.tell, mic.name, score)

    def move_door(self, one: str, other: str, kind: str) -> None:
        """Open or close a door."""
        name = door_between(one, other)
        if self.air.acoustics.doors[name] != kind:
            self.air.acoustics.doors[name] = kind
            self.record.note("door", between=list(name), now=kind)


class Person:
    """One of them.

    Args:
        told: name, espeak-ng's name of the voice, how loud it is (dBFS at 1 m), and where he is at first.
    """

    def __init__(self, world: World, told: tuple[str, str, float, str], seed: str) -> None:
        name, voice, level_db, area = told
        self.world, self.name, self.level_db = world, name, level_db
        self.chance = random.Random(f"{seed} {name}")
        self._voice = lambda text: world.espeak.say(text, voice)
        self._moves: list[tuple[float, Spot]] = [(world.now_s(), self._somewhere(area))]
        self._arrived(area)

    @property
    def area(self) -> str:
        """Where he is."""
        return self.spot_at(self.world.now_s()).area

    def spot_at(self, at_s: float) -> Spot:
        """Where he is, was or, if he is on his way, will be."""
        return [spot for since_s, spot in self._moves if since_s <= at_s][-1]

    def _somewhere(self, area: str) -> Spot:
        width_m, depth_m = ROOMS[area].size_m
        return Spot(area, (self.chance.uniform(0.4, width_m - 0.4), self.chance.uniform(0.4, depth_m - 0.4)))

    def set_out(self, area: str) -> float:
        """Begin to walk to a room; when he will be there."""
        at_s = self.world.now_s()
        way = self.world.air.acoustics.way(self.area, area)
        loop = asyncio.get_running_loop()
        for before, after in itertools.pairwise(way):
            door, at_s = door_between(before, after), at_s + _HOP_S * self.chance.uniform(0.8, 1.3)
            was = self.world.air.acoustics.doors[door]
            if was == "closed":
                loop.call_at(at_s - 0.8, self.world.move_door, *door, "open")
                if self.chance.random() < 0.6:
                    loop.call_at(at_s + 1.5, self.world.move_door, *door, "closed")
            self._moves.append((at_s, self._somewhere(after)))
            loop.call_at(at_s, self._arrived, after)
        return at_s

    def _arrived(self, area: str) -> None:
        self.world.record.note("walked", who=self.name, area=area)

    async def walk(self, area: str) -> None:
        """Go there."""
        if area != self.area:
            await asyncio.sleep(self.set_out(area) - self.world.now_s() + 0.2)

    # --- talking ------------------------------------------------------------------------------------------------------

    async def say(
        self, text: str, to: To, kind: str, *, wake: bool = False, over: bool = False, **truth: Any
    ) -> Utterance:
        """Say something where he is, not while another one speaks there unless `over`."""
        said = speech(self._voice, text, wake=WAKE if wake else "", pause_s=self.chance.uniform(0.08, 0.2))
        turn = contextlib.nullcontext() if over else self.world.speaking[self.area]
        async with turn:
            now_s = self.world.now_s() + _REACTION_S
            end_s = now_s + said.sound.size / RATE_HZ
            on_the_way = [(at_s, spot) for at_s, spot in self._moves if now_s < at_s < end_s]
            places = [(0, self.spot_at(now_s))]
            places += [(round((at_s - now_s) * RATE_HZ), spot) for at_s, spot in on_the_way]
            utterance = self.world.say((self.name, self.level_db), said, places, to, kind, **truth)
            await asyncio.sleep(end_s - self.world.now_s())
        return utterance

    async def ask(self, request: Request, kind: str, *, wake: bool = False, over: bool = False) -> bool:
        """Ask the house for something, and wait for what it says; whether it says anything."""
        acts = [list(act) for act in request.acts]
        async with self.talking_to_house():
            await self.say(request.text, "house", kind, wake=wake, over=over, acts=acts)
            return await self.hears_answer(called=wake)

    async def call(self, request: Request) -> bool:
        """The same with the wake word, when nobody else here talks to the house; without an answer, once more."""
        await self.courtesy(rude=0.0)
        if await self.ask(request, "call", wake=True):
            return True
        await asyncio.sleep(self.chance.uniform(0.5, 2.0))
        return await self.ask(request, "call", wake=True)

    @contextlib.asynccontextmanager
    async def talking_to_house(self) -> AsyncIterator[None]:
        """Others in the room are polite meanwhile, if they are."""
        area = self.area
        self.world.to_house[area] += 1
        try:
            yield
        finally:
            self.world.to_house[area] -= 1

    async def hears_answer(self, *, called: bool = False) -> bool:
        """Wait for an answer and for its end; False when none comes, or who has `called` sees no light soon."""
        world, asked_ms = self.world, self.world.record.now_ms
        begin_s, sounded_s, quiet_s = world.now_s(), 0.0, 0.0
        while True:
            await asyncio.sleep(_POLL_S)
            said = world.last_saying_ms.get(self.area, -1) >= asked_ms - 300
            if world.sounds_in(self.area):
                sounded_s, quiet_s = sounded_s + _POLL_S, 0.0
            else:
                quiet_s += _POLL_S
            if sounded_s and quiet_s >= _QUIET_S and (said or sounded_s >= _ANSWER_SOUNDS_S):
                return True
            waited_s = world.now_s() - begin_s
            unseen = called and waited_s > _LIGHT_S and not sounded_s and not world.listens_in(self.area)
            if unseen or (not world.sounds_in(self.area) and waited_s > _ANSWER_S):
                return False

    async def courtesy(self, rude: float = 0.1) -> None:
        """Wait until nobody here talks to the house; now and then, do not."""
        if self.chance.random() < rude:
            return
        while self.world.to_house[self.area]:
            await asyncio.sleep(0.4)


class Television:
    """It talks to its viewers, from one place."""

    def __init__(self, world: World, level_db: float, seed: str) -> None:
        self.world, self.level_db, self.on = world, level_db, False
        self._chance = random.Random(f"{seed} television")
        self._voices = [
            (lambda text, voice=voice: world.espeak.say(text, voice, 165))  # type: ignore[misc]
            for voice in ("en-gb-x-rp+m3", "en-029+m8", "en-029+m6")
        ]

    async def programme(self, texts: tuple[str, ...], lasting_s: float) -> None:
        """Be on for so long."""
        world, end_s = self.world, self.world.now_s() + lasting_s
        self.on = True
        world.record.note("television", on=True)
        while world.now_s() < end_s:
            voice = self._chance.choice(self._voices)
            await self._one(speech(voice, self._chance.choice(texts)), "programme")
            await asyncio.sleep(self._chance.uniform(0.1, 0.7))
        self.on = False
        world.record.note("television", on=False)

    async def says_wake_word(self, text: str) -> None:
        """Somebody in a programme has one, too."""
        await self._one(speech(self._voices[1], text, wake=WAKE), "television's wake word")

    async def _one(self, said: Speech, kind: str) -> None:
        self.world.say(("television", self.level_db), said, [(0, TELEVISION)], "viewers", kind)
        await asyncio.sleep(_REACTION_S + said.sound.size / RATE_HZ)


def slam(rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A door falls shut: a thud and a rattle of 0.3 s, loud."""
    time_s = np.arange(round(0.3 * RATE_HZ)) / RATE_HZ
    thud = np.exp(-time_s / 0.03) * rng.standard_normal(time_s.size)
    return np.asarray(0.35 * thud, np.float32)


DOOR_NAMES: Final = tuple(DOORS)
