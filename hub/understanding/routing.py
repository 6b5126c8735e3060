"""Who answers a sentence: the house and the voice, or an expert model. Pure; a few rules, then a small classifier."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

BUCKETS: Final = 1 << 14
MAX_WORDS: Final = 80
_MAX_CHARACTERS: Final = 1000
_WEIGHTS_NAME: Final = "routing_weights.npz"

_WORD: Final = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_COURTESY: Final = re.compile(
    r"^(?:(?:hey|hi|hello|okay|ok|alright|right|so|well|and|then|now|um|uh|please|could|can|would|will) (?:you |i )?"
    r"(?:please |just |quickly |maybe )?)+(?=\w+ \w)|^(?:i want you to|i would like you to|i'd like you to"
    r"|go ahead and) "
)
_TALK: Final = (
    "yes no yeah yep nope nah ok okay sure thanks thank you cheers please stop cancel never mind nevermind great"
    " good right fine perfect lovely nice cool hello hi hey bye goodbye goodnight night wait hm hmm mm oh ah wow well"
    " pardon sorry what again enough brilliant wonderful super alright exactly correct"
)
_ACKNOWLEDGEMENTS: Final = frozenset(_TALK.split())
# Words for whose sake alone a sentence is the household's own business.
_ERRAND: Final = re.compile(
    r"^(?:add|put|write|jot|note|scribble|stick|take|remove|scratch|cross)\b.*"
    r"\b(?:on|to|onto|off|from|in)\b(?: \w+){0,3} (?:list|calendar|diary|agenda)$"
    r"|^(?:do not let me forget|don't let me forget|remind (?:me|us|him|her|them|\w+) (?:to|that|about|on|at|in))\b"
    r"|^(?:set|start|cancel|pause|stop) (?:a|an|the|my|another) (?:\w+ ){0,4}(?:timer|alarm|reminder)\b"
    r"|^(?:turn|switch) (?:the |all |my |every)?(?:\w+ ){0,5}(?:on|off)\b|^(?:turn|switch) (?:on|off|up|down)\b"
    r"|^(?:play|skip|pause|mute|unmute|snooze|resume)\b"
    # Whatever came before: it is to be written down, or somebody has changed their mind.
    r"|\b(?:add|put|stick|pop|write|note|jot|get|bung|chuck|whack) (?:it|that|this|them|those)(?: down)?"
    r"(?: (?:to|on|onto|in) (?:\w+ ){0,4}(?:list|chores|groceries|shopping|jobs|calendar|diary|agenda))?$"
    r"|\b(?:no wait|wait no|never mind|nevermind|scratch that|forget (?:it|that)|actually(?: no)?)(?: \w+){0,3}? "
    r"(?:set|start|turn|switch|add|put|play|dim|close|open|lock|remind|stop|pause|cancel)\b"
    # A sentence is no long answer, whatever it is about.
    r"|\bin (?:one|1|a) (?:sentence|word|line|nutshell)$|\bin (?:two|three|a few) words$"
    r"|^what do you (?:think of|reckon to|make of) (?:my|our|this|that)\b"
    # Games and riddles are the voice's own.
    r"|^(?:think of a (?:number|word|colour|color|card|animal)|let us play|let's play|knock knock|i spy|guess what)\b"
)
_SENTENCE: Final = re.compile(r"[.!?]+(?:\s+|$)")
_FEW_WORDS: Final = 5
_LONG_FORM: Final = re.compile(
    r"^(?:explain|derive|prove|analyse|analyze|summarise|summarize|debug|refactor|critique|brainstorm|simulate|outline"
    r"|compose|diagnose|troubleshoot|proofread|rewrite|rephrase|contrast|evaluate|optimise|optimize)\b(?: \S+){2}"
    r"|^(?:compare and contrast|pros and cons|walk me through|teach me (?:how|about|to|the)"
    r"|help me (?:write|plan|decide|understand|draft|figure))\b"
    r"|\bexplain (?:why|how|what) (?:\w+ ){2}"
    r"|^how would you (?:structure|design|approach|build|organi[sz]e|improve|solve)\b"
    r"|^turn (?:this|these|that|those|my|our|the) .+ into an? (?:\w+ ){0,2}(?:report|essay|e ?mail|summary|story|poem"
    r"|letter|presentation|speech|plan|article|table)\b"
)
# Long words for a short errand: what is to be told is in the house, or was just said.
_OF_THE_HOUSE: Final = re.compile(
    r"^(?:explain|analy[sz]e|summari[sz]e|outline|compare|contrast|evaluate|diagnose|recap)\b.*"
    r"\b(?:(?:shopping|grocery|to do|todo|chores?|my|the)(?: \w+)? list|groceries|chores|(?:the|my|our|any|all|which)"
    r" timers?|calendar|diary"
    r"|(?:whether|if) the"
    r"|the (?:\w+ )?thermostat|this(?: for me)? (?:turn|switch) (?:off|on)|yourself|what you (?:just )?(?:did"
    r"|said|turned|switched|meant))\b"
    r"|^(?:explain|repeat|summari[sz]e|rephrase) (?:that|it|this)(?: again| please| once more)*$"
    r"|^(?:explain|analy[sz]e|optimi[sz]e|evaluate|debug|refactor) (?:this|that|nothing|it|me)(?: just"
    r"| please)? (?:turn|switch|put|set|dim|open|close|play|just)\b"
    r"|^explain (?:to (?:me|us) )?(?:why|how come) (?:the |my |our |it |that )(?:\w+ ){0,4}?(?:is|are|was|were|came"
    r"|will not be|is not|are not|isn't|aren't) (?:still |not |so |all |always |just )*(?:on|off|open|closed|shut"
    r"|locked|unlocked|playing|running|flashing|beeping|hot|cold|warm|loud|dark|bright)$"
    r"|\bwho (?:left|turned|switched|put|opened|unlocked) (?:the|my|our) (?:\w+ ){1,4}(?:on|off|open|unlocked|up|down)$"
    r"|^why (?:not|me|now|so|is that|would you|did (?:you|it|that|they)(?: do)?(?: that| this| it)?)$"
    r"|^(?:draft|write|compose) (?:me )?(?:a |another )?reminder\b"
)
# Shapes of sentences, for the classifier: they carry over to words it has never seen.
_SHAPES: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "making": r"^(?:write|draft|compose|create|design|invent|plan|build|make up|come up|put together|develop)\b",
        "asks_why": r"\bwhy\b",
        "asks_how": r"^how (?:do|does|did|can|could|should|would|come|is|are)\b",
        "asks_amount": r"^how (?:many|much|long|old|tall|far|big|heavy|fast|hot|cold|deep|high|late|windy|warm|wide)\b",
        "asks_fact": r"^(?:who|when|where|which|what(?:'s| is| was| are)?)\b",
        "asks_choice": r"\b(?:better|best|cheaper|worth|versus|pros|cons|difference|compare|should (?:i|we))\b",
        "of_me": r"^(?:i|i'm|i've|i'll|we|my|our|she|he|they)\b",
        "of_you": r"\byou(?:'re|r)?\b",
        "if": r"\b(?:if|suppose|imagine|assuming)\b",
        "because": r"\b(?:because|although|whenever|given that|so that|without|instead of)\b",
        "home": r"\b(?:lights?|lamps?|heating|thermostat|blinds?|curtains?|kitchen|bedroom|bathroom|hall|garage|tv"
        r"|telly|fan|vacuum|alarm|timer|list|volume|door|lock|music|song|radio|kettle|oven)\b",
        "home_verb": r"^(?:turn|switch|set|open|close|shut|lock|dim|play|pause|add|put|remind|start|stop|make it)\b",
        "code": r"\b(?:code|function|script|python|javascript|sql|css|html|java|rust|regex|bug|loop|api|algorithm|git"
        r"|server|database|array|query|program|compile[rd]?|stack)\b",
        "maths": r"\b(?:equation|integral|integrate|derivative|theorem|proof|prove|formula|probability|matrix|squared"
        r"|cubed|odds|solve|calculus|logarithm)\b",
        "money": r"\b(?:mortgage|loan|invest|savings?|pension|shares|taxe?s?|interest|budget|debt|insurance|salary"
        r"|credit|inflation|economy)\b",
        "law": r"\b(?:legal|law|rights|contract|landlord|tenant|lease|court|sue|lawyer|liable|employer|will|custody)\b",
        "thought": r"\b(?:argument|meaning|theory|philosophy|ethics?|moral|causes?|consequences|impact|influence"
        r"|history|significance|concept|role|symbolism|society|idea)\b",
        "trouble": r"\b(?:keeps?|drops|trips|leaks?|flickers?|crashes|fails?|error|noise|broken|won't|doesn't|dying"
        r"|shakes|stops|yellow|slow)\b",
        "text": r"\b(?:poem|essay|story|email|letter|speech|song|article|paragraph|limerick|haiku|novel|blog"
        r"|summary)\b",
        "work": r"\b(?:itinerary|strategy|schedule|curriculum|programme|menu|routine|recipe|step by step|in detail)\b",
        "now": r"\b(?:today|tonight|tomorrow|now|outside|yesterday|this (?:week|morning|evening))\b",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers.

    Attributes:
        kind: `local`: the house or the voice; `expert`: an expert model.
        why: for a person.
        confidence: 0.5 to 1, in `kind`.
    """

    kind: Literal["local", "expert"]
    why: str
    confidence: float


def route(text: str, *, understood: bool, threshold: float = 0.5) -> Route:
    """Who is to answer these words, a partial sentence included.

    Args:
        text: the user's words; at most their first 80 are looked at.
        understood: whether the house knows what to do with them.
        threshold: how probable a question for the expert must be, 0 to 1, where no rule decides.
    """
    if understood:
        return Route("local", "the house understands it", 1.0)
    whole = _route_one(text, threshold)
    # "Thanks for that. Now tell me how …": thanks make no small talk of what follows them.
    parts = [part for part in _SENTENCE.split(text[:_MAX_CHARACTERS]) if part] if whole.kind == "local" else []
    alone = (_route_one(part, threshold) for part in parts if len(parts) > 1 and len(plain(part)) > _FEW_WORDS)
    return next((one for one in alone if one.kind == "expert"), whole)


def _route_one(text: str, threshold: float) -> Route:
    words = plain(text)
    if not words or all(word in _ACKNOWLEDGEMENTS for word in words):
        return Route("local", "a few words of talk", 1.0)
    sentence = " ".join(words)
    bare = _COURTESY.sub("", sentence)
    if _ERRAND.search(bare):
        return Route("local", "an errand of the household", 0.99)
    at_length = _LONG_FORM.match(bare) or _OF_THE_HOUSE.search(bare)
    if at_length:
        return _at_length(bare)
    probability = expert_probability(words)
    if probability > threshold:
        return Route("expert", "sounds like a difficult question", max(0.5, probability))
    return Route("local", "sounds like everyday talk", max(0.5, 1.0 - probability))


def _at_length(bare: str) -> Route:
    """Who answers a word for long answers: what is told of the house, or was just said, is told by the house."""
    if _OF_THE_HOUSE.search(bare):
        return Route("local", "about this house", 0.9)
    return Route("expert", "asks for a longer answer", 0.99)


def plain(text: str) -> list[str]:
    """Lower-case words without punctuation, at most `MAX_WORDS`."""
    return _WORD.findall(text[:_MAX_CHARACTERS].lower().replace("\u2019", "'"))[:MAX_WORDS]


def expert_probability(words: list[str]) -> float:
    """What the classifier alone thinks."""
    weights, bias, scale = _model()
    score = bias + scale * float(weights[buckets(words)].sum(dtype=np.int64))
    return 1.0 / (1.0 + math.exp(-min(30.0, max(-30.0, score))))


def buckets(words: list[str]) -> NDArray[np.int64]:
    """The features of a sentence, hashed: sorted, each once."""
    found = {zlib.crc32(feature.encode()) % BUCKETS for feature in _features(words)}
    return np.fromiter(sorted(found), np.int64, len(found))


def _features(words: list[str]) -> Iterator[str]:
    sentence = " ".join(words)
    bare = _COURTESY.sub("", sentence)
    head = bare.split(" ")
    yield from (f"head {' '.join(head[:count])}" for count in (1, 2, 3))
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(words))
    for word in words:
        if len(word) > 5:
            yield f"pre {word[:5]}"
            yield f"suf {word[-4:]}"
    shapes = [name for name, pattern in _SHAPES.items() if pattern.search(bare)]
    yield from (f"shape {name}" for name in shapes)
    yield from (f"shapes {shapes[0]} {other}" for other in shapes[1:])
    length = len(words)
    yield from (f"over {least}" for least in (2, 4, 6, 8, 10, 12, 14, 18) if length > least)
    if shapes:
        yield f"shape {shapes[0]} {min(length // 4, 4)}"


@lru_cache(maxsize=1)
def _model() -> tuple[NDArray[np.int8], float, float]:
    """Weights, bias and the size of one step of a weight."""
    with files("hub.understanding").joinpath(_WEIGHTS_NAME).open("rb") as file, np.load(file) as held:
        return held["weights"], float(held["bias"]), float(held["scale"])
