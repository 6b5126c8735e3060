"""A form that is filled by talking: what is missing is asked, one thing at a time, and all of it is read back.

Pure: the time comes with every call. The table says everything that can happen; only CONFIRMING leads to READY.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal

from hub.machine import Machine, StepCounts
from hub.tools.numerals import tokens
from hub.tools.spoken import spoken_name, spoken_phone
from hub.tools.when import find_when

ANSWER_S: Final = 60.0
MAX_MISSES: Final = 2
"""Answers in a row that do not fit; then the form is given up rather than repeated for ever."""

SlotKind = Literal["text", "name", "phone", "date", "time", "duration", "number"]


class Phase(Enum):
    """Where a form is."""

    ASKING = "asking"
    CONFIRMING = "confirming"
    READY = "ready"
    DROPPED = "dropped"


TABLE: Final = MappingProxyType(
    {
        Phase.ASKING: frozenset({Phase.ASKING, Phase.CONFIRMING, Phase.DROPPED}),
        Phase.CONFIRMING: frozenset({Phase.READY, Phase.DROPPED}),
        Phase.READY: frozenset[Phase](),
        Phase.DROPPED: frozenset[Phase](),
    }
)
COUNTS: Final = StepCounts[Phase]()

_STOP: Final = re.compile(
    r"(?:no |oh |ok |okay |please )*(?:cancel(?: (?:it|that|this))?|stop(?: (?:it|that))?|never ?mind"
    r"|forget (?:it|that|about it)|leave it|abort|quit|do not bother|don't bother|nothing)(?: please)?"
)
_YES: Final = re.compile(
    r"(?:oh |well |um |uh )?(?:yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|absolutely|definitely|of course"
    r"|that is right|that's right|that is correct|that's correct|go ahead|do it|do that|book it|send it|please do"
    r"|sounds good|perfect)"
    r"(?: (?:yes|yeah|please|thanks|thank you|do it|do that|book it|send it|go ahead|that's right|that is right"
    r"|that's correct|sure|ok|okay|do|correct))*"
)
_NO: Final = re.compile(r"(?:no|nope|not|don't|do not|wait)\b")


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing to know.

    Attributes:
        name: the key of its value.
        question: how it is asked for.
        required: whether it is asked for when it is missing.
    """

    name: str
    kind: SlotKind
    question: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What a form wants now.

    Attributes:
        sentence: the question, or why it is over; empty when READY.
        understood: whether the last words meant anything to the form.
    """

    phase: Phase
    sentence: str
    understood: bool = True


@dataclass(slots=True)
class Form:
    """A form of one area.

    Args:
        slots: what is to be known, in the order of asking.
        read_back: the question that repeats everything, from the values.
        dropped: what is said when it comes to nothing.
        values: what is known from the beginning.
        started_s: when it was begun, seconds of any one clock.
    """

    slots: Sequence[Slot]
    read_back: Callable[[Mapping[str, Any]], str]
    dropped: str
    values: dict[str, Any] = field(default_factory=dict)
    started_s: float = 0.0
    _machine: Machine[Phase] = field(default_factory=lambda: Machine("form", Phase.ASKING, TABLE, COUNTS))
    _misses: int = 0

    @property
    def phase(self) -> Phase:
        """Where it is."""
        return self._machine.state

    def expired(self, now_s: float) -> bool:
        """Whether the person has said nothing for too long."""
        return now_s - self.started_s > ANSWER_S

    def begin(self, now_s: float) -> Step:
        """Ask for the first thing missing, or read back what is known."""
        self.started_s = now_s
        return self._next()

    def hear(self, text: str, *, now: datetime, now_s: float) -> Step:
        """Take the words of a turn.

        Args:
            text: as recognised.
            now: aware, in the house's zone.
            now_s: on the clock of `begin`.
        """
        plain = _plain(text)
        if self.phase not in (Phase.ASKING, Phase.CONFIRMING) or self.expired(now_s) or stops(plain):
            return self._drop()
        self.started_s = now_s
        if self.phase is Phase.CONFIRMING:
            return self._decide(plain)
        if self._fill(text, now):
            self._misses = 0
            return self._next()
        self._misses += 1
        if self._misses > MAX_MISSES:
            return self._drop(understood=False)
        return Step(Phase.ASKING, f"I did not get that. {self._missing()[0].question}", understood=False)

    def _decide(self, plain: str) -> Step:
        if _YES.fullmatch(plain):
            self._machine.transition(Phase.READY)
            return Step(Phase.READY, "")
        return self._drop(understood=_NO.match(plain) is not None)

    def _fill(self, text: str, now: datetime) -> bool:
        """Put the answer into the slot that was asked for, and whatever else of time was said into its own."""
        wanted = self._missing()[0]
        before = dict(self.values)
        # Asked how long it will take, people say "half an hour", which is no duration in any other place.
        bare = wanted.kind == "duration" and not re.match(r"(?:for|from|between)\b", _plain(text))
        when = find_when(f"for {text}" if bare else text, now)
        for slot in self.slots:
            if slot.name in self.values:
                continue
            found: Any = {"date": when.day, "time": when.clock, "duration": when.duration_s}.get(slot.kind)
            if found is None and slot is wanted:
                found = _read(slot.kind, text)
            if found is not None and (slot is wanted or slot.kind in ("date", "time", "duration")):
                self.values[slot.name] = found
        return self.values.keys() != before.keys()

    def _missing(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.required and slot.name not in self.values]

    def _next(self) -> Step:
        missing = self._missing()
        if missing:
            self._machine.transition(Phase.ASKING)
            return Step(Phase.ASKING, missing[0].question)
        self._machine.transition(Phase.CONFIRMING)
        return Step(Phase.CONFIRMING, self.read_back(self.values))

    def _drop(self, *, understood: bool = True) -> Step:
        if self.phase is not Phase.DROPPED:
            self._machine.transition(Phase.DROPPED)
        return Step(Phase.DROPPED, self.dropped, understood)


def stops(plain: str) -> bool:
    """Whether these words take everything back."""
    return _STOP.fullmatch(plain) is not None


def _read(kind: SlotKind, text: str) -> Any:
    if kind == "name":
        return spoken_name(text)
    if kind == "phone":
        return spoken_phone(text)
    words = " ".join(text.split()).strip(" .,!?")[:200]
    if kind == "number":
        numbers = [token.norm for token in tokens(words) if token.norm.isdigit() and len(token.norm) < 10]
        return int(numbers[0]) if len(numbers) == 1 else None
    return words or None if kind == "text" else None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w' ]+", " ", text.lower().replace("\u2019", "'")).split())
