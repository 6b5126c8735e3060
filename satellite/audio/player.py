"""Everything the loudspeaker says: one generation at a time out of the jitter buffer, the chime, volume and ducking."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import numpy as np

from protocol.errors import CodecError
from protocol.messages import PlayKind
from protocol.opus import OpusDecoder
from satellite.audio.jitter import JitterBuffer, Kind
from satellite.audio.port import BLOCK_SAMPLES, Pcm

_FADE_SAMPLES: Final = 120  # 5 ms
_TURN_SAMPLES: Final = 120  # the gain changes within 5 ms: at once, and without a click
OWN_DUCK_DB: Final = -18.0
"""How much the loudspeaker is turned down while somebody talks over it, whatever the hub thinks of that."""
_REPORT_BLOCKS: Final = 10  # 200 ms
_GENERATIONS: Final = 1 << 16


class Volumes(NamedTuple):
    """How loud each kind of sound is, 0 to 1, as a share of the volume of all."""

    answer: float = 1.0
    announcement: float = 1.0
    chime: float = 1.0
    intercom: float = 1.0


_VOLUME_OF: Final = MappingProxyType(
    {"speech": "answer", "announcement": "announcement", "question": "announcement", "intercom": "intercom"}
)


class Heard(NamedTuple):
    """What the loudspeaker has really been given of a generation."""

    generation: int
    state: Literal["started", "playing", "finished", "flushed"]
    samples: int
    time_us: int


def newer(generation: int, than: int) -> bool:
    """Whether a 16-bit counter is ahead of another, across its wrap."""
    return 0 < (generation - than) % _GENERATIONS < _GENERATIONS // 2


class Player:
    """`render` belongs to the audio thread, everything else to any thread.

    Attributes:
        void: frames that came for a generation that does not play (any more).
        bad: packets that were no Opus of 20 ms.
    """

    def __init__(self, heard: Callable[[Heard], None], now_us: Callable[[], int]) -> None:
        """Make a silent one; `heard` is called from whichever thread made the fact true."""
        self.void = self.bad = 0
        self.jitter = JitterBuffer()
        self._heard = heard
        self._now_us = now_us
        self._lock = threading.Lock()
        self._decoder: OpusDecoder | None = None
        self._generation: int | None = None
        self._void_to: int | None = None
        self._fading = False
        self._started = False
        self._blocks = 0
        self._effect = np.zeros(0, np.int16)
        self._volume = 1.0
        self._volumes = Volumes()
        self._kind: PlayKind = "speech"
        self._duck = 1.0
        self._own_duck = 1.0
        self._overruled = False
        self._gain = 1.0

    @property
    def busy(self) -> bool:
        """Whether something sounds or is about to."""
        with self._lock:
            return self._generation is not None or self._effect.size > 0

    @property
    def in_call(self) -> bool:
        """Whether another room is being played."""
        with self._lock:
            return self._generation is not None and self._kind == "intercom"

    def play(self, generation: int, kind: PlayKind = "speech") -> None:
        """A new generation begins; older ones are void."""
        with self._lock:
            if self._void_to is not None and not newer(generation, self._void_to):
                return
            self._end("flushed")
            self._void_to = (generation - 1) % _GENERATIONS
            self._generation = generation
            self._kind = kind
            self._started = False
            self._fading = False
            self._blocks = 0

    def push(self, generation: int, samples: int, packet: bytes, *, last: bool) -> None:
        """One packet of a generation."""
        with self._lock:
            if generation != self._generation or self._fading:
                self.void += 1
                return
            self.jitter.push(samples, packet, last=last, now_s=self._now_us() / 1e6)

    def flush(self, generation: int) -> None:
        """Void this generation and all before it; what sounds fades within the next block."""
        with self._lock:
            if self._void_to is None or newer(generation, self._void_to):
                self._void_to = generation
            if self._generation is None or newer(self._generation, generation):
                return
            if self._started:
                self._fading = True
            else:
                self._end("flushed")

    def stop(self) -> None:
        """Whatever sounds ends, e.g. because the hub is gone; a new hub may count its generations from the start."""
        with self._lock:
            self._void_to = None
            if self._generation is not None and self._started:
                self._fading = True
            else:
                self._end("flushed")

    def sound(self, effect: Pcm) -> None:
        """Mix in a short sound of the satellite's own."""
        with self._lock:
            self._effect = effect

    def hush(self) -> None:
        """End a sound of the satellite's own."""
        with self._lock:
            self._effect = self._effect[:0]

    def set_volume(self, volume: float) -> None:
        """The software volume, 0 to 1."""
        with self._lock:
            self._volume = volume

    def set_volumes(self, volumes: Volumes) -> None:
        """How loud each kind of sound is."""
        with self._lock:
            self._volumes = volumes

    def duck(self, gain_db: float) -> None:
        """Play at this gain from now on. At 0 dB the hub has decided that nobody interrupts: that overrules us too."""
        with self._lock:
            self._duck = 10.0 ** (gain_db / 20)
            self._overruled = gain_db == 0.0

    @property
    def ducked(self) -> bool:
        """Whether it has turned itself down."""
        return self._own_duck < 1.0

    def talked_over(self, *, over: bool) -> None:
        """Somebody talks over what sounds, or does no more; the audio thread says so at each block."""
        with self._lock:
            self._overruled = self._overruled and over
            ducks = over and not self._overruled and self._kind != "intercom"  # in a call both may talk at once
            self._own_duck = 10.0 ** (OWN_DUCK_DB / 20) if ducks else 1.0

    def render(self) -> Pcm:
        """The next 20 ms, int16[480]."""
        with self._lock:
            voice = self._voice()
            effect, self._effect = self._effect[:BLOCK_SAMPLES], self._effect[BLOCK_SAMPLES:]
            before, self._gain = self._gain, self._volume * min(self._duck, self._own_duck)
            if voice is None and effect.size == 0:
                return np.zeros(BLOCK_SAMPLES, np.int16)
            mix = np.zeros(BLOCK_SAMPLES, np.float32)
            if voice is not None:
                mix += voice * np.float32(getattr(self._volumes, _VOLUME_OF.get(self._kind, "chime")))
            mix[: effect.size] += effect * np.float32(self._volumes.chime)
            mix[:_TURN_SAMPLES] *= np.linspace(before, self._gain, _TURN_SAMPLES, dtype=np.float32)
            mix[_TURN_SAMPLES:] *= self._gain
            return np.clip(np.rint(mix), -32768, 32767).astype(np.int16)

    def _voice(self) -> Pcm | None:
        if self._generation is None:
            return None
        before = self.jitter.position
        pulled = self.jitter.pull(self._now_us() / 1e6)
        if pulled.kind in (Kind.NOTHING, Kind.WAIT):
            if self._fading or self.jitter.over:
                self._end("flushed" if self._fading else "finished")
            return None
        if not self._started:
            self._started = True
            self._tell("started", before)
        pcm = self._decode(pulled.kind, pulled.packet)
        if self._fading:
            heard = before + _FADE_SAMPLES if self.jitter.position > before else before
            self._end("flushed", heard)
            return _faded(pcm, _FADE_SAMPLES)
        self._blocks += 1
        if self.jitter.over:
            self._end("finished")
        elif self._blocks % _REPORT_BLOCKS == 0:
            self._tell("playing", self.jitter.position)
        return _faded(pcm, BLOCK_SAMPLES) if pulled.fades else pcm

    def _decode(self, kind: Kind, packet: bytes) -> Pcm:
        if self._decoder is None:  # a codec belongs to the thread that uses it
            self._decoder = OpusDecoder()
        try:
            if kind is Kind.PACKET:
                return self._decoder.decode(packet)
            if kind is Kind.RECOVER:
                return self._decoder.recover(packet)
        except CodecError:
            self.bad += 1
        return self._decoder.conceal()

    def _end(self, state: Literal["finished", "flushed"], samples: int | None = None) -> None:
        if self._generation is None:
            return
        self._tell(state, self.jitter.position if samples is None else samples)
        self.jitter.clear()
        self._generation = None
        self._fading = self._started = False

    def _tell(self, state: Literal["started", "playing", "finished", "flushed"], samples: int) -> None:
        if self._generation is not None:
            self._heard(Heard(self._generation, state, samples, self._now_us()))


def _faded(pcm: Pcm, over: int) -> Pcm:
    ramp = np.zeros(BLOCK_SAMPLES, np.float32)
    ramp[:over] = np.linspace(1.0, 0.0, over, dtype=np.float32)
    return (pcm * ramp).astype(np.int16)
