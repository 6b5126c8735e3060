"""The two recognisers: Whisper for the final text, Moonshine for the words so far and the second reading."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hub.hearing.port import HearingError

RATE_HZ = 16_000
_MEL_FRAMES_S = 100
_WHOLE_WINDOW_FRAMES = 3000
_PROMPT_TOKENS = 220
_MARGIN_FRAMES = 600
_EXAMPLES = ("turn on the lights.", "is the door open?", "undo that.")
# Noise, tones and hum gave a mean log probability under -1.17 or endless text; spoken commands gave over -0.9.
_GUESSING = -1.1


@dataclass(frozen=True, slots=True)
class Reading:
    """What a recogniser read: the text (empty when it believes that nobody spoke) and its trust in it, 0 to 1."""

    text: str
    confidence: float


class Decoder(Protocol):
    """Reads one piece of speech: float32, 16 kHz mono, full scale 1.0. Called by one thread at a time."""

    def prime(self, vocabulary: Sequence[str], wake_word: str) -> Sequence[int]:
        """Turn the home's own names and the wake phrase into what `read` takes."""

    def read(self, speech: NDArray[np.float32], prompt: Sequence[int], wanted: Callable[[], bool]) -> Reading:
        """Write down what was said; empty when it gave up because it was `wanted` no longer."""

    def close(self) -> None:
        """Free the model."""


class WhisperDecoder:
    """Whisper by CTranslate2, int8, one thread, greedy.

    Whisper's encoder is made for 30 s whatever was said. A window a few seconds longer than the speech costs a fifth
    of that and reads commands as well, but now and then the decoder then repeats itself: a text that is too long
    for its time is read once more in the whole window.

    Nobody can stop CTranslate2 in mid-step, so between the steps it is asked whether the reading is still wanted: a
    turn that went on must not keep the next one waiting.
    """

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer

        try:
            self._model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
        except (RuntimeError, ValueError, OSError) as fault:
            raise HearingError(f"The Whisper model in {folder} cannot be loaded: {fault}") from fault
        self._tokens: Any = Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language="en",
        )

    def prime(self, vocabulary: Sequence[str], wake_word: str) -> Sequence[int]:
        """Make the prompt's tokens: example sentences with the wake phrase, then as many names as fit.

        Whole sentences, because after a list that ends in commas the decoder tends to go round in circles.
        """
        wake = wake_word.replace("_", " ").title()
        examples = " ".join(f"{wake}, {text}" if wake else text.capitalize() for text in _EXAMPLES)
        room = _PROMPT_TOKENS - len(self._tokens.encode(f" {examples}"))
        names = ""
        for name in vocabulary:
            longer = f"{names}, {name.strip().lower()}" if names else name.strip().lower()
            if len(self._tokens.encode(f" {longer}.")) > room:
                break
            names = longer
        prompt = f"{examples} {names}." if names else examples
        tokens: list[int] = self._tokens.encode(f" {prompt}")
        return tokens

    def read(self, speech: NDArray[np.float32], prompt: Sequence[int], wanted: Callable[[], bool]) -> Reading:
        """Write down what was said."""
        seconds = len(speech) / RATE_HZ
        longest = 10 + math.ceil(7 * seconds)
        window = min(_WHOLE_WINDOW_FRAMES, (int(seconds * _MEL_FRAMES_S) + _MARGIN_FRAMES) // 2 * 2)
        for frames in (window, _WHOLE_WINDOW_FRAMES):
            encoded = self._encode(speech, frames)
            if not wanted():
                return Reading("", 0.0)
            tokens, log_probability, silence = self._generate(encoded, prompt, longest)
            if len(tokens) < longest:
                break
            if not wanted():
                return Reading("", 0.0)
        if log_probability < _GUESSING or len(tokens) >= longest:
            return Reading("", 0.0)
        text = first_round(str(self._tokens.decode(tokens)).strip())
        return Reading(text, math.exp(log_probability) * (1.0 - silence) if text else 0.0)

    def _encode(self, speech: NDArray[np.float32], window: int) -> Any:
        """Run the encoder on this speech and silence behind it."""
        hop = RATE_HZ // _MEL_FRAMES_S
        padded = np.zeros(window * hop, np.float32)
        kept = speech[: len(padded)]
        padded[: len(kept)] = kept
        return self._model.encode(self._model.feature_extractor(padded)[:, :window])

    def _generate(self, encoded: Any, prompt: Sequence[int], longest: int) -> tuple[list[int], float, float]:
        """Decode once; answers tokens, mean log probability and the probability that nobody spoke."""
        tokens = self._model.get_prompt(self._tokens, list(prompt), without_timestamps=True)
        result = self._model.model.generate(
            encoded,
            [tokens],
            beam_size=1,
            max_length=len(tokens) + longest,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )[0]
        answer: list[int] = list(result.sequences_ids[0])
        mean = float(result.scores[0]) * len(answer) / (len(answer) + 1)
        return answer, mean, float(result.no_speech_prob)

    def close(self) -> None:
        """Free the model."""
        self._model.model.unload_model()


def first_round(text: str) -> str:
    """Keep one round of a text that says the same thing again and again, as a decoder does that runs in a circle.

    Only a repetition of at least three words counts that goes on to the end of the text.
    """
    words = text.split()
    bare = [re.sub(r"[^\w]", "", word).lower() for word in words]
    for size in range(3, len(words) // 2 + 1):
        if all(bare[index] == bare[index - size] for index in range(size, len(bare))):
            return " ".join(words[:size])
    return text


class MoonshineDecoder:
    """Moonshine tiny-en, re-reading the whole turn each time; its own VAD is off because ours has already cut."""

    def __init__(self, folder: Path) -> None:
        from moonshine_voice.errors import MoonshineError
        from moonshine_voice.moonshine_api import ModelArch
        from moonshine_voice.transcriber import Transcriber

        self._fault: type[Exception] = MoonshineError
        # Its second thread spins: measured, it takes twice the CPU and is no faster. Read when the model is loaded.
        os.environ["MOONSHINE_ORT_SINGLE_THREAD"] = "1"
        try:
            self._model: Any = Transcriber(
                model_path=str(folder),
                model_arch=ModelArch.TINY,
                options={"vad_threshold": "0.0", "return_audio_data": "false"},
            )
        except (MoonshineError, OSError) as fault:
            raise HearingError(f"The Moonshine model in {folder} cannot be loaded: {fault}") from fault

    def prime(self, vocabulary: Sequence[str], wake_word: str) -> Sequence[int]:  # noqa: ARG002 - it takes no prompt
        """Moonshine cannot be primed."""
        return ()

    def read(self, speech: NDArray[np.float32], prompt: Sequence[int], wanted: Callable[[], bool]) -> Reading:  # noqa: ARG002 - the same; it reads in one step
        """Write down what was said. Moonshine tells no confidence; 0.5 stands for that."""
        try:
            lines = self._model.transcribe_without_streaming(speech.tolist(), RATE_HZ).lines
        except self._fault as fault:
            raise HearingError(f"Moonshine could not read this turn: {fault}") from fault
        text = " ".join(line.text.strip() for line in lines).strip()
        return Reading(text, 0.5 if text else 0.0)

    def close(self) -> None:
        """Free the model."""
        self._model.close()
