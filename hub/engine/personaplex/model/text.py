"""Text ids: persona prompts in their tags, sentences to be spoken, and ids back into words."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

import sentencepiece

from hub.engine.personaplex.port import EPAD, PAD, WeightsError

_TAG: Final = "<system>"


class Tokenizer(Protocol):
    """What is needed of a text vocabulary."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text."""

    def piece(self, text_id: int) -> str:
        """The words of one id; "" for EPAD, PAD and ids without words."""


class SentencePieces:
    """The vocabulary in a SentencePiece file. Its methods may be called from any thread."""

    def __init__(self, path: Path, *, text_card: int) -> None:
        """Load it.

        Args:
            path: the file.
            text_card: ids that the model knows.

        Raises:
            WeightsError: not a SentencePiece model, or one with more ids than the model has.
        """
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(path.read_bytes())
        except (OSError, RuntimeError) as error:
            raise WeightsError(f"{path} is no SentencePiece model: {error}. Fetch it again.") from None
        self._size = int(self._processor.vocab_size())
        if self._size > text_card:
            raise WeightsError(
                f"{path} has {self._size} pieces but the model {text_card}: they do not belong together."
            )

    def encode(self, text: str) -> list[int]:
        """Ids of a text."""
        return [int(text_id) for text_id in self._processor.encode(text)]

    def piece(self, text_id: int) -> str:
        """The words of one id; "" for EPAD, PAD and ids outside the vocabulary."""
        if text_id in (EPAD, PAD) or not 0 <= text_id < self._size:
            return ""
        return str(self._processor.id_to_piece(text_id)).replace("\u2581", " ")


class ByteIds:
    """A vocabulary for random weights, which come without one: an id for each byte."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text."""
        return [4 + byte for byte in text.encode()]

    def piece(self, text_id: int) -> str:
        """A byte as a letter."""
        return chr(text_id - 4) if 4 <= text_id < 4 + 128 else ""


def tagged(prompt: str) -> str:
    """A persona prompt between the tags that the model was trained with, unless it has them."""
    cleaned = prompt.strip()
    if cleaned.startswith(_TAG) and cleaned.endswith(_TAG):
        return cleaned
    return f"{_TAG} {cleaned} {_TAG}"
