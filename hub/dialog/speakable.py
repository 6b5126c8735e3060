"""Turns what a model writes into what a voice can read: no marks, no addresses, signs as words. Pure."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

_IMAGE_OR_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_ADDRESS: Final = re.compile(r"<?\b(?:https?://|www\.)([^\s/>)\]]+)[^\s>)\]]*?(?=[.,;:!?]*(?:[\s>)\]]|$))[>]?")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_LINE_MARK: Final = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+•]\s+|\(?\d{1,2}[.)]\s+)+")
_RULE: Final = re.compile(r"^\s*(?:[-*_=|:]\s*){3,}$")
_STRONG: Final = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_CODE: Final = re.compile(r"`+([^`]*)`+")
_NAME_IN_CODE: Final = re.compile(r"(?<=\w)_(?=\w)")
_FRACTION: Final = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT: Final = re.compile(r"\\sqrt\{([^{}]*)\}|√\(?(\w+)\)?")
_POWERS: Final = {"2": " squared", "²": " squared", "3": " cubed", "³": " cubed"}
_POWER: Final = re.compile(r"\^\{?([\w+\-]+)\}?|([²³])")
_MATHS_MARK: Final = re.compile(r"\\[()\[\]]|\$\$?(?=[A-Za-z\\(][^$]*\$)|(?<=[\w)}\]])\$\$?(?!\d)")
_OPERATORS: Final = ((re.compile(r"(?<=\d)\s*\*\s*(?=\d)"), " times "), (re.compile(r"\s<\s"), " is less than "),
                     (re.compile(r"\s>\s"), " is more than "), (re.compile(r"\s*[-=]+>\s*"), " to "))  # fmt: skip
_COMMANDS: Final = {"times": "times", "cdot": "times", "div": "divided by", "pi": "pi", "approx": "is about",
                    "le": "at most", "leq": "at most", "ge": "at least", "geq": "at least", "pm": "plus or minus",
                    "neq": "is not", "infty": "infinity", "sum": "the sum of", "int": "the integral of"}  # fmt: skip
_COMMAND: Final = re.compile(r"\\([a-zA-Z]+)")
_SIGNS: Final = {"&": "and", "≈": "about", "≥": "at least", "≤": "at most", "\u00d7": "times", "÷": "divided by",
                 "→": "to", "⇒": "so", "±": "plus or minus", "≠": "is not", "∞": "infinity", "π": "pi",
                 "=": "equals"}  # fmt: skip
_SIGN: Final = re.compile(r"\s*([" + "".join(map(re.escape, _SIGNS)) + r"])\s*")
_ABOUT: Final = re.compile(r"(?<!\w)~\s?(?=\d)")
_SHORT: Final = {"e.g.": "for example", "i.e.": "that is", "vs.": "versus", "approx.": "about", "w/o": "without",
                 "w/": "with"}  # fmt: skip
_SHORTS: Final = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, _SHORT)) + r")(?!\w)", re.IGNORECASE)
_KEPT_SYMBOLS: Final = frozenset("°©®")


def speakable(text: str) -> str:
    """One clause or line as it is to be read; empty where there is nothing to read."""
    if _RULE.match(text):
        return ""
    text = _LINE_MARK.sub("", html.unescape(text))
    for operator, words in _OPERATORS:
        text = operator.sub(words, text)
    text = _IMAGE_OR_LINK.sub(r"\1", text)
    text = _ADDRESS.sub(lambda found: found[1].removeprefix("www.").replace(".", " dot "), text)
    text = _CODE.sub(lambda found: _NAME_IN_CODE.sub(" ", found[1]), _TAG.sub(" ", text))
    text = _STRONG.sub(r"\2", _STRONG.sub(r"\2", text))
    if "|" in text:
        text = ", ".join(cell.strip() for cell in text.split("|") if cell.strip())
    text = _maths(text)
    text = _SHORTS.sub(lambda found: _SHORT[found[0].lower()], _ABOUT.sub("about ", text))
    text = _SIGN.sub(lambda found: f" {_SIGNS[found[1]]} ", text)
    text = "".join(" " if _is_ornament(char) else char for char in text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split()))
    return text if any(char.isalnum() for char in text) else ""


def _maths(text: str) -> str:
    text = _FRACTION.sub(r"\1 over \2", _MATHS_MARK.sub("", text))
    text = _ROOT.sub(lambda found: f"the square root of {found[1] or found[2]}", text)
    text = _COMMAND.sub(lambda found: f" {_COMMANDS.get(found[1], found[1])} ", text)
    return _POWER.sub(_power, text)


def _power(found: re.Match[str]) -> str:
    exponent = found[1] or found[2]
    return _POWERS.get(exponent, f" to the power of {exponent} ")


def _is_ornament(char: str) -> bool:
    """Emoji, drawings, stray markup and invisible characters."""
    if char in "*`#{}\\<>[]":
        return True
    return unicodedata.category(char) in ("So", "Sk", "Cc", "Cf", "Co", "Cs", "Cn") and char not in _KEPT_SYMBOLS
