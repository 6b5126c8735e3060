"""The assistant's side of a conversation: from the pieces it speaks to the deeds it commits itself to.

A clause acts when it is a commitment and the user's words support it: at once when both say the same, at its end
otherwise; never on a verb alone, never when it was cut short, never twice in one turn of the user.
"""

from __future__ import annotations

from typing import Final

from hub.understanding.beside import is_elsewhere, talks_on
from hub.understanding.clause_stance import ACTING, clause_stance
from hub.understanding.completeness import is_dangling
from hub.understanding.consent import Consent
from hub.understanding.decisions import Moment
from hub.understanding.endings import is_bare_tag, is_tag, may_be_tag
from hub.understanding.judging import Request
from hub.understanding.late import Doubt
from hub.understanding.parser import Parser
from hub.understanding.pieces import Pieces, Token
from hub.understanding.readiness import How, Ready
from hub.understanding.spoken_clauses import Clause, Clauses, State
from hub.understanding.stance import Kind, Stance
from hub.understanding.taking_up import TakingUp

# Frames of padding after which ...
_WORD_OVER: Final = 2  # ... the last piece was the end of its word,
_HOLD: Final = 3  # ... a clause that ended with a comma is over, where the user's words support it,
_CONSENTED: Final = 4  # ... a promise ("will do"), or a full "Of course." to a plain request, was all there is to say,
_PAUSE: Final = 6  # ... a clause without any mark is over,
_UNHEARD_HOLD: Final = 8  # ... either is, where nobody can hear the user,
_AFFIRMED: Final = 10  # ... any affirmation was all there is to say.


class Commitments:
    """Listens to what the assistant says by itself in one conversation.

    The user's turn comes first or in between (`hear_request`, again whenever the transcript grows; `hear_nothing`
    when nobody can hear the user), then pieces (`speak`, an empty piece for each frame of padding), then `end`.

    Attributes:
        consent: what its newest turn says to the request as a whole.
    """

    def __init__(self, parser: Parser) -> None:
        self._deeds = TakingUp(parser)
        self.consent = Consent()
        self._begin_turn()

    def _begin_turn(self) -> None:
        self._pieces = Pieces()
        self._clauses = Clauses()
        self._before: tuple[int, Stance] | None = None
        self._tagged: Clause | None = None  # over, and followed by a "shall"
        self._speaking = False
        self._quiet = 0
        self._tried = 0

    @property
    def waiting(self) -> bool:
        """Whether time alone may still make something ready: call `speak("")` or `tick` then."""
        return bool(self._deeds.late) or (self._speaking and self._quiet <= _AFFIRMED)

    # --- the user -----------------------------------------------------------------------------------------------------

    def hear_request(self, request: Request, moment: Moment) -> list[Ready]:
        """The user's words so far; may make ready what the assistant said before they came."""
        return self._deeds.hear_request(request, moment)

    def hear_nothing(self, moment: Moment, area_id: str | None = None) -> list[Ready]:
        """Nobody can hear the user until the next `hear_request`.

        Args:
            moment: now.
            area_id: where the conversation is; None keeps what is known.
        """
        return self._deeds.hear_nothing(moment, area_id)

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
        self._deeds.late.expire(moment)
        return ready

    def tick(self, moment: Moment) -> list[Ready]:
        """Time has passed without a piece (as a frame of padding)."""
        self._deeds.late.expire(moment)
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
        request = self._deeds.request
        soon = request is not None and not self._open_words() and self.consent.is_soon_sure(request)
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
        if interrupted:
            self._deeds.late.take_all()  # the user has talked over it, whatever the words of before come to
        self._deeds.late.expire(moment)
        self._deeds.judge.about(self._deeds.request)
        self._begin_turn()
        return ready

    def take_doubts(self) -> list[Doubt]:
        """Commitments that did nothing since the last call."""
        return self._deeds.late.take_doubts()

    def talks_beside(self, moment: Moment) -> bool:
        """Whether what it says, and has begun to say, neither objects nor asks, nor names a deed."""
        request, consent = self._deeds.request, self.consent
        if request is None or consent.objected or consent.committed or consent.asked_back:
            return False
        words = self._open_words()
        return bool(words) and talks_on(
            words, self._stance(words, self._clauses.open, moment).kind, request, moment.house
        )

    # --- a clause -----------------------------------------------------------------------------------------------------

    def _open_words(self) -> list[str]:
        """The words of the open clause with the one that may still be growing."""
        return [*self._clauses.open.words, *([self._pieces.open.text] if self._pieces.open else [])]

    def _stance(
        self, words: list[str], clause: Clause, moment: Moment, *, asks: bool = False, before: Stance | None = None
    ) -> Stance:
        if before is None and self._before is not None and self._before[0] == clause.sentence:
            before = self._before[1]
        masked = lambda text: self._deeds.judge.masked(text, self._deeds.area_id, moment)  # noqa: E731 - used at once
        return clause_stance(words, asks=asks, before=before, masked=masked)

    def _early(self, words: list[str], moment: Moment, *, following: Token | None = None) -> list[Ready]:  # noqa: PLR0911 - reasons to wait
        """Agreement before the clause is over: beyond doubt what the user asked for, and nothing else."""
        clause, request = self._clauses.open, self._deeds.request
        tried = 2 * len(words) + (following is not None)
        if not self._deeds.hears or tried <= self._tried or clause.state is State.FIRED:
            return []
        if request is None or not request.words or len(words) < 2:
            return []
        begins = following.text if following is not None else ""
        if self._may_ask_back(clause, begins) and not self._deeds.more_is_open:
            return []
        self._tried = tried
        stance = self._stance(words, clause, moment)
        if stance.kind is Kind.STATE and len(request.actions) < 2:
            return []  # its full stop comes with its last word
        if stance.kind not in (Kind.COMMITMENT, Kind.STATE):
            return []
        agreed = self._deeds.judge.agrees_early(stance, self._deeds.area_id, moment, following=begins)
        if not agreed:
            return []
        self.consent.committed = True
        clause.begun = len(words)
        how = How.AGREED if request.actions else How.COMMITTED
        made = self._deeds.make(agreed, (), how, moment, f"agreed early: {stance.words!r}")
        if self._deeds.all_done:
            clause.machine.transition(State.FIRED)
        return made

    def _paused(self, moment: Moment) -> list[Ready]:  # noqa: PLR0911 - one line a reason to wait
        """The voice paused behind a clause without a full stop."""
        clause = self._clauses.open
        words = self._open_words()
        if not words or clause.state is State.FIRED:
            return []
        held = clause.held and self._pieces.open is None
        if held and self._deeds.request is not None and self._deeds.request.only_hints:
            return []
        doubted = held and clause.behind_comma is not None and not self._deeds.more_is_open
        after = _UNHEARD_HOLD if not self._deeds.hears or doubted else _HOLD if held else _PAUSE
        if self._quiet != after or (not held and not self._deeds.hears):
            return []
        stance = self._stance(words, clause, moment)
        if stance.kind not in ACTING:
            return []
        unfinished = is_dangling(" ".join(words)) and words[-1] not in ("is", "are")
        if held and (unfinished or (stance.form is not None and " " not in stance.words)):
            return []  # "pausing, | I mean turning it off"
        if not held and not self._deeds.judge.may_end(stance, self._deeds.area_id, moment):
            return []
        found = self._deeds.find(stance, moment, begun=clause.begun > 0)
        if not (found.read or found.agreed):
            return []
        clause.machine.transition(State.HELD if held else State.COMPLETE)
        self.consent.committed = self.consent.committed or self._deeds.commits(stance, found)
        made = self._deeds.decide(stance, found, moment, last=False)
        if made:
            clause.machine.transition(State.FIRED)
        return made

    def _may_ask_back(self, clause: Clause, begins: str) -> bool:
        """Whether what follows the clause's comma may make a question of it, as far as that is known."""
        behind = clause.behind_comma
        if behind is None:
            return False
        return is_tag(behind[0]) if behind else may_be_tag(begins)

    def _over(self, clause: Clause, moment: Moment) -> list[Ready]:
        """A clause is over; one that a "shall I?" may follow is judged with the next one."""
        before, self._tagged = self._tagged, None
        made: list[Ready] = []
        if before is not None:
            made = self._judged(before, moment, asks=clause.close == "?" and is_bare_tag(clause.words))
        follows = [token.text.lower() for token in self._clauses.open.tokens[:1]]
        if clause.close == "joint" and follows in (["shall"], ["should"]):
            self._tagged = clause
            return made
        return [*made, *self._judged(clause, moment, asks=clause.close == "?")]

    def _judged(self, clause: Clause, moment: Moment, *, asks: bool) -> list[Ready]:
        """What a clause that is over comes to."""
        self._tried = 0
        self.consent.hear(clause.words)
        if clause.repaired and clause.state is not State.FIRED:
            clause.machine.transition(State.DROPPED)
            return []
        stance = self._stance(clause.words, clause, moment, asks=asks)
        self._before = (clause.sentence, stance)
        self._note(stance, clause.words, moment)
        if stance.kind not in ACTING:
            clause.machine.transition(State.DROPPED)
            return []
        made = self._taken_up(stance, clause, moment)
        clause.machine.transition(State.FIRED if made else State.DROPPED)
        return made

    def _taken_up(self, stance: Stance, clause: Clause, moment: Moment) -> list[Ready]:
        """What a clause that is over, and sounds like a deed, makes ready."""
        deeds, words = self._deeds, clause.words
        found = deeds.find(stance, moment, begun=clause.begun > 0)
        self.consent.committed = self.consent.committed or deeds.commits(stance, found)
        made = deeds.decide(stance, found, moment, last=True)
        if made or (not clause.begun and (found.agreed or found.read)):
            return made

        def stance_of(part: list[str], before: Stance | None) -> Stance:
            return self._stance(part, clause, moment, before=before)

        if clause.begun:
            made = deeds.rest(words[clause.begun :], stance_of, moment)
        elif clause.seams:
            made = deeds.by_parts(words, clause.seams, stance_of, moment)
        made = made or deeds.repeated(stance, moment)
        self.consent.committed = self.consent.committed or bool(made)
        return made

    def _note(self, stance: Stance, words: list[str], moment: Moment) -> None:
        if is_elsewhere(words, stance.kind, self._deeds.request, moment.house):
            return
        self.consent.note(stance)
        if stance.kind is Kind.OFFER and stance.words:
            found = self._deeds.find(Stance(Kind.OFFER, stance.words.rstrip(" ?")), moment)
            self.consent.offered = (*self.consent.offered, *found.read)

    # --- consent ------------------------------------------------------------------------------------------------------

    def _affirm(self, moment: Moment) -> list[Ready]:
        """The assistant only agreed to a clear request."""
        clause, request, words = self._clauses.open, self._deeds.request, self._open_words()
        if words:
            stance = self._stance(words, clause, moment)
            self._note(stance, words, moment)
            if stance.kind not in (Kind.AFFIRMATION, Kind.PROMISE, Kind.VAGUE):
                return []
        if request is None or not self._deeds.hears or not self.consent.is_for(request):
            return []
        return self._deeds.make(request.actions, request.dangerous, How.AFFIRMED, moment, "the assistant only agreed")
