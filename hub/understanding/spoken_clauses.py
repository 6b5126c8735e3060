"""Words of the assistant, as they come, to clauses: where one ends and the next begins, never looking ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from hub.machine import Machine, StepCounts
from hub.understanding.pieces import Token
from hub.understanding.stance import is_contracted
from hub.understanding.verbs import Form, is_verb

MAX_CLAUSE_WORDS = 40
Close = Literal["", ".", "?", "joint", "pause", "end"]


class State(Enum):
    """Where a clause stands."""

    OPEN = "open"  # more of it may come
    COMPLETE = "complete"  # it means something as it stands
    HELD = "held"  # it seems over; a repair or an extension may still come
    FIRED = "fired"
    DROPPED = "dropped"


_NEXT: Mapping[State, frozenset[State]] = {
    State.OPEN: frozenset({State.COMPLETE, State.HELD, State.FIRED, State.DROPPED}),
    State.COMPLETE: frozenset({State.OPEN, State.HELD, State.FIRED, State.DROPPED}),
    State.HELD: frozenset({State.OPEN, State.COMPLETE, State.FIRED, State.DROPPED}),
    State.FIRED: frozenset(),
    State.DROPPED: frozenset(),
}
_SUBJECTS = frozenset(
    [
        "i'm",
        "i'll",
        "i've",
        "i'd",
        "we'll",
        "we're",
        "we've",
        "let",
        "let's",
        "lemme",
        "you",
        "do",
        "does",
        "did",
        "would",
        "should",
        "shall",
        "want",
        "it's",
        "that's",
        "it",
        "there",
        "there's",
        "they",
        "he",
        "she",
        "what",
        "which",
        "how",
        "could",
        "can",
        "may",
        "everything",
        "both",
        "enjoy",
        "see",
    ]
)
_SPEAKERS = _SUBJECTS - {"both", "everything"}
_JOINTS = frozenset({"and", "then", "also", "plus"})
_TURNS = frozenset({"but", "so", "although", "though", "however"})
_REPAIRS = frozenset({"uh", "um", "er", "erm", "sorry", "no", "wait", "oh", "oops", "rather", "scratch"})
_HAVE = frozenset({"i've", "we've", "have", "just", "i"})
_FUTURE = frozenset({"i'll", "will", "let", "let's", "going", "we'll", "gonna", "shall", "to"})
# Verbs that are as often names of things: "the fan and light".
_NOUNS = frozenset(
    [
        "light",
        "heat",
        "water",
        "cover",
        "sound",
        "power",
        "fire",
        "switch",
        "time",
        "wind",
        "park",
        "ring",
        "lock",
        "note",
        "count",
        "clean",
        "max",
    ]
)
# What begins a part of the clause before it: "if that's all right", "as it's late".
_SUBORDINATE = frozenset(
    ["if", "when", "as", "because", "since", "while", "unless", "once", "that", "which", "it", "what", "who", "where"]
)
_FINITE = frozenset({"is", "are", "has", "have", "will"})


@dataclass(slots=True, eq=False)
class Clause:
    """A clause and what has become of it.

    Attributes:
        tokens: its words and inner commas.
        sentence: number of its sentence.
        close: how it ended, empty while it is open.
        held: it seems to be over, since a comma or "and" came.
        repaired: what followed takes it back.
        begun: of so many of its words what they say was done before it was over.
    """

    sentence: int
    machine: Machine[State]
    tokens: list[Token] = field(default_factory=list)
    close: Close = ""
    held: bool = False
    repaired: bool = False
    begun: int = 0
    joints: list[Token] = field(default_factory=list)
    seams: list[int] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """Its words and inner commas as text."""
        return [token.text for token in self.tokens]

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.machine.state

    @property
    def behind_comma(self) -> list[str] | None:
        """What follows its newest comma, empty where nothing does yet; None where it has none."""
        if self.joints:
            return [] if self.joints[-1].is_mark else None
        seam = self.seams[-1] if self.seams else len(self.tokens)
        return [token.text for token in self.tokens[seam + 1 :]] if self.words[seam : seam + 1] == [","] else None


class Clauses:
    """Cuts one turn of the assistant into clauses.

    Attributes:
        counts: the steps of all clauses.
    """

    def __init__(self) -> None:
        self.counts: StepCounts[State] = StepCounts()
        self._sentence = 0
        self.open = self._new()

    def feed(self, token: Token) -> list[Clause]:  # noqa: PLR0911 - one line a case
        """Take a complete word or mark; the clauses that are over now, oldest first."""
        if token.text in (".", "!", ";"):
            return self._over(".")
        if token.text == "?":
            return self._over("?")
        clause, word = self.open, token.text.lower()
        if token.text in (",", ":"):
            if clause.tokens:
                clause.joints.append(Token(",", token.first_frame, token.frame))
                clause.held = True
            return []
        if word in _JOINTS and clause.tokens and not clause.joints and word != "then":
            clause.joints.append(token)
            clause.held = word == "and"
            return []
        if (clause.joints or word in _TURNS) and clause.tokens:
            return self._after_joint(clause, token, word)
        if self._is_finite(clause, word) and _speaks(clause.tokens[: clause.seams[-1]]):
            return self._split_late(clause, token)
        return self._extend(clause, [token])

    def close(self, how: Close) -> list[Clause]:
        """The turn or a long pause ends the open clause."""
        if not self.open.tokens:
            return []
        ended = self.open
        ended.close = how
        if how == "end":
            self._sentence += 1
        self.open = self._new()
        return [ended]

    def _over(self, how: Close) -> list[Clause]:
        ended = self.close(how)
        self._sentence += 1
        self.open = self._new()
        return ended

    def _new(self) -> Clause:
        return Clause(self._sentence, Machine("clause", State.OPEN, _NEXT, self.counts))

    def _after_joint(self, clause: Clause, token: Token, word: str) -> list[Clause]:  # noqa: PLR0911 - one line a case
        pending = [t.text.lower() for t in clause.joints]
        if word in _TURNS and not (word == "so" and pending == []):
            return self._begin(clause, [token] if word == "so" else [])
        if word in _JOINTS or word in _REPAIRS or word == "i" or (word == "me" and "let" in pending):
            clause.joints.append(token)
            return []
        if pending[-1:] == ["i"]:
            if word in ("mean", "meant"):
                return self._extend(clause, [*clause.joints, token])
            first = clause.joints[-1]
            return self._begin(clause, [first, token], repaired=not _REPAIRS.isdisjoint(pending))
        if self._heads(clause, word, pending):
            return self._begin(clause, [token], repaired=not _REPAIRS.isdisjoint(pending))
        if pending and pending[-1] == "then" and is_verb(word, Form.BASE):
            return self._begin(clause, [token])
        return self._extend(clause, [*clause.joints, token])

    def _heads(self, clause: Clause, word: str, pending: list[str]) -> bool:
        """Whether a word behind a comma or "and" begins a clause of its own."""
        if word in _SUBJECTS or (is_verb(word, Form.ING) and not is_verb(word, Form.BASE)):
            return True
        said = {t.text.lower() for t in clause.tokens[:5]}
        if not said.isdisjoint(_HAVE) and is_verb(word, Form.PARTICIPLE, Form.PAST) and not is_verb(word, Form.BASE):
            return "and" in pending or "then" in pending
        future = not said.isdisjoint(_FUTURE)
        return future and "and" in pending and is_verb(word, Form.BASE) and word not in _NOUNS

    def _begin(self, clause: Clause, tokens: list[Token], *, repaired: bool = False) -> list[Clause]:
        clause.close = "joint"
        clause.repaired = repaired
        self.open = self._new()
        self.open.tokens = tokens
        return [clause]

    def _extend(self, clause: Clause, tokens: list[Token]) -> list[Clause]:
        if clause.joints:
            clause.seams.append(len(clause.tokens))
        clause.joints = []
        clause.held = False
        if clause.state in (State.COMPLETE, State.HELD):
            clause.machine.transition(State.OPEN)
        clause.tokens += tokens
        return self.close("joint") if len(clause.tokens) >= MAX_CLAUSE_WORDS else []

    def _is_finite(self, clause: Clause, word: str) -> bool:
        """Whether the words behind the newest seam have a verb of their own now ("is", or the s of "door's been")."""
        if not clause.seams:
            return False
        tail = [token.text.lower() for token in clause.tokens[clause.seams[-1] :] if not token.is_mark]
        begins = next((said for said in tail if said not in _JOINTS), "")
        if word in _FINITE or not tail or begins in _SUBORDINATE or begins.partition("'")[0] in _SUBORDINATE:
            return word in _FINITE
        return tail[-1].endswith("'s") and is_contracted(tail[-1][:-2], word)

    def _split_late(self, clause: Clause, token: Token) -> list[Clause]:
        """Find out at "are" that "..., and the blinds" began a clause."""
        seam = clause.seams[-1]
        tail = list(clause.tokens[seam:])
        while tail and (tail[0].text.lower() in _JOINTS or tail[0].is_mark):
            tail.pop(0)
        clause.tokens = clause.tokens[:seam]
        return self._begin(clause, [*tail, token])


def _speaks(tokens: list[Token]) -> bool:
    """Whether these words already are a clause."""
    words = [t.text.lower() for t in tokens]
    return any(
        w in _FINITE or w in _SPEAKERS or w.endswith(("'s", "'ll", "'ve", "'m")) or is_verb(w, Form.ING) for w in words
    )
