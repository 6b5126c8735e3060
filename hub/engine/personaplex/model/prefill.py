"""Reading a prompt in one pass, cut into slices that fit between two ticks.

A prompt of T frames takes positions 0 to T - 1; what the model says after the last of them, text and semantic code of
the session's first frame, is part of the snapshot. So a session's first frame of audio gives a frame of speech at once.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from typing import Final

import torch
from moshi.models.compression import MimiModel
from moshi.models.lm import LMModel
from moshi.modules.streaming import State
from moshi.modules.transformer import set_attention_context
from moshi.utils.compile import no_cuda_graph
from moshi.utils.sampling import sample_token

from hub.engine.personaplex.model.batch import Sampling
from hub.engine.personaplex.model.guard import Guard
from hub.engine.personaplex.model.layout import Voice, lay_out
from hub.engine.personaplex.model.snapshots import PromptSnapshot, SnapshotCache
from hub.engine.personaplex.model.states import fresh_states, using
from hub.engine.personaplex.model.voices import Recording
from hub.engine.port import EngineBusyError

# One slice costs about as much as one step: the weights are read once in both.
_SLICE_POSITIONS: Final = 64
_SLICE_RECORDED_FRAMES: Final = 2


class Reader:
    """Views of the model and the codec that prompts are read with, one at a time or several in turns."""

    def __init__(self, lm: LMModel, mimi: MimiModel, sampling: Sampling) -> None:
        """Take two modules that are not streaming; they belong to this reader from now on."""
        self._lm = lm
        self._mimi = mimi
        self._sampling = sampling
        self._generator = sampling.generator(lm)
        self._initial = lm._get_initial_token()[0, :, 0].cpu()  # noqa: SLF001 - moshi names it so

    def encode(self, recording: Recording) -> Generator[None, None, Voice]:
        """Take a recording through the codec frame by frame, as a live microphone would be."""
        states = fresh_states(self._mimi)
        while (voice := recording.done) is None:
            # A graph of this passing state would be captured for nothing.
            with using(self._mimi, states), no_cuda_graph():
                for pcm in recording.pending(_SLICE_RECORDED_FRAMES):
                    recording.add(self._mimi.encode(torch.from_numpy(pcm).to(self._lm.device)[None, None]))
            yield
        return voice

    def read(self, voice: Voice, text_ids: Sequence[int]) -> Generator[None, None, PromptSnapshot]:
        """Read a whole prompt, a slice at a time."""
        layout = lay_out(voice, text_ids, initial=self._initial)
        states = self._states(layout.frames)
        embeddings = layout.embeddings.to(self._lm.device, self._lm.dtype)
        for begin in range(0, len(embeddings), _SLICE_POSITIONS):
            with using(self._lm, states):
                self._lm.transformer(embeddings[None, begin : begin + _SLICE_POSITIONS])
            yield
        columns = layout.columns[None].to(self._lm.device)
        fed, last = columns[:, :, :-1], columns[0, :, -1]
        for begin in range(0, fed.shape[2], _SLICE_POSITIONS):
            if begin:
                yield
            with using(self._lm, states):
                hidden, text_logits = self._lm.forward_text(fed[:, :, begin : begin + _SLICE_POSITIONS])
        with using(self._lm, states):
            last[:2] = self._first_choice(hidden[:, -1:], text_logits[:, :, -1:])
        return PromptSnapshot(layout.frames, states, last)

    def _states(self, frames: int) -> dict[str, State]:
        # Room for this prompt only: at full length the caches of the released model take 1.5 GB.
        window = self._lm.context
        set_attention_context(self._lm.transformer, frames)
        states = fresh_states(self._lm)
        set_attention_context(self._lm.transformer, window)
        return states

    def _first_choice(self, hidden: torch.Tensor, text_logits: torch.Tensor) -> torch.Tensor:
        sampling = self._sampling
        text = sample_token(text_logits.float(), not sampling.greedy, sampling.temperature_text, sampling.top_k_text)[
            :, 0, 0
        ]
        return torch.cat([text, self._generator.depformer_step(text, hidden)[0, :1]])


class PromptPrefill:
    """A prompt that is being read. `advance` until there is a snapshot."""

    def __init__(
        self, guard: Guard, steps: Generator[None, None, PromptSnapshot], cache: SnapshotCache, key: Hashable
    ) -> None:
        """Read by `steps`, then keep the snapshot in `cache`."""
        self._guard = guard
        self._steps = steps
        self._cache = cache
        self._key = key
        self._snapshot: PromptSnapshot | None = None

    def advance(self) -> PromptSnapshot | None:
        """One slice more; the snapshot when done, again and again.

        Raises:
            EngineBusyError: no memory for one more prompt; the rows go on.
            ModelLostError: the device failed.
        """
        if self._snapshot is not None:
            return self._snapshot
        with self._guard():
            try:
                next(self._steps)
            except StopIteration as done:
                self._snapshot = done.value
                self._cache.put(self._key, done.value)
            except torch.OutOfMemoryError:
                self._cache.clear()
                raise EngineBusyError("The GPU has no memory for one more prompt. Try again later.") from None
        return self._snapshot


def already(snapshot: PromptSnapshot) -> Generator[None, None, PromptSnapshot]:
    """The steps of a prompt that has been read before: none."""
    yield from ()
    return snapshot
