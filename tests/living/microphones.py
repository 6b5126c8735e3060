"""The house's satellites: the product's agent and chain, with a microphone and a loudspeaker in simulated air."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np
import soxr
from numpy.typing import NDArray

from hub.app import Hub
from satellite import agent as agent_module
from satellite import loudspeaker as loudspeaker_module
from satellite.agent import Agent, Settings
from satellite.audio.port import Block, Pcm, SoundChain
from satellite.config import Identity, Pairing, Store
from satellite.dsp import chain as chain_module
from satellite.dsp.echo import TwoStage
from satellite.dsp.wake import Detection, WakeDetector
from tests.living.house import Microphone
from tests.living.network import PORT, Network
from tests.living.sounding import BLOCK, Air

WORD: Final = "okay_nabu"
_AWAKE_BLOCKS: Final = 75  # an echo canceller sleeps when its loudspeaker has been silent for 1.5 s


class SleepyCanceller:
    """The product's echo canceller, asleep while there is nothing to cancel: an hour has many such blocks."""

    def __init__(self) -> None:
        self._canceller = TwoStage()
        self._awake = 0

    @property
    def talked_over(self) -> bool:
        return self._awake > 0 and self._canceller.talked_over

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        self._awake = _AWAKE_BLOCKS if far.any() else max(0, self._awake - 1)
        return self._canceller.process(near, far) if self._awake else near

    def realign(self) -> None:
        self._canceller.realign()


class PlainTo16k:
    """Takes the place of the chain's resampler, which dithers by a seed of its own: another noise at every run."""

    def __init__(self) -> None:
        self._stream = soxr.ResampleStream(24_000, 16_000, 1, dtype="float32", quality="MQ")
        self._rest = np.zeros(0, np.int16)

    def take(self, pcm: Pcm) -> NDArray[np.int16]:
        """24 kHz to whole chunks of 10 ms at 16 kHz."""
        heard = np.rint(np.clip(self._stream.resample_chunk(pcm.astype(np.float32)), -32768, 32767)).astype(np.int16)
        ready = np.concatenate([self._rest, heard])
        whole = ready.size - ready.size % 160
        self._rest = ready[whole:]
        return ready[:whole]


class ToldWords(WakeDetector):
    """Knows no word, and finds what it is told: the synthetic voices are none that the models know."""

    def __init__(self, _words: tuple[str, ...]) -> None:
        super().__init__(())
        self.told: Detection | None = None
        self._newest = 0.0

    @property
    def score(self) -> float:
        return self._newest

    def hear(self, room: NDArray[np.int16], own: NDArray[np.int16]) -> Detection | None:
        found, self.told = self.told, None
        self._newest = 0.0 if found is None else found.score
        return found


class AirBackend:
    """A device whose blocks come from the air, every 20 ms of the house's clock, on the event loop's thread.

    Args:
        clock_us: the satellite's own clock.
        phase: where in the house's 20 ms its blocks begin, in samples.
    """

    ended, dropped_blocks, abandoned = False, 0, False

    def __init__(self, mic: Microphone, air: Air, clock_us: Callable[[], int], phase: int) -> None:
        self._mic, self._air, self._clock_us = mic, air, clock_us
        self._next = phase
        self._first = phase
        self._chain: SoundChain | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def status(self) -> dict[str, Any]:
        return {"kind": "air", "problem": ""}

    def start(self, chain: SoundChain, failed: Callable[[BaseException], None]) -> None:
        self._chain = chain
        while self._next < self._air.sample():
            self._next += BLOCK
        self._first = self._next
        self._wait()

    def begin(self) -> None:
        """Sound flows already."""

    def close(self) -> None:
        self._chain = None

    def house_sample(self, position: int) -> int:
        """The sample of the house that the satellite counts as this one."""
        return position + self._first

    def _wait(self) -> None:
        self._timer = self._loop.call_at(self._air.time_s(self._next + BLOCK), self._block)

    def _block(self) -> None:
        if self._chain is None:
            return
        far = self._chain.render()
        near = self._air.hear(self._mic, self._next, far)
        time_us = self._clock_us() - 20_000
        self._chain.process(Block(near, far, self._next - self._first, time_us))
        self._next += BLOCK
        self._wait()


@dataclass
class Satellite:
    """One of the house's, running or not."""

    mic: Microphone
    device_id: str
    directory: Path
    backend: AirBackend | None = None
    agent: Agent | None = None
    words: ToldWords | None = None
    reports: list[str] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    stop: asyncio.Event | None = None

    @property
    def name(self) -> str:
        return self.mic.name


class Satellites:
    """Pairs, starts and stops them."""

    def __init__(
        self,
        hub: Hub,
        directory: Path,
        network: Network,
        air: Air,
        report: Callable[[str, str], None],
    ) -> None:
        self._hub_store, self._hub_id = hub.store, hub.door.hub_id
        self._certificate_hash = hub.identity.certificate_hash
        self._directory, self._network, self._air, self._report = directory, network, air, report
        self.by_name: dict[str, Satellite] = {}
        self.keys: dict[str, bytes] = {}

    def pair(self, mic: Microphone, number: int) -> Satellite:
        """Enter it at the hub, as a pairing does."""
        device_id, key = f"{number:032x}", secrets.token_bytes(32)
        self._hub_store.add_satellite(
            device_id=device_id, name=mic.name, device_key=key, area_id=mic.area, paired_at=float(number)
        )
        found = self.by_name[mic.name] = Satellite(mic, device_id, self._directory / mic.name)
        self.keys[mic.name] = key
        return found

    def start(self, name: str, phase: int) -> None:
        """Switch it on."""
        satellite = self.by_name[name]
        mic, clock_us = satellite.mic, self._network.clocks[name]
        store = Store(satellite.directory)
        store.prepare()
        pairing = Pairing(
            device_key=self.keys[name].hex(),
            hub_id=self._hub_id,
            hub_name="hub",
            certificate_hash=self._certificate_hash.hex(),
            host=name,
            port=PORT,
            area=mic.area,
            area_name=mic.area,
        )
        identity = Identity(device_id=satellite.device_id, name=name, pairing=pairing)
        store.save(identity)
        words = ToldWords(())
        satellite.backend = AirBackend(mic, self._air, clock_us, phase)
        satellite.words = words
        with (
            mock.patch.object(agent_module, "WakeDetector", return_value=words),
            mock.patch.object(chain_module, "_To16k", PlainTo16k),
            mock.patch.object(loudspeaker_module, "monotonic_us", clock_us),
        ):
            satellite.agent = Agent(
                store,
                identity,
                satellite.backend,
                canceller=SleepyCanceller(),
                settings=Settings((WORD,), (name, PORT)),
                report=lambda what: self._report(name, what),
            )
        satellite.stop = asyncio.Event()
        satellite.task = asyncio.create_task(satellite.agent.run(satellite.stop), name=f"satellite-{name}")

    async def switch_off(self, name: str) -> None:
        """End one."""
        satellite = self.by_name[name]
        if satellite.task is not None and satellite.stop is not None:
            satellite.stop.set()
            await satellite.task
            satellite.task = satellite.agent = satellite.backend = satellite.words = None

    def tell(self, name: str, score: float) -> None:
        """The satellite's detector finds a word in its next block."""
        words = self.by_name[name].words
        if words is not None:
            words.told = Detection(WORD, score)

    async def close(self) -> None:
        """End all."""
        for name in self.by_name:
            await self.switch_off(name)
