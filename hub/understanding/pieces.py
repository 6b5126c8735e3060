"""SentencePiece pieces to words and marks, each with the 80 ms frames it was spoken in."""

from __future__ import annotations

from dataclasses import dataclass

MAX_WORD_CHARACTERS = 48
_SPACES = frozenset("\u2581 \t\r\n\u00a0")
_MARKS = frozenset(".,!?;:\u2026")
_INSIDE_NUMBERS = frozenset(".,:")
_LEADS = frozenset('-\u2013\u2014()[]{}"\u201c\u201d*')
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "`": "'"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word as written, or one of the marks `. , ! ? ; :`, with its first and last frame."""

    text: str
    first_frame: int
    frame: int

    @property
    def is_mark(self) -> bool:
        """Whether it is punctuation."""
        return self.text in _MARKS


class Pieces:
    """Joins pieces. However a text is cut into pieces, the same words come out.

    A word is complete when a space or a mark follows it; until then it is `open`. A mark behind a digit may belong to
    the number ("21.5"), so it waits for one more character or for `settle`.
    """

    def __init__(self) -> None:
        self._letters = ""
        self._mark = ""
        self._first_frame = self._frame = -1

    @property
    def open(self) -> Token | None:
        """The word whose end nobody knows yet."""
        return Token(self._letters, self._first_frame, self._frame) if self._letters else None

    def feed(self, piece: str, frame: int) -> list[Token]:
        """Take a piece that was spoken in a frame; the words and marks that are complete now."""
        tokens: list[Token] = []
        for letter in piece.translate(_APOSTROPHES):
            self._take(letter, frame, tokens)
        return tokens

    def settle(self) -> list[Token]:
        """The voice paused: a mark that waited is no part of a number."""
        tokens: list[Token] = []
        if self._mark:
            self._close(tokens)
        return tokens

    def end(self) -> list[Token]:
        """The text is over: what was open is complete."""
        tokens: list[Token] = []
        self._close(tokens)
        return tokens

    def _take(self, letter: str, frame: int, tokens: list[Token]) -> None:
        if self._mark and not letter.isdigit():
            self._close(tokens)
        elif self._mark:
            self._letters += self._mark
            self._mark = ""
        if letter in _SPACES or letter in _LEADS:
            self._close(tokens)
        elif letter in _INSIDE_NUMBERS and self._letters[-1:].isdigit():
            self._mark, self._frame = letter, frame
        elif letter in _MARKS:
            self._close(tokens)
            tokens.append(Token("." if letter == "\u2026" else letter, frame, frame))
        else:
            if len(self._letters) >= MAX_WORD_CHARACTERS:
                self._close(tokens)
            if not self._letters:
                self._first_frame = frame
            self._letters += letter
            self._frame = frame

    def _close(self, tokens: list[Token]) -> None:
        letters, mark = self._letters, self._mark
        self._letters = self._mark = ""
        if letters:
            tokens.append(Token(letters, self._first_frame, self._frame))
        if mark:
            tokens.append(Token(mark, self._frame, self._frame))
