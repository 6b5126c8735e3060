"""A recogniser for people whose words are known: what the streaming satellite really got of them, as late as in truth.

It stands where the models would. Turns are cut by the product's own `TurnDetector`; the words of a turn are those of
the scenario whose sound was clear enough at the satellite that streams. From the wrong room come few words, or none.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.hearing.port import Final as FinalText
from hub.hearing.port import HearingEvent, HearingHints, Partial, SpeechStarted
from hub.hearing.turns import FRAME_MS, Hangover, TurnDetector, TurnPhase, TurnSignal
from hub.hearing.wake_phrase import strip_wake_phrase
from tests.living.house import MICROPHONES
from tests.living.sounding import Air

_PIECE: Final = 480
_VAD_FRAME: Final = 768  # 32 ms at 24 kHz
_LEAD_FRAMES: Final = 10
# As docs/benchmarks.md has them: a decode of the final costs 0.19 to 0.25 s, the other opinion comes after it.
_READING_S, _READING_S_PER_S, _SECOND_S, _PARTIAL_S = 0.19, 0.02, 0.15, 0.14
_FIRST_PARTIAL_MS, _PARTIAL_MS = 480, 320
# The detector believes in speech for about 90 ms after its end.
_LINGERS: Final = 3
_AUDIBLE_DB: Final = 6.0
# Chance that a word is lost, by how far it stands over the noise.
_LOST: Final = ((8.0, 0.5), (12.0, 0.15))
_COVERED_DB: Final = 6.0
# Beside a near voice a far one is not read, also where it speaks in the near one's pauses.
_FAR_DB: Final = 15.0
_OVER_NOISE_DB: Final = 2.0


@dataclass(frozen=True)
class Heard:
    """What was made of a turn, for the judge: which utterances its words are from."""

    at_s: float
    satellite: str
    text: str
    of: tuple[int, ...]


@dataclass
class _Attempt:
    start: int
    end: int
    text: str
    of: tuple[int, ...]
    satellite: str
    ready: bool = False
    closed: bool = False
    dropped: bool = False


@dataclass
class Tap:
    """Whose sound the hub is being given right now: set around the call that delivers it."""

    satellite: str = ""
    sample: int = 0


@dataclass
class LivingHearing:
    """Implements `Hearing`.

    Attributes:
        heard: every turn that was read.
    """

    air: Air
    tap: Tap
    seed: int
    heard: list[Heard] = field(default_factory=list)
    open_streams: int = 0
    free_s: float = 0.0  # when the one reading thread has time again

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    def open(self, hints: HearingHints, on_event: Callable[[HearingEvent], None]) -> LivingStream:
        self.open_streams += 1
        return LivingStream(self, hints, on_event)

    def chance(self, utterance: int, word: int) -> float:
        """0 to 1, the same for a word at every reading."""
        return zlib.crc32(f"{self.seed} {utterance} {word}".encode()) / 2**32


class LivingStream:
    """Implements `HearingStream`."""

    def __init__(self, hearing: LivingHearing, hints: HearingHints, on_event: Callable[[HearingEvent], None]) -> None:
        self._hearing, self._hints, self._on_event = hearing, hints, on_event
        self._loop = asyncio.get_running_loop()
        self._hangover = Hangover()
        self._turn = TurnDetector(self._hangover)
        self._pieces: list[tuple[str, int, int, bool]] = []  # satellite, house sample, position, whether it is loud
        self._attempt: _Attempt | None = None
        self._attempts: list[_Attempt] = []
        self._word = hints.wake_word
        self._lingers = self._free_frame = self._partial_frame = 0
        self._closed = False
        self._floor = {mic.name: 10 ** ((mic.noise_db + mic.gain_db + _OVER_NOISE_DB) / 20) for mic in MICROPHONES}

    def feed(self, pcm: NDArray[np.int16], samples: int) -> None:
        tap = self._hearing.tap
        wave = pcm.astype(np.float32) / 32768.0
        loud = float(np.sqrt(wave @ wave / wave.size)) > self._floor.get(tap.satellite, 1.0)
        self._pieces.append((tap.satellite, tap.sample, samples, loud))
        while (self._turn.frame + 1) * _VAD_FRAME <= len(self._pieces) * _PIECE:
            self._frame()

    async def close(self) -> None:
        self._closed = True
        self._hearing.open_streams -= 1

    # --- turns --------------------------------------------------------------------------------------------------------

    def _piece(self, frame: int) -> tuple[str, int, int, bool]:
        return self._pieces[min(len(self._pieces) - 1, (frame * _VAD_FRAME + _VAD_FRAME // 2) // _PIECE)]

    def _probability(self) -> float:
        satellite, sample, _, loud = self._piece(self._turn.frame)
        if loud and self._hearing.air.speech_at(satellite, sample + _PIECE // 2, least_db=_AUDIBLE_DB):
            self._lingers = _LINGERS
            return 0.97
        self._lingers -= 1
        return 0.9 if self._lingers >= 0 else 0.02

    def _frame(self) -> None:
        signal = self._turn.feed(self._probability())
        if signal is TurnSignal.ONSET:
            self._partial_frame = self._turn.onset_frame
            self._tell(SpeechStarted(self._piece(self._turn.onset_frame)[2]))
        elif signal is TurnSignal.PAUSED:
            self._read()
        elif signal is TurnSignal.RESUMED and self._attempt is not None:
            self._attempt.dropped = True
            self._attempt = None
        elif signal is TurnSignal.CLOSED:
            self._end_turn()
        if self._turn.phase is TurnPhase.TALKING:
            self._maybe_partial()
        elif self._turn.phase is TurnPhase.PAUSING:
            self._maybe_believe()

    def _read(self) -> None:
        first, last = self._turn.onset_frame, self._turn.last_speech_frame + 1
        text, of = self._words(max(first - _LEAD_FRAMES, self._free_frame), last)
        satellite = self._piece(last)[0]
        attempt = self._attempt = _Attempt(self._piece(first)[2], self._piece(last)[2] + _PIECE, text, of, satellite)
        self._attempts.append(attempt)
        cost_s = _READING_S + _READING_S_PER_S * (last - first) * FRAME_MS / 1000.0
        if not self._is_whole(text):
            cost_s += _SECOND_S
        hearing = self._hearing
        begin_s = max(self._loop.time(), hearing.free_s)
        hearing.free_s = begin_s + cost_s
        self._loop.call_at(begin_s + cost_s, self._was_read, attempt)
        self._loop.call_later(_PARTIAL_S, self._was_read_early, attempt, (last - first) * FRAME_MS)

    def _was_read_early(self, attempt: _Attempt, said_ms: float) -> None:
        text, _ = strip_wake_phrase(attempt.text, self._word)
        if text and not (attempt.dropped or attempt.closed or attempt.ready):
            self._tell(Partial(text, said_ms, paused=True))

    def _was_read(self, attempt: _Attempt) -> None:
        attempt.ready = True
        if attempt.closed:
            self._flush()
        elif not attempt.dropped and self._turn.phase is TurnPhase.PAUSING:
            self._maybe_believe()

    def _is_whole(self, text: str) -> bool:
        stripped, _ = strip_wake_phrase(text, self._word)
        return bool(stripped) and self._hints.is_complete(stripped)

    def _maybe_believe(self) -> None:
        attempt = self._attempt
        if attempt is None or not attempt.ready or self._turn.may_resume:
            return
        if self._turn.silence_ms >= self._hangover.complete_ms and self._is_whole(attempt.text):
            self._turn.close()
            self._end_turn()

    def _end_turn(self) -> None:
        if self._attempt is None:
            self._read()
        if self._attempt is not None:
            self._attempt.closed = True
            self._attempt = None
        self._free_frame = self._turn.last_speech_frame + 3
        self._flush()

    def _flush(self) -> None:
        self._attempts = [attempt for attempt in self._attempts if not attempt.dropped]
        while self._attempts and self._attempts[0].closed and self._attempts[0].ready:
            self._finish(self._attempts.pop(0))

    def _finish(self, attempt: _Attempt) -> None:
        text, _ = strip_wake_phrase(attempt.text, self._word)
        if text:
            self._word = ""
        now_s = self._loop.time()
        if not self._closed:
            self._hearing.heard.append(Heard(now_s, attempt.satellite, text, attempt.of))
        self._tell(FinalText(text, attempt.start, attempt.end, 0.9, second=text or None, decoded_ms=now_s * 1000.0))

    def _maybe_partial(self) -> None:
        turn = self._turn
        said_ms = (turn.frame - turn.onset_frame) * FRAME_MS
        if (
            said_ms < _FIRST_PARTIAL_MS
            or (turn.frame - self._partial_frame) * FRAME_MS < _PARTIAL_MS
            or turn.silence_ms
        ):
            return
        self._partial_frame = turn.frame
        text, _ = self._words(max(turn.onset_frame - _LEAD_FRAMES, self._free_frame), turn.frame - 1)
        text, _ = strip_wake_phrase(text, self._word)
        onset = turn.onset_frame

        def told() -> None:
            if text and turn.onset_frame == onset and turn.phase is not TurnPhase.QUIET:
                self._tell(Partial(text, said_ms))

        self._loop.call_later(_PARTIAL_S, told)

    def _tell(self, event: HearingEvent) -> None:
        if not self._closed:
            self._on_event(event)

    # --- words --------------------------------------------------------------------------------------------------------

    def _words(self, first: int, last: int) -> tuple[str, tuple[int, ...]]:
        """The words whose middle lies in these frames, as clear as the satellite had them."""
        air, hearing = self._hearing.air, self._hearing
        begin, end = first * _VAD_FRAME // _PIECE, min(len(self._pieces), (last + 1) * _VAD_FRAME // _PIECE + 1)
        stretches: list[list[int | str]] = []
        for satellite, sample, _, _loud in self._pieces[begin:end]:
            if stretches and stretches[-1][0] == satellite and stretches[-1][2] == sample:
                stretches[-1][2] = sample + _PIECE
            else:
                stretches.append([satellite, sample, sample + _PIECE])
        found: list[tuple[int, str, int, float]] = []
        for utterance in air.utterances[-24:]:
            for index, (word, middle) in enumerate(utterance.words):
                at = utterance.begin + middle
                where = [str(s[0]) for s in stretches if int(s[1]) <= at < int(s[2])]
                if not where:
                    continue
                snr_db = max(utterance.snr_db.get(name, -99.0) for name in where)
                lost = next((chance for below, chance in _LOST if snr_db < below), 0.0)
                others = [u for u in air.speech_at(where[0], at, least_db=snr_db - _COVERED_DB) if u is not utterance]
                if others:
                    lost = 1.0 if others[0].snr_db[where[0]] > snr_db else max(lost, 0.4)
                if snr_db >= _AUDIBLE_DB and hearing.chance(utterance.number, index) >= lost:
                    found.append((at, word, utterance.number, snr_db))
        nearest_db = max((snr_db for _, _, _, snr_db in found), default=0.0)
        near = sorted(one for one in found if one[3] > nearest_db - _FAR_DB)
        text = " ".join(word for _, word, _, _ in near)
        return text[:1].upper() + text[1:], tuple(dict.fromkeys(number for _, _, number, _ in near))
