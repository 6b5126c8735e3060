"""Hearing one's name, and not falling for one's own voice saying it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pymicro_wakeword
from numpy.typing import NDArray

from satellite.errors import WakeWordError

BUILT_IN: Final = tuple(sorted(model.value for model in pymicro_wakeword.Model))
DEFAULT_WORD: Final = "okay_nabu"
_REFRACTORY_S: Final = 1.0
_VETO_S: Final = 1.0
_VETO_SHARE: Final = 0.5  # of a word's cutoff: our own voice need only resemble it
_REFERENCE_TAIL_S: Final = 1.0


class Detection(NamedTuple):
    """A word that was heard just now."""

    word: str
    score: float


class WakeWords:
    """Some wake words on one stream of 16 kHz; the features are computed once for all of them.

    Attributes:
        score: the highest newest score of all words, 0 to 1.
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        """Load the words' models.

        Raises:
            WakeWordError: a word that is not built in.
        """
        for word in words:
            if word not in BUILT_IN:
                raise WakeWordError(f"There is no wake word “{word}”. Choose from {', '.join(BUILT_IN)}.")
        self.score = 0.0
        self._listen_for(
            {
                word: pymicro_wakeword.MicroWakeWord.from_builtin(pymicro_wakeword.Model(word))
                for word in dict.fromkeys(words)
            }
        )

    def _listen_for(self, models: dict[str, pymicro_wakeword.MicroWakeWord]) -> None:
        self._features = pymicro_wakeword.MicroWakeWordFeatures()
        self._models = models
        self._scores = dict.fromkeys(self._models, 0.0)
        self._calls = dict.fromkeys(self._models, 0)

    def hear(self, pcm: NDArray[np.int16], share: float = 1.0) -> Detection | None:
        """Take int16 at 16 kHz; the best word whose score is over its cutoff times `share`, if any."""
        best: Detection | None = None
        for features in self._features.process_streaming(pcm.tobytes()):
            for word, model in self._models.items():
                probability = model.process_streaming_prob(features)
                self._calls[word] += 1
                # Between strides the model answers 0.0 and means nothing by it: the last real score holds.
                if probability is None or self._calls[word] % model.stride:
                    continue
                self._scores[word] = min(1.0, max(0.0, float(probability)))
                if probability > model.probability_cutoff * share and (best is None or probability > best.score):
                    best = Detection(word, self._scores[word])
        self.score = max(self._scores.values(), default=0.0)
        return best


class StopWord(WakeWords):
    """The user's own micro model of a word that ends what sounds, such as “stop”."""

    def __init__(self, config: Path) -> None:
        """Load the model: its JSON file, with the .tflite file that it names beside it.

        Raises:
            WakeWordError: the files are not there, or no such model.
        """
        super().__init__(())
        try:
            model = pymicro_wakeword.MicroWakeWord.from_config(config)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise WakeWordError(
                f"{config} is no micro wake word model ({type(error).__name__}): it needs a JSON file as microWakeWord "
                "writes it and, beside it, the .tflite file that it names."
            ) from error
        self._listen_for({model.wake_word: model})
        self._rest_s = 0.0

    def said(self, room: NDArray[np.int16]) -> bool:
        """Whether it was said just now, once each time; int16 at 16 kHz."""
        self._rest_s = max(0.0, self._rest_s - room.size / 16_000)
        found = self.hear(room) is not None and not self._rest_s
        if found:
            self._rest_s = _REFRACTORY_S
        return found


class WakeDetector:
    """Wake words in the room, unless the loudspeaker itself has said one within the last second."""

    def __init__(self, words: tuple[str, ...]) -> None:
        """Load every model twice: for the room and for the loudspeaker.

        Raises:
            WakeWordError: a word that is not built in.
        """
        self._room = WakeWords(words)
        self._own = WakeWords(words)
        self._veto_s = self._rest_s = self._tail_s = 0.0
        self.vetoed = 0

    @property
    def score(self) -> float:
        """The newest score of the room, 0 to 1."""
        return self._room.score

    def hear(self, room: NDArray[np.int16], own: NDArray[np.int16]) -> Detection | None:
        """Take the same time of both at 16 kHz, int16; the word that was called, if one was."""
        duration_s = room.size / 16_000
        self._tail_s = _REFERENCE_TAIL_S if own.any() else max(0.0, self._tail_s - duration_s)
        self._veto_s = max(0.0, self._veto_s - duration_s)
        self._rest_s = max(0.0, self._rest_s - duration_s)
        if self._tail_s and self._own.hear(own, _VETO_SHARE) is not None:
            self._veto_s = _VETO_S
        found = self._room.hear(room)
        if found is None or self._rest_s:
            return None
        if self._veto_s:
            self.vetoed += 1
            return None
        self._rest_s = _REFRACTORY_S
        return found
