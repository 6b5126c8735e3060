"""The stance of a clause where it stands: with names that only sound like verbs, repairs, and the clause before."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hub.understanding.stance import Kind, Stance, plain, stance_of
from hub.understanding.verbs import Form

ACTING = frozenset({Kind.COMMITMENT, Kind.STATE, Kind.AGREEING, Kind.FIGURE})
"""Stances of clauses that may come to a deed."""
ONLY_AGREEING = frozenset({Kind.AGREEING, Kind.FIGURE})
"""Those of them that do so only where they say what the user asked for."""

_PLAIN = frozenset({Kind.COMMITMENT, Kind.STATE, Kind.AGREEING, Kind.AFFIRMATION, Kind.PROMISE})

_HAS_SUBJECT = re.compile(r"(?:(?:and|so|but|then|now) )*(?:i|we|let)\b")
_SO_IS = re.compile(r"(?:(?:and|,) )*so (?:is|are) (?P<thing>.+)")
_TOLD = re.compile(r" (?:is|are) (?:(?:now|all|back) )*(?:on|off|open|closed|shut|locked|muted|paused|[a-z]+ed)\b.*$")
_CAN = re.compile(
    r"(?:yes |and |so )*(?:i|we) can (?:(?:just|certainly|definitely|easily|of course|happily) )*(?P<x>.+)"
)
_LEFT_OPEN = re.compile(r"\b(?:if|when|whenever|once|unless|until|or|but|though|later)\b")
_THAT = re.compile(
    r"(?:do|manage|sort|handle|arrange|get) (?:that|it|this|those|them)(?: for you| now| right now| right away)*"
)
# "I'll start a timer so you don't lose track": what a deed prevents is no refusal of it.
_WHAT_FOR = re.compile(
    r"(?<=\w) (?:, )?(?:just )?so (?:that )?(?:you|we|it|they|nobody|everyone|everybody"
    r"|(?:the|your) [a-z]+) (?:do|does|will|can|are|is|need|have) not .+$"
)
_REPAIR = re.compile(
    r" (?:, )?(?:(?:uh+|um+|erm?|oh|sorry|no(?! (?:problem|worries|trouble))|wait|i mean|i meant|or rather"
    r"|rather|actually|make that"
    r"|scratch that|oops)(?: ,)? )+"
)


def clause_stance(
    words: Sequence[str],
    *,
    asks: bool,
    before: Stance | None,
    masked: Callable[[str], tuple[str, tuple[str, ...]]],
) -> Stance:
    """The stance of a clause.

    Args:
        words: its words and inner commas.
        asks: its sentence ends with a question mark.
        before: the stance of the clause before it in the same sentence.
        masked: gives a text with the names of devices replaced by `device0` ..., and those names.
    """
    text = _WHAT_FOR.sub("", _same_too(_repaired(" ".join(plain(words))), before))
    stance = stance_of(text, asks=asks, before=before)
    if stance.kind is Kind.OFFER and not asks and before is not None and before.kind is Kind.AFFIRMATION:
        stance = _able(text) or stance
    if stance.kind not in _PLAIN and not asks:
        stance = _unmasked(text, stance, before, masked)
    if before is None or stance.kind not in ACTING:
        return stance
    if before.kind in (Kind.HYPOTHETICAL, Kind.OFFER):
        return Stance(Kind.HYPOTHETICAL)
    if before.kind is Kind.REPORT and not _HAS_SUBJECT.match(text):
        return Stance(Kind.REPORT)
    return stance


def _able(text: str) -> Stance | None:
    """Consent in "sure, | I can close those for you", where nothing is left to the user to say."""
    found = _CAN.fullmatch(text)
    if found is None or _LEFT_OPEN.search(found["x"]):
        return None
    if _THAT.fullmatch(found["x"]):
        return Stance(Kind.PROMISE, affirmed=True)
    return Stance(Kind.AGREEING, found["x"], Form.BASE, affirmed=True)


def _unmasked(
    text: str, stance: Stance, before: Stance | None, masked: Callable[[str], tuple[str, tuple[str, ...]]]
) -> Stance:
    """What the clause is when a name does not count as words: "never land lamp" is no negation."""
    hidden, names = masked(text)
    again = stance_of(hidden, before=before) if names else stance
    if again.kind not in _PLAIN or not again.words:
        return stance
    said = again.words
    for n, name in enumerate(names):
        said = said.replace(f"device{n}", name)
    return Stance(again.kind, said, again.form, again.affirmed)


def _repaired(text: str) -> str:
    """A correction in the middle of a clause in the form the parser knows: "the front door, i mean the back door"."""
    trimmed = re.sub(r" ,? ?i (?:mean|meant)$", " , i mean", text)
    if trimmed.endswith(" , i mean"):
        trimmed = trimmed.removesuffix(" , i mean")
    cuts = [m for m in _REPAIR.finditer(trimmed) if m.start() > 0 and "," in m[0]]
    if not cuts:
        return text
    left, right = trimmed[: cuts[0].start()], trimmed[cuts[-1].end() :]
    if not left.count(" "):
        return right or text  # one word was taken back, and nothing of it is left
    return f"{left} , i mean {right}" if right else text


def _same_too(text: str, before: Stance | None) -> str:
    """What "so is the lamp" stands for behind "the fan is on"."""
    found = _SO_IS.fullmatch(text)
    told = _TOLD.search(before.words) if found and before is not None else None
    return f"{found['thing']}{told[0]}" if found and told else text
