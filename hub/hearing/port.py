"""The port to a recogniser of the user's speech. One stream for each conversation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from protocol.errors import RoomtoneError


class HearingError(RoomtoneError):
    """No recogniser can be had, or it broke."""

    code = "hearing_failed"


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak. `samples`: capture position (24 kHz) of the onset as the VAD places it."""

    samples: int


@dataclass(frozen=True, slots=True)
class Partial:
    """The words so far; the end may still change.

    Attributes:
        said_ms: how much speech they were read from.
        paused: it was all that was said, and nobody speaks just now.
        steady: the reading before agreed with it, as far as that one went.
    """

    text: str
    said_ms: float = math.inf
    paused: bool = False
    steady: bool = False


@dataclass(frozen=True, slots=True)
class Final:
    """One finished turn of the user.

    Attributes:
        text: what was said, wake word removed; empty when there was sound but no words.
        start_samples, end_samples: capture positions (24 kHz) of first and last speech.
        confidence: 0 to 1.
        second: the other recogniser's reading, where one ran.
        decoded_ms: hub's monotonic milliseconds when the text was there.
    """

    text: str
    start_samples: int
    end_samples: int
    confidence: float
    second: str | None = None
    decoded_ms: float = 0.0


HearingEvent = SpeechStarted | Partial | Final


@dataclass(frozen=True, slots=True)
class HearingHints:
    """What the conversation knows that a recogniser can use.

    Attributes:
        vocabulary: names of devices and rooms, most likely first.
        wake_word: the phrase that opened the session, to be taken off the first turn.
        is_complete: whether a text is a whole request; a whole one is believed after a shorter silence.
        is_over: whether the assistant talks at this moment: then the first words are wanted sooner. Any thread asks.
    """

    vocabulary: Sequence[str] = ()
    wake_word: str = ""
    is_complete: Callable[[str], bool] = lambda _text: False
    is_over: Callable[[], bool] = lambda: False


class HearingStream(Protocol):
    """The ears of one conversation."""

    def feed(self, pcm: NDArray[np.int16], samples: int) -> None:
        """Take 480 samples (20 ms, 24 kHz mono) captured at position `samples`. Never blocks.

        When the recogniser falls behind, its bounded queue drops the oldest and counts.
        """

    async def close(self) -> None:
        """Stop and free; no event comes after this."""


class Hearing(Protocol):
    """A recogniser."""

    async def start(self) -> None:
        """Load and warm the models.

        Raises:
            HearingError: none of the known models can be had; the sentence says what to install.
        """

    def open(self, hints: HearingHints, on_event: Callable[[HearingEvent], None]) -> HearingStream:
        """Begin listening; events come on the event loop's thread."""

    async def close(self) -> None:
        """Free the models."""
