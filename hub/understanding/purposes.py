"""Whom or what a request is for: "put the path lights on for our guests" asks for the path lights."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.understanding.context import Context
from hub.understanding.lexicon import domains_of
from hub.understanding.schedule import VAGUE
from hub.understanding.tagger import canonical

_PURPOSE = re.compile(r"(?P<bare>.+?)(?: ,)? for (?P<why>[a-z]+(?: [a-z]+){0,5})")
_DETERMINER = re.compile(r"(?:the|my|our|your|his|her|their|a|an|some|this|that)")
# Nobody's and nothing's: these tell how long, how, or belong to the request itself.
_NONE = frozenset(
    ["good", "ever", "real", "sure", "instance", "example", "once", "now", "later", "long", "while", "bit", "moment",
     "minute", "minutes", "second", "seconds", "hour", "hours", "day", "days", "night", "home", "away", "vacation",
     "holiday", "it", "that", "this", "them", "when", "if", "whenever", "what", "which", "free", "nothing", "fun"]
)  # fmt: skip
_NO_BEGINNING = frozenset({"when", "if", "what", "whenever", "which", "once", "at", "about", "least"})
# People and occasions that nobody calls a device after: these may be told behind a kind of device as well.
_PEOPLE_AND_TIMES = re.compile(
    r"(?:.* )?(?:guests?|visitors?|company|kids|children|baby|mum|mom|dad|gran|grandma|grandpa|nan|nana|everyone"
    r"|everybody|postman|plumber|cleaner|delivery|driver|dog|cat|party|film|movie|match|dinner|lunch|breakfast|tea"
    r"|supper|bed|bedtime|reading|cooking|work|homework|nap|bath|shower|evening|call|meeting|game|show)"
)


@dataclass(frozen=True, slots=True)
class Aim:
    """A request without its purpose.

    Attributes:
        request: in plain words.
        kinds: domains of which the purpose may name a device; a request for one of them has none.
        plain: the purpose can be nothing of a house, whatever the request names.
    """

    request: str
    kinds: frozenset[str]
    plain: bool


def without_purpose(text: str, context: Context) -> Aim | None:
    """The request before "for …" at its end; None where that may tell which device, or how long."""
    found = _PURPOSE.fullmatch(text)
    if found is None or VAGUE.search(f"for {found['why']}"):
        return None
    words = [word for word in found["why"].split() if not _DETERMINER.fullmatch(word)]
    places = {word for name in (*context.index.areas, *context.index.floors) for word in name.split()}
    if _NONE.issuperset(words) or words[0] in _NO_BEGINNING or not places.isdisjoint(words):
        return None
    kinds = {kind for word in words for kind in domains_of(word)}
    kinds |= {i.partition(".")[0] for word in words for i in context.index.by_word.get(canonical(word), ())}
    return Aim(found["bare"], frozenset(kinds), plain=bool(_PEOPLE_AND_TIMES.fullmatch(found["why"])))
