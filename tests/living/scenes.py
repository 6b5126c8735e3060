"""What happens in the house: scenes for some of its people, drawn by the seed, two at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.living.house import AREAS_HEARD, MICROPHONES, Spot
from tests.living.network import Network
from tests.living.people import DOOR_NAMES, Person, Television, World, slam
from tests.living.words import ANYWHERE, GOODBYE, HERE, PHONE, PROGRAMME, TALK, Request

_FOLLOW_UP_S: Final = (0.6, 4.5)


@dataclass
class Stage:
    """What scenes are made of."""

    world: World
    television: Television
    network: Network
    chance: random.Random
    switch_on: Callable[[str], None]
    lie: Callable[[], Awaitable[None]]

    def request(self, area: str) -> Request:
        """Something that may be asked for here."""
        return self.chance.choice(HERE[area] if self.chance.random() < 0.5 else ANYWHERE)

    async def wait(self, least_s: float, most_s: float) -> None:
        """Some time."""
        await asyncio.sleep(self.chance.uniform(least_s, most_s))

    async def conversation(self, person: Person, follow_ups: int, *, goodbye: bool = False) -> None:
        """A call, and what comes to one's mind after it."""
        if not await person.call(self.request(person.area)):
            return
        for _ in range(follow_ups):
            await self.wait(*_FOLLOW_UP_S)
            await person.ask(self.request(person.area), "follow-up")
        if goodbye:
            await self.wait(0.6, 2.0)
            await person.say(GOODBYE.text, "house", "goodbye")


Scene = Callable[[Stage, list[Person]], Awaitable[None]]


async def errand(stage: Stage, people: list[Person]) -> None:
    """Somebody goes somewhere and wants something there."""
    person = people[0]
    await person.walk(stage.chance.choice(AREAS_HEARD))
    await stage.wait(0.5, 3.0)
    await stage.conversation(person, stage.chance.choice((0, 1, 1, 2, 3)), goodbye=stage.chance.random() < 0.3)


async def chat(stage: Stage, people: list[Person]) -> None:
    """Two talk to each other."""
    area = stage.chance.choice(AREAS_HEARD)
    await asyncio.gather(*(person.walk(area) for person in people))
    await _talk(stage, people, stage.chance.randint(4, 10))


async def _talk(stage: Stage, people: list[Person], turns: int) -> None:
    for turn in range(turns):
        person = people[turn % len(people)]
        await person.courtesy()
        await person.say(stage.chance.choice(TALK), "person", "talk")
        await stage.wait(0.2, 1.5)


async def meal(stage: Stage, people: list[Person]) -> None:
    """Three at the table, cutlery and plates, and in between a wish."""
    area = stage.chance.choice(("kitchen", "living_room"))
    await asyncio.gather(*(person.walk(area) for person in people))
    rng = np.random.default_rng(stage.chance.getrandbits(32))
    eating = asyncio.create_task(_cutlery(stage, area, rng))
    await _talk(stage, people, stage.chance.randint(4, 8))
    await stage.conversation(stage.chance.choice(people), stage.chance.choice((0, 1)))
    await stage.wait(9.0, 12.0)
    await _talk(stage, people, stage.chance.randint(3, 6))
    eating.cancel()
    await asyncio.gather(eating, return_exceptions=True)


async def _cutlery(stage: Stage, area: str, rng: np.random.Generator) -> None:
    air = stage.world.air
    while True:
        await asyncio.sleep(float(rng.uniform(0.4, 2.5)))
        length = int(rng.integers(600, 2400))
        clink = rng.standard_normal(length) * np.exp(-np.arange(length) / 300.0)
        clink = np.diff(clink, prepend=0.0) * 10 ** (float(rng.uniform(-50.0, -36.0)) / 20)
        air.sound(clink.astype(np.float32), [(0, Spot(area, (2.0, 1.5)))], air.sample() + 480)


async def phone(stage: Stage, people: list[Person]) -> None:
    """One half of a telephone call."""
    person = people[0]
    await person.walk(stage.chance.choice(("office", "hallway", "bedroom", "kitchen")))
    stage.world.record.note("telephone", who=person.name, on=True)
    for _ in range(stage.chance.randint(4, 9)):
        await person.courtesy()
        await person.say(stage.chance.choice(PHONE), "phone", "telephone")
        await stage.wait(1.5, 6.0)
    stage.world.record.note("telephone", who=person.name, on=False)


async def television(stage: Stage, people: list[Person]) -> None:
    """A programme runs, one of two viewers says something, and one wants something from the house."""
    await asyncio.gather(*(person.walk("living_room") for person in people))
    running = asyncio.create_task(stage.television.programme(PROGRAMME, stage.chance.uniform(40.0, 110.0)))
    await stage.wait(15.0, 25.0)
    await _talk(stage, people, stage.chance.randint(1, 3))
    await stage.wait(1.0, 4.0)
    await stage.conversation(people[0], stage.chance.choice((0, 1)))
    await running


async def walker(stage: Stage, people: list[Person]) -> None:
    """Asks in one room, walks on, and goes on talking in another."""
    person = people[0]
    start, end = stage.chance.choice((("kitchen", "hallway"), ("hallway", "living_room"), ("living_room", "hallway")))
    await person.walk(start)
    await stage.wait(0.5, 2.0)
    if not await person.call(stage.request(start)):
        return
    await person.walk(end)
    await stage.wait(0.2, 1.0)
    await person.ask(stage.chance.choice(ANYWHERE), "follow-up")
    await stage.wait(*_FOLLOW_UP_S)
    await person.ask(stage.request(person.area), "follow-up")


async def two_rooms(stage: Stage, people: list[Person]) -> None:
    """Somebody calls from another room while a conversation runs."""
    apart = [("kitchen", "bedroom"), ("office", "living_room"), ("living_room", "bedroom"), ("kitchen", "office")]
    first, second = stage.chance.choice(apart)
    await asyncio.gather(people[0].walk(first), people[1].walk(second))

    async def later() -> None:
        await stage.wait(1.0, 7.0)
        await stage.conversation(people[1], 1)

    await asyncio.gather(stage.conversation(people[0], 2), later())


async def side_talk(stage: Stage, people: list[Person]) -> None:
    """The house has answered, and what is said next is not for it."""
    area = stage.chance.choice(AREAS_HEARD)
    await asyncio.gather(*(person.walk(area) for person in people))
    await stage.wait(0.5, 2.0)
    await people[0].call(stage.request(area))
    await stage.wait(1.0, 4.0)
    await _talk(stage, people[::-1], stage.chance.randint(1, 3))


async def doors(stage: Stage, people: list[Person]) -> None:
    """Doors open and close."""
    for _ in range(stage.chance.randint(1, 3)):
        one, other = stage.chance.choice(DOOR_NAMES)
        stage.world.move_door(one, other, stage.chance.choice(("open", "ajar", "closed")))
        await stage.wait(1.0, 5.0)


# --- what goes wrong --------------------------------------------------------------------------------------------------


async def door_slam(stage: Stage, people: list[Person]) -> None:
    """A door slams, and every wake word detector takes it for its word."""
    world = stage.world
    rng = np.random.default_rng(stage.chance.getrandbits(32))
    world.record.note("slam", area="hallway")
    world.air.sound(slam(rng), [(0, Spot("hallway", (2.5, 0.9)))], world.air.sample() + 480)
    await asyncio.sleep(0.15)
    for mic in MICROPHONES:
        world.satellites.tell(mic.name, 0.97)
    await stage.wait(12.0, 14.0)


async def television_calls(stage: Stage, people: list[Person]) -> None:
    """The wake word is said in a programme that has been on for a while."""
    running = asyncio.create_task(stage.television.programme(PROGRAMME, 30.0))
    await running
    await stage.television.says_wake_word("turn off the lights.")
    await stage.television.programme(PROGRAMME, 10.0)


async def drops_off(stage: Stage, people: list[Person]) -> None:
    """The satellite that has the floor loses its network in the middle of a conversation, and comes back."""
    person = people[0]
    area = stage.chance.choice(("kitchen", "bedroom", "office"))
    name = next(mic.name for mic in MICROPHONES if mic.area == area)
    await person.walk(area)
    if not await person.call(stage.request(area)):
        return
    stage.world.record.note("network", satellite=name, state="cut")
    stage.network.wires[name].cut()
    await stage.wait(6.0, 8.0)
    stage.world.record.note("network", satellite=name, state="back")
    await stage.conversation(person, 1)


async def freezes(stage: Stage, people: list[Person]) -> None:
    """The satellite that has the floor says nothing any more, and does not even say that."""
    person = people[0]
    area = stage.chance.choice(("kitchen", "bedroom", "office"))
    name = next(mic.name for mic in MICROPHONES if mic.area == area)
    await person.walk(area)
    if not await person.call(stage.request(area)):
        return
    stage.world.record.note("network", satellite=name, state="frozen")
    wire = stage.network.wires[name]
    wire.freeze(on=True)
    await asyncio.sleep(9.0)
    wire.freeze(on=False)
    stage.world.record.note("network", satellite=name, state="thawed")
    await stage.wait(5.0, 7.0)
    await stage.conversation(person, 0)


async def joins_late(stage: Stage, people: list[Person]) -> None:
    """A satellite restarts while somebody talks with the house, and another one is used right after."""
    person = people[0]
    await person.walk("living_room")
    await person.call(stage.request("living_room"))
    stage.world.record.note("satellite off", satellite="bedroom-pi")
    await stage.world.satellites.switch_off("bedroom-pi")
    await stage.wait(0.5, 2.0)
    await person.ask(stage.request("living_room"), "follow-up")
    stage.world.record.note("satellite on", satellite="bedroom-pi")
    stage.switch_on("bedroom-pi")
    await stage.wait(*_FOLLOW_UP_S)
    await person.ask(stage.request("living_room"), "follow-up")
    await stage.wait(9.0, 12.0)
    await person.walk("bedroom")
    await stage.conversation(person, 1)


async def a_liar(stage: Stage, people: list[Person]) -> None:
    """A satellite claims impossible things while somebody else is to be served."""
    person = people[0]
    lying = asyncio.create_task(stage.lie())
    await person.walk(stage.chance.choice(("kitchen", "office")))
    await stage.wait(2.0, 4.0)
    await stage.conversation(person, 2)
    await lying


EVERYDAY: Final[tuple[tuple[Scene, int, int], ...]] = (
    # the scene, how many people it needs, how often it is in the deck
    (errand, 1, 4),
    (chat, 2, 2),
    (walker, 1, 3),
    (two_rooms, 2, 2),
    (side_talk, 2, 1),
    (doors, 0, 2),
    (phone, 1, 1),
    (meal, 3, 1),
    (television, 2, 1),
)
TROUBLE: Final[tuple[tuple[Scene, int], ...]] = (
    (door_slam, 0),
    (drops_off, 1),
    (freezes, 1),
    (joins_late, 1),
    (television_calls, 0),
    (a_liar, 1),
)
SHORT: Final[tuple[tuple[Scene, int], ...]] = ((errand, 1), (door_slam, 0), (walker, 1), (drops_off, 1))
