"""A fixed batch of rows that step in lockstep: codec, language model, codec.

Rows join by a copy of a prompt's state, pause, and leave without touching the others. The state's tensors are edited in
place, never replaced, because CUDA graphs have captured their addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from moshi.models.compression import MimiModel
from moshi.models.lm import LMGen, LMModel

from hub.engine.personaplex.model.layout import AGENT, CODEBOOKS, PAD, SILENCE
from hub.engine.personaplex.model.snapshots import PromptSnapshot
from hub.engine.personaplex.model.states import copy_row, copy_state_row, view
from hub.engine.personaplex.port import FRAME_SAMPLES, RowInput, RowOutput

# A CUDA graph is captured at the second call of what it holds; the third is the first that replays it.
_WARM_STEPS: Final = 3


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn, for every row alike."""

    greedy: bool
    temperature_audio: float
    top_k_audio: int
    temperature_text: float
    top_k_text: int

    def generator(self, lm: LMModel, **hooks: Any) -> LMGen:
        """A token generator over a model."""
        return LMGen(
            lm,
            use_sampling=not self.greedy,
            temp=self.temperature_audio,
            temp_text=self.temperature_text,
            top_k=self.top_k_audio,
            top_k_text=self.top_k_text,
            **hooks,
        )


class Batch:
    """`rows` conversations over one set of weights."""

    def __init__(self, lm: LMModel, mimi: MimiModel, sampling: Sampling, rows: int) -> None:
        """Take two modules that are not streaming; they belong to this batch from now on."""
        self._device = lm.device
        self._text_card = lm.text_card
        self._silence = torch.tensor(SILENCE, device=self._device)
        # A row's codec begins as if it had just played the prompt's last frame, which is silence.
        self._new_codec = view(mimi)
        self._new_codec.streaming_forever(1)
        self._new_codec.decode(self._silence.view(1, CODEBOOKS, 1))
        self._mimi = mimi
        self._mimi.streaming_forever(rows)
        self._lm = lm
        self._generator = sampling.generator(
            lm, on_text_hook=self._on_text, on_audio_hook=self._on_audio, support_out_of_sync=True
        )
        self._generator.streaming_forever(rows)
        self._pcm = np.zeros((rows, 1, FRAME_SAMPLES), np.float32)
        self._positions = [0] * rows
        self._inputs: Mapping[int, RowInput] = {}
        self._running: frozenset[int] | None = None

    @property
    def rows(self) -> int:
        """How many places there are."""
        return len(self._positions)

    def warm_up(self) -> None:
        """Capture what is captured once, so that no session waits for it. Rows must join after this."""
        silent = {row: RowInput(np.zeros(FRAME_SAMPLES, np.float32)) for row in range(self.rows)}
        for _ in range(_WARM_STEPS):
            self._run_only(frozenset())
            self.step(silent)

    def join(self, row: int, snapshot: PromptSnapshot, *, keep_audio: bool) -> None:
        """Start a row from a snapshot. `keep_audio`: what the codec has heard and played goes on."""
        targets = self._lm.get_streaming_state()
        for name, state in snapshot.states.items():
            copy_state_row(state, targets[name], row)
        state = self._state
        state.offsets[row] = snapshot.frames
        state.cache[row, :, snapshot.frames % state.cache.shape[2]] = snapshot.column
        self._positions[row] = snapshot.frames
        if not keep_audio:
            copy_row(self._new_codec, self._mimi, row)

    def step(self, inputs: Mapping[int, RowInput]) -> dict[int, RowOutput]:
        """One frame for each given row; the others stand still."""
        self._run_only(frozenset(inputs))
        self._inputs = inputs
        for row, given in inputs.items():
            self._pcm[row, 0] = given.pcm
            if given.silent:
                self._hush(row)
            self._positions[row] += 1
        heard = self._mimi.encode(torch.from_numpy(self._pcm).to(self._device))
        tokens = self._generator.step(heard)
        if tokens is None:
            raise RuntimeError("the generator gave no tokens, which it does only where rows run in step")
        # Rows that stand still come as "not generated", which no codebook has.
        codes = tokens[:, AGENT].clamp(min=0)
        pcm = self._mimi.decode(codes)[:, 0].cpu().numpy()
        text_ids, coded = tokens[:, 0, 0].tolist(), codes[:, :, 0].cpu().numpy()
        return {row: RowOutput(text_ids[row], coded[row].copy(), pcm[row].copy()) for row in inputs}

    @property
    def _state(self) -> Any:
        return self._generator._streaming_state  # noqa: SLF001 - moshi names it so and has no other way to one row

    def _run_only(self, running: frozenset[int]) -> None:
        if running == self._running:
            return
        mask = torch.tensor([row in running for row in range(self.rows)], device=self._device)
        self._mimi.set_exec_mask(mask)
        self._generator.set_exec_mask(mask)
        self._running = running

    def _hush(self, row: int) -> None:
        # Text and semantic code of this frame were chosen one step ago and are fed now: silence begins with them.
        cache = self._state.cache
        position = self._positions[row] % cache.shape[2]
        cache[row, 0, position] = PAD
        cache[row, AGENT.start, position] = SILENCE[0]

    def _on_text(self, text: torch.Tensor) -> None:
        if all(given.choose is None and not given.silent for given in self._inputs.values()):
            return
        wanted = text.tolist()
        for row, given in self._inputs.items():
            if given.silent:
                wanted[row] = PAD
            elif given.choose is not None:
                wanted[row] = given.choose(wanted[row])
                if not 0 <= wanted[row] < self._text_card:
                    raise ValueError(f"text id {wanted[row]} was chosen for row {row}: the model has {self._text_card}")
        text.copy_(torch.tensor(wanted))

    def _on_audio(self, codes: torch.Tensor) -> None:
        silent = [row for row, given in self._inputs.items() if given.silent]
        if silent:
            codes[silent] = self._silence
