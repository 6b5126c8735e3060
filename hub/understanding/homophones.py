"""Words of requests that a recogniser writes as others that sound the same, where what stands beside them tells."""

from __future__ import annotations

import re
from typing import Final

_THE: Final = r"(?:the|my|our|all|both|every|this|that)"
_COUNTED: Final = r"(?:seconds?|minutes?|hours?|degrees|percent|%)"
_UNITS: Final = "(?:one|two|three|four|five|six|seven|eight|nine)"
_TENS: Final = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_NUMBER: Final = rf"(?:\d+|{_UNITS}|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|{_TENS}|half)"
# Where a request begins.
_BEGIN: Final = (
    r"(^(?:(?:please|and|then|now|ok|okay|hey|can you|could you|would you|will you|just),? )*|, | and | then )"
)
# What lets people in is not touched where the deed itself was misheard.
_LETS_IN: Final = "(?:doors?|gates?|garages?|valves?|locks?|alarms?)"
_MAKES: Final = rf"({_BEGIN}(?:turn|make|set|change|switch|paint|colou?r) .+)"
_LAST: Final = r"(?=,? please|[.!?]*$)"

_RIGHT: Final = tuple(
    (re.compile(shape), right)
    for shape, right in (
        (_BEGIN + rf"clothes (?={_THE}\b)(?!.*\b{_LETS_IN})", r"\1close "),
        (_BEGIN + rf"(?:tern|tarn) (?=(?:on|off|up|down|of|{_THE})\b)", r"\1turn "),
        (_BEGIN + rf"sat (?={_THE} )(?=.* (?:to|too|two|at) )", r"\1set "),
        (_BEGIN + rf"(?:paws|pores|pours) (?=(?:{_THE}|it|music)\b)", r"\1pause "),
        (_BEGIN + rf"(?:rays|raze) (?={_THE}\b)", r"\1raise "),
        (_BEGIN + r"ad (?=.+ (?:to|on) )", r"\1add "),
        (_BEGIN + r"plays? sum\b", r"\1play some"),
        (r"\bin hear\b", "in here"),
        (r"\b(this|that|next|last|previous) sung\b", r"\1 song"),
        (r"\btime her\b", "timer"),
        (r"\bdrier\b(?= (?:on|off|still|running|done|finished)\b|[?.]*$)", "dryer"),
        (_MAKES + rf" blew{_LAST}", r"\1 blue"),
        (_MAKES + rf" read{_LAST}", r"\1 red"),
        (_MAKES + rf" (?:grean|greene){_LAST}", r"\1 green"),
        (_MAKES + rf" (?:hi|hie){_LAST}", r"\1 high"),
        (rf"\bate (?={_COUNTED})", "eight "),
        (rf"\bwon (?={_COUNTED})", "one "),
        (r"\b(for|of|a|set|start) (?:too|to) (?=(?:seconds?|minutes?|hours?|degrees)\b)", r"\1 two "),
        (rf"\b(on|off|it|them|running) four (?={_NUMBER}(?: {_UNITS})? (?:seconds?|minutes?|hours?)\b)", r"\1 for "),
        (rf"\b(?:buy|bye) (?={_NUMBER}(?: {_UNITS})? ?{_COUNTED})", "by "),
        (rf"\btwo (?={_THE} )", "to "),
        (r"\b(take|cross|remove|strike|knock|scratch|tick|get) ([a-z ]+?) of (?=(?:the|my|our) (?:[a-z]+ ){0,2}list\b)",
         r"\1 \2 off "),
        (rf"{_BEGIN}(turn|switch) of (?={_THE} )", r"\1\2 off "),
    )
)  # fmt: skip


# Few texts hold any of the words that are looked for, and one look tells which.
_DOUBTFUL: Final = re.compile(
    r"\b(?:clothes|tern|tarn|sat|paws|pores|pours|rays|raze|ad|sum|hear|sung|her|drier|blew|read|grean"
    r"|greene|hie?|ate|won|too|two|four|buy|bye|of|to (?:seconds?|minutes?|hours?|degrees))\b"
)


def put_right(text: str) -> str:
    """A request in lower case as it was said, where sounds alone cannot tell and the words beside can."""
    if not _DOUBTFUL.search(text):
        return text
    for shape, right in _RIGHT:
        text = shape.sub(right, text)
    return text
