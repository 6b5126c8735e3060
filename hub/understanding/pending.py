"""A dangerous request that waits for a spoken yes, and what counts as one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Literal

from hub.understanding.decisions import Moment, Said
from hub.understanding.house import Action, House
from hub.understanding.normalise import normalise
from hub.understanding.permission import Atom, all_atoms
from hub.understanding.phrasing import deed_in_words

EXPIRES_S: Final = 20.0

_YES = re.compile(
    r"(?:(?:oh|well|um|,) )*(?:(?:yes|yeah|yep|yup|aye|sure|of course|absolutely|definitely|certainly|affirmative"
    r"|correct|confirm(?:ed)?|i confirm|i do|i am(?: sure)?|i am certain|go ahead|do it|do that|go for it|please do"
    r"|that is right|exactly|by all means|you may|(?:yes|yeah|yep|yup|aye|sure|ok) (?:, )?go on)(?: ,)? ?)+"
    r"(?:(?:please|now|then|thanks|thank you|sir|ma'am|mate|love|dear|darling|honey|boss|buddy|pal) ?)*"
)
_NO = re.compile(
    r"(?:(?:oh|well|um|ok|,) )*(?:no|nope|nah|do not|please do not|cancel|never ?mind|stop|leave it|not now|not yet"
    r"|forget (?:it|that|about it)|rather not|better not|wait|hold on|abort|negative)"
    r"(?:(?: ,)? (?:thanks|thank you|please|way|leave it|locked|closed|alone|as it is|do not|do (?:it|that)|never ?mind"
    r"|wait|stop|cancel|it|that|not now|forget it))*"
)
# A yes and its reason: "yes, it's flooding", "yeah my mate's there". Nothing in it may ask, limit or take back.
_YES_BECAUSE = re.compile(
    r"(?:(?:oh|well|um|,) )*(?:(?:yes|yeah|yep|yup|aye)(?: please)?(?: ,)? )+"
    r"(?P<why>(?:it|there|he|she|they|that|i|we|its|theres|hes|shes|theyre|im|(?:my|our|the|his|her|their) [a-z]+"
    r"|[a-z]+) (?:(?:is|are|am|has|have|was|were|just|need|needs|want|wants|can see|forgot|heard) .+"
    r"|(?:here|there|outside|waiting|back|home|coming|at the .+)(?: .+)?))"
)
_UNSURE = re.compile(
    r"\b(?:but|not|never|if|when|until|unless|after|before|later|first|or|only|instead|actually|wait|stop|leave|what"
    r"|who|why|how|which|where|should|could|would|maybe|perhaps|think|guess|no|said|says|asked|then|once|soon)\b"
)
_YES_AND = re.compile(r"(?:(?:yes|yeah|yep|yup|sure|ok|go ahead|please|and|,) ?)+(?P<rest>.+)")


class Answer(Enum):
    """What a turn says to the question."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"  # only one of two recognisers heard the yes
    ELSEWHERE = "elsewhere"  # a yes from another area
    AGAIN = "again"  # the same request once more
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pending:
    """Dangerous actions between the question and its answer.

    Attributes:
        area_id: where they were asked for; the yes must come from there.
        asked_s: when, by the clock of the moments.
        text: the request in plain words.
    """

    actions: tuple[Action, ...]
    area_id: str | None
    asked_s: float
    turn: int
    text: str

    def is_over(self, at_s: float) -> bool:
        """Whether nobody answered in time."""
        return at_s - self.asked_s >= EXPIRES_S


def answer_of(text: str) -> Literal["yes", "no", "other"]:
    """What a whole turn says to a question that must be answered with yes or no."""
    plain = normalise(text)[0].strip(" ,")
    if _NO.fullmatch(plain):
        return "no"
    return "yes" if _YES.fullmatch(plain) else "other"


def yes_with_reason(plain: str) -> str | None:
    """The reason that a yes gives ("yes, it's flooding"), in plain words; None where the words are no such yes."""
    because = _YES_BECAUSE.fullmatch(plain)
    return because["why"] if because and not _UNSURE.search(because["why"]) else None


class Confirming:
    """The one question of a conversation that only a spoken yes answers.

    Args:
        second_yes: whether a second recogniser must have heard the yes too.
    """

    def __init__(self, *, second_yes: bool) -> None:
        self._second_yes = second_yes
        self._pending: Pending | None = None
        self._answered_turn = -1

    @property
    def waits(self) -> bool:
        """Whether a question is open."""
        return self._pending is not None

    @property
    def atoms(self) -> frozenset[Atom]:
        """The deeds that are asked about."""
        return all_atoms(self._pending.actions) if self._pending else frozenset()

    def asked_in(self, turn: int) -> tuple[Action, ...]:
        """What the open question is about, where it was asked in this turn of the user."""
        return self._pending.actions if self._pending is not None and self._pending.turn == turn else ()

    def ask(self, pending: Pending, house: House) -> str:
        """Ask about these actions from now on, and no longer about others; the question to be spoken."""
        self._pending = pending
        return question_for(pending.actions, house)

    def move(self, area_id: str) -> None:
        """Who was asked is in another area now, and the yes must come from there."""
        if self._pending is not None:
            self._pending = replace(self._pending, area_id=area_id)

    def answered_in(self, turn: int) -> bool:
        """Whether the question was answered in this turn of the user."""
        return self._answered_turn == turn

    def hears(self, said: Said, risks_of: Callable[[str], tuple[Action, ...]]) -> Answer:
        """What a turn says to the open question; nothing changes by asking.

        Args:
            said: the turn.
            risks_of: the dangerous actions that a text asks for.
        """
        pending = self._pending
        if pending is None:
            return Answer.OTHER
        says = _says(said.text, pending, risks_of)
        if says is not Answer.YES:
            return says
        if said.area_id != pending.area_id:
            return Answer.ELSEWHERE
        if said.second is None:
            return Answer.UNCLEAR if self._second_yes else Answer.YES
        return Answer.YES if _says(said.second, pending, risks_of) is Answer.YES else Answer.UNCLEAR

    def take(
        self, said: Said, turn: int, risks_of: Callable[[str], tuple[Action, ...]]
    ) -> tuple[Pending, Answer] | None:
        """The question is over, with this answer; None where there was none."""
        answer, pending = self.hears(said, risks_of), self._pending
        self._pending = None
        if pending is None:
            return None
        self._answered_turn = turn
        return pending, answer

    def expire(self, moment: Moment) -> Pending | None:
        """The question that nobody answered in time, once."""
        pending = self._pending
        if pending is None or not pending.is_over(moment.at_s):
            return None
        self._pending = None
        return pending


def _says(text: str, pending: Pending, risks_of: Callable[[str], tuple[Action, ...]]) -> Answer:
    plain = answer_of(text)
    if plain != "other":
        return Answer.YES if plain == "yes" else Answer.NO
    wanted = all_atoms(pending.actions)
    because = yes_with_reason(normalise(text)[0])
    if because is not None and not risks_of(because):
        return Answer.YES
    more = _YES_AND.fullmatch(normalise(text)[0])
    if more and all_atoms(risks_of(more["rest"])) == wanted:
        return Answer.YES
    return Answer.AGAIN if all_atoms(risks_of(text)) == wanted else Answer.OTHER


def question_for(actions: tuple[Action, ...], house: House) -> str:
    """The fixed question, spoken word for word."""
    deeds = list(dict.fromkeys(deed_in_words(action, house) for action in actions))
    return f"Do you really want me to {' and '.join(deeds)}? Please say yes or no."


def ending_of(pending: Pending, answer: Answer, house: House) -> str:
    """What is said when nothing was done, by the way the question was answered."""
    deeds = " or ".join(dict.fromkeys(deed_in_words(action, house) for action in pending.actions))
    if answer is Answer.UNCLEAR:
        return f"I could not hear a clear yes, so I did not {deeds}."
    if answer is Answer.ELSEWHERE:
        return f"The yes must come from where it was asked for, so I did not {deeds}."
    return f"All right, I did not {deeds}."
