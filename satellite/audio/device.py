"""A real microphone and loudspeaker: opened, kept in step, and opened again after whatever happened to them."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from satellite.audio.capture_clock import CaptureClock
from satellite.audio.duplex import CHUNK_SAMPLES, Chunk, Duplex, load_portaudio
from satellite.audio.port import BLOCK_SAMPLES, Block, SoundChain
from satellite.errors import AudioDeviceError

_LOG: Final = logging.getLogger(__name__)
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 8.0
_CLOSE_S: Final = 3.0


class DeviceBackend:
    """The machine's default microphone and loudspeaker. A thread of its own does the work between the two.

    A device that goes away is waited for: `problem` says so, and the satellite lives on. A device that lost sound, or
    fell behind, is started anew, because what waits in its buffers would delay every answer from then on.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._portaudio: Any = None
        self._clock = CaptureClock()
        self._duplex: Duplex | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._before = {"xruns": 0, "starved": 0, "dropped": 0}  # of the streams that are closed
        self._position = 0
        self._restarts = 0

    @property
    def ended(self) -> bool:
        """A microphone has no end."""
        return False

    @property
    def dropped_blocks(self) -> int:
        """Blocks lost because processing was too slow."""
        return self._count("dropped") * CHUNK_SAMPLES // BLOCK_SAMPLES

    def status(self) -> dict[str, Any]:
        """What a person may want to know of the device."""
        duplex = self._duplex
        return {
            "kind": "device",
            "state": "lost" if self.problem else "running",
            "problem": self.problem,
            "device_latency_ms": None if duplex is None else round(duplex.latency_ms),
            "xruns": self._count("xruns"),
            "starved": self._count("starved"),
            "restarts": self._restarts,
        }

    def start(self, chain: SoundChain, failed: Callable[[BaseException], None]) -> None:
        """Open the devices.

        Raises:
            AudioLibraryError: PortAudio is missing.
            AudioDeviceError: a device is missing.
        """
        self._portaudio = load_portaudio()
        duplex = self._open()
        self._thread = threading.Thread(target=self._run, args=(chain, failed, duplex), name="dsp", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """A device runs from its start."""

    def close(self) -> None:
        """Stop the stream and the thread."""
        self._closing.set()
        duplex, thread = self._duplex, self._thread
        if duplex is not None:
            duplex.wake()
        if thread is not None:
            thread.join(_CLOSE_S)  # PortAudio can wait for ever for a sound server that died; the process must end

    @property
    def abandoned(self) -> bool:
        """Whether PortAudio still waits after `close`; its exit hook would wait with it."""
        return self._closing.is_set() and self._thread is not None and self._thread.is_alive()

    def _count(self, name: str) -> int:
        duplex = self._duplex
        return self._before[name] + (0 if duplex is None else int(getattr(duplex, name)))

    def _open(self) -> Duplex:
        duplex = Duplex(self._portaudio, self._clock, self._position)
        try:
            while duplex.hungry:
                duplex.play(bytes(2 * BLOCK_SAMPLES))
            duplex.start()
        except BaseException:
            duplex.close()
            raise
        self._duplex = duplex
        return duplex

    def _give_up(self, duplex: Duplex) -> None:
        self._duplex = None
        duplex.close()
        self._position = duplex.samples
        for name in self._before:
            self._before[name] += getattr(duplex, name)

    def _run(self, chain: SoundChain, failed: Callable[[BaseException], None], first: Duplex) -> None:
        duplex: Duplex | None = first
        try:
            while duplex is not None:
                try:
                    slipped = self._serve(duplex, chain)
                finally:
                    self._give_up(duplex)
                duplex = self._reopen(chain, lost=not slipped)
        except Exception as error:  # noqa: BLE001 - whatever it is, the agent must learn that the sound has stopped
            failed(error)

    def _serve(self, duplex: Duplex, chain: SoundChain) -> bool:
        """Work until the device is gone (False) or has slipped (True)."""
        first, realigned = None, False
        while not self._closing.is_set() and (chunk := duplex.hear()) is not None:
            while duplex.hungry:
                duplex.play(chain.render().tobytes())
            realigned = realigned or chunk.realigned
            if chunk.samples % BLOCK_SAMPLES == 0:
                first = chunk
                continue
            if first is not None and first.samples + CHUNK_SAMPLES == chunk.samples:
                chain.process(self._block(first, chunk, realigned=realigned))
                realigned = False
            first = None
            if self._clock.slipped:
                return True
        return False

    def _block(self, first: Chunk, second: Chunk, *, realigned: bool) -> Block:
        near = np.frombuffer(first.near + second.near, np.int16)
        far = np.frombuffer(first.far + second.far, np.int16)
        return Block(near, far, first.samples, self._clock.time_us(first.samples), realigned)

    def _reopen(self, chain: SoundChain, *, lost: bool) -> Duplex | None:
        if lost and not self._closing.is_set():
            self.problem = "The sound device went away. Plug it in again, or start the sound server; it is tried again."
            _LOG.warning("%s", self.problem)
        wait_s = _FIRST_WAIT_S
        while not self._closing.is_set():
            if self.problem:
                chain.silence()
                self._closing.wait(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                self._look_again()
            try:
                duplex = self._open()
            except AudioDeviceError as error:
                self.problem = error.sentence
                continue
            self._restarts += 1
            _LOG.info(
                "the sound device was started anew: %s",
                "it is back" if self.problem else "it had fallen behind",
            )
            self.problem = ""
            return duplex
        return None

    def _look_again(self) -> None:
        # PortAudio lists the devices once, when it starts; there is no public way to make it look again.
        # Where it fails, opening the device fails too and says why.
        for step in (self._portaudio._terminate, self._portaudio._initialize):  # noqa: SLF001 - see above
            with contextlib.suppress(self._portaudio.PortAudioError):
                step()
