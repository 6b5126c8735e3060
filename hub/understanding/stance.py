"""What a clause of the assistant is: a commitment, or one of the many things that only sound like one.

Agent, mood, polarity, tense and question decide, before anybody looks at devices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hub.understanding.patterns import Pattern, read_patterns
from hub.understanding.verbs import Form, is_verb


class Kind(Enum):
    """What a clause does."""

    COMMITMENT = "commitment"  # "I'll dim it", "dimming it", "I've dimmed it", "it is being dimmed"
    STATE = "state"  # "kitchen lights off", "the kettle is on": a report, or done just now
    AGREEING = "agreeing"  # "I'd be glad to dim it": stands for a request, never alone
    PROMISE = "promise"  # "will do", "consider it done": to do what was asked for
    AFFIRMATION = "affirmation"  # "sure thing", "got it"
    VAGUE = "vague"  # "hmm", "let me think"
    OFFER = "offer"  # "want me to dim it", "I can dim it"
    QUESTION = "question"
    REFUSAL = "refusal"  # refusals and failures
    NEGATION = "negation"  # "I won't touch it", "I'll leave it on"
    HYPOTHETICAL = "hypothetical"  # conditions and times to come
    FIGURE = "figure"  # "setting the stage": a figure of speech, unless somebody asked for just that
    REPORT = "report"  # narration, habits, idioms, other people's deeds
    OTHER = "other"  # nothing of these


# What blocks a request that was only agreed to.
OBJECTIONS = frozenset({Kind.OFFER, Kind.QUESTION, Kind.REFUSAL, Kind.NEGATION, Kind.HYPOTHETICAL})


@dataclass(frozen=True, slots=True)
class Stance:
    """The stance of a clause.

    Attributes:
        words: what is left of the clause behind its lead ("I'll just"), in plain words.
        form: of the verb that `words` begin with; None for a clause about a thing ("the blinds are closing").
        affirmed: the clause, or one before it in the sentence, began with an affirmation ("okay, ...").
    """

    kind: Kind
    words: str = ""
    form: Form | None = None
    affirmed: bool = False


_TABLE = read_patterns("stances.txt")
_AFFIRMATIONS = tuple(p for p in _TABLE if p.group == "affirmation")
_COURTESIES = tuple(p for p in _TABLE if p.group == "courtesy")
_PROMISES = tuple(p for p in _TABLE if p.group == "promise")
_VAGUE = tuple(p for p in _TABLE if p.group == "vague")
_REPORTS = tuple(p for p in _TABLE if p.group == "report")
_FIGURES = tuple(p for p in _TABLE if p.group == "figure")
_GATES = tuple(p for p in _TABLE if p.group in ("question", "offer", "refusal", "negation", "hypothetical"))
_LEADS = tuple(p for p in _TABLE if p.group in ("future", "progressive", "past", "agreeing"))
_FILLING = tuple(p for p in _TABLE if p.group == "filling")
_FORMS = {
    "future": (Form.BASE,),
    "agreeing": (Form.BASE,),
    "progressive": (Form.ING,),
    "past": (Form.PARTICIPLE, Form.PAST),
}
_IRREGULAR = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not", "let's": "let us",
    "i'm": "i am", "gonna": "going to", "wanna": "want to", "gotta": "got to", "okay": "ok", "o.k": "ok", "k": "ok",
    "yep": "yes", "yeah": "yes", "yup": "yes", "ain't": "is not", "dont": "do not", "lemme": "let me",
    "alrighty": "alright",
}  # fmt: skip
_ENDINGS = (("n't", " not"), ("'ll", " will"), ("'ve", " have"), ("'re", " are"), ("'d", " would"))
_WHO_IS = frozenset(
    [
        "it",
        "that",
        "there",
        "here",
        "what",
        "who",
        "where",
        "when",
        "how",
        "everything",
        "he",
        "she",
        "this",
        "which",
        "all",
        "one",
        "everyone",
        "nothing",
    ]
)
_STATES = frozenset(
    [
        "on",
        "off",
        "open",
        "closed",
        "shut",
        "locked",
        "unlocked",
        "armed",
        "disarmed",
        "muted",
        "paused",
        "playing",
        "running",
        "set",
        "up",
        "down",
        "back",
        "all",
        "now",
        "at",
        "in",
        "out",
        "been",
        "being",
        "done",
        "ready",
        "already",
        "just",
        "not",
        "no",
        "currently",
        "still",
        "half",
        "going",
        "coming",
        "getting",
        "heading",
        "warming",
        "cooling",
        "too",
    ]
)


def plain(words: Sequence[str]) -> list[str]:
    """Words and marks of a clause in lower case, contractions written out ("kettle's on" is "kettle is on")."""
    out: list[str] = []
    lower = [word.lower() for word in words]
    for n, word in enumerate(lower):
        if word in _IRREGULAR:
            out += _IRREGULAR[word].split()
            continue
        ending = next((e for e in _ENDINGS if word.endswith(e[0]) and len(word) > len(e[0])), None)
        if ending:
            out += f"{word.removesuffix(ending[0])}{ending[1]}".split()
        elif word.endswith("'s") and is_contracted(word[:-2], lower[n + 1] if n + 1 < len(lower) else ""):
            out += [word[:-2], "is"]
        else:
            out.append(word)
    return out


def is_contracted(word: str, following: str) -> bool:
    """Whether the s of "kettle's" stands for "is" or "has" rather than for an owner."""
    if word in _WHO_IS or following in _STATES:
        return True
    return following.endswith("ing") and is_verb(following, Form.ING)


def stance_of(text: str, *, asks: bool = False, before: Stance | None = None) -> Stance:
    """The stance of a clause in plain words.

    Args:
        text: words joined by spaces, commas as words of their own.
        asks: the sentence ends with a question mark.
        before: the stance of the clause before in the same sentence, whose lead this one may share.
    """
    affirmed = before is not None and before.affirmed
    rest = text.strip(" ,")
    while True:
        if not asks and _any(_PROMISES, rest):
            return Stance(Kind.PROMISE, affirmed=True)
        if not asks and _any(_AFFIRMATIONS, rest):
            return Stance(Kind.AFFIRMATION, affirmed=True)
        if _any(_COURTESIES, rest):  # asked or not, it is said when all is done
            return Stance(Kind.AFFIRMATION if affirmed else Kind.VAGUE, affirmed=affirmed)
        if _any(_VAGUE, rest):
            return Stance(Kind.VAGUE, affirmed=affirmed)
        cut = next((found for p in _FILLING if (found := p.expression.match(rest))), None)
        if cut is None or cut.end() >= len(rest):
            break
        affirmed = affirmed or ("f" in cut.groupdict() and cut["f"] is not None)
        rest = rest[cut.end() :].strip(" ,")
    led = _stance(rest, asks=asks, before=before)
    return Stance(led.kind, led.words, led.form, affirmed)


def _any(patterns: tuple[Pattern, ...], text: str) -> bool:
    return any(p.expression.fullmatch(text) for p in patterns)


def _stance(text: str, *, asks: bool, before: Stance | None) -> Stance:  # noqa: PLR0911 - one line a kind
    for gate in _GATES:
        found = gate.expression.match(text)
        if found:
            words = found.groupdict().get("x") or (text if gate.group == "question" else "")
            return Stance(Kind(gate.group), words)
    if asks:
        led = _led(text)
        return Stance(Kind.OFFER, led.words, led.form) if led else Stance(Kind.QUESTION, text)
    if any(p.expression.match(text) for p in _REPORTS):
        return Stance(Kind.REPORT)
    led = _led(text)
    if any(p.expression.match(text) for p in _FIGURES):
        return Stance(Kind.FIGURE, led.words, led.form) if led else Stance(Kind.FIGURE, text)
    if led is not None:
        return led
    shared = _shared(text, before)
    if shared is not None:
        return shared
    return Stance(Kind.STATE, text)


def _led(text: str) -> Stance | None:
    """A clause with a lead of the assistant's own ("I'll", "let me", "I've just") or a bare -ing form."""
    for lead in _LEADS:
        found = lead.expression.match(text)
        if found is None:
            continue
        words = text[found.end() :].strip(" ,")
        form = next((f for f in _FORMS[lead.group] if is_verb(words.partition(" ")[0], f)), None)
        if form is not None:
            return Stance(Kind.AGREEING if lead.group == "agreeing" else Kind.COMMITMENT, words, form)
    first, _, rest = text.partition(" ")
    if rest and is_verb(first, Form.PARTICIPLE) and not is_verb(first, Form.BASE):
        return Stance(Kind.COMMITMENT, text, Form.PARTICIPLE)  # "added bread", its "I have" left out
    return None


def _shared(text: str, before: Stance | None) -> Stance | None:
    """A clause that goes on with the lead of the one before ("I'll dim the lamp and | close the blinds")."""
    if before is None or before.form is None:
        return None
    words = re.sub(r"^(?:(?:and|then|also|,) )+", "", text)
    forms = (Form.PARTICIPLE, Form.PAST) if before.form in (Form.PARTICIPLE, Form.PAST) else (before.form,)
    form = next((f for f in forms if is_verb(words.partition(" ")[0], f)), None)
    return Stance(before.kind, words, form) if form else None
