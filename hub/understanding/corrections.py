"""What the user takes back ("no, I said the bedroom"): how it begins, and what was meant instead."""

from __future__ import annotations

import re

# What escapes people first.
_CRY = (
    r"(?:o+h+|a+h+|ooh+|oops|whoops|whoa|woah|wow|hey|oi|hmm+|um+|uh+|er+m?|ugh|argh|eek|gosh|blimey|crikey|yikes|god|jeez"
    r"|dear|no+|nope|nah|wait|hang on|hold on|sorry|well|right|please|ok|actually|,)"
)
_BEGINS = re.compile(
    rf"(?:(?!no\b){_CRY} )*"
    r"(?:(?:(?:no|nope|nah)\b|not (?:that|this|it)(?: (?:one|1))?|not those"
    r"|wrong(?: (?:one|1|light|lamp|room|way|device))?"
    r"|that is (?:not (?:it|right|what i (?:said|meant|asked(?: for)?|wanted)|the (?:right )?(?:one|1|room|light|lamp))"
    r"|(?:the )?wrong(?: (?:one|1|light|lamp|room|device))?|incorrect)"
    r"|(?:no )?(?:i )?(?:did not (?:say|mean|ask for|want) (?:that|it|this)(?: (?:one|1))?))(?: ,)? ?)*"
    r"(?:(?:i (?:actually )?(?:said|meant|mean|asked for|asked you to|wanted|want)|what i (?:said"
    r"|meant) was|make (?:it|that)"
    r"(?= the )|rather|instead|actually|sorry|wait|it is|it was|please|but|to|just)\b ?|, ?)*"
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
_MEANT = re.compile(r"\b(?:meant|mean|said|asked|wanted|wrong)\b")
# "No, that's fine" takes nothing back.
_CONTENT = re.compile(
    r"(?:(?:that|it|this) is|they are|i am|we are)(?: all| just| quite)* (?:fine|good|ok|okay|alright|right|great"
    r"|perfect|all|lovely|grand|sorted|cool|enough)(?: .*)?|(?:all )?good(?: .*)?|no(?:pe)?|fine|thanks|thank you"
)
_NO_VERB = re.compile(r"(?:(?:the|my|our|in|for|at|to|on)\b|\d)")
_NOT_AFTER = re.compile(r"(?P<right>.+?)(?: ,)? (?:and )?not (?:the |in the )?(?P<wrong>.+)")
_THE_OTHER = re.compile(
    r"\b(?:wrong (?:one|1|light|lamp)|not (?:that|this) (?:one|1)|not the (?:right )?(?:one|1|light|lamp))\b"
)
# Recognisers often write “and do” where “undo” was said; nobody asks for anything new with that alone.
_UNDO = re.compile(
    rf"(?:(?:{_CRY}|can you|could you|just|and|now|then|never ?mind) )*"
    r"(?:(?:undo|and do)(?: (?:that|it|this|the last (?:thing|one|1|action|change)|what you (?:just )?did"
    r"|all (?:of )?that))?"
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
# Before a plain word for it anything may be said ("lord that's a tornado, put it back") but not whether, why, or who
# else does it.
_PLAINLY = re.compile(
    r"(?:undo|revert|reverse)(?: (?:that|it|this))?"
    r"|(?:put|change|turn|set|switch|get|take) (?:it|that|them|those|this)(?: right)? back"
    r"(?: (?:to )?(?:how|what|where|the way|as) .+)?|go back(?: to (?:how|what|the way) .+)?|take (?:that|it) back"
)
_NOT_NOW = re.compile(
    r"\b(?:not|never|do|does|did|how|why|can|could|should|would|will|if|when|unless|to|said|says|told|asked|let"
    r"|and then|i|you|we|they|he|she)\b"
)
_MOST_BEFORE = 7
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
    text = _TAIL.sub("", text)
    found = _UNDO.fullmatch(text) or _behind_anything(text)
    if found is None:
        return None
    what = found["what"] or ""
    if what in _ALL_OF_IT:
        return ""
    if _STAYS.search(what):
        return None  # "turn it on and put ... back" is another deed
    return what


def _behind_anything(text: str) -> re.Match[str] | None:
    """The whole as a request to undo where it ends in one, and all before it is only displeasure."""
    words = text.split(" ")
    for cut in range(1, min(len(words), _MOST_BEFORE + 1)):
        if _PLAINLY.fullmatch(" ".join(words[cut:])) and not _NOT_NOW.search(" ".join(words[:cut])):
            return _UNDO.fullmatch(" ".join(words[cut:]))
    return None


def replaces(text: str) -> bool:
    """Whether a correction says that something else was meant, not only that there should be more or less of it."""
    return bool(_MEANT.search(text))


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
    if _CONTENT.fullmatch(rest):
        return None
    if not rest:
        return ("the other one" if _THE_OTHER.search(head) else ""), ""
    for pattern in (_NOT_BUT, _NOT_AFTER):
        found = pattern.fullmatch(rest if pattern is _NOT_AFTER else text) or pattern.fullmatch(rest)
        if found:
            return found["right"].strip(" ,"), found["wrong"].strip(" ,")
    return rest, ""
