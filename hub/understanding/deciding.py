"""From actions that somebody wants to decisions: what the policy lets be done, once, and what is asked for first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from hub.understanding.agreement import Open
from hub.understanding.decisions import Act, Confirm, Decision, Moment, Said, Source, Tell
from hub.understanding.house import Action
from hub.understanding.ledger import Ledger
from hub.understanding.pending import Answer, Confirming, Pending, ending_of
from hub.understanding.permission import Permitted, permit, without
from hub.understanding.policy import Policy
from hub.understanding.readiness import How, Ready
from hub.understanding.requests import Reading, request_for

# A commitment that nobody can have asked for acts only this soon after somebody spoke.
HEARD_WITHIN_S: Final = 10.0


class Decider:
    """Decides for one conversation.

    Args:
        policy: what may be done by voice.
        ledger: of the conversation.

    Attributes:
        confirming: the question that only a spoken yes answers.
    """

    def __init__(self, policy: Policy, ledger: Ledger) -> None:
        self.confirming = Confirming(second_yes=policy.second_yes)
        self._policy, self._ledger = policy, ledger

    def permit(
        self, actions: Iterable[Action], moment: Moment, said: Said | None = None, *, asked: Iterable[Action] = ()
    ) -> Permitted:
        """What of these actions the policy lets be done, asked for by the user's newest words or by `said`.

        Args:
            actions: in the order in which they were asked for.
            moment: now.
            said: who asks, over what and where.
            asked: what the open question is about, where they belong to it.
        """
        return permit(actions, self._policy, said or self._ledger.said, moment.house, moment.now, asked=asked)

    def decide(
        self, permitted: Permitted, source: Source, moment: Moment, why: str, *, text: str, reply: str = ""
    ) -> tuple[Decision, ...]:
        """Do what is free, ask for what is risky, say what is refused."""
        act = self._ledger.act(permitted.free, source, moment, why, reply=reply)
        return (*((act,) if act else ()), *self.reserve(permitted, moment, why, text=text))

    def reserve(self, permitted: Permitted, moment: Moment, why: str, *, text: str) -> tuple[Decision, ...]:
        """Ask for what is risky and say what is refused."""
        told = [Tell(" ".join(permitted.refused), "forbidden", f"policy; {why}")] if permitted.refused else []
        asked = [self.confirm(permitted.risky, text, moment, why)] if permitted.risky else []
        return (*told, *asked)

    def confirm(self, actions: tuple[Action, ...], text: str, moment: Moment, why: str) -> Confirm:
        """Ask for a spoken yes."""
        pending = Pending(actions, self._ledger.said.area_id, moment.at_s, self._ledger.turn, text)
        return Confirm(actions, self.confirming.ask(pending, moment.house), why, moment.frame)

    def expired(self, moment: Moment) -> tuple[Decision, ...]:
        """The end of a question that nobody answered."""
        gone = self.confirming.expire(moment)
        if gone is None:
            return ()
        return (Tell(ending_of(gone, Answer.NO, moment.house), "cancelled", "nobody answered in time"),)

    def answered(self, risks_of: Callable[[str], tuple[Action, ...]]) -> tuple[Pending, Answer] | None:
        """What the user's newest words say to the open question, which is over with them."""
        return self.confirming.take(self._ledger.said, self._ledger.turn, risks_of)

    def lasting(self, actions: tuple[Action, ...]) -> tuple[Action, ...]:
        """Those that cannot be taken back."""
        return tuple(action for action in actions if action.domain in self._policy.lasting)

    def unopposed(
        self, request: Open, why: str, moment: Moment, source: Source = Source.REQUEST
    ) -> tuple[Decision, ...]:
        """The user's words act without a commitment; what cannot be taken back is asked for first."""
        lasting = self.lasting(request.actions)
        free = tuple(action for action in request.actions if action not in lasting)
        why = f"{explained(request.reading)}; {why}"
        act = self._ledger.act(free, source, moment, why, turn=request.turn)
        if act and request.reverses:
            self._ledger.history.forget(request.reverses)
        asked = self.reserve(
            Permitted(risky=lasting), moment, f"{why}; it cannot be taken back", text=request.reading.text
        )
        return (*((act,) if act else ()), *asked)

    def spoken(self, readies: Iterable[Ready], serve: Callable[[Act], None], moment: Moment) -> tuple[Decision, ...]:
        """Decide on what the assistant's words made ready.

        Args:
            readies: in the order of the words.
            serve: told of each act.
            moment: now.
        """
        decisions: list[Decision] = []
        ledger = self._ledger
        for ready in readies:
            asked = self.confirming.asked_in(ready.turn)
            permitted = self.permit((*ready.actions, *ready.dangerous), moment, asked=asked)
            source = Source.AGREED
            if ready.how is How.UNHEARD:
                if moment.at_s - ledger.spoke_s > HEARD_WITHIN_S:
                    continue
                permitted, source = self._harmless(permitted), Source.COMMITMENT
            why = f"{ready.how.value}: {ready.why}"
            act = ledger.act(permitted.free, source, moment, why, turn=ready.turn, frame=ready.frame)
            if act:
                serve(act)
                ledger.mention_act(act, request_for(act.actions, moment.house))
                decisions.append(act)
            risky = without(permitted.risky, ledger.done_in(ready.turn) | self.confirming.atoms)
            if risky and not self.confirming.answered_in(ready.turn):
                risky = (*asked, *risky)
                decisions.append(self.confirm(risky, request_for(risky, moment.house), moment, why))
        return tuple(decisions)

    def _harmless(self, permitted: Permitted) -> Permitted:
        """Of what nobody was heard to ask for, only the harmless domains act."""
        free = tuple(action for action in permitted.free if action.domain in self._policy.unheard)
        rest = tuple(action for action in permitted.free if action not in free)
        return replace(permitted, free=free, risky=(*permitted.risky, *rest))


def explained(reading: Reading) -> str:
    """A reading in one line for developers."""
    return f"{reading.kind}: {reading.understanding.explanation}"
