"""Cuts a sentence of the assistant into pieces on 80 ms frames, as a full-duplex model speaks; always the same way.

One piece a frame at most, about three words a second, padding in three frames of four, a breath at commas and full
stops. Long and rare words fall into several pieces, as they do with SentencePiece.
"""

from __future__ import annotations

import random
import re
import zlib

Pieces = list[tuple[int, str]]
_TOKENS = re.compile(r"\s*(\w+|[^\w\s])")
_WORD_FRAMES = 4.1


def pieces_of(text: str, *, start_frame: int = 0) -> tuple[Pieces, list[int], int]:
    """Cut `text`.

    Returns:
        The pieces with their frames; where in `text` each piece ends; the frame at which the turn ends.
    """
    chance = random.Random(zlib.crc32(text.encode()))
    made: Pieces = []
    ends: list[int] = []
    frame = start_frame + chance.randint(3, 11)
    due = float(frame)
    for match in _TOKENS.finditer(text):
        token, begins = match[1], match.start(1) > match.start() or match.start() == 0
        if begins and token[0].isalnum() and made:
            breath = {",": 1.5, ".": 3.0, "!": 3.0, "?": 3.0}.get(made[-1][1][-1], 0.0)
            due = max(due + _WORD_FRAMES + breath + chance.uniform(-0.8, 0.8), made[-1][0] + 1)
            frame = max(round(due), made[-1][0] + 1)
        elif made:
            frame = made[-1][0] + 1
        at = match.start(1)
        for part in _parts(token, chance):
            made.append((frame, ("▁" if begins and at == match.start(1) else "") + part))
            at += len(part)
            ends.append(at)
            frame += 1
    return made, ends, made[-1][0] + chance.randint(6, 14)


def _parts(token: str, chance: random.Random) -> list[str]:
    """Whole if short; else cut once or twice, never leaving a single letter behind."""
    rare = chance.random()
    if len(token) <= 4 or (len(token) <= 8 and rare < 0.8):
        return [token]
    cut = chance.randint(2, len(token) - 2)
    first, rest = token[:cut], token[cut:]
    if len(rest) > 6:
        middle = chance.randint(2, len(rest) - 2)
        return [first, rest[:middle], rest[middle:]]
    return [first, rest]
