"""The recogniser that runs on this machine's CPU: Silero VAD, Moonshine partials, Whisper finals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hub.hearing.decoders import RATE_HZ, Decoder, MoonshineDecoder, WhisperDecoder
from hub.hearing.desk import ReadingDesk
from hub.hearing.port import HearingError, HearingEvent, HearingHints, HearingStream
from hub.hearing.stream import LocalStream, Recognisers
from hub.hearing.turns import Hangover
from hub.hearing.voice_activity import VoiceActivity
from hub.hearing.weights import INSTALL, MOONSHINE_TINY_EN, WHISPER_TINY_EN, WeightsFinder, named_whisper

_LOG = logging.getLogger(__name__)


class LocalHearing:
    """Implements `Hearing` with models from packages.

    Args:
        now_ms: the hub's monotonic clock.
        cache_dir: where the proof of the models' files is remembered.
        whisper_dir: a CTranslate2 Whisper model that the user names; it comes before the packages.
        hangover: how long silence must last.
    """

    def __init__(
        self,
        *,
        now_ms: Callable[[], float],
        cache_dir: Path | None = None,
        whisper_dir: Path | None = None,
        hangover: Hangover | None = None,
    ) -> None:
        self._now_ms = now_ms
        self._cache_dir = cache_dir
        self._whisper_dir = whisper_dir
        self._hangover = hangover or Hangover()
        self._desk = ReadingDesk()
        self._background = ReadingDesk(background=True)
        self._recognisers: Recognisers | None = None
        self._streams: set[LocalStream] = set()
        self.troubles: tuple[HearingError, ...] = ()
        """Models that could not be had while another stood in for them."""

    @property
    def name(self) -> str:
        """What reads, for people."""
        if self._recognisers is None:
            return "not started"
        second = self._recognisers.second
        return type(self._recognisers.final).__name__.removesuffix("Decoder") + (
            f" and {type(second).__name__.removesuffix('Decoder')}"
            if second is not None and self._recognisers.apart
            else ""
        )

    async def start(self) -> None:
        """Load the models and warm them with a real reading."""
        self._recognisers = await asyncio.to_thread(self._load)
        self._desk.start()
        self._background.start()

    def open(self, hints: HearingHints, on_event: Callable[[HearingEvent], None]) -> HearingStream:
        """Begin listening to one conversation."""
        if self._recognisers is None:
            raise HearingError("The recogniser is not running; start it before a conversation is opened.")
        stream = LocalStream(
            hints=hints,
            on_event=on_event,
            recognisers=self._recognisers,
            desk=self._desk,
            background=self._background if self._recognisers.apart else self._desk,
            probability=VoiceActivity().probability,
            now_ms=self._now_ms,
            hangover=self._hangover,
            on_closed=self._streams.discard,
        )
        self._streams.add(stream)
        return stream

    async def close(self) -> None:
        """End every stream, then the desk, then free the models."""
        for stream in tuple(self._streams):
            await stream.close()
        recognisers, self._recognisers = self._recognisers, None
        if recognisers is not None:
            await asyncio.to_thread(self._desk.stop)
            await asyncio.to_thread(self._background.stop)
            recognisers.final.close()
            if recognisers.second is not None and recognisers.apart:
                recognisers.second.close()

    def _load(self) -> Recognisers:
        finder = WeightsFinder(self._cache_dir)
        troubles: list[HearingError] = []

        def attempt(make: Callable[[], Decoder]) -> Decoder | None:
            try:
                return make()
            except HearingError as trouble:
                troubles.append(trouble)
            except ImportError as missing:
                troubles.append(
                    HearingError(f"A speech package is missing ({missing.name}). Install it with {INSTALL}.")
                )
            return None

        whisper = attempt(
            lambda: WhisperDecoder(
                named_whisper(self._whisper_dir) if self._whisper_dir else finder.locate(WHISPER_TINY_EN)
            )
        )
        moonshine = attempt(lambda: MoonshineDecoder(finder.locate(MOONSHINE_TINY_EN)))
        final = whisper or moonshine
        if final is None:
            raise HearingError(" ".join(trouble.sentence for trouble in troubles))
        for trouble in troubles:
            _LOG.warning("%s", trouble.sentence)
        self.troubles = tuple(troubles)
        noise = np.random.default_rng(0).normal(0.0, 0.01, 2 * RATE_HZ).astype(np.float32)
        final.read(noise, final.prime((), ""), lambda: True)
        if moonshine is not None:
            moonshine.read(noise, (), lambda: True)
        return Recognisers(final=final, second=moonshine)
