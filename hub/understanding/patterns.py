"""Reads the pattern files beside this module: word classes, then named groups of regular expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_GROUP = re.compile(r"\(\?P<([a-z]+)>")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One expression: the group it stands in, its source, what it compiles to, and parts that need not be said.

    `openings`: the only words that such a text can begin with, None where it may begin with any.
    """

    group: str
    source: str
    expression: re.Pattern[str]
    unsaid: Mapping[str, str]
    openings: frozenset[str] | None = None

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
            read.append(Pattern(group, source, re.compile(expression), parts, _openings(expression)))
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


_FIRST_GROUP = re.compile(r"\(\?(?::|P<[a-z]+>)(?!\.)")
_FIRST_WORD = re.compile(r"([a-z]+)(?= |$)")


def _openings(expression: str) -> frozenset[str] | None:
    """The words that a text of this shape begins with, where they are plainly written: one, or a group of several."""
    group = _FIRST_GROUP.match(expression)
    if group is None:
        word = _FIRST_WORD.match(expression)
        return frozenset({word[1]}) if word else None
    depth, start = 0, group.end()
    choices: list[str] = []
    for position, letter in enumerate(expression):
        depth += (letter == "(") - (letter == ")")
        if (letter == "|" and depth == 1) or depth == 0:
            choices.append(expression[start:position])
            start = position + 1
        if depth == 0:
            break
    words = [_FIRST_WORD.match(choice) for choice in choices]
    if expression[start : start + 1] not in ("", " ") or not all(words):
        return None
    return frozenset(word[1] for word in words if word)
