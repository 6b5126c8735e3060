"""What the user takes back ("no, I said the bedroom"): how it begins, and what was meant instead."""

from __future__ import annotations

import re

_BEGINS = re.compile(
    r"(?:(?:oh|oops|wait|hang on|hold on|hey|ah|sorry|um|well|,) )*"
    r"(?:(?:no|nope|nah|not (?:that|this|it)(?: (?:one|1))?|not those|wrong(?: (?:one|1|light|lamp|room|way|device))?"
    r"|that is (?:not (?:it|right|what i (?:said|meant|asked(?: for)?|wanted)|the (?:right )?(?:one|1|room|light|lamp))"
    r"|(?:the )?wrong(?: (?:one|1|light|lamp|room|device))?|incorrect)"
    r"|(?:no )?(?:i )?(?:did not (?:say|mean|ask for|want) (?:that|it|this)(?: (?:one|1))?))(?: ,)? ?)*"
    r"(?:(?:i (?:actually )?(?:said|meant|mean|asked for|asked you to|wanted|want)|what i (?:said"
    r"|meant) was|make (?:it|that)"
    r"(?= the )|rather|instead|actually|sorry|wait|it is|it was|please|but|to|just|,) ?)*"
)
_TAKES_BACK = re.compile(
    r"\b(?:no|nope|nah|not|wrong|incorrect|i (?:actually )?(?:said|meant|mean|asked)|did not)\b"
    r"|^(?:actually|sorry|wait)\b"
)
_NOT_BUT = re.compile(
    r"(?:i (?:said|meant) )?not (?:the |in the |for )?(?P<wrong>.+?)(?: ,| but) (?:i (?:said|meant) )?(?P<right>.+)"
)
_SPARED = re.compile(
    r"(?:(?:no|oh|wait|but|and|,) )*(?:not(?: in)?|except(?: for)?|apart from|other than|leave out) (?:the |my |our )?"
    r"(?P<wrong>(?!that\b|this\b|it\b|so\b|too\b|as\b|right\b|now\b|yet\b|sure\b|really\b|what\b)[a-z ]+)"
)
_NO_VERB = re.compile(r"(?:the|my|our|in|for|at|to|on|\d)\b")
_NOT_AFTER = re.compile(r"(?P<right>.+?)(?: ,)? (?:and )?not (?:the |in the )?(?P<wrong>.+)")
_THE_OTHER = re.compile(
    r"\b(?:wrong (?:one|1|light|lamp)|not (?:that|this) (?:one|1)|not the (?:right )?(?:one|1|light|lamp))\b"
)
_UNDO = re.compile(
    r"(?:(?:no|oh|wait|sorry|oops|ok|actually|please|can you|could you|just|and|now|then|never ?mind|,) ?)*"
    r"(?:undo(?: (?:that|it|this|the last (?:thing|one|1|action|change)|what you (?:just )?did|all (?:of )?that))?"
    r"|(?:put|change|turn|set|switch|bring|move|get|take|make) (?P<what>.+?)(?: right)? back"
    r"(?: (?:to )?(?:how|what|where|the way|as) (?:it|they|that|things|everything) (?:was|were|had been)(?: before)?"
    r"| (?:to )?(?:how|what|where|the way) (?:we|i|you) had (?:it|them)(?: before)?| to normal| as before| again)?"
    r"|(?:go|change|switch|put|set|turn) back(?: to)? (?:how|what|where|the way) (?:it|they|that"
    r"|things|everything) (?:was|were|had been)"
    r"(?: before)?|go back|change back|(?:leave|make|have|keep) (?:it|them|that) (?:the way|as|how"
    r"|like) (?:it|they) (?:was|were)(?: before)?"
    r"|(?:revert|reverse|restore|roll back)(?: (?:that|it|this|them|the (?:last )?change|everything|.+))?"
    r"|take (?:that|it) back|cancel (?:that|it|what you (?:just )?did)|back to (?:how|what|the way"
    r"|where) (?:it|they|that) (?:was|were)(?: before)?"
    r"|(?:the way|like|as|how) (?:it|they) (?:was|were) before)"
)
# What people say before they ask for the state of before.
_TOO_MUCH = re.compile(
    r"^(?:(?:no|oh|ah|hmm|wait|sorry|well|,) )*(?:(?:that|it|this) is (?:not (?:right|good|it"
    r"|what i (?:wanted|meant))|(?:far |way )?too \w+"
    r"|wrong|worse|awful|terrible)|i (?:do not like|changed my mind|preferred) ?(?:it|that)?"
    r"|i changed my mind)(?: ,| and)? (?=\w)"
)
_TAIL = re.compile(r"(?: ,)? (?:please|again|now|then|thanks|thank you)$")
_ALL_OF_IT = frozenset(
    ["it", "that", "this", "them", "those", "things", "everything", "all", "it all", "that one", "all of them"]
)
_STAYS = re.compile(r"\b(?:on|off|up|down|open|closed|home|to its base|to the dock)\b")


def undo_of(text: str) -> str | None:
    """What is to be undone: "" for the last deed, else the devices in words; None when nothing is.

    Args:
        text: a whole turn in plain words.
    """
    text = _TOO_MUCH.sub("", text)
    found = _UNDO.fullmatch(_TAIL.sub("", text))
    if found is None:
        return None
    what = found["what"] or ""
    if what in _ALL_OF_IT:
        return ""
    if _STAYS.search(what):
        return None  # "turn it on and put ... back" is another deed
    return what


def corrected(text: str) -> tuple[str, str] | None:
    """What was meant, and what was not, of a turn that takes something back; None for any other turn.

    What was meant is empty where the user only says that it was wrong, or what should have been left alone.
    """
    spared = _SPARED.fullmatch(text)
    if spared:
        wrong, instead, right = spared["wrong"].partition(" the ")
        return f"{instead}{right}".strip(), wrong
    begun = _BEGINS.match(text)
    head = text[: begun.end()] if begun else ""
    rest = text[len(head) :].strip(" ,")
    if not _TAKES_BACK.search(head if rest else text):
        found = _NOT_AFTER.fullmatch(text) if _NO_VERB.match(text) else None
        return (found["right"], found["wrong"]) if found else None
    if not rest:
        return ("the other one" if _THE_OTHER.search(head) else ""), ""
    for pattern in (_NOT_BUT, _NOT_AFTER):
        found = pattern.fullmatch(rest if pattern is _NOT_AFTER else text) or pattern.fullmatch(rest)
        if found:
            return found["right"].strip(" ,"), found["wrong"].strip(" ,")
    return rest, ""
