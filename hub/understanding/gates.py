"""Mood, polarity, time: what stops a sentence that otherwise reads like a command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hub.understanding.schedule import VAGUE, without_times

_NEGATION = re.compile(r"\b(?:not|never|without|nothing|nobody|neither|instead of|rather than|unable|refuse)\b")
# A negation that takes nothing back: what is left alone, what shall be less, and what everybody adds.
_HARMLESS = re.compile(
    r"(?:^|,|but|and) (?:but )?(?:do not (?:touch|change)|but not|not the) |\bnot (?:so|as|quite so|too) \w+"
    r"|\bnot in \w+"
    r"|, not (?=the )|\bi do not (?:mind|care)\b"
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|as soon as|once|until|till|before|after|while|every time|in case|as long as"
    r"|the moment"
    r"|provided|assuming|in the event)\b"
)
_PAST = re.compile(
    r"\b(?:yesterday|last (?:night|week|year|time|month|summer|winter)|ago|earlier|already|usually|always|ever|used to"
    r"|again and again|often|sometimes|rarely|normally|typically|back then|the other day|this morning)\b"
)
_ASKS = re.compile(
    r"^(?:is|are|was|were|what|which|who|whose|where|when|why|how|do (?:i|you|we|they|the|any|all|my|our|these"
    r"|those|people)|does|did|has|had|am|any|should|shall"
    r"|have (?:i|you|we|they|any|someone|somebody|anyone|(?:the|all|my) .+ (?:been|gone|finished|stopped|got))"
    r"|can i(?! have| get)|could i(?! have| get)|may|might"
    r"|would it|tell me(?! to)|what about|show me|check|give me the|say|read|can (?:it|they|he|she|we)(?!"
    r" (?:have|get|be))"
    r"|will (?:it|they|he|she|there))\b"
)
_OTHERS = re.compile(
    r"^(?:i|he|she|they|we|you|someone|somebody|people|everyone|nobody|my (?:wife|husband|brother|sister|mum|mom"
    r"|dad|son"
    r"|daughter|friend|boss|neighbou?r|mother|father|kids?))"
    r"\b(?! (?:want|need|would like|would love|could use|feel like)\b)"
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a sentence is, before anybody looks at devices. `rest`: the text without its time or condition."""

    kind: Literal["open", "question", "deferred", "closed"]
    why: str = ""
    rest: str = ""


def judge(said: str, *, question_mark: bool) -> Gate:  # noqa: PLR0911 - one line a gate
    """Decide whether a text may act at all. A moment that a clock can tell stops nothing."""
    text = without_times(said)
    if _ASKS.match(text):
        return Gate("question", "asks")
    if _NEGATION.search(_HARMLESS.sub(" ", text)):
        return Gate("closed", "negation")
    condition = _CONDITION.search(text)
    if condition:
        rest = text[: condition.start()] if condition.start() > 0 else text.partition(" , ")[2]
        return Gate("deferred", "condition", rest.strip(" ,"))
    vague = VAGUE.search(text)
    if vague:
        return Gate("deferred", "time", VAGUE.sub("", text).strip(" ,"))
    if _PAST.search(text):
        return Gate("closed", "past or habit")
    if _OTHERS.match(text) and not text.startswith(("i am", "we are", "i feel", "i can not")):
        return Gate("closed", "not a request")
    if question_mark:
        return Gate("question", "question mark")
    return Gate("open")
