"""The voice of the house: one warm speaking process, shared fairly and started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from hub.engine.cascade.child import SpeakingChild
from hub.engine.cascade.sentences import split_for_speech, split_sentences
from hub.engine.cascade.spelling import spell_for_speech
from hub.engine.cascade.wire import MAX_TEXT_CHARS
from hub.engine.port import EngineError
from hub.hearing.port import HearingError
from hub.hearing.weights import JOE_VOICE, WeightsFinder

_LOG = logging.getLogger(__name__)

OUTPUT_HZ = 24_000
_RESTART_WAIT_S = 10.0
_GAP_MS = 120
_LEAD_MS = 10
_QUIET = 100  # -50 dBFS: under it nothing is heard of a voice
_BACKOFF_S = (0.1, 0.5, 2.0, 5.0, 15.0)
_HEALTHY_S = 30.0


def find_voice(voice: Path | None, cache_dir: Path | None) -> Path:
    """Find the voice file: the one the user names, else the package's, proved by its hash.

    Raises:
        EngineError: there is none; the sentence says what to do.
    """
    if voice is not None:
        if not voice.is_file() or not Path(f"{voice}.json").is_file():
            raise EngineError(
                f"{voice} is no Piper voice: it needs an .onnx file and the same name with .onnx.json beside it."
            )
        return voice
    try:
        return WeightsFinder(cache_dir).locate(JOE_VOICE) / JOE_VOICE.files[0].name
    except HearingError as missing:
        raise EngineError(missing.sentence) from missing


def _without_lead(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    """Take off the silence in front of the first sound, some 50 ms in Piper, and leave 10 ms."""
    loud = np.flatnonzero((pcm > _QUIET) | (pcm < -_QUIET))
    return pcm[max(0, int(loud[0]) - rate_hz * _LEAD_MS // 1000) :] if loud.size else pcm


class VoiceProcess:
    """One warm voice. Callers take turns sentence by sentence.

    Args:
        voice: a Piper voice; None takes the packaged one.
        cache_dir: where the proof of the packaged voice is remembered.
        volume: factor on full scale.
        command: what to run instead of the packaged child; `--voice FILE` is appended.
        now_s: a monotonic clock.

    Attributes:
        restarts: how often the process was started again.
    """

    def __init__(
        self,
        *,
        voice: Path | None = None,
        cache_dir: Path | None = None,
        volume: float = 0.6,
        command: Sequence[str] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._voice = voice
        self._cache_dir = cache_dir
        self._volume = volume
        self._command = tuple(command or (sys.executable, "-m", "hub.engine.cascade.piper_child"))
        self._now_s = now_s
        self._turn = asyncio.Lock()
        self._child: SpeakingChild | None = None
        self._alive = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The speaking process, while there is one."""
        return self._child.pid if self._child is not None else None

    async def start(self) -> None:
        """Start the process and have it speak once unheard, so that the first real answer is fast.

        Raises:
            EngineError: it cannot be had here.
        """
        path = await asyncio.to_thread(find_voice, self._voice, self._cache_dir)
        self._command = (*self._command, "--voice", str(path))
        self._child = await SpeakingChild.launch(self._command)
        self._alive.set()
        self._keeper = asyncio.create_task(self._keep(), name="voice-keeper")

    async def close(self) -> None:
        """End the process."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        self._alive.clear()
        child, self._child = self._child, None
        if child is not None:
            await child.end()

    async def speak(self, text: str, *, early: bool = False) -> AsyncGenerator[NDArray[np.int16], None]:
        """Say a text, the same samples whenever it is the same.

        Args:
            text: at most 2000 characters.
            early: cut a long first sentence at a clause, so that speech begins sooner.

        Yields:
            int16, 24 kHz mono, pieces of any length.

        Raises:
            EngineError: the text is too long, or the voice died and is being started again.
        """
        if len(text) > MAX_TEXT_CHARS:
            raise EngineError(f"At most {MAX_TEXT_CHARS} characters can be said at once; say it in parts.")
        spelled = spell_for_speech(text)
        pieces = split_for_speech(spelled) if early else split_sentences(spelled)
        resampler: soxr.ResampleStream | None = None
        rate_hz = 0
        for index, piece in enumerate(pieces):
            async with self._turn:
                child = await self._living()
                if resampler is None or rate_hz != child.rate_hz:
                    rate_hz = child.rate_hz
                    resampler = soxr.ResampleStream(rate_hz, OUTPUT_HZ, 1, dtype="int16", quality="HQ")
                gap = np.zeros(rate_hz * _GAP_MS // 1000 if index else 0, np.int16)
                first = True
                async with aclosing(child.say(piece, volume=self._volume)) as spoken:
                    async for pcm in spoken:
                        sound = pcm
                        if first:
                            first = False
                            sound = np.concatenate((gap, pcm)) if index else _without_lead(pcm, rate_hz)
                        out = resampler.resample_chunk(sound)
                        if len(out):
                            yield out
        if resampler is not None:
            out = resampler.resample_chunk(np.zeros(0, np.int16), last=True)
            if len(out):
                yield out

    async def _living(self) -> SpeakingChild:
        if self._child is not None and self._child.dead:
            self._alive.clear()  # the keeper has yet to notice
        try:
            async with asyncio.timeout(_RESTART_WAIT_S):
                await self._alive.wait()
        except TimeoutError as late:
            raise EngineError("The voice is not running; it is being started again.") from late
        if self._child is None:
            raise EngineError("The voice is not running.")
        return self._child

    async def _keep(self) -> None:
        """Start the voice again whenever it dies, more slowly each time it dies young."""
        failures = 0
        while True:
            began_s = self._now_s()
            if self._child is not None:
                await self._child.wait()
                self._alive.clear()
                child, self._child = self._child, None
                await child.end()
            failures = 0 if self._now_s() - began_s > _HEALTHY_S else failures + 1
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            self.restarts += 1
            _LOG.warning("the voice process ended and is started again, restart %d", self.restarts)
            try:
                self._child = await SpeakingChild.launch(self._command)
            except EngineError as fault:
                _LOG.warning("%s", fault.sentence)
            else:
                self._alive.set()
