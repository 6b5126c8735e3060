"""Words out of the pieces that the reference server sends, which are the tokenizer's and not always text."""

from __future__ import annotations

import re
from typing import Final

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_MARKS: Final = frozenset({"<s>", "</s>", "<unk>", "<pad>"})
_MAX_PIECE_BYTES: Final = 256
_LONGEST_CHARACTER_BYTES: Final = 4


class Pieces:
    """Joins the bytes of a character that come as one piece each, and leaves out the names of marks."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def read(self, payload: bytes) -> str:
        """The words of one message; "" where there are none, or not yet."""
        piece = payload[:_MAX_PIECE_BYTES].decode(errors="replace")
        byte = _BYTE.fullmatch(piece)
        if byte is None:
            self._bytes.clear()  # a character that was never finished is no word
            return "" if piece in _MARKS else piece
        self._bytes.append(int(byte[1], 16))
        try:
            text = self._bytes.decode()
        except UnicodeDecodeError:
            if len(self._bytes) >= _LONGEST_CHARACTER_BYTES:
                self._bytes.clear()
            return ""
        self._bytes.clear()
        return text
