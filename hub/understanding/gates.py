"""Mood, polarity, time: what stops a sentence that otherwise reads like a command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from hub.understanding.schedule import VAGUE, without_times

_NEGATION = re.compile(r"\b(?:not|never|without|nothing|nobody|neither|instead of|rather than|unable|refuse)\b")
# A negation that takes nothing back: what is left alone, what shall be less, and what everybody adds.
_HARMLESS = re.compile(
    r"(?:^|,|but|and) (?:but )?(?:do not (?:touch|change)|but not|not the) |\bnot (?:so|as|quite so|too) \w+"
    r"|\bnot in \w+|\bnot (?:the|my|our) (?:\w+ ){1,3}(?:ones?|1|lights?|lamps?)$"
    r"|^i can not(?: even| really)? hear (?!it\b|you\b|me\b|that\b|them\b)|(?:,|, just| just) not (?=the )"
    r"|\bi do not (?:mind|care)\b"
    r"|(?:(?<= list)|(?<= groceries))(?: ,)? nobody [a-z]+ .+$"  # why it is put there
    r"|^(?:i|we) (?:do not need|do not want) (?:the |my |our |that )?(?:[a-z]+ ){0,2}timer\b"
    r"|^(?:i|we) can not (?:even )?(?:really )?(?:hear|see) (?:the|my|our|a|what|anything|much)\b"
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|as soon as|once(?! over)|until|till|before|after|while|every time|in case|as long as"
    r"|the moment"
    r"|provided|assuming|in the event)\b"
)
_PAST = re.compile(
    r"\b(?:yesterday|last (?:night|week|year|time|month|summer|winter)|ago|earlier|already|usually|always|ever|used to"
    r"|again and again|often|sometimes|rarely|normally|typically|back then|the other day|this morning)\b"
)
_ASKS = re.compile(
    r"^(?:(?:any|some) (?:mail|post|letters?|parcels?|packages?|deliver(?:y|ies)) (?:in|at|on)|is|are|was|were"
    r"|anything|what|which|who|whose|where|when|why|how|do (?:i|you|we|they|any|(?:the|all|my|our)(?! .+ (?:on|off"
    r"|in [a-z]+|scene|mode|routine)$)(?!(?: .+)? (?:hoovering|vacuuming|cleaning|mowing|sweeping|mopping)$)|these"
    r"|those|people)|does|did|has|had|am|any|should|shall"
    r"|have (?:i|you|we|they|any|someone|somebody|anyone|(?:the|all|my) .+ (?:been|gone|finished|stopped|got))"
    r"|can i(?! have| get)|could i(?! have| get)|may|might"
    r"|would it|tell me(?! to)|what about|show me|check|give me the(?! .+ (?:on|off|open|closed|shut|to|at)\b)"
    r"|say|read|can (?:it|they|he|she|we)(?!"
    r" (?:have|get|be|do|go))"
    r"|will (?:it|they|he|she|there))\b"
)
_OTHERS = re.compile(
    r"^(?:i|he|she|they|we|you|someone|somebody|people|everyone|nobody|my (?:wife|husband|brother|sister|mum|mom"
    r"|dad|son"
    r"|daughter|friend|boss|neighbou?r|mother|father|kids?))"
    r"\b(?! (?:want|need|would like|would love|could use|could do with|feel like|fancy)\b)"
)
_OURS = re.compile(
    r"(?:i|we) (?:am|are|feel|can not)\b|(?:i|we) (?:do not need|do not want|no longer need|am done with) .*\btimer\b"
)
# What is told first is why: "we've got milk, take it off the list".
_OFF_THE_LIST = re.compile(
    r"^(?:we|i) (?:have|got|do not need|no longer|bought|found)\b.* (?<!not )(?:take|cross|tick|strike|scratch"
    r"|knock|remove)"
    r" (?:it|them|that|those) off .*(?:list|list of shopping|groceries)$"
)
# Figures of speech built from the verbs of a home. Their things are never devices, whatever a house calls its own.
SAYING = re.compile(
    r"\b(?:hold the (?:doors?|line|lift|elevator|phone|front page)\b|raise the (?:roof|bar|stakes|alarm about"
    r"|subject|question|issue)|(?:close|seal) the (?:deal|book"
    r"|books) ?(?:on)?"
    r"|hit (?:the (?:road|sack|hay|books|gym|shops|town|nail|ground|jackpot|brakes)|me (?:with|up))|lock horns"
    r"|(?:turn|turning) (?:over )?(?:a new leaf|the tables|the other cheek|a blind eye|heads|back time|the page"
    r"|the corner)"
    r"|(?:set|put) (?:the record straight|a (?:sock|cork|lid) (?:in|on) it|your (?:foot|feet|back|mind)\b.*)"
    r"|(?:kick|pop) (?:the bucket|your clogs|the question)|fan the flames|open (?:a can of worms|old wounds|season)"
    r"|raise (?:an eyebrow|hell|cain|awareness|funds|money|(?:your|my|his|her|their) (?:hands?|voice|game"
    r"|glass(?:es)?))"
    r"|(?:lower|drop) (?:your|the|my|his|her) (?:voice|guard|expectations|ball|act|subject|attitude)"
    r"|(?:turn|switch) (?:on|off) your (?:brain|mind|charm|imagination|head|heart)|from both sides"
    r"|dim the (?:stars|sun)"
    r"|you are [a-z]+ing (?:me|us|him|her|my)\b|you are (?:being|acting|such an?) |you (?:two|lot)\b"
    r"|\b(?:word|phrase|password|keyword) (?:is|was)\b|break the ice|play (?:it by ear|second fiddle|the field"
    r"|along|dumb|nice(?:ly)?|fair|dead)"
    r"|light (?:a fire under|at the end)|run (?:along|away|for it|off)|drop (?:it|dead|by)$)"
)


# Words that somebody only speaks of: "play some music was her favourite line".
MENTIONED = re.compile(
    r"\b(?:is|was|were|would be) (?:(?:the|a|an|my|his|her|their|our|your|its|just|only|one of|what|all) )+"
    r"(?:[a-z]+ ){0,3}?(?:lines?|lyrics?|words|phrases?|sentences?|sayings?|motto|catch ?phrases?|quotes?|jokes?"
    r"|titles?|mantra|punch ?lines?|chorus|refrain|slogan|expressions?|nickname|answer|advice|idea of)\b"
    r"|\b(?:pass)?(?:words?|phrases?|sentence|slogan|motto|lyric|line|caption)"
    r" (?:is|are|was|were) (?!(?:on|off|in|at|up|down|too|so|very)\b)"
)


# "On the landing there's a": what is on the landing nobody knows yet.
_CUT_SHORT = re.compile(
    r"\b(?:is|are|was|were|and|with|of|for|in|on|at|to|from|by|off) (?:a|an|the|my|our|your|his|her|their)$"
)

_CLOSED = ((SAYING, "figure of speech"), (MENTIONED, "only spoken of"), (_CUT_SHORT, "cut short"))


@dataclass(frozen=True, slots=True)
class Gate:
    """What a sentence is, before anybody looks at devices. `rest`: the text without its time or condition."""

    kind: Literal["open", "question", "deferred", "closed"]
    why: str = ""
    rest: str = ""


def _closed(text: str) -> str:
    """Why a text asks for nothing, whatever it names; empty where its words alone do not tell."""
    return next((why for shape, why in _CLOSED if shape.search(text)), "")


@lru_cache(maxsize=512)
def judge(said: str, *, question_mark: bool) -> Gate:  # noqa: PLR0911 - one line a gate
    """Decide whether a text may act at all. A moment that a clock can tell stops nothing."""
    text = without_times(said)
    closed = _closed(text)
    if closed:
        return Gate("closed", closed)
    if _OFF_THE_LIST.search(text):
        return Gate("open")
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
    if _OTHERS.match(text) and not _OURS.match(text):
        return Gate("closed", "not a request")
    if question_mark:
        return Gate("question", "question mark")
    return Gate("open")
