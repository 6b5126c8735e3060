"""Reads the pattern files beside this module: word classes, then named groups of regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, NamedTuple

_GROUP = re.compile(r"\(\?P<([a-z]+)>")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One expression: the group it stands in, its source, what it compiles to, and parts that need not be said.

    `openings`: the only words that such a text can begin with, None where it may begin with any.
    `needs`: such a text has a word of each of these sets.
    """

    group: str
    source: str
    expression: re.Pattern[str]
    unsaid: Mapping[str, str]
    openings: frozenset[str] | None = None
    needs: tuple[frozenset[str], ...] = ()

    def read(self, text: str) -> dict[str, str] | None:
        """The parts of a text that is wholly of this shape, by name, empty ones left out; None when it is not."""
        found = self.expression.fullmatch(text)
        if found is None:
            return None
        read: dict[str, str] = {}
        for name, part in found.groupdict().items():
            if part is not None:
                read.setdefault(name.partition("_")[0], part)
        return {**self.unsaid, **read} if self.unsaid else read


class Table:
    """Patterns in the order of preference, found by the words of a text: most texts have to be tried against few."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        # Sets of patterns are numbers, a bit each: those that ask for nothing, and those that take a word.
        self._openings = self._column(p.openings for p in self._patterns)
        most = max((len(p.needs) for p in self._patterns), default=0)
        self._needs = [
            self._column(p.needs[n] if n < len(p.needs) else None for p in self._patterns) for n in range(most)
        ]

    @staticmethod
    def _column(choices: Iterable[frozenset[str] | None]) -> tuple[int, dict[str, int]]:
        free, taking = 0, dict[str, int]()
        for n, words in enumerate(choices):
            free |= (words is None) << n
            for word in words or ():
                taking[word] = taking.get(word, 0) | 1 << n
        return free, taking

    def like(self, text: str) -> Iterator[Pattern]:
        """The patterns that may be the whole text's."""
        words = text.split(" ")
        free, taking = self._openings
        left = free | taking.get(words[0], 0)
        for free, taking in self._needs:
            held = free
            for word in words:
                held |= taking.get(word, 0)
            left &= held
        while left:
            first = left & -left
            yield self._patterns[first.bit_length() - 1]
            left ^= first


def read_patterns(name: str, extra: Mapping[str, str] = {}) -> tuple[Pattern, ...]:
    """Read a file of this package: `NAME = expression` before the first `[group]`, then one expression a line.

    Upper-case words are classes; a class may use those before it, and a group name may occur more than once. After
    ` => ` an expression gives parts that nobody needs to say (`t=lights v=50%`).

    Args:
        name: of the file.
        extra: classes that are made in code.
    """
    classes = dict(extra)
    read: list[Pattern] = []
    group = ""
    for line in files("hub.understanding").joinpath(name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]") and line[1:-1].isidentifier():
            group = line[1:-1]
        elif group:
            source, _, unsaid = line.partition(" => ")
            parts = dict(pair.split("=") for pair in unsaid.split())
            expression = _unique(_expanded(source, classes))
            pieces = [*_pieces(expression)]
            needs = () if _CHOICE in pieces else tuple(_needs(pieces))
            read.append(Pattern(group, source, re.compile(expression), parts, _openings(pieces), needs))
        else:
            key, _, expression = line.partition(" = ")
            classes[key] = _expanded(expression, classes)
    return tuple(read)


def _expanded(line: str, classes: Mapping[str, str]) -> str:
    if not classes:
        return line
    key = re.compile("|".join(sorted(classes, key=len, reverse=True)))
    return key.sub(lambda found: classes[found[0]], line)


def _unique(expression: str) -> str:
    """A second group of the same name gets a number, since an expression may not have two."""
    seen: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        seen[found[1]] = seen.get(found[1], 0) + 1
        return f"(?P<{found[1]}_{seen[found[1]]}>" if seen[found[1]] > 1 else found[0]

    return _GROUP.sub(numbered, expression)


# At its outermost an expression is made of these and of groups.
_PIECE = re.compile(r"[a-z]+|\\.|\[(?:\\.|[^\]])+\]|.")
_FIRST_WORD = re.compile(r"([a-z]+)(\??)(?= |$)")
_QUANTIFIER = re.compile(r"(?:[?*+]|\{[\d,]+\})\??")
_LOOKS = ("(?=", "(?!", "(?<=", "(?<!")


class _Piece(NamedTuple):
    """A part of an expression at its outermost.

    `before` and `after` are groups that may be left out with the space that they end or begin with; `choices`: the
    words that a word or a group begins with, None where they are not plainly written.
    """

    kind: Literal["word", "space", "group", "before", "after", "choice", "other"]
    choices: frozenset[str] | None = None


_SPACE, _CHOICE, _OTHER = _Piece("space"), _Piece("choice"), _Piece("other")


def _openings(pieces: Sequence[_Piece]) -> frozenset[str] | None:
    """The words that a text of this shape begins with."""
    first = next((n for n, piece in enumerate(pieces) if piece.kind != "before"), None)
    if first is None or not _is_whole(pieces, first) or _CHOICE in pieces:
        return None
    begun = [piece.choices for piece in pieces[: first + 1]]
    if None in begun:
        return None
    return frozenset(word for choices in begun for word in choices or ())


def _needs(pieces: Sequence[_Piece]) -> Iterator[frozenset[str]]:
    """What no text of this shape lacks: words that stand by themselves, or one of several."""
    for n, piece in enumerate(pieces):
        begins = next((p is _SPACE for p in reversed(pieces[:n]) if p.kind != "before"), True)
        if piece.kind in ("word", "group") and piece.choices and begins and _is_whole(pieces, n):
            yield piece.choices


def _is_whole(pieces: Sequence[_Piece], n: int) -> bool:
    """Whether a word that a piece ends with is not written on by the next piece."""
    return next((p is _SPACE for p in pieces[n + 1 :] if p.kind != "after"), True)


def _pieces(expression: str) -> Iterator[_Piece]:
    position = 0
    while position < len(expression):
        found = _PIECE.match(expression, position)
        said = _group_at(expression, position) if expression[position] == "(" else found[0] if found else ""
        position += len(said)
        repeated = _QUANTIFIER.match(expression, position)
        quantifier = repeated[0] if repeated else ""
        position += len(quantifier)
        if said.startswith("("):
            if not said.startswith(_LOOKS):
                yield _of_group(said, quantifier)
        elif said.isalpha() and quantifier in ("", "?"):
            yield _Piece("word", _either(said, quantifier))
        elif quantifier:
            yield _OTHER
        else:
            yield {" ": _SPACE, "|": _CHOICE}.get(said, _OTHER)


def _either(word: str, quantifier: str) -> frozenset[str]:
    """A word, or what it is with its last letter and without it."""
    return frozenset({word, word[:-1]} - {""} if quantifier else {word})


def _group_at(expression: str, begin: int) -> str:
    depth = 0
    for position in range(begin, len(expression)):
        depth += (expression[position] == "(") - (expression[position] == ")")
        if not depth:
            return expression[begin : position + 1]
    return expression[begin:]


def _of_group(group: str, quantifier: str) -> _Piece:
    inside = re.sub(r"^\((?:\?:|\?P<\w+>)?", "", group[:-1])
    choices, start, depth = [], 0, 0
    for position, letter in enumerate(inside):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            choices.append(inside[start:position])
            start = position + 1
    choices.append(inside[start:])
    words = [_FIRST_WORD.match(choice) for choice in choices]
    plain = frozenset().union(*(_either(*word.groups()) for word in words if word)) if all(words) else None
    if not quantifier:
        return _Piece("group", plain)
    if quantifier in ("?", "*") and all(choice.endswith(" ") for choice in choices):
        return _Piece("before", plain)
    return _Piece("after") if quantifier in ("?", "*") and all(choice.startswith(" ") for choice in choices) else _OTHER
