"""Mood, polarity, time: what stops a sentence that otherwise reads like a command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_NEGATION = re.compile(r"\b(?:not|never|without|nothing|nobody|neither|instead of|rather than|unable|refuse)\b")
_KEPT = re.compile(r"(?:^|,|but|and) (?:but )?(?:do not (?:touch|change)|but not|not the) ")
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|as soon as|once|until|before|after|while|every time|in case|as long as)\b"
)
_WHEN = re.compile(
    r"(?: ,)? ?(?:\b(?:in|after|for|within|every) \d+s\b(?: time| from now)?|\b\d+s from now\b"
    r"|\b(?:at|by|around|until) (?:half past |quarter past "
    r"|quarter to )?\d+(?:\.\d+)?(?::00)?(?: \d+)?(?: (?:oclock|tonight|tomorrow|in the (?:morning|evening"
    r"|afternoon)))?$"
    r"|\b(?:at|until|after|before) (?:midnight|noon|sunset|sunrise|dawn|dusk|bedtime|lunch|dinner)\b"
    r"|\b(?:tomorrow|later|tonight|this evening|this afternoon|next week|on (?:mon|tues|wednes|thurs|fri|satur"
    r"|sun)day)\b"
    r"(?: (?:morning|evening|night|afternoon|on))?|\bin the (?:morning|evening|afternoon)\b"
    r"|\bevery (?:day|morning|evening|night|hour|week|weekday)\b|\bin a (?:while|moment|minute|bit)\b)"
)
_CLOCK = re.compile(r"\bat \d+(?:\.\d+)? ?(?:, )?\d{2}$|:00")
_PAST = re.compile(
    r"\b(?:yesterday|last (?:night|week|year|time)|ago|earlier|already|usually|always|ever|used to|again and again)\b"
)
_ASKS = re.compile(
    r"^(?:is|are|was|were|what|which|who|whose|where|when|why|how|do(?! not)|does|did|has|had|am|any|should|shall"
    r"|have (?:i|you|we|they|the|any|all)|can i(?! have| get)|could i(?! have| get)|may|might|would it"
    r"|tell me|what about|show me|check|give me the|say|read)\b"
)
_OTHERS = re.compile(
    r"^(?:i|he|she|they|we|you|someone|somebody|people|everyone|my (?:wife|husband|brother|sister|mum|mom|dad|son"
    r"|daughter|friend))"
    r"\b(?! (?:want|need|would like)\b)"
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a sentence is, before anybody looks at devices. `rest`: the text without its time or condition."""

    kind: Literal["open", "question", "deferred", "closed"]
    why: str = ""
    rest: str = ""


def judge(text: str, *, question_mark: bool) -> Gate:  # noqa: PLR0911 - one line a gate
    """Decide whether a text may act at all."""
    if _ASKS.match(text):
        return Gate("question", "asks")
    if _NEGATION.search(_KEPT.sub(" ", text)):
        return Gate("closed", "negation")
    condition = _CONDITION.search(text)
    if condition:
        rest = text[: condition.start()] if condition.start() > 0 else text.partition(" , ")[2]
        return Gate("deferred", "condition", rest.strip(" ,"))
    if _PAST.search(text):
        return Gate("closed", "past or habit")
    when = _WHEN.search(text)
    if (when and not text.startswith(("set", "start"))) or _CLOCK.search(text):
        rest = _WHEN.sub("", text) if when else _CLOCK.sub("", text)
        return Gate("deferred", "time", rest.strip(" ,"))
    if when:
        return Gate("deferred", "time", _WHEN.sub("", text).strip(" ,"))
    if _OTHERS.match(text) and not text.startswith(("i am", "we are", "i feel", "i can not")):
        return Gate("closed", "not a request")
    if question_mark:
        return Gate("question", "question mark")
    return Gate("open")
