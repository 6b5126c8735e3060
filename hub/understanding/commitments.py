"""The assistant's side of a conversation: from the pieces it speaks to the deeds it commits itself to.

A clause acts when it is a commitment and the user's words support it: at once when both say the same, at its end
otherwise; never on a verb alone, never when it was cut short, never twice in one turn of the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hub.understanding.decisions import Moment
from hub.understanding.house import Action
from hub.understanding.judging import Found, Judge, Request, is_told, restricted
from hub.understanding.parser import Parser
from hub.understanding.pieces import Pieces
from hub.understanding.spoken_clauses import Clause, Clauses, State
from hub.understanding.stance import OBJECTIONS, Kind, Stance, plain, stance_of
from hub.understanding.support import Verdict

__all__ = ["Commitments", "Doubt", "How", "Ready", "Request"]

FRAME_S: Final = 0.08
# Frames of padding after which ...
_WORD_OVER: Final = 2  # ... the last piece was the end of its word,
_HOLD: Final = 3  # ... a clause that ended with a comma is over, where the user's words support it,
_PROMISED: Final = 4  # ... a promise ("will do") was all there is to say,
_PAUSE: Final = 6  # ... one without any mark is,
_UNHEARD_HOLD: Final = 8  # ... either is, where nobody can hear the user,
_AFFIRMED: Final = 10  # ... an affirmation was all there is to say.
# A commitment waits so long for the user's words, which may come after it.
LATE_WORDS_S: Final = 1.5
_MAX_LATE: Final = 8
_MAX_DOUBTS: Final = 16


class How(Enum):
    """Why a deed is ready."""

    AGREED = "agreed"  # the assistant says what the user's own request comes to
    COMMITTED = "committed"  # the assistant's reading, supported by the user's words
    AFFIRMED = "affirmed"  # a clear request, and the assistant only agreed
    UNHEARD = "unheard"  # nobody can hear the user; the assistant's words alone


@dataclass(frozen=True, slots=True)
class Ready:
    """A deed that the assistant has committed itself to, with evidence.

    Attributes:
        actions: harmless by policy.
        dangerous: need a spoken yes by the user before anything happens.
        frame: of the piece (or of the silence) that made it ready.
        turn: of the user.
        key: the same for the same deed of the same turn.
        why: one line for developers.
    """

    actions: tuple[Action, ...]
    dangerous: tuple[Action, ...]
    how: How
    frame: int
    turn: int
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A commitment that does nothing: the user's words contradict it, or do not speak of it."""

    actions: tuple[Action, ...]
    verdict: Verdict
    frame: int
    why: str


@dataclass(frozen=True, slots=True)
class _Late:
    """A commitment that the user's words do not support yet."""

    actions: tuple[Action, ...]
    dangerous: tuple[Action, ...]
    doubt: Doubt
    until_s: float


class Commitments:
    """Listens to what the assistant says by itself in one conversation.

    The user's turn comes first or in between (`hear_request`, again whenever the transcript grows; `hear_nothing`
    when nobody can hear the user), then pieces (`speak`, an empty piece for each frame of padding), then `end`.

    Attributes:
        offered: what the assistant offered in its newest turn ("Want me to turn on the fan?"), for a "yes".
        asked_back: whether its newest turn held a question.
        refused: whether its newest turn held a refusal or a failure.
    """

    def __init__(self, parser: Parser) -> None:
        self._judge = Judge(parser)
        self._request: Request | None = None
        self._hears = True
        self._area_id: str | None = None
        self._fired: set[tuple[str, str]] = set()
        self._touched: set[str] = set()
        self._late: list[_Late] = []
        self._doubts: list[Doubt] = []
        self.offered: tuple[Action, ...] = ()
        self.asked_back = False
        self.refused = False
        self._begin_turn()

    def _begin_turn(self) -> None:
        self._pieces = Pieces()
        self._clauses = Clauses()
        self._before: tuple[int, Stance] | None = None
        self._speaking = False
        self._affirmed = self._promised = False
        self._objected = False
        self._committed = False
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
            self._fired.clear()
            self._touched.clear()
        self._request, self._hears, self._area_id = request, True, request.area_id
        self._judge.about(request)
        return self._recheck(moment)

    def hear_nothing(self, moment: Moment, area_id: str | None = None) -> list[Ready]:
        """Nobody can hear the user until the next `hear_request`.

        Args:
            moment: now.
            area_id: where the conversation is; None keeps what is known.
        """
        if self._hears:
            self._fired.clear()
            self._touched.clear()
        self._hears = False
        self._area_id = area_id or self._area_id
        kept = Request("", None, self._area_id, self._request.turn if self._request else 0)
        self._request = kept if self._request is None else Request(
            "", None, self._area_id, self._request.turn, focus=self._request.focus
        )  # fmt: skip
        self._judge.about(self._request)
        late, self._late = self._late, []
        return [r for x in late for r in self._make(x.actions, x.dangerous, How.UNHEARD, moment, x.doubt.why)]

    # --- the assistant ------------------------------------------------------------------------------------------------

    def speak(self, piece: str, moment: Moment) -> list[Ready]:
        """A SentencePiece piece of the assistant; empty for a frame of padding."""
        if not piece:
            return self.tick(moment)
        if not self._speaking:
            self.offered, self.asked_back, self.refused = (), False, False
            self._speaking = True
        self._quiet = 0
        ready: list[Ready] = []
        for token in self._pieces.feed(piece, moment.frame):
            for clause in self._clauses.feed(token):
                ready += self._over(clause, moment)
        ready += self._early(self._clauses.open.words, moment)
        return ready + self._expire(moment)

    def tick(self, moment: Moment) -> list[Ready]:
        """Time has passed without a piece (as a frame of padding)."""
        ready = self._expire(moment)
        if not self._speaking:
            return ready
        self._quiet += 1
        for token in self._pieces.settle():
            for clause in self._clauses.feed(token):
                ready += self._over(clause, moment)
        if self._quiet == _WORD_OVER and self._pieces.open is not None:
            ready += self._early([*self._clauses.open.words, self._pieces.open.text], moment)
        if self._quiet in (_HOLD, _PAUSE, _UNHEARD_HOLD):
            ready += self._paused(moment)
        if self._quiet == _AFFIRMED or (self._quiet == _PROMISED and self._promised and not self._clauses.open.tokens):
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
        ready += self._expire(moment)
        self._judge.about(self._request)
        self._begin_turn()
        return ready

    def take_doubts(self) -> list[Doubt]:
        """Commitments that did nothing since the last call."""
        doubts, self._doubts = self._doubts, []
        return doubts

    # --- a clause -----------------------------------------------------------------------------------------------------

    def _stance(self, words: list[str], clause: Clause, moment: Moment, *, asks: bool = False) -> Stance:
        before = self._before[1] if self._before is not None and self._before[0] == clause.sentence else None
        text = _repaired(" ".join(plain(words)))
        stance = stance_of(text, asks=asks, before=before)
        if stance.kind not in (*_ACTING, Kind.AFFIRMATION, Kind.PROMISE) and not asks:
            masked, names = self._judge.masked(text, self._area_id, moment)
            again = stance_of(masked, asks=asks, before=before) if names else stance
            if again.kind in _ACTING:
                said = again.words
                for n, name in enumerate(names):
                    said = said.replace(f"device{n}", name)
                stance = Stance(again.kind, said, again.form, again.affirmed)
        if before is not None and before.kind in (Kind.HYPOTHETICAL, Kind.OFFER) and stance.kind in _ACTING:
            return Stance(Kind.HYPOTHETICAL)
        if (
            before is not None
            and before.kind is Kind.REPORT
            and stance.kind in _ACTING
            and not _HAS_SUBJECT.match(text)
        ):
            return Stance(Kind.REPORT)
        return stance

    def _early(self, words: list[str], moment: Moment) -> list[Ready]:
        """Agreement before the clause is over: beyond doubt what the user asked for, and nothing else."""
        clause = self._clauses.open
        if not self._hears or len(words) <= self._tried or clause.state is State.FIRED:
            return []
        self._tried = len(words)
        if self._request is None or not self._request.actions or len(words) < 2:
            return []
        stance = self._stance(words, clause, moment)
        if stance.kind is not Kind.COMMITMENT:
            return []
        agreed = self._judge.agrees_early(stance, self._area_id, moment)
        if not agreed:
            return []
        self._committed = True
        made = self._make(agreed, (), How.AGREED, moment, f"agreed early: {stance.words!r}")
        clause.begun = True
        if len(self._fired) >= sum(max(1, len(a.entity_ids)) for a in self._request.actions):
            clause.machine.transition(State.FIRED)
        return made

    def _paused(self, moment: Moment) -> list[Ready]:
        """The voice paused behind a clause without a full stop."""
        clause = self._clauses.open
        words = [*clause.words, *([self._pieces.open.text] if self._pieces.open else [])]
        if not words or clause.state is State.FIRED:
            return []
        held = clause.held and self._pieces.open is None
        after = _UNHEARD_HOLD if not self._hears else _HOLD if held else _PAUSE
        if self._quiet != after or (not held and not self._hears):
            return []
        stance = self._stance(words, clause, moment)
        if stance.kind not in _ACTING:
            return []
        if not held and not self._judge.may_end(stance, self._area_id, moment):
            return []
        found = self._judge.find(stance, self._area_id, moment, begun=clause.begun)
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
        if clause.repaired and clause.state is not State.FIRED:
            clause.machine.transition(State.DROPPED)
            return []
        stance = self._stance(clause.words, clause, moment, asks=clause.close == "?")
        self._before = (clause.sentence, stance)
        self._note(stance, moment)
        if stance.kind not in _ACTING:
            clause.machine.transition(State.DROPPED)
            return []
        found = self._judge.find(stance, self._area_id, moment, begun=clause.begun)
        made = self._decide(stance, found, moment, last=True)
        clause.machine.transition(State.FIRED if made else State.DROPPED)
        return made

    def _note(self, stance: Stance, moment: Moment) -> None:
        if stance.kind in (Kind.AFFIRMATION, Kind.PROMISE):
            self._affirmed = True
        self._promised = stance.kind is Kind.PROMISE
        if stance.kind in OBJECTIONS:
            self._objected = True
        if stance.kind in (Kind.OFFER, Kind.QUESTION):
            self.asked_back = self.asked_back or stance.kind is Kind.QUESTION or stance.words.endswith("?")
        if stance.kind is Kind.REFUSAL:
            self.refused = True
        if stance.kind is Kind.OFFER and stance.words:
            words = stance.words.rstrip(" ?")
            found = self._judge.find(Stance(Kind.OFFER, words), self._area_id, moment)
            if found.read:
                self.offered = (*self.offered, *found.read)

    def _decide(self, stance: Stance, found: Found, moment: Moment, *, last: bool) -> list[Ready]:
        """What a clause that sounds like a deed may do."""
        if found.agreed:
            self._committed = True
            return self._make(found.agreed, found.dangerous, How.AGREED, moment, f"agreed: {stance.words!r}")
        if not found.read or stance.kind is Kind.AGREEING:
            return []
        if not self._hears:
            if is_told(stance):
                return []
            return self._make(found.read, found.dangerous, How.UNHEARD, moment, f"unheard: {stance.words!r}")
        self._committed = True
        made: list[Ready] = []
        for action in found.read:
            weighed = self._judge.weigh_request(action, moment)
            dangerous = (action,) if action in found.dangerous else ()
            if weighed.verdict is Verdict.SUPPORTED:
                made += self._make((action,), dangerous, How.COMMITTED, moment, weighed.why)
            elif last and not is_told(stance) and not self._is_done(action):
                doubt = Doubt((action,), weighed.verdict, moment.frame, weighed.why)
                late = _Late((action,), dangerous, doubt, moment.at_s + LATE_WORDS_S)
                self._late = [*self._late, late][-_MAX_LATE:]
        return made

    # --- deeds --------------------------------------------------------------------------------------------------------

    def _affirm(self, moment: Moment) -> list[Ready]:
        """The assistant only agreed to a clear request."""
        clause, request = self._clauses.open, self._request
        if clause.tokens or self._pieces.open:
            words = [*clause.words, *([self._pieces.open.text] if self._pieces.open else [])]
            stance = self._stance(words, clause, moment)
            self._note(stance, moment)
            if stance.kind not in (Kind.AFFIRMATION, Kind.PROMISE, Kind.VAGUE):
                return []
        if not self._affirmed or self._objected or self._committed or request is None or not self._hears:
            return []
        if request.understood is None or not request.actions:
            return []
        return self._make(request.actions, request.dangerous, How.AFFIRMED, moment, "the assistant only agreed")

    def _recheck(self, moment: Moment) -> list[Ready]:
        """The transcript grew: commitments that waited for it are weighed again."""
        late, self._late = self._late, []
        made: list[Ready] = []
        for waiting in late:
            weighed = self._judge.weigh_request(waiting.actions[0], moment)
            if weighed.verdict is Verdict.SUPPORTED:
                made += self._make(waiting.actions, waiting.dangerous, How.COMMITTED, moment, weighed.why)
            else:
                doubt = Doubt(waiting.actions, weighed.verdict, waiting.doubt.frame, weighed.why)
                self._late.append(_Late(waiting.actions, waiting.dangerous, doubt, waiting.until_s))
        return made + self._expire(moment)

    def _expire(self, moment: Moment) -> list[Ready]:
        over = [late for late in self._late if moment.at_s >= late.until_s]
        if over:
            self._late = [late for late in self._late if moment.at_s < late.until_s]
            self._doubts = [*self._doubts, *(late.doubt for late in over)][-_MAX_DOUBTS:]
        return []

    def _is_done(self, action: Action) -> bool:
        call = _call(action)
        return all((call, i) in self._fired for i in action.entity_ids or ("",))

    def _make(
        self, actions: Iterable[Action], dangerous: Iterable[Action], how: How, moment: Moment, why: str
    ) -> list[Ready]:
        """Actions that were not made ready in this turn yet; a device is not touched twice in two ways."""
        risky = tuple(dangerous)
        turn = self._request.turn if self._request is not None else 0
        new: list[Action] = []
        touched: set[str] = set()
        for action in actions:
            call = _call(action)
            ids = [
                i for i in action.entity_ids or ("",)
                if (call, i) not in self._fired and (not i or how is How.AGREED or i not in self._touched)
            ]  # fmt: skip
            if not ids:
                continue
            self._fired.update((call, i) for i in ids)
            touched.update(i for i in ids if i)
            new.append(restricted(action, ids) if action.entity_ids else action)
        self._touched |= touched
        if not new:
            return []
        unsafe = tuple(a for a in new if any(_call(a) == _call(d) for d in risky))
        safe = tuple(a for a in new if a not in unsafe)
        key = f"{turn}:" + "+".join(f"{_call(a)}@{','.join(a.entity_ids)}" for a in new)
        return [Ready(safe, unsafe, how, moment.frame, turn, key, why)]


_ACTING = frozenset({Kind.COMMITMENT, Kind.STATE, Kind.AGREEING})
_HAS_SUBJECT = re.compile(r"(?:(?:and|so|but|then|now) )*(?:i|we|let)\b")
_REPAIR = re.compile(
    r" (?:, )?(?:(?:uh+|um+|erm?|oh|sorry|no(?! (?:problem|worries|trouble))|wait|i mean|i meant|or rather"
    r"|rather|actually|make that"
    r"|scratch that|oops)(?: ,)? )+"
)


def _repaired(text: str) -> str:
    """A correction in the middle of a clause in the form the parser knows: "the front door, i mean the back door"."""
    trimmed = re.sub(r" ,? ?i (?:mean|meant)$", " , i mean", text)
    if trimmed.endswith(" , i mean"):
        trimmed = trimmed.removesuffix(" , i mean")
    cuts = [m for m in _REPAIR.finditer(trimmed) if m.start() > 0 and "," in m[0]]
    if not cuts:
        return text
    left, right = trimmed[: cuts[0].start()], trimmed[cuts[-1].end() :]
    return f"{left} , i mean {right}" if left.count(" ") and right else text


def _call(action: Action) -> str:
    data = ",".join(f"{k}={v}" for k, v in sorted(action.data.items()))
    return f"{action.domain}.{action.service}({data})"
