"""A model of arithmetic: the same interface, answers that can be worked out by hand, and faults on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hub.engine.personaplex.port import (
    EPAD,
    FRAME_SAMPLES,
    PAD,
    ModelInfo,
    Prompt,
    PromptError,
    RowInput,
    RowOutput,
    VoiceError,
)

FIRST_WORD = 10


@dataclass(frozen=True)
class FakeSnapshot:
    prompt: Prompt
    frames: int
    size_bytes: int = 1


@dataclass
class FakePrefill:
    model: FakeModel
    prompt: Prompt
    left: int

    def advance(self) -> FakeSnapshot | None:
        self.model.spend(self.model.slice_s)
        self.left -= 1
        return None if self.left > 0 else FakeSnapshot(self.prompt, self.model.prompt_frames(self.prompt))


@dataclass
class FakeRow:
    prompt: Prompt
    heard: list[float] = field(default_factory=list)
    frame: int = 0
    text: int = PAD


class FakeModel:
    """Speaks the number of the frame: `pcm` is full of `frame / 10000`, plus the user's mean. Text by `sample`."""

    voices = ("NATF2.pt", "NATM1.pt")

    def __init__(self, rows: int = 2, *, context: int = 3000, spend: Callable[[float], None] = lambda _s: None) -> None:
        self.info = ModelInfo("fake", "cpu", "float32", rows, context, 1, 1)
        self.spend = spend
        self.step_s = 0.01
        self.slice_s = 0.01
        self.slices = 3
        self.rows: dict[int, FakeRow] = {}
        self.joins: list[tuple[int, Prompt, bool]] = []
        self.steps: list[tuple[int, ...]] = []
        self.fail: Exception | None = None
        self.sample: Callable[[int, int], int] = lambda _row, _frame: PAD
        self.loud = False
        self.words: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def encode(self, text: str) -> list[int]:
        for word in text.split():
            for part in (" " + word[:3], word[3:]):
                if part and part not in self.words:
                    self.words.append(part)
        return [
            FIRST_WORD + self.words.index(part) for word in text.split() for part in (" " + word[:3], word[3:]) if part
        ]

    def piece(self, text_id: int) -> str:
        if text_id in (EPAD, PAD):
            return ""
        place = text_id - FIRST_WORD
        return self.words[place] if 0 <= place < len(self.words) else f" w{text_id}"

    def prompt_frames(self, prompt: Prompt) -> int:
        return 50 + len(prompt.text.split())

    def prefill(self, prompt: Prompt) -> FakePrefill:
        if prompt.voice not in self.voices:
            raise VoiceError(f"There is no voice {prompt.voice}.")
        if self.prompt_frames(prompt) > self.info.context_frames // 2:
            raise PromptError("The prompt is too long.")
        if "corrupt" in prompt.text:
            raise ValueError("shape")
        return FakePrefill(self, prompt, self.slices)

    def join(self, row: int, snapshot: FakeSnapshot, *, keep_audio: bool = False) -> None:
        self.rows[row] = FakeRow(snapshot.prompt)
        self.joins.append((row, snapshot.prompt, keep_audio))

    def leave(self, row: int) -> None:
        del self.rows[row]

    def step(self, inputs: Mapping[int, RowInput]) -> dict[int, RowOutput]:
        self.gate.wait(20)
        self.spend(self.step_s)
        if self.fail is not None:
            raise self.fail
        self.steps.append(tuple(inputs))
        return {row: self._one(row, given) for row, given in inputs.items()}

    def _one(self, place: int, given: RowInput) -> RowOutput:
        row = self.rows[place]
        assert given.pcm.dtype == np.float32
        assert given.pcm.shape == (FRAME_SAMPLES,)
        heard = float(given.pcm.mean())
        row.heard.append(heard)
        # As in the real one, a step chooses the text of the frame after it, and silence holds from its own frame on.
        text = PAD if given.silent else row.text
        row.text = PAD if given.silent else self.sample(place, row.frame)
        if given.choose is not None and not given.silent:
            row.text = given.choose(row.text)
        level = 0.5 if self.loud and not given.silent else heard / 2
        pcm = np.full(FRAME_SAMPLES, level, np.float32)
        out = RowOutput(text, np.full(8, row.frame, np.int64), pcm)
        row.frame += 1
        return out
