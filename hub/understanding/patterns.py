"""Reads the pattern files beside this module: word classes, then named groups of regular expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Patterns:
    """`classes`: upper-case words and what they stand for; `patterns`: expressions by name, in the file's order."""

    classes: dict[str, str] = field(default_factory=dict)
    patterns: dict[str, list[str]] = field(default_factory=dict)


def read_patterns(name: str) -> Patterns:
    """Read a file of this package: `NAME = expression` before the first `[group]`, then one expression a line."""
    read = Patterns()
    for line in files("hub.understanding").joinpath(name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]") and line[1:-1].isidentifier():
            read.patterns[line[1:-1]] = []
        elif read.patterns:
            read.patterns[next(reversed(read.patterns))].append(line)
        else:
            key, _, expression = line.partition(" = ")
            read.classes[key] = expression
    return read
