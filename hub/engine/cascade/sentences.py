"""Cuts what is to be said into pieces that can be spoken one after another, and spells what Piper reads wrong. Pure."""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'\u201d\u2019)]*\s+(?=[\"'\u201c\u2018(]*[A-Z0-9])|\n+")
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+|\s+(?=(?:and|but|because|so)\s)")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|etc|e\.g|i\.e|[A-Z]))\.$")
LONG_FIRST_CHARS = 60
_CLAUSE_MIN_CHARS = 18
_PIECE_MAX_CHARS = 300


def split_sentences(text: str) -> list[str]:
    """Cut at the ends of sentences, keeping the punctuation; a sentence over 300 characters is cut at clauses too."""
    pieces: list[str] = []
    for part in _SENTENCE_END.split(text.strip()):
        if not part or not part.strip():
            continue
        if pieces and _ABBREVIATION.search(pieces[-1]):
            pieces[-1] = f"{pieces[-1]} {part.strip()}"
        else:
            pieces.append(part.strip())
    return [short for piece in pieces for short in _shorten(piece)]


def split_for_speech(text: str) -> list[str]:
    """Like `split_sentences`, but a long first sentence gives up its first clause so that speech begins early."""
    pieces = split_sentences(text)
    if pieces and len(pieces[0]) > LONG_FIRST_CHARS:
        for cut in _CLAUSE_END.finditer(pieces[0]):
            if cut.start() >= _CLAUSE_MIN_CHARS and len(pieces[0]) - cut.end() >= _CLAUSE_MIN_CHARS:
                pieces[:1] = [pieces[0][: cut.start()], pieces[0][cut.end() :]]
                break
    return pieces


def _shorten(piece: str) -> list[str]:
    if len(piece) <= _PIECE_MAX_CHARS:
        return [piece]
    window = piece[:_PIECE_MAX_CHARS]
    cuts = [(cut.start(), cut.end()) for cut in _CLAUSE_END.finditer(window) if cut.start() > 0]
    end, start = cuts[-1] if cuts else (0, 0)
    if end == 0:
        space = window.rfind(" ")
        end, start = (space, space + 1) if space > 0 else (_PIECE_MAX_CHARS, _PIECE_MAX_CHARS)
    return [piece[:end], *_shorten(piece[start:])]
