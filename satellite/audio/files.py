"""A satellite of files: a recording is its microphone, another file its loudspeaker, in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from satellite.audio.port import BLOCK_SAMPLES, BLOCK_US, Block, Pcm, SoundChain
from satellite.audio.room import Room
from satellite.audio.wav import WavReader, WavWriter, read_whole
from satellite.errors import AudioSettingError

_RESPONSE_MAX_S: Final = 5.0
_DELAY_MAX_MS: Final = 2000.0


@dataclass(frozen=True, slots=True)
class FileSetting:
    """What `file:MIC.wav,SPEAKER.wav[,echo=RIR.wav,delay_ms=N][,start_at=UNIX_SECONDS]` says."""

    microphone: Path
    speaker: Path
    echo: Path | None = None
    delay_ms: float = 0.0
    start_at_s: float | None = None


def parse_setting(text: str) -> FileSetting:
    """Read the text behind `file:`.

    Raises:
        AudioSettingError: not two paths and known options.
    """
    paths = [part for part in text.split(",") if "=" not in part]
    options = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    if len(paths) != 2 or not all(paths) or not options.keys() <= {"echo", "delay_ms", "start_at"}:
        raise AudioSettingError(
            "Write file:MIC.wav,SPEAKER.wav, and if wished ,echo=RIR.wav,delay_ms=60,start_at=UNIX_SECONDS."
        )
    try:
        delay_ms = float(options.get("delay_ms", "0"))
        start_at_s = float(options["start_at"]) if "start_at" in options else None
    except ValueError:
        raise AudioSettingError("delay_ms and start_at are numbers.") from None
    if not 0 <= delay_ms <= _DELAY_MAX_MS or (start_at_s is not None and not 0 <= start_at_s < 1e11):
        raise AudioSettingError(f"delay_ms is 0 to {_DELAY_MAX_MS:g}, start_at a time in Unix seconds.")
    echo = Path(options["echo"]) if "echo" in options else None
    return FileSetting(Path(paths[0]), Path(paths[1]), echo, delay_ms, start_at_s)


class Pacer(Protocol):
    """Time as the backend sees it."""

    def now_us(self) -> int:
        """Monotonic microseconds."""

    def unix_s(self) -> float:
        """Seconds since 1970."""

    def wait_until(self, deadline_us: int, stop: threading.Event) -> None:
        """Return at `deadline_us`, at once when that is past, or when `stop` is set."""


class RealTime:
    """The machine's own time."""

    def now_us(self) -> int:
        """Monotonic microseconds."""
        return time.monotonic_ns() // 1000

    def unix_s(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def wait_until(self, deadline_us: int, stop: threading.Event) -> None:
        """Sleep until then."""
        left_us = deadline_us - self.now_us()
        if left_us > 0:
            stop.wait(left_us / 1e6)


class FileBackend:
    """Plays and records files block by block on absolute deadlines: late blocks are caught up, none is lost.

    The recording begins at `begin`, or at `start_at_s` where that is later, so that satellites of one scene begin
    together. After its end the room is silent.
    """

    def __init__(self, setting: FileSetting, pacer: Pacer | None = None) -> None:
        self._setting = setting
        self._pacer = pacer or RealTime()
        self._ended = False
        self._stop = threading.Event()
        self._begun = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ended(self) -> bool:
        """Whether the recording is over."""
        return self._ended

    @property
    def dropped_blocks(self) -> int:
        """None: this microphone waits."""
        return 0

    @property
    def abandoned(self) -> bool:
        """A file never waits."""
        return False

    def status(self) -> dict[str, Any]:
        """What a person may want to know of the files."""
        return {"kind": "files", "state": "ended" if self._ended else "running", "problem": ""}

    def start(self, chain: SoundChain, failed: Callable[[BaseException], None]) -> None:
        """Open the files and prepare the thread.

        Raises:
            AudioFileError: one of them cannot be used.
        """
        setting = self._setting
        room = None
        if setting.echo is not None:
            room = Room(read_whole(setting.echo, _RESPONSE_MAX_S), setting.delay_ms)
        reader = WavReader(setting.microphone)
        try:
            writer = WavWriter(setting.speaker)
        except BaseException:
            reader.close()
            raise
        self._thread = threading.Thread(
            target=self._run, args=(chain, failed, reader, writer, room), name="file-audio", daemon=True
        )
        self._thread.start()

    def begin(self) -> None:
        """Let the recording run."""
        self._begun.set()

    def close(self) -> None:
        """Stop and close the files."""
        self._stop.set()
        self._begun.set()
        if self._thread is not None:
            self._thread.join()

    def _run(
        self,
        chain: SoundChain,
        failed: Callable[[BaseException], None],
        reader: WavReader,
        writer: WavWriter,
        room: Room | None,
    ) -> None:
        try:
            try:
                self._loop(chain, reader, writer, room)
            finally:
                reader.close()
                writer.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the agent must learn that the sound has stopped
            failed(error)

    def _loop(self, chain: SoundChain, reader: WavReader, writer: WavWriter, room: Room | None) -> None:
        start_us = self._start_us()
        number = 0
        while True:
            self._pacer.wait_until(start_us + (number + 1) * BLOCK_US, self._stop)
            if self._stop.is_set():
                return
            far = chain.render()
            writer.write(far)
            heard = reader.read(BLOCK_SAMPLES)
            self._ended = self._ended or heard.size < BLOCK_SAMPLES
            near = np.zeros(BLOCK_SAMPLES, np.float32)
            near[: heard.size] = heard
            if room is not None:
                near += room.echo(far.astype(np.float32) / 32768.0)
            chain.process(Block(_to_pcm(near), far, number * BLOCK_SAMPLES, start_us + number * BLOCK_US))
            number += 1

    def _start_us(self) -> int:
        start_at_s = self._setting.start_at_s
        if start_at_s is None:
            self._begun.wait()
            return self._pacer.now_us()
        return self._pacer.now_us() + max(0, round((start_at_s - self._pacer.unix_s()) * 1e6))


def _to_pcm(signal: NDArray[np.float32]) -> Pcm:
    pcm: Pcm = np.rint(np.clip(signal * 32768.0, -32768, 32767)).astype(np.int16)
    return pcm
