"""One opened sound device, both ways on one stream. Its callback copies and counts; nothing else runs in it."""

from __future__ import annotations

import queue
import time
from typing import Any, Final, NamedTuple

from satellite.audio.capture_clock import CaptureClock
from satellite.audio.port import BLOCK_SAMPLES, RATE_HZ
from satellite.errors import AudioDeviceError, AudioLibraryError

CHUNK_SAMPLES: Final = BLOCK_SAMPLES // 2  # the device's period: 10 ms each way less than with whole blocks
_CHUNK_BYTES: Final = 2 * CHUNK_SAMPLES
_QUEUE_CHUNKS: Final = 20  # 200 ms of work in arrears, then the oldest is lost
_AHEAD_CHUNKS: Final = 2
_SILENT_S: Final = 2.0  # without a callback: the device is gone, whatever it says


def load_portaudio() -> Any:
    """The `sounddevice` module, imported only where a device is wanted: it costs 20 MB.

    Raises:
        AudioLibraryError: it, or PortAudio itself, is not installed.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise AudioLibraryError(
            "The Python package sounddevice is missing. Install it with “pip install 'roomtone[satellite]'”, "
            "or run without a sound device: --audio file:MIC.wav,SPEAKER.wav."
        ) from error
    except OSError as error:
        raise AudioLibraryError(
            "The PortAudio library is missing. Install it with “sudo apt-get install libportaudio2”, "
            "or run without a sound device: --audio file:MIC.wav,SPEAKER.wav."
        ) from error
    return sounddevice


class Chunk(NamedTuple):
    """10 ms: what was heard, and what was handed out at the same instant; 16 bit little endian, from `samples` on.

    `realigned`: what is played comes back after another time from here on.
    """

    near: bytes
    far: bytes
    samples: int
    realigned: bool


class Duplex:
    """The machine's default microphone and loudspeaker on one stream, so that both share a clock.

    Attributes:
        samples: capture position of the next sample.
        xruns: how often the device said that it lost sound, or did without saying so.
        dropped: chunks lost because processing was too slow.
        starved: chunks of silence played because rendering was too slow.
    """

    def __init__(self, portaudio: Any, clock: CaptureClock, samples: int) -> None:
        """Open the devices; `samples` is where the stream before this one ended.

        Raises:
            AudioDeviceError: there is none that could be used.
        """
        self.samples = samples
        self.xruns = self.dropped = self.starved = 0
        self._clock = clock
        self._begun = self._realigned = False
        self._heard: queue.Queue[Chunk | None] = queue.Queue(_QUEUE_CHUNKS)
        self._to_play: queue.Queue[bytes] = queue.Queue()  # bounded by `hungry`
        try:
            self._stream = portaudio.RawStream(
                samplerate=RATE_HZ,
                blocksize=CHUNK_SAMPLES,
                channels=1,
                dtype="int16",
                latency="low",
                callback=self._callback,
                finished_callback=self.wake,
            )
        except (portaudio.PortAudioError, ValueError) as error:
            raise AudioDeviceError(
                f"No microphone and loudspeaker can be opened ({error}). “arecord -l” and “aplay -l” list them. "
                "Where a sound server such as PipeWire runs, “sudo apt-get install pipewire-alsa” leads to it."
            ) from error
        self._portaudio = portaudio

    @property
    def latency_ms(self) -> float:
        """What the device itself takes, both ways together."""
        into, out = self._stream.latency
        return float(into + out) * 1000

    def start(self) -> None:
        """Let sound flow.

        Raises:
            AudioDeviceError: the device refused.
        """
        try:
            self._stream.start()
        except self._portaudio.PortAudioError as error:
            raise AudioDeviceError(
                f"The sound device does not start ({error}). Does another program hold it?"
            ) from error

    @property
    def hungry(self) -> bool:
        """Whether another block should be played now."""
        return self._to_play.qsize() <= _AHEAD_CHUNKS

    def play(self, block: bytes) -> None:
        """Queue one block of 20 ms."""
        self._to_play.put_nowait(block[:_CHUNK_BYTES])
        self._to_play.put_nowait(block[_CHUNK_BYTES:])

    def hear(self) -> Chunk | None:
        """Wait for the next chunk; None when the device has ended, or gives nothing any more, or after `wake`."""
        try:
            return self._heard.get(timeout=_SILENT_S)
        except queue.Empty:
            return None

    def wake(self) -> None:
        """Let `hear` return None; any thread may call it."""
        self._put(None)

    def close(self) -> None:
        """Drop what is on its way and give the device back."""
        self._stream.close()

    def _callback(self, indata: Any, outdata: Any, frames: int, times: Any, status: Any) -> None:
        realigned, self._realigned = self._realigned or bool(status), False
        self.xruns += bool(status)
        try:
            played = self._to_play.get_nowait()
        except queue.Empty:
            played = bytes(2 * frames)
            self.starved += 1
        outdata[:] = played
        now_us = time.monotonic_ns() // 1000
        if not self._begun:
            self.samples = self._clock.resume(self.samples, now_us)
            self._begun = realigned = True
        self._put(Chunk(bytes(indata), played, self.samples, realigned))
        self.samples += frames
        lost = self._clock.tick(self.samples, now_us, (times.currentTime - times.inputBufferAdcTime) * 1e6)
        if lost:
            self.samples += lost
            self.xruns += 1
            self._realigned = True

    def _put(self, chunk: Chunk | None) -> None:
        while True:
            try:
                self._heard.put_nowait(chunk)
            except queue.Full:
                try:
                    self._heard.get_nowait()
                    self.dropped += 1
                except queue.Empty:
                    continue
            else:
                return
