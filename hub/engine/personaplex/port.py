"""What the engine's server asks of a model, in numbers and arrays; torch stays behind it.

All methods of a model are called from one thread, the ticker's. A *row* is a place in the fixed batch, 0 to
`rows - 1`; one `step` moves every given row by one ModelFrame (80 ms), one frame of audio in, one out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hub.engine.port import EngineError

SAMPLE_RATE_HZ: Final = 24_000
FRAME_SAMPLES: Final = 1920
FRAME_MS: Final = 80
FRAMES_PER_S: Final = 12.5

# Text ids that are no words (research of the released model; ids 1 and 2 are its BOS and EOS).
EPAD: Final = 0
PAD: Final = 3


class PromptError(EngineError):
    """A persona prompt that the model cannot take."""

    code = "engine_prompt"
    retry = False


class VoiceError(EngineError):
    """A voice that is not there or not a voice."""

    code = "engine_voice"
    retry = False


class WeightsError(EngineError):
    """A weights folder that cannot be loaded."""

    code = "engine_weights"
    retry = False


class ModelLostError(EngineError):
    """The model or its GPU is gone; the process must be started again."""

    code = "engine_lost"
    retry = True


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a session starts from.

    Attributes:
        voice: file name with its extension in the voices folder, such as "NATF2.pt".
        text: the persona, not yet wrapped in system tags; never empty.
    """

    voice: str
    text: str


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How to load a model; `hub.engine.personaplex.model.loading.load_model` takes it.

    Attributes:
        weights: folder with `model.safetensors`, Mimi, tokenizer and `voices/`; None: random weights of the full size.
        voices: another folder of voices.
        device: "cpu" computes in float32 whatever the file's type, "cuda" in bfloat16 with CUDA graphs.
        rows: places in the batch, fixed for the life of the process.
        greedy: the likeliest token always; temperatures and top-k are not used.
        int8: weight-only int8 per channel, for cards of 16 GB.
        snapshot_budget_bytes: memory for cached prompts.
        context_frames: a smaller window than the weights', None for theirs.
    """

    weights: Path | None
    voices: Path | None = None
    device: str = "cuda"
    rows: int = 2
    greedy: bool = False
    temperature_audio: float = 0.8
    top_k_audio: int = 250
    temperature_text: float = 0.7
    top_k_text: int = 25
    seed: int | None = None
    int8: bool = False
    snapshot_budget_bytes: int = 1 << 30
    context_frames: int | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What was loaded.

    Attributes:
        context_frames: the model's window, prompt included (3000 for the released weights).
        snapshot_bytes_per_frame: memory of one prompt frame in a snapshot.
    """

    name: str
    device: str
    dtype: str
    rows: int
    context_frames: int
    parameters: int
    snapshot_bytes_per_frame: int


@dataclass(frozen=True, slots=True)
class RowInput:
    """One frame for one row.

    Attributes:
        pcm: float32 [1920], 24 kHz mono, -1 to 1: what the user said; zeros when nothing is heard.
        choose: given the text id the model wants, answers the id it gets (forced speech); None lets it be. It decides
            the text of the frame after this one, since text goes one step before the rest of its frame's audio.
        silent: listen-only: text PAD and the codes of silence from this frame on, whatever the model wants; goes before
            `choose`.
    """

    pcm: NDArray[np.float32]
    choose: Callable[[int], int] | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class RowOutput:
    """One frame from one row.

    Attributes:
        text: text id of this frame.
        codes: int64 [8], the audio codes that were decoded.
        pcm: float32 [1920], 24 kHz mono.
    """

    text: int
    codes: NDArray[np.int64]
    pcm: NDArray[np.float32]


class Snapshot(Protocol):
    """The state right after a prompt, ready to be copied into any row any number of times."""

    @property
    def frames(self) -> int:
        """Positions of the window that the prompt takes."""

    @property
    def size_bytes(self) -> int:
        """Memory it holds."""


class Prefill(Protocol):
    """A prompt that is being read, in slices that fit between two ticks."""

    def advance(self) -> Snapshot | None:
        """One slice more; the snapshot when done."""


class Model(Protocol):
    """A loaded model with a fixed batch of rows, all of them empty at first."""

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""

    @property
    def voices(self) -> tuple[str, ...]:
        """File names of the voices that can be asked for."""

    def count_tokens(self, text: str) -> int:
        """Text tokens of a persona prompt, wrapped as the model reads it. Callable from any thread."""

    def encode(self, text: str) -> list[int]:
        """Text ids of a sentence to be spoken. Callable from any thread."""

    def piece(self, text_id: int) -> str:
        """The words of one text id, U+2581 as a space; "" for EPAD and PAD. Callable from any thread."""

    def prefill(self, prompt: Prompt) -> Prefill:
        """Begin to read a prompt, on a state of its own: live rows are not touched.

        Raises:
            PromptError: empty, or too long for the window.
            VoiceError: unknown, unreadable, or of another shape.
        """

    def join(self, row: int, snapshot: Snapshot, *, keep_audio: bool = False) -> None:
        """Start a row from a snapshot by a copy. `keep_audio`: the codec goes on, for a renewal in mid-session."""

    def leave(self, row: int) -> None:
        """Empty a row."""

    def step(self, inputs: Mapping[int, RowInput]) -> dict[int, RowOutput]:
        """One frame for each given row; rows that are not given stand still. One output for each input.

        Raises:
            ModelLostError: the device failed; nothing can be stepped any more.
        """
