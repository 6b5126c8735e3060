"""The assistant's side of a conversation: from the pieces it speaks to the deeds it commits itself to.

A clause acts when it is a commitment and the user's words support it: at once when both say the same, at its end
otherwise; never on a verb alone, never when it was cut short, never twice in one turn of the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.understanding.clause_stance import ACTING, ONLY_AGREEING, clause_stance
from hub.understanding.completeness import is_dangling
from hub.understanding.consent import Consent
from hub.understanding.decisions import Moment
from hub.understanding.house import Action
from hub.understanding.judging import Found, Judge, Request, is_told
from hub.understanding.late import Doubt, Waiting
from hub.understanding.parser import Parser
from hub.understanding.pieces import Pieces, Token
from hub.understanding.readiness import How, Readied, Ready
from hub.understanding.spoken_clauses import Clause, Clauses, State
from hub.understanding.stance import Kind, Stance
from hub.understanding.support import Verdict

# Frames of padding after which ...
_WORD_OVER: Final = 2  # ... the last piece was the end of its word,
_HOLD: Final = 3  # ... a clause that ended with a comma is over, where the user's words support it,
_CONSENTED: Final = 4  # ... a promise ("will do"), or a full "Of course." to a plain request, was all there is to say,
_PAUSE: Final = 6  # ... a clause without any mark is over,
_UNHEARD_HOLD: Final = 8  # ... either is, where nobody can hear the user,
_AFFIRMED: Final = 10  # ... any affirmation was all there is to say.
# From so many words on a clause that is not over shows what it is ...
_BEGUN_WORDS: Final = 4
# ... unless it began like one that asks, refuses or offers.
_MAY_OBJECT: Final = frozenset(
    ["do", "did", "does", "would", "should", "shall", "could", "can", "may", "is", "are", "was", "which", "what", "who",
     "where", "when", "how", "why", "no", "not", "sorry", "but", "unfortunately", "actually", "wait", "if", "want"]
)  # fmt: skip
_OBJECTING: Final = frozenset(
    {"not", "never", "cannot", "unable", "afraid", "sorry", "instead", "until", "unless", "or"}
)
_BESIDE: Final = frozenset({Kind.OTHER, Kind.AFFIRMATION, Kind.PROMISE, Kind.REPORT, Kind.FIGURE})


class Commitments:
    """Listens to what the assistant says by itself in one conversation.

    The user's turn comes first or in between (`hear_request`, again whenever the transcript grows; `hear_nothing`
    when nobody can hear the user), then pieces (`speak`, an empty piece for each frame of padding), then `end`.

    Attributes:
        consent: what its newest turn says to the request as a whole.
    """

    def __init__(self, parser: Parser) -> None:
        self._judge = Judge(parser)
        self._request: Request | None = None
        self._hears = True
        self._area_id: str | None = None
        self._readied = Readied()
        self._late = Waiting()
        self.consent = Consent()
        self._begin_turn()

    def _begin_turn(self) -> None:
        self._pieces = Pieces()
        self._clauses = Clauses()
        self._before: tuple[int, Stance] | None = None
        self._speaking = False
        self._quiet = 0
        self._tried = 0

    @property
    def waiting(self) -> bool:
        """Whether time alone may still make something ready: call `speak("")` or `tick` then."""
        return bool(self._late) or (self._speaking and self._quiet <= _AFFIRMED)

    # --- the user -----------------------------------------------------------------------------------------------------

    def hear_request(self, request: Request, moment: Moment) -> list[Ready]:
        """The user's words so far; may make ready what the assistant said before they came."""
        if self._request is None or request.turn != self._request.turn or not self._hears:
            self._readied.forget()
        self._request, self._hears, self._area_id = request, True, request.area_id
        self._judge.about(request)
        supported = self._late.supported(lambda action: self._judge.weigh_request(action, moment))
        made = [r for x, why in supported for r in self._make((x.action,), x.dangerous, How.COMMITTED, moment, why)]
        self._late.expire(moment)
        return made

    def hear_nothing(self, moment: Moment, area_id: str | None = None) -> list[Ready]:
        """Nobody can hear the user until the next `hear_request`.

        Args:
            moment: now.
            area_id: where the conversation is; None keeps what is known.
        """
        if self._hears:
            self._readied.forget()
        self._hears = False
        self._area_id = area_id or self._area_id
        kept = Request("", None, self._area_id, self._request.turn if self._request else 0)
        self._request = kept if self._request is None else Request(
            "", None, self._area_id, self._request.turn, focus=self._request.focus
        )  # fmt: skip
        self._judge.about(self._request)
        late = self._late.take_all()
        return [r for x in late for r in self._make((x.action,), x.dangerous, How.UNHEARD, moment, x.doubt.why)]

    # --- the assistant ------------------------------------------------------------------------------------------------

    def speak(self, piece: str, moment: Moment) -> list[Ready]:
        """A SentencePiece piece of the assistant; empty for a frame of padding."""
        if not piece:
            return self.tick(moment)
        if not self._speaking:
            self.consent = Consent()
            self._speaking = True
        self._quiet = 0
        ready: list[Ready] = []
        for token in self._pieces.feed(piece, moment.frame):
            for clause in self._clauses.feed(token):
                ready += self._over(clause, moment)
        ready += self._early(self._clauses.open.words, moment, following=self._pieces.open)
        self._late.expire(moment)
        return ready

    def tick(self, moment: Moment) -> list[Ready]:
        """Time has passed without a piece (as a frame of padding)."""
        self._late.expire(moment)
        if not self._speaking:
            return []
        ready: list[Ready] = []
        self._quiet += 1
        for token in self._pieces.settle():
            for clause in self._clauses.feed(token):
                ready += self._over(clause, moment)
        if self._quiet == _WORD_OVER and self._pieces.open is not None:
            ready += self._early(self._open_words(), moment)
        if self._quiet in (_HOLD, _PAUSE, _UNHEARD_HOLD):
            ready += self._paused(moment)
        soon = self._request is not None and not self._open_words() and self.consent.is_soon_sure(self._request)
        if self._quiet == _AFFIRMED or (self._quiet == _CONSENTED and soon):
            ready += self._affirm(moment)
        return ready

    def end(self, moment: Moment, *, interrupted: bool) -> list[Ready]:
        """The assistant's turn is over; when it was interrupted, its open clause is dropped."""
        ready: list[Ready] = []
        if self._speaking and not interrupted:
            for token in self._pieces.end():
                for clause in self._clauses.feed(token):
                    ready += self._over(clause, moment)
            for clause in self._clauses.close("end"):
                ready += self._over(clause, moment)
            ready += self._affirm(moment)
        else:
            self._clauses.open.machine.transition(State.DROPPED)
        self._late.expire(moment)
        self._judge.about(self._request)
        self._begin_turn()
        return ready

    def take_doubts(self) -> list[Doubt]:
        """Commitments that did nothing since the last call."""
        return self._late.take_doubts()

    def talks_beside(self, moment: Moment) -> bool:
        """Whether what it says, and has begun to say, neither objects nor asks, nor names a deed."""
        if self.consent.objected or self.consent.committed or self.consent.asked_back:
            return False
        words = [word.lower() for word in self._open_words()]
        if len(words) < _BEGUN_WORDS or words[0] in _MAY_OBJECT:
            return False
        if not _OBJECTING.isdisjoint(words) or any(word.endswith("n't") for word in words):
            return False
        return self._stance(words, self._clauses.open, moment).kind in _BESIDE

    # --- a clause -----------------------------------------------------------------------------------------------------

    def _open_words(self) -> list[str]:
        """The words of the open clause with the one that may still be growing."""
        return [*self._clauses.open.words, *([self._pieces.open.text] if self._pieces.open else [])]

    def _stance(self, words: list[str], clause: Clause, moment: Moment, *, asks: bool = False) -> Stance:
        before = self._before[1] if self._before is not None and self._before[0] == clause.sentence else None
        masked = lambda text: self._judge.masked(text, self._area_id, moment)  # noqa: E731 - used at once
        return clause_stance(words, asks=asks, before=before, masked=masked)

    def _early(self, words: list[str], moment: Moment, *, following: Token | None = None) -> list[Ready]:
        """Agreement before the clause is over: beyond doubt what the user asked for, and nothing else."""
        clause, request = self._clauses.open, self._request
        tried = 2 * len(words) + (following is not None)
        if not self._hears or tried <= self._tried or clause.state is State.FIRED:
            return []
        self._tried = tried
        if request is None or not request.words or len(words) < 2:
            return []
        stance = self._stance(words, clause, moment)
        if stance.kind is Kind.STATE and len(request.actions) < 2:
            return []  # its full stop comes with its last word
        if stance.kind not in (Kind.COMMITMENT, Kind.STATE):
            return []
        begins = following.text if following is not None else ""
        agreed = self._judge.agrees_early(stance, self._area_id, moment, following=begins)
        if not agreed:
            return []
        self.consent.committed = True
        clause.begun = len(words)
        how = How.AGREED if request.actions else How.COMMITTED
        made = self._make(agreed, (), how, moment, f"agreed early: {stance.words!r}")
        if request.actions and all(self._readied.holds(action) for action in request.actions):
            clause.machine.transition(State.FIRED)
        return made

    def _paused(self, moment: Moment) -> list[Ready]:  # noqa: PLR0911 - one line a reason to wait
        """The voice paused behind a clause without a full stop."""
        clause = self._clauses.open
        words = self._open_words()
        if not words or clause.state is State.FIRED:
            return []
        held = clause.held and self._pieces.open is None
        if held and self._request is not None and self._request.only_hints:
            return []
        after = _UNHEARD_HOLD if not self._hears else _HOLD if held else _PAUSE
        if self._quiet != after or (not held and not self._hears):
            return []
        stance = self._stance(words, clause, moment)
        if stance.kind not in ACTING:
            return []
        unfinished = is_dangling(" ".join(words)) and words[-1] not in ("is", "are")
        if held and (unfinished or (stance.form is not None and " " not in stance.words)):
            return []  # "pausing, | I mean turning it off"
        if not held and not self._judge.may_end(stance, self._area_id, moment):
            return []
        found = self._judge.find(stance, self._area_id, moment, begun=clause.begun > 0)
        if not (found.read or found.agreed):
            return []
        clause.machine.transition(State.HELD if held else State.COMPLETE)
        made = self._decide(stance, found, moment, last=False)
        if made:
            clause.machine.transition(State.FIRED)
        return made

    def _over(self, clause: Clause, moment: Moment) -> list[Ready]:
        """A clause is over: what it was decides."""
        self._tried = 0
        self.consent.hear(clause.words)
        if clause.repaired and clause.state is not State.FIRED:
            clause.machine.transition(State.DROPPED)
            return []
        stance = self._stance(clause.words, clause, moment, asks=clause.close == "?" or self._asks_back(clause))
        self._before = (clause.sentence, stance)
        self._note(stance, moment)
        if stance.kind not in ACTING:
            clause.machine.transition(State.DROPPED)
            return []
        found = self._judge.find(stance, self._area_id, moment, begun=clause.begun > 0)
        made = self._decide(stance, found, moment, last=True) or self._rest(clause, moment)
        clause.machine.transition(State.FIRED if made else State.DROPPED)
        return made

    def _asks_back(self, clause: Clause) -> bool:
        """Whether "shall I?" follows a clause that answers no outright request."""
        follows = [token.text.lower() for token in self._clauses.open.tokens[:1]]
        hints = self._request is not None and self._request.only_hints
        return clause.close == "joint" and follows in (["shall"], ["should"]) and hints

    def _rest(self, clause: Clause, moment: Moment) -> list[Ready]:
        """What a clause says behind the words that were done early: "the dryer off | and the gas valve's closed"."""
        if not clause.begun:
            return []
        rest = self._stance(clause.words[clause.begun :], clause, moment)
        if rest.kind not in ACTING:
            return []
        found = self._judge.find(rest, self._area_id, moment)
        return self._make(found.agreed, found.dangerous, How.AGREED, moment, f"agreed: {rest.words!r}")

    def _note(self, stance: Stance, moment: Moment) -> None:
        self.consent.note(stance)
        if stance.kind is Kind.OFFER and stance.words:
            words = stance.words.rstrip(" ?")
            found = self._judge.find(Stance(Kind.OFFER, words), self._area_id, moment)
            self.consent.offered = (*self.consent.offered, *found.read)

    def _decide(self, stance: Stance, found: Found, moment: Moment, *, last: bool) -> list[Ready]:
        """What a clause that sounds like a deed may do."""
        if found.agreed:
            self.consent.committed = True
            return self._make(found.agreed, found.dangerous, How.AGREED, moment, f"agreed: {stance.words!r}")
        if not found.read or stance.kind in ONLY_AGREEING:
            return []
        if not self._hears:
            if is_told(stance):
                return []
            return self._make(found.read, found.dangerous, How.UNHEARD, moment, f"unheard: {stance.words!r}")
        self.consent.committed = True
        made: list[Ready] = []
        for action in found.read:
            weighed = self._judge.weigh_request(action, moment)
            dangerous = (action,) if action in found.dangerous else ()
            if weighed.verdict is Verdict.SUPPORTED:
                made += self._make((action,), dangerous, How.COMMITTED, moment, weighed.why)
            elif last and not is_told(stance) and not self._readied.holds(action):
                self._late.add(action, dangerous, weighed, moment)
        return made

    # --- consent ------------------------------------------------------------------------------------------------------

    def _affirm(self, moment: Moment) -> list[Ready]:
        """The assistant only agreed to a clear request."""
        clause, request, words = self._clauses.open, self._request, self._open_words()
        if words:
            stance = self._stance(words, clause, moment)
            self._note(stance, moment)
            if stance.kind not in (Kind.AFFIRMATION, Kind.PROMISE, Kind.VAGUE):
                return []
        if request is None or not self._hears or not self.consent.is_for(request):
            return []
        return self._make(request.actions, request.dangerous, How.AFFIRMED, moment, "the assistant only agreed")

    def _make(
        self, actions: Iterable[Action], dangerous: Iterable[Action], how: How, moment: Moment, why: str
    ) -> list[Ready]:
        turn = self._request.turn if self._request is not None else 0
        return self._readied.make(actions, dangerous, how, moment, turn=turn, why=why)
