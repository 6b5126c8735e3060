"""Requests and questions that come to nothing: which of them are worth a sentence of their own."""

from __future__ import annotations

import re

from hub.understanding.answers import why_not
from hub.understanding.clause import NOT_UNDERSTOOD, Failure
from hub.understanding.context import Context
from hub.understanding.frames import GRAMMAR_WORDS, Heard
from hub.understanding.lexicon import STOP, domains_of
from hub.understanding.queries import answer
from hub.understanding.questions import Answer
from hub.understanding.target import Miss
from hub.understanding.understood import Understanding, unknown

# What is done to devices and hardly to anything else.
_TO_DEVICES = re.compile(
    r"(?:turn|switch|power|dim|brighten|(?:un)?lock|open|close|shut|(?:un)?mute|dock|(?:dis)?arm|(?:de)?activate|enable"
    r"|disable|pause|resume|start|set|lower|raise|is|are)\b"
)
_MAKES = re.compile(r"(?:make|write|create|draft|give (?:me|us)|compose|plan)\b")
_MOST_WORDS_OF_A_NAME = 4


def declined(failure: Failure, text: str, context: Context) -> Understanding:
    """What is said of a request that fits nothing: it was not understood, or what is missing."""
    stated = answer(text, context) if failure.strength < 3 else None
    if isinstance(stated, Answer) and text.split(maxsplit=1)[0] in ("temperature", "humidity", "weather"):
        return Understanding(
            "answer", (), stated.sentence, stated.reason, "query without a verb", asked=stated.entity_ids
        )
    reason = failure.reason
    if failure.miss is not None and (failure.strength <= 1 or not could_be_a_device(failure.miss, text)):
        reason, failure = "not_understood", NOT_UNDERSTOOD
    if reason == "ambiguous" and failure.heard and len(_unexplained(text, failure.heard, context)) > 1:
        reason, failure = "not_understood", NOT_UNDERSTOOD
    frame = failure.heard.frame if failure.heard else "none"
    return unknown(reason, why_not(failure, context), f"frame {frame}, reason {reason}")


def could_be_a_device(miss: Miss, text: str) -> bool:
    """Whether what was not found is worth a sentence: "there is no sauna lamp", but nothing about a sonnet on rain."""
    if miss.reason != "no_such_device":
        return True
    words = [word for word in miss.phrase.split() if word not in STOP]
    if not words or len(words) > _MOST_WORDS_OF_A_NAME:
        return False
    if words[-1] == "list" and _MAKES.match(text):
        return False
    return bool(domains_of(words[-1])) or bool(_TO_DEVICES.match(text))


def _unexplained(text: str, heard: Heard, context: Context) -> list[str]:
    """The words that neither a reading of a part of the text nor the house knows."""
    read = {*heard.target.split(), *heard.value.split(), *heard.amount.split(), *STOP, *GRAMMAR_WORDS}
    return [w for w in text.split() if w.isalpha() and w not in read and not context.index.is_known(w)]
