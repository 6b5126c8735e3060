"""Where each token of a prompt lies: seventeen streams, their delays, and the codes that mean silence.

A *frame* is 80 ms of the seventeen streams (one of text, eight of the assistant's audio, eight of the user's); a
*position* is one step of the model. Frame `f` of a stream with delay `d` lies at position `f + d`. Positions up to `d`
hold the stream's initial token, so that frame 0 is lost: so NVIDIA's code feeds the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

STREAMS: Final = 17
CODEBOOKS: Final = 8
TEXT: Final = slice(0, 1)
AGENT: Final = slice(1, 9)
USER: Final = slice(9, 17)
PAD: Final = 3

# Eight codes of the released codec, the semantic one first: digital silence, and a tone of 440 Hz, which on the user's
# side tells the model that what it hears is a prompt.
SILENCE: Final = (948, 243, 1178, 546, 1736, 1030, 1978, 2008)
SINE: Final = (430, 1268, 381, 1611, 1095, 1495, 56, 472)

# Half a second, after the voice and again after the text.
SILENCE_FRAMES: Final = 6
DELAYS: Final = (0, 0, *[1] * 7, 0, *[1] * 7)


@dataclass(frozen=True, slots=True)
class CodedVoice:
    """A recording. `codes`: int64 [8, V], what the codec makes of it."""

    codes: torch.Tensor

    @property
    def frames(self) -> int:
        """How many frames of the prompt it takes."""
        return int(self.codes.shape[1])


@dataclass(frozen=True, slots=True)
class EmbeddedVoice:
    """A packaged voice: a recording that NVIDIA's code has stepped through.

    Attributes:
        embeddings: [V, dim], the model's input at positions 0 to V - 1.
        columns: int64 [17, 2], the tokens at positions V and V + 1.
    """

    embeddings: torch.Tensor
    columns: torch.Tensor

    @property
    def frames(self) -> int:
        """How many frames of the prompt it takes; its last one is in `columns`."""
        return int(self.embeddings.shape[0]) + 1


Voice = CodedVoice | EmbeddedVoice


@dataclass(frozen=True, slots=True)
class PromptLayout:
    """The model's input for a whole prompt of T frames.

    Attributes:
        embeddings: [V, dim], the first positions of a packaged voice; V is 0 for a recording.
        columns: int64 [17, T + 1 - V], positions V to T. At the last the session begins: text and semantic codes are
            still to be chosen there.
    """

    embeddings: torch.Tensor
    columns: torch.Tensor

    @property
    def frames(self) -> int:
        """T."""
        return int(self.embeddings.shape[0] + self.columns.shape[1]) - 1


def lay_out(voice: Voice, text_ids: Sequence[int], *, initial: torch.Tensor) -> PromptLayout:
    """A voice, silence, the text, silence.

    Args:
        voice: how the assistant sounds.
        text_ids: the persona prompt.
        initial: int64 [17], each stream's token before anything was said.
    """
    start, head, embeddings = 0, initial[:, None].expand(-1, 2), torch.empty((0, 0))
    if isinstance(voice, EmbeddedVoice):
        start, head, embeddings = voice.frames - 1, voice.columns, voice.embeddings
    spoken = voice.frames + SILENCE_FRAMES
    frames = torch.empty((STREAMS, spoken + len(text_ids) + SILENCE_FRAMES), dtype=torch.long)
    frames[TEXT] = PAD
    frames[AGENT] = torch.tensor(SILENCE)[:, None]
    frames[USER] = torch.tensor(SINE)[:, None]
    frames[0, spoken : spoken + len(text_ids)] = torch.tensor(text_ids, dtype=torch.long)
    if isinstance(voice, CodedVoice):
        frames[AGENT, : voice.frames] = voice.codes
    placed = frames[:, start + 1 :]
    columns = initial[:, None].repeat(1, placed.shape[1] + 2)
    columns[:, :2] = head
    for stream, delay in enumerate(DELAYS):
        columns[stream, 1 + delay : 1 + delay + placed.shape[1]] = placed[stream]
    return PromptLayout(embeddings, columns)
