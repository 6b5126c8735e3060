"""Reads the pattern files beside this module: word classes, then named groups of regular expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_GROUP = re.compile(r"\(\?P<([a-z]+)>")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One expression: the group it stands in, its source, what it compiles to, and parts that need not be said."""

    group: str
    source: str
    expression: re.Pattern[str]
    unsaid: Mapping[str, str]

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
            read.append(Pattern(group, source, re.compile(_unique(_expanded(source, classes))), parts))
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
