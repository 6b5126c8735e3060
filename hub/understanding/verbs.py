"""Verbs of a home and their forms: from "dimming" and "drawn" back to "dim" and "draw"."""

from __future__ import annotations

import re
from enum import Enum
from importlib.resources import files


class Form(Enum):
    """A form of a verb."""

    BASE = "base"
    ING = "ing"
    PAST = "past"
    PARTICIPLE = "participle"


# One vowel between consonants in a word of one syllable: the last letter is doubled ("dimming").
_DOUBLED = re.compile(r"[^aeiou]*[aeiou][^aeiouwxy]")


def _regular(base: str) -> tuple[str, str]:
    """The -ing form and the past of a regular verb."""
    if base.endswith("e"):
        return f"{base[:-1]}ing", f"{base}d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base}ing", f"{base[:-1]}ied"
    stem = base + base[-1] if _DOUBLED.fullmatch(base) else base
    return f"{stem}ing", f"{stem}ed"


def _read() -> dict[str, tuple[tuple[str, Form], ...]]:
    forms: dict[str, dict[tuple[str, Form], None]] = {}
    for line in files("hub.understanding").joinpath("verbs.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        base, *rest = line.split()
        ing, past, participle = rest or (*_regular(base), _regular(base)[1])
        for word, form in ((base, Form.BASE), (ing, Form.ING), (past, Form.PAST), (participle, Form.PARTICIPLE)):
            forms.setdefault(word, {})[base, form] = None
    return {word: tuple(readings) for word, readings in forms.items()}


_FORMS = _read()


def base_of(word: str, *forms: Form) -> str | None:
    """The base of a word that may be one of these forms of a verb; None when it is not."""
    return next((base for base, form in _FORMS.get(word, ()) if form in forms), None)


def is_verb(word: str, *forms: Form) -> bool:
    """Whether a word may be one of these forms of a verb."""
    return base_of(word, *forms) is not None
