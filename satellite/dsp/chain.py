"""From the microphone to what may leave the room. Runs on the audio thread and owns every piece of its state.

Sound leaves this chain only while its gate is open; the event loop checks once more before it sends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from protocol.frames import FrameFlag, FrameType
from protocol.measure import (
    MAX_MEASUREMENTS,
    MeasureFlag,
    Measurement,
    Measurer,
    pack_measurements,
)
from protocol.opus import OpusEncoder
from satellite.audio.player import Player
from satellite.audio.port import BLOCK_SAMPLES, RATE_HZ, Block, Pcm
from satellite.dsp.echo import EchoActivity, EchoCanceller
from satellite.dsp.levels import LevelReports, Report
from satellite.dsp.vad import SpeechDetector
from satellite.dsp.wake import StopWord, WakeDetector

_WORD_SAMPLES: Final = round(0.7 * RATE_HZ)  # the usual length of a wake word: the detector knows only its end
_SOUNDS_ON_BLOCKS: Final = 100  # 2 s
_EMPTY: Final = np.zeros(0, np.int16)


class Sound(NamedTuple):
    """A frame for the wire: LEVEL or AUDIO; and whether this room's own VAD hears speech in it."""

    type: FrameType
    payload: bytes
    flags: FrameFlag
    samples: int
    time_us: int
    speech: bool


class Call(NamedTuple):
    """Somebody called."""

    trigger: Literal["word", "button"]
    word: str
    score: float
    start_samples: int
    end_samples: int
    time_us: int
    first_samples: int
    measurements: str


class Flow(NamedTuple):
    """Sound stopped, or flows again."""

    flows: bool


class Halt(NamedTuple):
    """Somebody said the user's own word for silence while something sounded."""


class _Moment(NamedTuple):
    pcm: Pcm
    measurement: Measurement
    samples: int
    time_us: int


class _To16k:
    def __init__(self) -> None:
        self._stream = soxr.ResampleStream(RATE_HZ, 16_000, 1, dtype="int16", quality="MQ")
        self._rest = _EMPTY

    def take(self, pcm: Pcm) -> NDArray[np.int16]:
        # Whole chunks of 10 ms, as both detectors want them.
        ready = np.concatenate([self._rest, self._stream.resample_chunk(pcm)])
        whole = ready.size - ready.size % 160
        self._rest = ready[whole:]
        return ready[:whole]


class Chain:
    """AEC, VAD, wake words, measurements, pre-roll, and in a session Opus.

    Attributes:
        blocks: how many were processed; the heartbeat of the audio thread.
    """

    def __init__(
        self,
        player: Player,
        canceller: EchoCanceller,
        wake: WakeDetector,
        emit: Callable[[Sound | Call | Flow | Halt], None],
        *,
        stop_word: StopWord | None = None,
    ) -> None:
        """Wire it; `emit` is called on the audio thread."""
        self.blocks = 0
        self._player = player
        self._canceller = canceller
        self._wake = wake
        self._stop_word = stop_word
        self._sounded_blocks = 0
        self._emit = emit
        self._echo = EchoActivity()
        self._vad = SpeechDetector()
        self._measurer = Measurer()
        self._reports = LevelReports(self._measurer.record, self._measurer.floors_db)
        self._room_16k, self._own_16k = _To16k(), _To16k()
        self._preroll: deque[_Moment] = deque(maxlen=MAX_MEASUREMENTS)
        self._encoder: OpusEncoder | None = None
        self._next_samples = 0
        self._flows = True
        # Single references, written by the event loop and read here: each write is whole.
        self._gate = False
        self._sends_preroll = True
        self._muted = False
        self._button = False

    # --- called on the event loop ---

    def open_gate(self, *, preroll: bool = True) -> None:
        """The floor is won: from the next block on, live sound, and before it the pre-roll."""
        self._sends_preroll = preroll
        self._gate = True

    def close_gate(self) -> None:
        """Back to scalars."""
        self._gate = False

    def mute(self, *, muted: bool) -> None:
        """Digital silence into everything, from the next block on."""
        self._muted = muted

    def press_button(self) -> None:
        """Call with the next block."""
        self._button = True

    # --- called on the audio thread ---

    def render(self) -> Pcm:
        """The loudspeaker's next 20 ms."""
        return self._player.render()

    def process(self, block: Block) -> None:
        """Take 20 ms of the room."""
        self._follow(block)
        muted, gate = self._muted, self._gate
        near = np.zeros(BLOCK_SAMPLES, np.int16) if muted else block.near
        # A room that is not heard teaches the canceller nothing, least of all that it has no echo.
        clean = self._canceller.process(near, near if muted else block.far)
        self._player.talked_over(over=self._canceller.talked_over and not muted)
        if muted:
            clean = np.zeros(BLOCK_SAMPLES, np.int16)
            self._forget_speech()
        echo = self._echo.update(near, block.far, clean)
        room_16k = self._room_16k.take(clean)
        if muted:
            room_16k = np.zeros_like(room_16k)
        found = self._wake.hear(room_16k, self._own_16k.take(block.far))
        self._listen_for_stop(room_16k, sounds=bool(block.far.any()) and not muted)
        self._vad.hear(room_16k)
        # The detectors lag by some ms: what they still say is of the time before the switch.
        speaking = self._vad.speaking and not muted
        vad, score = (0.0, 0.0) if muted else (self._vad.probability, self._wake.score)
        flags = MeasureFlag.NONE
        flags |= MeasureFlag.MUTED if muted else MeasureFlag.NONE
        flags |= MeasureFlag.PLAYING if block.far.any() else MeasureFlag.NONE
        flags |= MeasureFlag.SPEECH if speaking else MeasureFlag.NONE
        flags |= MeasureFlag.DUCKED if self._player.ducked else MeasureFlag.NONE
        measurement = self._measurer.measure(clean, vad=vad, wake=score, echo=echo, flags=flags)
        moment = _Moment(clean, measurement, block.samples, block.time_us)
        self._preroll.append(moment)
        button, self._button = self._button, False
        if button and not muted:
            self._call("button", "", 1.0, block)
        elif found is not None and not muted:
            self._call("word", found.word, found.score, block)
        if gate:
            self._reports.forget()
            self._send_sound(moment)
        else:
            self._encoder = None
            due = self._reports.step(block.samples, block.time_us, speech=self._vad.speaking)
            self._send_levels(due, speech=speaking)
        self.blocks += 1

    def silence(self) -> None:
        """The device is gone: what was being said is not heard, and must not come out when it is back."""
        self._player.stop()
        self._player.render()
        if self._flows:
            self._flows = False
            self._emit(Flow(flows=False))

    def _follow(self, block: Block) -> None:
        if not self._flows:
            self._flows = True
            self._emit(Flow(flows=True))
        if block.realigned:
            self._canceller.realign()
        if block.samples != self._next_samples:
            self._preroll.clear()  # a call names the position of its first moment alone: the rest must follow it
        self._next_samples = block.samples + BLOCK_SAMPLES

    def _listen_for_stop(self, room_16k: NDArray[np.int16], *, sounds: bool) -> None:
        # Between two rings, or two words of an answer, it still sounds.
        self._sounded_blocks = _SOUNDS_ON_BLOCKS if sounds else max(0, self._sounded_blocks - 1)
        if self._stop_word is not None and self._sounded_blocks and self._stop_word.said(room_16k):
            self._emit(Halt())

    def _forget_speech(self) -> None:
        # What was said before the microphone was switched off must not go up later.
        if self._preroll and MeasureFlag.MUTED not in self._preroll[-1].measurement.flags:
            self._preroll.clear()
            self._reports.forget()

    def _call(self, trigger: Literal["word", "button"], word: str, score: float, block: Block) -> None:
        end = block.samples + BLOCK_SAMPLES
        start = max(0, end - _WORD_SAMPLES) if trigger == "word" else end
        self._send_levels(self._reports.rest(), speech=False)
        packed = pack_measurements([moment.measurement for moment in self._preroll])
        first = self._preroll[0].samples
        self._emit(Call(trigger, word, min(1.0, score), start, end, block.time_us, first, packed))

    def _send_sound(self, live: _Moment) -> None:
        if self._encoder is None:
            self._encoder = OpusEncoder()
            for moment in list(self._preroll)[:-1] if self._sends_preroll else ():
                self._emit(self._sound(self._encoder, moment, FrameFlag.PREROLL))
        self._emit(self._sound(self._encoder, live, FrameFlag.NONE))

    @staticmethod
    def _sound(encoder: OpusEncoder, moment: _Moment, flags: FrameFlag) -> Sound:
        payload = moment.measurement.pack() + encoder.encode(moment.pcm)
        speech = MeasureFlag.SPEECH in moment.measurement.flags
        return Sound(FrameType.AUDIO, payload, flags, moment.samples, moment.time_us, speech)

    def _send_levels(self, reports: list[Report], *, speech: bool) -> None:
        for payload, flags, samples, time_us in reports:
            self._emit(Sound(FrameType.LEVEL, payload, flags, samples, time_us, speech))
