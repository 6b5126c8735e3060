"""What a clause of the assistant makes ready: what it takes up of the user's request, and what their words support."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hub.understanding.clause_stance import ACTING, ONLY_AGREEING
from hub.understanding.decisions import Moment
from hub.understanding.house import Action
from hub.understanding.judging import Found, Judge, Request, is_told
from hub.understanding.late import Waiting
from hub.understanding.parser import Parser
from hub.understanding.readiness import How, Readied, Ready
from hub.understanding.stance import Kind, Stance
from hub.understanding.support import Verdict

StanceOf = Callable[[list[str], Stance | None], Stance]
"""The stance of words behind those with another stance in the same sentence."""


class TakingUp:
    """Holds clauses against one request at a time.

    Attributes:
        request: the user's newest words; None before the first.
        hears: whether the user can be heard.
        area_id: where the conversation is.
        judge: reads clauses and weighs them.
        readied: what was made ready in this turn of the user.
        late: what waits for the user's words.
    """

    def __init__(self, parser: Parser) -> None:
        self.judge = Judge(parser)
        self.request: Request | None = None
        self.hears = True
        self.area_id: str | None = None
        self.readied = Readied()
        self.late = Waiting()

    @property
    def more_is_open(self) -> bool:
        """Whether several things that were asked for are open: then the next one is likely to follow a comma."""
        asked = self.request.actions if self.request is not None else ()
        return sum(not self.readied.holds(action) for action in asked) > 1

    @property
    def all_done(self) -> bool:
        """Whether all that was asked for, and understood, was made ready."""
        asked = self.request.actions if self.request is not None else ()
        return bool(asked) and all(self.readied.holds(action) for action in asked)

    def hear_request(self, request: Request, moment: Moment) -> list[Ready]:
        """The user's words so far; may make ready what the assistant said before they came."""
        if self.request is None or request.turn != self.request.turn or not self.hears:
            self.readied.forget()
        self.request, self.hears, self.area_id = request, True, request.area_id
        self.judge.about(request)
        supported = self.late.supported(lambda action: self.judge.weigh_request(action, moment))
        made = [r for x, why in supported for r in self.make((x.action,), x.dangerous, How.COMMITTED, moment, why)]
        self.late.expire(moment)
        return made

    def hear_nothing(self, moment: Moment, area_id: str | None) -> list[Ready]:
        """Nobody can hear the user from now on; makes ready what waited for words."""
        if self.hears:
            self.readied.forget()
        self.hears = False
        self.area_id = area_id or self.area_id
        before = self.request
        self.request = Request("", None, self.area_id, before.turn, focus=before.focus) if before else Request(
            "", None, self.area_id, 0
        )  # fmt: skip
        self.judge.about(self.request)
        late = self.late.take_all()
        return [r for x in late for r in self.make((x.action,), x.dangerous, How.UNHEARD, moment, x.doubt.why)]

    def find(self, stance: Stance, moment: Moment, *, begun: bool = False) -> Found:
        """What a clause comes to."""
        return self.judge.find(stance, self.area_id, moment, begun=begun)

    def commits(self, stance: Stance, found: Found) -> bool:
        """Whether a clause that comes to this says what the assistant does."""
        return bool(found.agreed) or (self.hears and bool(found.read) and stance.kind not in ONLY_AGREEING)

    def decide(self, stance: Stance, found: Found, moment: Moment, *, last: bool) -> list[Ready]:
        """What a clause that sounds like a deed makes ready; `last`: nothing of it is still to come."""
        if found.agreed:
            return self.make(found.agreed, found.dangerous, How.AGREED, moment, f"agreed: {stance.words!r}")
        if not found.read or stance.kind in ONLY_AGREEING:
            return []
        if not self.hears:
            if is_told(stance):
                return []
            return self.make(found.read, found.dangerous, How.UNHEARD, moment, f"unheard: {stance.words!r}")
        made: list[Ready] = []
        for action in found.read:
            weighed = self.judge.weigh_request(action, moment)
            dangerous = (action,) if action in found.dangerous else ()
            if weighed.verdict is Verdict.SUPPORTED:
                made += self.make((action,), dangerous, How.COMMITTED, moment, weighed.why)
            elif last and not is_told(stance) and not self.readied.holds(action):
                self.late.add(action, dangerous, weighed, moment)
        return made

    def rest(self, words: list[str], stance_of: StanceOf, moment: Moment) -> list[Ready]:
        """What a clause says behind the words that were done early: "the dryer off | and the gas valve's closed"."""
        stance = stance_of(words, None)
        if stance.kind not in ACTING:
            return []
        found = self.find(stance, moment)
        return self.make(found.agreed, found.dangerous, How.AGREED, moment, f"agreed: {stance.words!r}")

    def by_parts(self, words: list[str], seams: Sequence[int], stance_of: StanceOf, moment: Moment) -> list[Ready]:
        """What a clause that lists several deeds comes to, one after the other: "curtains closing, lamp at twenty"."""
        made: list[Ready] = []
        before: Stance | None = None
        for start, end in zip([0, *seams], [*seams, len(words)], strict=True):
            part = words[start:end]
            while part and part[0].lower() in (",", "and", "then", "also", "plus"):
                part = part[1:]
            stance = stance_of(part, before) if part else None
            if stance is None or stance.kind not in ACTING:
                return made
            found = self.find(stance, moment)
            if found.agreed or self.hears:
                made += self.decide(stance, found, moment, last=False)
            before = stance
        return made

    def repeated(self, stance: Stance, moment: Moment) -> list[Ready]:
        """The only deed that was asked for, where a clause says the request again: "sorry, to ten percent"."""
        request = self.request
        if stance.kind is not Kind.STATE or request is None or len(request.actions) != 1:
            return []
        if not self.hears or not self.judge.repeats(stance.words, moment):
            return []
        self.late.take_all()
        return self.make(request.actions, request.dangerous, How.AGREED, moment, f"repeated: {stance.words!r}")

    def make(
        self, actions: Iterable[Action], dangerous: Iterable[Action], how: How, moment: Moment, why: str
    ) -> list[Ready]:
        """Make ready what was not yet."""
        turn = self.request.turn if self.request is not None else 0
        return self.readied.make(actions, dangerous, how, moment, turn=turn, why=why)
