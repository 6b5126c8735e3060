"""The living hour: a house, its people, its satellites and its hub in one process, on a clock that jumps.

`python tests/living/hour.py --seed 1 --minutes 60 --out out/living` writes the event log, the timeline and the verdict.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import ssl
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import hub.server.satellites as hub_satellites
import satellite.connection as satellite_connection
from hub.app import Hub, running
from hub.config import Settings
from hub.engine.scripted import Script, ScriptedEngine
from hub.events import EventBus
from hub.home.demo import DemoHome
from hub.server.satellites import SatelliteLine
from protocol.messages import Floor, Message
from tests.living import liar as lying
from tests.living.ears import LivingHearing, Tap
from tests.living.espeak import Espeak
from tests.living.house import MICROPHONES, Acoustics, Microphone
from tests.living.judge import Verdict, clock, judge
from tests.living.microphones import Satellites
from tests.living.network import Network
from tests.living.people import Person, Television, World
from tests.living.record import Record
from tests.living.scenes import EVERYDAY, SHORT, TROUBLE, Scene, Stage
from tests.living.sounding import BLOCK, Air
from tests.living.timeline import draw
from tests.living.virtual_machine import satellite_clock, take_over_clocks
from tests.virtual_time import VirtualLoop

PLACES = 2
_PEOPLE = (
    ("ash", "en-us+m1", -38.0, "kitchen"),
    ("birch", "en-us+f1", -40.0, "living_room"),
    ("cedar", "en-us+f4", -37.0, "bedroom"),
    ("dogwood", "en-gb-scotland+m5", -39.0, "office"),
)
_SETTLES_S, _LAST_S, _LAST_SHORT_S = 4.0, 45.0, 12.0
_LIES_S = 30.0
_TELEVISION_DB = -46.0  # at 1 m
_TELL_EVERY_S = 300.0
# Scenes at a time, and how long after one of them begins the next one does.
_AT_ONCE, _BETWEEN_S = 2, (8.0, 40.0)
_AT_ONCE_SHORT, _BETWEEN_SHORT_S = 1, (1.0, 3.0)


class House:
    """One run."""

    def __init__(self, seed: int, loop: VirtualLoop, directory: Path) -> None:
        self.seed, self.loop, self.directory = seed, loop, directory
        self.chance = random.Random(f"{seed} house")
        self.record = Record(loop.time)
        self.network = Network(seed)
        self.air = Air(Acoustics(), loop.time, np.random.default_rng(seed))
        self.tap = Tap()
        self.hearing = LivingHearing(self.air, self.tap, seed)
        self.engine = ScriptedEngine(Script(pace="real"), capacity=PLACES)
        self.home = DemoHome(now=loop.time)
        self._phases = {mic.name: self.chance.randrange(BLOCK) for mic in MICROPHONES}
        for number, name in enumerate([*(mic.name for mic in MICROPHONES), lying.NAME]):
            offset_s, drift_ppm = self.chance.uniform(10.0, 90_000.0), self.chance.uniform(-40.0, 40.0)
            self.network.clocks[name] = satellite_clock(loop, offset_s + number, drift_ppm)

    async def live(self, seconds: float, out: Path, *, scenes: int) -> None:
        """Everything, from the first satellite that comes to the last floor that is given back."""
        settings = Settings(network={"announce": False, "port": 0, "http_port": 0, "host": "127.0.0.1", "name": "hub"})
        bus = EventBus()
        hub = Hub(
            settings, state_dir=self.directory, report_dir=None, bus=bus,
            home=self.home, engine=self.engine, hearing=self.hearing,
        )  # fmt: skip
        pem = hub.identity.path.read_text("ascii")
        certificate = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE-----") :])
        self.network.begin(certificate, lambda: round(self.loop.time() * 1e6))
        bus.subscribe(self.record.hub_event)
        self._watch(hub)
        satellites = Satellites(
            hub, self.directory / "satellites",
            self.network, self.air, self._reported,
        )  # fmt: skip
        for number, mic in enumerate(MICROPHONES, start=1):
            satellites.pair(mic, number)
        satellites.pair(Microphone(lying.NAME, lying.AREA, (0.0, 0.0), 0.0, -60.0), 99)
        self._satellites_by_id = {found.device_id: found for found in satellites.by_name.values()}
        espeak = Espeak()
        world = World(self.air, self.record, satellites, espeak, random.Random(f"{self.seed} words"), self.loop.time)
        self.record.listeners.append(world.hear)
        try:
            async with running(hub, lambda _line: None):
                self._tap(hub)
                for mic in MICROPHONES:
                    satellites.start(mic.name, self._phases[mic.name])
                await asyncio.sleep(_SETTLES_S)
                people = [Person(world, told, f"{self.seed}") for told in _PEOPLE]
                liar = lying.Liar(
                    self.network, self.record, satellites.by_name[lying.NAME].device_id,
                    satellites.keys[lying.NAME], hub.identity.certificate_hash,
                )  # fmt: skip
                stage = Stage(
                    world, Television(world, _TELEVISION_DB, f"{self.seed}"), self.network,
                    random.Random(f"{self.seed} stage"),
                    lambda name: satellites.start(name, self._phases[name]), lambda: liar.lie(_LIES_S),
                )  # fmt: skip
                telling = asyncio.create_task(self._tell(out))
                await self._play(stage, people, seconds, scenes=scenes)
                telling.cancel()
                await asyncio.sleep(_LAST_SHORT_S if scenes else _LAST_S)
                self._left_over(hub, satellites)
                await satellites.close()
        finally:
            espeak.close()

    # --- who meets whom -----------------------------------------------------------------------------------------------

    async def _tell(self, out: Path) -> None:
        """How it stands, every five minutes of the house."""
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            verdict = self.finish(out)
            print(f"after {clock(self.record.now_ms)}: {'; '.join(verdict.faults) or 'well'}", flush=True)

    def finish(self, out: Path) -> Verdict:
        """Judge what happened until now, and write it down."""
        verdict = judge(self.record.entries, self.hearing.heard, begin_s=self.record.begin_s)
        self.record.write(out / "events.jsonl")
        (out / "verdict.json").write_text(json.dumps(verdict.to_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        draw(out, self.record.entries)
        return verdict

    async def _play(self, stage: Stage, people: list[Person], seconds: float, *, scenes: int) -> None:
        end_s = self.loop.time() + seconds
        free, running_now = list(people), set[asyncio.Task[None]]()
        tasks: list[asyncio.Task[None]] = []

        async def play(scene: Scene, cast: list[Person]) -> None:
            self.record.note("scene", name=scene.__name__, who=[person.name for person in cast])
            try:
                await scene(stage, cast)
            finally:
                free.extend(cast)
            self.record.note("scene over", name=scene.__name__)

        deck = list(SHORT[:scenes])
        while deck if scenes else self.loop.time() < end_s:
            if not deck:
                deck = self._shuffled()
            at = next((i for i, (_, needs) in enumerate(deck[:4]) if needs <= len(free)), None)
            if at is None or len(running_now) >= (_AT_ONCE_SHORT if scenes else _AT_ONCE):
                await asyncio.wait(running_now, return_when=asyncio.FIRST_COMPLETED)
                continue
            scene, needs = deck.pop(at)
            cast = [free.pop(stage.chance.randrange(len(free))) for _ in range(needs)]
            task = asyncio.create_task(play(scene, cast))
            tasks.append(task)
            running_now.add(task)
            task.add_done_callback(running_now.discard)
            await stage.wait(*(_BETWEEN_SHORT_S if scenes else _BETWEEN_S))
        await asyncio.gather(*tasks)

    def _shuffled(self) -> list[tuple[Scene, int]]:
        deck = [(scene, needs) for scene, needs, often in EVERYDAY for _ in range(often)] + list(TROUBLE)
        self.chance.shuffle(deck)
        return deck

    # --- what is written down -----------------------------------------------------------------------------------------

    def _reported(self, name: str, what: str) -> None:
        self.record.note("satellite", satellite=name, what=what)

    def _tap(self, hub: Hub) -> None:
        """The recogniser's stand-in must know whose sound it is given."""
        audio, tap = hub.switchboard.audio, self.tap

        def tapped(line, pcm, measurement, samples, time_us, **more):  # type: ignore[no-untyped-def]
            satellite = self._satellites_by_id.get(line.device_id)
            if satellite is None or satellite.backend is None:
                tap.satellite = ""
            else:
                tap.satellite, tap.sample = satellite.name, satellite.backend.house_sample(samples)
            audio(line, pcm, measurement, samples, time_us, **more)

        hub.switchboard.audio = tapped  # type: ignore[method-assign]

    def _watch(self, hub: Hub) -> None:
        record = self.record
        send = SatelliteLine.send

        def sent(line: SatelliteLine, message: Message) -> None:
            if isinstance(message, Floor) and not line.link.closed:
                name = self._satellites_by_id[line.device_id].name
                told = message.model_dump(include={"state", "because", "session", "reason"})
                record.note("floor", satellite=name, **told)
            send(line, message)

        self._patch = mock.patch.object(SatelliteLine, "send", sent)
        self._patch.start()

    def _left_over(self, hub: Hub, satellites: Satellites) -> None:
        """What nobody should hold any more."""
        talking = [
            name for name, found in satellites.by_name.items()
            if found.agent is not None and found.agent.status()["session"] != "idle"
        ]  # fmt: skip
        self.record.note(
            "end", floors=len(hub.switchboard.floors), engine_sessions=len(self.engine._open),
            open_ears=self.hearing.open_streams, talking=talking,
            refused_steps=sum(hub._voices.lives.refused.values()),
        )  # fmt: skip


async def _lived(told: argparse.Namespace, loop: VirtualLoop, directory: Path) -> House:
    house = House(told.seed, loop, directory)
    with (
        mock.patch.object(hub_satellites, "serve", house.network.serve),
        mock.patch.object(satellite_connection, "connect", house.network.connect),
    ):
        await house.live(told.minutes * 60.0, told.out, scenes=told.scenes)
    return house


def main() -> int:
    """Run it, judge it, write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--scenes", type=int, default=0, help="only so many scenes of a small programme, one by one")
    parser.add_argument("--out", type=Path, default=Path("out/living"))
    parser.add_argument("--verbose", action="store_true")
    told = parser.parse_args()
    logging.basicConfig(level=logging.INFO if told.verbose else logging.ERROR)
    began_s, cpu_s = time.perf_counter(), time.process_time()
    loop = VirtualLoop()
    take_over_clocks(loop)
    random.seed(f"{told.seed} everything else")
    with tempfile.TemporaryDirectory(prefix="living-") as directory:
        asyncio.set_event_loop(loop)
        house = loop.run_until_complete(_lived(told, loop, Path(directory)))
        loop.close()
    verdict = house.finish(told.out)
    print(verdict.table())
    print(f"{time.process_time() - cpu_s:.0f} s of CPU, {time.perf_counter() - began_s:.0f} s")
    return 0 if verdict.passes else 1


if __name__ == "__main__":
    sys.exit(main())
