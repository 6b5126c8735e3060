"""The model that the engine's server drives: rows, prompts, voices and words, behind the port's `Model`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Hashable, Mapping
from typing import Final

import numpy as np

from hub.engine.personaplex.model.batch import Batch
from hub.engine.personaplex.model.guard import Guard
from hub.engine.personaplex.model.layout import SILENCE_FRAMES, Voice
from hub.engine.personaplex.model.prefill import PromptPrefill, Reader, already
from hub.engine.personaplex.model.snapshots import PromptSnapshot, SnapshotCache
from hub.engine.personaplex.model.text import Tokenizer, tagged
from hub.engine.personaplex.model.voices import Recording, VoiceSource
from hub.engine.personaplex.port import FRAME_SAMPLES, ModelInfo, Prompt, PromptError, RowInput, RowOutput, Snapshot

# What a prompt leaves of the window, at the least, to talk in: four seconds.
_TALK_FRAMES: Final = 50
_RECORDINGS_KEPT: Final = 32


class DuplexModel:
    """A loaded model with a fixed number of rows, all of them empty at first."""

    def __init__(
        self,
        info: ModelInfo,
        *,
        batch: Batch,
        reader: Reader,
        tokenizer: Tokenizer,
        voices: VoiceSource,
        snapshots: SnapshotCache,
        guard: Guard,
    ) -> None:
        """Put the parts together."""
        self._info = info
        self._batch = batch
        self._reader = reader
        self._tokenizer = tokenizer
        self._voices = voices
        self._snapshots = snapshots
        self._guard = guard
        self._joined: set[int] = set()
        self._encoded: OrderedDict[Hashable, Voice] = OrderedDict()

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        return self._info

    @property
    def voices(self) -> tuple[str, ...]:
        """File names of the voices that can be asked for."""
        return self._voices.names

    def count_tokens(self, text: str) -> int:
        """Text tokens of a persona prompt, wrapped as the model reads it."""
        return len(self._tokenizer.encode(tagged(text)))

    def encode(self, text: str) -> list[int]:
        """Text ids of a sentence to be spoken."""
        return self._tokenizer.encode(text)

    def piece(self, text_id: int) -> str:
        """The words of one text id, "" for EPAD and PAD."""
        return self._tokenizer.piece(text_id)

    def prefill(self, prompt: Prompt) -> PromptPrefill:
        """Begin to read a prompt, on a state of its own.

        Raises:
            PromptError: empty, or too long for the window.
            VoiceError: unknown, unreadable, or of another shape.
        """
        if not prompt.text.strip():
            raise PromptError("The persona prompt is empty. Say in a sentence who the assistant is.")
        voice_key = self._voices.key(prompt.voice)
        key = (voice_key, prompt.text)
        cached = self._snapshots.get(key)
        if cached is not None:
            return PromptPrefill(self._guard, already(cached), self._snapshots, key)
        voice = self._encoded.get(voice_key) or self._voices.open(prompt.voice)
        text_ids = self._tokenizer.encode(tagged(prompt.text))
        room = self._info.context_frames - _TALK_FRAMES - voice.frames - 2 * SILENCE_FRAMES
        if len(text_ids) > room:
            raise PromptError(
                f"The persona prompt has {len(text_ids)} tokens; beside this voice there is room for {max(room, 0)}. "
                "Shorten it."
            )
        steps = self._read(voice_key, voice, text_ids)
        return PromptPrefill(self._guard, steps, self._snapshots, key)

    def join(self, row: int, snapshot: Snapshot, *, keep_audio: bool = False) -> None:
        """Start a row from a snapshot by a copy. `keep_audio`: the codec goes on, for a renewal in mid-session.

        Raises:
            ModelLostError: the device failed.
        """
        if not isinstance(snapshot, PromptSnapshot):
            raise TypeError("the snapshot is not this model's")
        if not 0 <= row < self._info.rows:
            raise ValueError(f"there is no row {row}: the model has {self._info.rows}")
        with self._guard():
            self._batch.join(row, snapshot, keep_audio=keep_audio)
        self._joined.add(row)

    def leave(self, row: int) -> None:
        """Empty a row; whoever joins next overwrites it."""
        self._joined.discard(row)

    def step(self, inputs: Mapping[int, RowInput]) -> dict[int, RowOutput]:
        """One frame for each given row; rows that are not given stand still.

        `choose` decides the text of the frame after this one: of each frame, text and semantic code are chosen one step
        before the rest of its audio. `silent` goes before `choose` and holds from this very frame.

        Raises:
            ModelLostError: the device failed; nothing can be stepped any more.
        """
        for row, given in inputs.items():
            if row not in self._joined:
                raise ValueError(f"row {row} is empty")
            if given.pcm.shape != (FRAME_SAMPLES,) or given.pcm.dtype != np.float32:
                raise ValueError(f"a frame is float32 [{FRAME_SAMPLES}], not {given.pcm.dtype} {list(given.pcm.shape)}")
        if not inputs:
            return {}
        with self._guard():
            return self._batch.step(inputs)

    def _read(
        self, key: Hashable, voice: Voice | Recording, text_ids: list[int]
    ) -> Generator[None, None, PromptSnapshot]:
        if isinstance(voice, Recording):
            voice = yield from self._reader.encode(voice)
            self._encoded[key] = voice
            while len(self._encoded) > _RECORDINGS_KEPT:
                self._encoded.popitem(last=False)
        return (yield from self._reader.read(voice, text_ids))
