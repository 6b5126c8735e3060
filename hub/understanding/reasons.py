"""Why something is asked, told after it: "turn the lamp off, it hurts my eyes". The reason asks for nothing itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.understanding.courtesy import without_courtesy
from hub.understanding.lexicon import COLORS, KELVINS, domains_of

_PEOPLE = (
    "kids|children|people|parents|guests|neighbou?rs|everyone|everybody|someone|somebody|anyone|nobody|husband|wife"
    "|mum|mom|dad|son|daughter|brother|sister|friends?|staff|they|them|he|him|she|her|you|i|we|us|me|who"
)
_TOLD = re.compile(
    r"\b(?:said|says?|tells?|told|ask(?:s|ed)?|yell(?:s|ed)?|shout(?:s|ed)?|if|when|whenever|unless|until|would|could"
    r"|should|might)\b(?! be (?:nice|good|lovely))"
    r"|\b(?:hear|see) you$"  # told to somebody who is to be heard: "unmute, we can't hear you"
)
UNFINISHED = re.compile(
    rf"\b(?:the|a|an|my|our|your|his|their|its|this|that|these|to|of|at|with|from|by|into|onto|about|than|like|as|and"
    rf"|or|but|because|not|is|are|am|was|be|been|will|can|do|does|did|has|have|got|let|just|really|very|too|so|no|any"
    rf"|some|left|leave|after [a-z]+ing|put|forgot|begins|goes|starts|ends|line|lyrics?|title|{_PEOPLE})$"
)
_OWN = r"(?:the|my|our|that|this|those|these|his|her|their)"
_THING = rf"{_OWN} (?:(?!(?:i|we|he|she|they|you|it|everyone|everybody|someone|somebody|nobody)\b)[a-z0-9]+ ){{1,4}}?"
_WHO = r"(?:i|we|he|she|they|someone|somebody|everyone|everybody)"
_REASON = re.compile(
    rf" (?:, |\. )?(?P<why>(?:{_WHO} (?:am|are|is|has|have|had|just|need|feel|can|can not|do not|did not|will"
    rf"|hate|love|like|think|was|were|prefer)"
    rf"|it is (?!(?:not|the|my|our|called)\b)|its (?!(?:highest|lowest|maximum|minimum|max|min"
    rf"|brightest|dimmest|own|usual)\b)|there is|there are|they look|{_THING}(?:is|are|has|have"
    rf"|just|want|wants|need|needs|do not|does not|can not|will not)"
    rf"|(?!(?:no|not|and|but|or|so|then|you|what|who|how|where|when|why|which|that|there|this)\b)[a-z]+ (?:is|are)"
    rf"|so (?:that )?(?:{_WHO}|{_THING}) ?(?:can|do not|does not)|so (?:that )?(?:{_WHO}|nobody|no (?:one|1)"
    rf"|none of us) [a-z]+"
    rf"|(?:now|while|whilst|as|before|till|until) (?:{_WHO}|you forget|{_THING}|[a-z]+ (?:is|are|gets|comes|goes))"
    rf"|because|cause)\b.*|(?:some|a bit of) .+ (?:would be|is) (?:nice|good|lovely))$"
)
# After a particle or a value the request is over, so that any statement may follow: "lamp off | it hurts the eyes".
_OVER = re.compile(
    rf".*\b(?:{'|'.join((*COLORS, *KELVINS))}|on|off|out|up|down|in|open|closed|shut|please|here|upstairs"
    rf"|downstairs|\d[\d.]*(?:%"
    r"|°)?|low|high|guys)(?: ,)?$"
)
_STATED = re.compile(
    rf"(?P<why>(?!i (?:mean|meant|say|think)\b)(?:{_WHO}|it) [a-z]+\b.*|like (?!that\b|this\b)[a-z]+ .+)"
)
# How long it is to last, told by what nobody can time, takes nothing back: the deed is of now.
_TILL = re.compile(r"^(?:until|so (?:that )?(?:i|we|he|she|they|everyone|nobody) (?:would|could|should|might))\b")


_BARE_SUBJECT = re.compile(r"[a-z]+ (?:is|are)\b")


def reason_cut(text: str) -> str | None:
    """The request before the reason that is given at its end; None where none is given."""
    return next(reason_cuts(text), None)


def reason_cuts(text: str) -> Iterator[str]:
    """The request before each reason that may be given at its end, the shortest request first."""
    for found in _reasons(text):
        bare = without_courtesy(text[: found.start()].strip(" ,."))
        why = _TILL.sub("", found["why"])
        if domains_of(why.partition(" ")[0]) and _BARE_SUBJECT.match(why) and not _OVER.fullmatch(bare):
            continue  # "turn off the reading | lamp is a bad title"
        if not _TOLD.search(why) and not UNFINISHED.search(bare):
            yield bare


def _reasons(text: str) -> Iterator[re.Match[str]]:
    start = text.find(" ", text.find(" ") + 1)
    while start > 0:
        found = _REASON.match(text, start)
        if found is None and _OVER.fullmatch(text, 0, start):
            found = _STATED.match(text, start + 1)
            found = found if found and found.end() == len(text) else None
        if found:
            yield found
        start = text.find(" ", start + 1)
