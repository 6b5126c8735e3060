"""What was put to the user and waits for an answer: an offer of the assistant, or a question about a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from hub.understanding.context import Context
from hub.understanding.focus import Mention
from hub.understanding.lexicon import domains_of, singular, value_of
from hub.understanding.pending import answer_of, yes_with_reason
from hub.understanding.verbs import Form, is_verb

LIFETIME_S: Final = 30.0

_ACCEPTED = re.compile(
    r"(?:(?:yes|yeah|yep|yup|sure|ok|of course|absolutely|definitely|certainly|please|please do|go ahead|go for"
    r" it|do it|do that"
    r"|that would be (?:great|nice|lovely|good|perfect|wonderful)|sounds (?:good|great|lovely|perfect)|why not"
    r"|if you (?:like|could"
    r"|would|do not mind)|i would (?:like|love) that|great|perfect|good idea|thanks|thank you|alright|all right"
    r"|right|lovely|you do that"
    r"|fine|that is (?:fine|right)|exactly|correct|mm hm|mhm|uh huh|(?:of )?course you can|you can|you may|that one"
    r"|i guess so|might as well|go on(?: then)?|be my guest|knock yourself out|that would (?:help|be lovely)|i would"
    r"|oh|ooh|aye|ta|cheers|then|sir|ma'am|mate|love|dear|darling|boss|buddy|pal|man)(?: ,)? ?)+"
)
_AND_MORE = re.compile(r"(?:and|and also|and then|and can you|and could you|plus)(?: please)? (?=\S)")
_LEADS_ON = re.compile(
    r"^(?:(?:(?:no|nah|nope|yes|yeah|ok) (?:ta|thanks|thank you|cheers)(?: (?:but|just|only))*|ta|thanks|thank you"
    r"|cheers|yes|yeah|yep|sure|ok|please|well|alright|right|no|nah|hmm|but|only|just|make (?:it|that)|maybe"
    r"|perhaps|rather|though|instead"
    r"|not|do|then|actually|go for|let us (?:do|say|make it)|i (?:would|will) (?:like|prefer|take|say|have)|i"
    r" prefer|i mean|i want|the|,|and"
    r"|how about|what about|can you|could you|in that case) ?)+?(?=\S)"
)
_ONLY = re.compile(r"\b(?:only|just|but|instead|rather|make (?:it|that)|not)\b")
_SOMETHING = re.compile(
    r"\b(?:something|anything|some (?:music|tunes|songs?)|music|a (?:song|playlist|podcast)|songs?)\b"
)
_FILLS = frozenset({"play", "put", "start", "listen", "add", "write"})
_FILLED = re.compile(
    r"^(?:(?:some|a|um|maybe|how about|what about|let us (?:have|hear|say)|i would (?:like|love)(?: to hear)?|i"
    r" want(?: to hear)?|play(?: me)?"
    r"|i meant|i mean|the|to|for|it is|make it|in|on|at|please|just|well|put on|both|that is) )+"
)
_ONE_THERE = re.compile(r"(?:the )?(?:one|1|ones) (?P<w>(?:in|on|at|by|from|near|upstairs|downstairs|outside)\b.*)")
_POINTS = re.compile(r"\b(?:it|that|this|them|those|these)\b(?: (?:one|1))?")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something the assistant said it could do. `mention` stands for it as if the user had asked."""

    mention: Mention
    at_s: float

    def is_over(self, at_s: float) -> bool:
        """Whether nobody took it up in time."""
        return at_s - self.at_s >= LIFETIME_S


@dataclass(frozen=True, slots=True)
class Question:
    """A request that could not be done as it was said, and that somebody asked about.

    Attributes:
        text: the request in plain words.
    """

    text: str
    area_id: str | None
    at_s: float

    def is_over(self, at_s: float) -> bool:
        """Whether nobody answered in time."""
        return at_s - self.at_s >= LIFETIME_S


def taken_up(text: str) -> tuple[Literal["accepted", "declined", "changed", "other"], str]:
    """How a turn answers an offer, and what it changes of it or wants besides.

    Args:
        text: the whole turn in plain words.
    """
    answered = answer_of(text)
    if answered == "no":
        return "declined", ""
    if answered == "yes" or _ACCEPTED.fullmatch(text) or yes_with_reason(text) is not None:
        return "accepted", ""
    begun = _LEADS_ON.match(text)
    rest = text[begun.end() :].strip(" ,") if begun else text
    accepted = _ACCEPTED.match(text)
    if accepted and rest:
        left = text[accepted.end() :].strip(" ,")
        more = _AND_MORE.match(left)
        return ("accepted", left[more.end() :]) if more else ("changed", left or rest)
    return ("changed", rest) if begun and _ONLY.search(begun[0]) else ("other", rest)


def answers_to(question: Question, text: str, context: Context) -> Iterator[str]:
    """Every whole request that an answer makes of the one that was asked about, the likeliest first.

    Args:
        question: what was asked about.
        text: the answer in plain words, without courtesy.
        context: where and when it was said.
    """
    said = _FILLED.sub("", text).strip(" ,")
    if not said or len(said.split()) > 8:
        return
    asked = question.text
    where = _ONE_THERE.fullmatch(said)
    if where:
        yield f"{asked} {where['w']}"
    if _SOMETHING.search(asked) and asked.split(maxsplit=1)[0] in _FILLS:
        yield _SOMETHING.sub(lambda _found: said, asked, count=1)
    if value_of(said) is not None or re.match(r"\d", said):
        yield f"{asked} to {said}"
        yield f"{asked} {said}"
        yield f"{asked} for {said}"
    place = context.index.place_in(re.sub(r" (?:one|1|ones)$", "", said))
    if place is not None:
        yield f"{asked} in the {said}" if place[0] == "area" else f"{asked} {said}"
    yield from _named(asked, said)
    yield f"{asked} {said}"


def _named(asked: str, said: str) -> Iterator[str]:
    """The request with its unclear device replaced by the one named in the answer."""
    if _POINTS.search(asked):
        yield _POINTS.sub(lambda _found: f"the {said}", asked, count=1)
    words = asked.split()
    for end in range(len(words), 0, -1):
        if not domains_of(words[end - 1]) or (end == 1 and _begins_with_verb(words)):
            continue
        noun = singular(words[end - 1]) if not said.endswith("s") else words[end - 1]
        full = re.sub(r"(?:^| )(?:one|1|ones)$", "", said)
        for start in range(max(0, end - 3), end):
            head, tail = words[:start], words[end:]
            if not head and not tail:
                continue
            lead = head[:-1] if head[-1:] in (["the"], ["a"], ["my"], ["that"]) else head
            yield " ".join([*lead, "the", said, *tail])
            yield " ".join([*lead, "the", full, noun, *tail])


def _begins_with_verb(words: list[str]) -> bool:
    """Whether the first word asks for the deed rather than names the thing ("lock up", but "light on")."""
    return is_verb(words[0], Form.BASE) and words[1:2] not in (["on"], ["off"])
