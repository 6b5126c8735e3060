"""Words as evidence: which kinds of deed they speak for or against, and which numbers they hold. Knows no house."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib.resources import files

from hub.understanding.courtesy import is_request, without_courtesy
from hub.understanding.gates import judge
from hub.understanding.lexicon import FRACTIONS
from hub.understanding.normalise import normalise

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:%|°f?|k|s)?")
_PART = re.compile(r" (?:, )?(?:and then|and also|then|and|,|\.|plus|but|also|or)(?: ,)? ")
_KEEPS = re.compile(r"(?:please |just |but )*(?:leave|keep|leaving|keeping)\b(?! (?:the )?(?:house|home|playing)\b)")
_COMPLAINS = re.compile(r"\b(?:can not (?:hear|see)|not (?:enough|bright|warm|loud))\b")
_NOT = re.compile(r"\b(?:not|never|nobody|neither|nor)\b")
_EXCEPT = re.compile(r" ?,? (?:except(?: for)?|apart from|other than|excluding|besides|but not|aside from) ")
_CORRECTION = re.compile(
    r" (?:, )?(?:no , sorry|no sorry|sorry , no|sorry no|sorry|no , wait|no wait|wait , no|wait no|wait|i mean|i meant"
    r"|or rather|actually , no|actually no|actually|scratch that|make that|no make that|no)(?: ,)? "
)
_ONES = {"won": 1, "1": 1, "one": 1, "to": 2, "too": 2, "two": 2, "tree": 3, "for": 4, "fore": 4, "sex": 6, "ate": 8}


class Hint(Enum):
    """What words say about a kind of deed."""

    FOR = "for"
    WEAKLY_FOR = "weakly for"
    AGAINST = "against"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class _Cues:
    plain: re.Pattern[str]
    weak: re.Pattern[str]
    against: re.Pattern[str]


def _cue(line: str) -> re.Pattern[str]:
    words = "(?!)" if line == "-" else "|".join(w if w.endswith("$") else rf"{w}\b" for w in line.split("|"))
    return re.compile(rf"\b(?:{words})")


def _read() -> dict[str, _Cues]:
    lines = files("hub.understanding").joinpath("evidence.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    return {
        lines[n].strip("[]"): _Cues(_cue(lines[n + 1]), _cue(lines[n + 2]), _cue(lines[n + 3]))
        for n in range(0, len(lines), 4)
    }


_CUES = _read()
KINDS = frozenset(_CUES)
# In these kinds the words are as often part of a name: "the back door".
_NOMINAL = frozenset({"previous", "next", "add", "timer", "scene", "dock"})
# A thing with its state or value, where the next thing follows without a word between.
_THING_AND_STATE = re.compile(
    r"(?!turn|switch|put|set|make|get|move|bring|keep|leave)\b(?:[a-z']+ ){1,4}?(?:to |at )?"
    r"(?:on|off|open|closed|shut|up|down|locked|muted|\d[\d.]*(?:%|°f?)?)"
    r"(?= (?!(?:and|to|at|in|by|for|please)\b)[a-z])"
)
_ANY_VERB = re.compile(
    "|".join([*(cues.plain.pattern for kind, cues in _CUES.items() if kind not in _NOMINAL), r"\b(?:add|dock|skip)\b"])
)
_SWITCHED = re.compile(r"\b(?:turn|switch|put|flip|power|flick|click|pop|knock|get|have|be|is|are) (on|off)\b")


@dataclass(frozen=True, slots=True)
class Segment:
    """One request among several of a turn.

    Attributes:
        text: its plain words.
        parts: the things it lists.
        excluded: what it takes out ("except the hall"), empty for nothing.
        negated: it asks for the deed not to be done.
    """

    text: str
    parts: tuple[str, ...]
    excluded: str = ""
    negated: bool = False

    def without(self, words: tuple[str, ...]) -> Segment:
        """The request without words that are no thing in it ("red", what is to be bought)."""
        gone = {word for said in words for word in said.split()}
        if not gone:
            return self
        left = tuple(" ".join(w for w in part.split() if w not in gone) for part in self.parts)
        return Segment(self.text, left, self.excluded, self.negated)

    @property
    def has_verb(self) -> bool:
        """Whether some word plainly asks for a deed of any kind."""
        return bool(_ANY_VERB.search(self.text))


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words of a turn, apart by request. `authorises`: they may ask for anything at all (a question does not)."""

    text: str
    segments: tuple[Segment, ...]
    authorises: bool = True

    @property
    def whole(self) -> Segment:
        """All words as one request."""
        return Segment(self.text, (self.text,))

    @property
    def listed(self) -> Evidence | None:
        """The words apart at each thing that is told with its state: "curtains shut | lamp off"; None for no list."""
        cut = _THING_AND_STATE.sub(r"\g<0> ,", self.text)
        apart = [Segment(part, (part,)) for part in _PART.split(cut) if part]
        if len(apart) < 2 or any(segment.negated or segment.excluded for segment in self.segments):
            return None
        return Evidence(self.text, tuple(apart), self.authorises)


@lru_cache(maxsize=256)
def read_evidence(text: str, *, exact: bool = False) -> Evidence:
    """Read words once.

    Args:
        text: as spoken or recognised.
        exact: the assistant's own words, which always speak of what is done.
    """
    plain, question = normalise(text)
    if not plain:
        return Evidence("", (), authorises=False)
    polite = without_courtesy(plain) or plain
    asks = not exact and judge(polite, question_mark=question and not is_request(plain)).kind == "question"
    polite = _corrected(polite)
    return Evidence(polite, _segments(polite), authorises=not asks)


def _corrected(text: str) -> str:
    """The text with the speaker's own correction carried out: the verb of the left, the rest of the right side."""
    cuts = list(_CORRECTION.finditer(f" {text}"))
    cuts = [cut for cut in cuts if cut.start() > 0]
    if not cuts:
        return text
    left, right = text[: cuts[0].start() - 1], text[cuts[-1].end() - 1 :]
    if _ANY_VERB.search(right):
        return right
    kept = [word for word in left.split() if _ANY_VERB.fullmatch(word) or word in _WEAK_VERBS]
    return " ".join([*kept, right])


_WEAK_VERBS = frozenset(["turn", "set", "make", "put", "switch", "bring", "get", "take", "change"])


def _segments(text: str) -> tuple[Segment, ...]:
    segments: list[list[str]] = []
    verb = ""
    for part in _PART.split(text):
        found = _ANY_VERB.search(part)
        numbered = bool(_NUMBER.search(part)) and bool(segments) and bool(_NUMBER.search(" ".join(segments[-1])))
        if found or not segments:
            segments.append([part])
            verb = found[0] if found else ""
        elif numbered:
            segments.append([f"{verb} {part}".strip()])
        else:
            segments[-1].append(part)
    made = []
    for parts in segments:
        whole = " and ".join(parts)
        kept, excluded = _cut(whole)
        negated = bool(_NOT.search(kept)) and not re.search(
            r"can not (?:hear|see)|not (?:enough|bright|warm|loud)", kept
        )
        named = (kept,) if excluded else tuple(part for part in parts if part)
        made.append(Segment(whole, named, excluded, negated))
    return tuple(made)


def _cut(text: str) -> tuple[str, str]:
    found = _EXCEPT.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


@lru_cache(maxsize=2048)
def speaks_of(text: str, kind: str) -> Hint:
    """What the words say about a kind of deed."""
    cues = _CUES[kind]
    if kind in ("on", "off"):
        switched = _SWITCHED.search(text)
        if switched:
            return Hint.FOR if switched[1] == kind else Hint.AGAINST
    plain, against = cues.plain.search(text), cues.against.search(text)
    if kind == "on" and plain and against:
        return Hint.AGAINST  # "on" is also a place: "the lamp on the desk off"
    if kind == "off" and plain:
        return Hint.FOR
    if plain and (against is None or plain.start() <= against.start()):
        return Hint.FOR
    if against:
        return Hint.AGAINST
    return Hint.WEAKLY_FOR if cues.weak.search(text) else Hint.SILENT


def is_negated(text: str) -> bool:
    """Whether the words ask for something not to be done."""
    return bool(_NOT.search(text) or _KEEPS.match(text)) and not _COMPLAINS.search(text)


def numbers_in(text: str) -> tuple[str, ...]:
    """Numbers with their units, as tokens."""
    return tuple(_NUMBER.findall(text))


def values_in(text: str, but: float | None = None) -> frozenset[float]:
    """Numbers that the words may hold, units aside; "20 won" may be 21, fractions count as percentages.

    Args:
        text: plain words.
        but: seconds that are no value but a time.
    """
    found: set[float] = set()
    words = text.split()
    for n, word in enumerate(words):
        if not _NUMBER.fullmatch(word):
            continue
        value = float(word.rstrip("%°fks"))
        if but is not None and word == f"{but:g}s":
            continue
        found.add(value)
        following = words[n + 1] if n + 1 < len(words) else ""
        if value >= 20 and not value % 10 and following in _ONES and word[-1:].isdigit():
            found.add(value + _ONES[following])
    for phrase, share in FRACTIONS.items():
        if re.search(rf"\b{phrase}\b", text):
            found.add(float(share))
    return frozenset(found)
