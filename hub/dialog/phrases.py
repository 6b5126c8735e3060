"""Cuts a text that is still being written into phrases that can be spoken already. Pure."""

from __future__ import annotations

import re
from typing import Final

from hub.dialog.speakable import speakable

# The first phrase is given up early, so that the voice begins; later ones are whole sentences where that is possible.
_FIRST_CLAUSE_MIN: Final = 28
_CLAUSE_MIN: Final = 120
_PHRASE_MAX: Final = 280
CODE_LEFT_OUT: Final = "Here comes a piece of code, which I leave out."

_FENCE: Final = "```"
_PLACE: Final = re.compile(r"(?:[.!?…]+|[,;:\u2014]|(?<=\s)\u2013)[\"'\u201d\u2019)\]*_]*(?=\s+(\S))")
# A full stop after these ends no sentence.
_NO_END: Final = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|approx|cf|\w)|^\s*\(?\d{1,2})\.$")
_BEFORE_NUMBER: Final = re.compile(r"\b(?:no|fig|vol|pp|ch)\.$", re.IGNORECASE)
_PUNCTUATED: Final = re.compile(r"[.!?…,;:][\"'\u201d\u2019)]*$")
_WHOLE: Final = re.compile(r"[.!?…][\"'\u201d\u2019)]*$")


class Phrases:
    """Takes text in pieces of any length; what it gives out is the same wherever the text was cut."""

    def __init__(self) -> None:
        self._text = ""
        self._in_code = False
        self._given = 0

    def feed(self, text: str) -> list[str]:
        """What can be said now."""
        self._text += text.replace("\r", "")
        phrases: list[str] = []
        while (end := self._next_end()) is not None:
            part, self._text = self._text[:end], self._text[end:]
            if phrase := self._phrase(part):
                self._given += 1
                phrases.append(phrase)
        return phrases

    def close(self, *, cut: bool = False) -> list[str]:
        """What is left. `cut`: the writer was stopped, so half a sentence at the end is worth nothing."""
        phrases = self.feed("")
        half = cut and self._given and not _WHOLE.search(self._text.rstrip())
        return phrases if half else phrases + self.feed("\n")

    def _phrase(self, part: str) -> str:
        if self._text_is_fence(part):
            self._in_code = not self._in_code
            return CODE_LEFT_OUT if self._in_code else ""
        phrase = "" if self._in_code else speakable(part)
        if phrase and part.endswith("\n") and not _PUNCTUATED.search(phrase):
            phrase += "."
        return phrase

    @staticmethod
    def _text_is_fence(part: str) -> bool:
        return part.lstrip().startswith(_FENCE)

    def _next_end(self) -> int | None:
        text = self._text
        newline = text.find("\n")
        begun = text.lstrip(" ")
        if self._in_code or begun.startswith(_FENCE) or (begun and _FENCE.startswith(begun)):
            return newline + 1 if newline >= 0 else None
        line = text if newline < 0 else text[:newline]
        least = _CLAUSE_MIN if self._given else _FIRST_CLAUSE_MIN
        for place in _PLACE.finditer(line[: _PHRASE_MAX + 2]):
            if place.end() <= _PHRASE_MAX and _may_end(line[: place.end()], place, least):
                return place.end()
        if len(line) > _PHRASE_MAX:
            return max(line.rfind(" ", 1, _PHRASE_MAX), 0) or _PHRASE_MAX
        return newline + 1 if newline >= 0 else None


def _may_end(part: str, place: re.Match[str], least: int) -> bool:
    mark, after, before = place[0], place[1], part[: place.start() + 1]
    if mark[0] in ".!?…":
        if mark[0] in "!?":
            return True
        no_end = _NO_END.search(before) or (_BEFORE_NUMBER.search(before) and after.isdigit())
        return not (no_end or after.islower())
    if len(part.strip()) < least or (before[-2:-1].isdigit() and after.isdigit()):
        return False
    return all(part.count(left) == part.count(right) for left, right in ("()", "[]")) and not (
        part.count("**") % 2 or part.count("`") % 2
    )
