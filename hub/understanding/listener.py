"""The listener of one conversation: the user's words and the assistant's in, decisions out. Pure, without a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from hub.understanding.agreement import Agreement, Open
from hub.understanding.deciding import Decider, explained
from hub.understanding.decisions import Act, Confirm, Decision, Mode, Moment, Said, Source, Tell
from hub.understanding.early import Early, as_asked
from hub.understanding.history import History
from hub.understanding.house import Action, ActionResult
from hub.understanding.ledger import Ledger, ids_of
from hub.understanding.parser import Parser
from hub.understanding.pending import Answer, ending_of
from hub.understanding.permission import all_atoms, without
from hub.understanding.policy import Policy
from hub.understanding.readiness import Ready
from hub.understanding.requests import Reader, Reading, with_actions
from hub.understanding.turns import Turns, is_for_house
from hub.understanding.understood import Understanding

_NOTHING = Understanding("unknown")
# After these the next turn may be what was missing.
_ASKS = frozenset({"ambiguous", "bad_value", "no_such_device", "no_such_area", "cannot_do"})


class Listener:
    """Weighs what the user asked for against what the assistant says it does, and decides what happens.

    Every event carries its `Moment`; events come in the order of their time. Nothing here waits: whoever holds the
    listener calls `tick` when no word comes, at least every 80 ms while something is open (`waiting`).

    Args:
        parser: shared by all conversations; it keeps the index of names.
        policy: what may be done by voice.
        mode: whose words make an action. With a voice that only says what it is given use `user`.
        history: what can be undone; one is shared by all conversations of a house.

    Attributes:
        mode: may be changed between two events, as when another voice takes over.
    """

    def __init__(self, parser: Parser, *, policy: Policy, mode: Mode = "both", history: History | None = None) -> None:
        self.mode = mode
        self._ledger = Ledger(history if history is not None else History())
        self._turns = Turns(Reader(parser), self._ledger)
        self._decider = Decider(policy, self._ledger)
        self._agreement = Agreement(parser)
        self._early = Early(
            self._decider,
            self._ledger,
            lambda said, moment: parser.is_complete(said.text, moment.house, said.area_id),
        )

    @property
    def waiting(self) -> bool:
        """Whether time alone may lead to a decision."""
        return self.asking or self.undecided

    @property
    def asking(self) -> bool:
        """Whether a question of the house waits for a spoken yes."""
        return self._decider.confirming.waits

    @property
    def undecided(self) -> bool:
        """Whether the assistant's words, or its silence, may still lead to a decision."""
        return self.mode != "user" and self._agreement.waiting

    def move(self, area_id: str) -> None:
        """The user has gone to another area, and what he was asked with him."""
        self._decider.confirming.move(area_id)

    # --- the user -----------------------------------------------------------------------------------------------------

    def foretell(self, said: Said, moment: Moment) -> Literal["house", "command", "other"]:
        """Whose a turn with these words (so far) is; nothing changes by asking.

        `house`: the house answers it (a state question, the clock, a goodbye, a dangerous, impossible or ambiguous
        request, the answer to something it asked). `command`: the house acts and a voice that talks by itself answers.
        `other`: neither.
        """
        answer = self._decider.confirming.hears(said, lambda text: self._risks_of(text, said, moment))
        if answer is not Answer.OTHER:
            return "house"
        reading = self._turns.read(said, moment)
        if reading.kind in ("undo", "spare"):
            return "command"
        if reading.understanding.kind == "actions":
            permitted = self._decider.permit(reading.actions, moment, said)
            return "house" if permitted.risky or not permitted.free else "command"
        return "house" if is_for_house(reading) else "other"

    def hear_partial(self, said: Said, moment: Moment, *, settled: bool = False) -> tuple[Decision, ...]:
        """The user's words so far; `settled`: they are all that was said, and surely so."""
        if self.mode == "user":
            if not settled or self.asking:
                return ()
            asked = replace(said, text=as_asked(said.text))
            return self._early.hear(asked, self._turns.read(asked, moment, final=False), moment)
        if self.mode != "both" or not said.text.strip():
            return ()
        self._ledger.heard(said, moment)
        reading = self._turns.read(said, moment, final=False)
        permitted = self._decider.permit(reading.actions, moment)
        understanding = replace(reading.understanding, actions=permitted.free, pending=permitted.risky)
        turn = self._ledger.turn + 1
        ready = self._agreement.hear(
            replace(reading, understanding=understanding), said, turn, self._ledger.focus, moment, final=False
        )
        return self._spoken(ready, moment)

    def hear(self, said: Said, moment: Moment) -> tuple[Decision, ...]:
        """The user's words of a whole turn."""
        decisions = [*self._time_passes(moment)]
        if not said.text.strip():
            return tuple(decisions)
        self._turns.gather(self._agreement, moment)
        self._ledger.heard(said, moment)
        self._ledger.turn += 1
        answered, is_answer = self._answer(moment)
        decisions += answered
        if not is_answer:
            reading = self._turns.read(said, moment)
            decisions += self._early.settle(reading.actions, moment)
            if self.mode == "both":
                decisions += self._moved_on(reading, moment)
            decisions += self._take(reading, moment)
        return tuple(decisions)

    def hear_noise(self, moment: Moment) -> tuple[Decision, ...]:
        """What was taken for words of the user was none."""
        return self._early.settle((), moment)

    def hear_nothing(self, moment: Moment, area_id: str | None = None) -> tuple[Decision, ...]:
        """Nobody can hear the user from now on (`hear` ends it); somebody may be speaking at this moment.

        Args:
            moment: now.
            area_id: where; None keeps what is known.
        """
        if area_id is not None:
            self._ledger.said = replace(self._ledger.said, area_id=area_id)
        self._ledger.spoke_s = moment.at_s
        if self.mode == "user":
            return self._time_passes(moment)
        return (*self._time_passes(moment), *self._alone(moment))

    def _alone(self, moment: Moment) -> tuple[Decision, ...]:
        """The assistant's words count without the user's."""
        return self._spoken(self._agreement.hear_nothing(moment, self._ledger.said.area_id), moment)

    # --- the assistant ------------------------------------------------------------------------------------------------

    def speak(self, piece: str, moment: Moment) -> tuple[Decision, ...]:
        """A SentencePiece piece of what the assistant says by itself; empty for a frame of padding."""
        if self.mode == "user":
            return self._time_passes(moment)
        made = self._spoken(self._agreement.speak(piece, moment), moment)
        return (*made, *self._time_passes(moment, ticked=True))

    def fall_silent(self, moment: Moment, *, interrupted: bool) -> tuple[Decision, ...]:
        """The assistant's turn is over; `interrupted`: cut short, so its open clause is dropped."""
        if self.mode == "user":
            return self._time_passes(moment)
        made = [*self._spoken(self._agreement.end(moment, interrupted=interrupted), moment)]
        self._turns.gather(self._agreement, moment)
        echoed = self._agreement.echoed(moment.house)
        if echoed is not None:
            made += self._decider.unopposed(echoed, "the assistant repeated it", moment, Source.AGREED)
        return (*made, *self._settle(moment, ended=not interrupted))

    def tick(self, moment: Moment) -> tuple[Decision, ...]:
        """Time has passed without a word."""
        return self._time_passes(moment)

    def done(self, act: Act, results: Sequence[ActionResult], moment: Moment) -> None:  # noqa: ARG002 - every event has one
        """What became of the actions of an `Act`, for undo and for truth."""
        self._ledger.history.settle(act.key, results)

    def _time_passes(self, moment: Moment, *, ticked: bool = False) -> tuple[Decision, ...]:
        decisions = [*self._decider.expired(moment)]
        if self.mode != "user":
            if not ticked:
                decisions += self._spoken(self._agreement.tick(moment), moment)
            request = self._agreement.unanswered(moment)
            if request is not None:
                decisions += self._decider.unopposed(request, "the assistant did not object", moment)
            decisions += self._settle(moment, ended=False)
        return tuple(decisions)

    def _settle(self, moment: Moment, *, ended: bool) -> tuple[Decision, ...]:
        """What is to be asked and told once the assistant is silent."""
        decisions: list[Decision] = []
        request = self._agreement.to_ask(moment, ended=ended)
        if request is not None:
            why = explained(request.reading)
            decisions.append(self._decider.confirm(request.risky, request.reading.text, moment, why))
        truths = self._agreement.truths(moment, ended=ended, done=self._ledger.done_lately)
        if any(told.reason == "contradiction" for told in truths) and self._ledger.focus.mentions:
            self._turns.put_question(self._ledger.focus.mentions[0].text, moment)
        return (*decisions, *truths)

    def _spoken(self, readies: list[Ready], moment: Moment) -> tuple[Decision, ...]:
        made = self._decider.spoken(readies, self._agreement.serve, moment)
        if any(isinstance(decision, Confirm) for decision in made):
            self._agreement.asked()
        return made

    # --- what a turn of the user leads to -----------------------------------------------------------------------------

    def _risks_of(self, text: str, said: Said, moment: Moment) -> tuple[Action, ...]:
        return self._decider.permit(self._turns.read_alone(text, said, moment), moment, said).risky

    def _answer(self, moment: Moment) -> tuple[list[Decision], bool]:
        """What the turn says to a question that needs a yes, and whether it says no more than that."""
        said = self._ledger.said
        taken = self._decider.answered(lambda text: self._risks_of(text, said, moment))
        if taken is None or taken[1] is Answer.AGAIN:
            return [], False
        pending, answer = taken
        if answer is Answer.YES:
            confirmed = Reading("answer", with_actions(_NOTHING, pending.actions), pending.text)
            decisions = [*self._listen_on(confirmed, moment)]
            act = self._ledger.act(pending.actions, Source.CONFIRMED, moment, "a spoken yes")
            return ([*decisions, act] if act else decisions), True
        told = Tell(ending_of(pending, answer, moment.house), "cancelled", f"the answer was {answer.value}")
        if answer is Answer.OTHER:
            return [told], False
        return [told, *self._listen_on(Reading("declined", _NOTHING, ""), moment)], True

    def _moved_on(self, reading: Reading, moment: Moment) -> tuple[Decision, ...]:
        """A request that nobody answered, when the user speaks on: it stands unless the user takes it back."""
        request = self._agreement.take_open()
        if request is None or reading.kind not in ("plain", "continued"):
            return ()
        if not reading.actions or not request.reading.sure:
            return ()
        left = without(request.actions, all_atoms(reading.actions))
        return self._decider.unopposed(replace(request, actions=left), "the user went on", moment)

    def _take(self, reading: Reading, moment: Moment) -> tuple[Decision, ...]:
        self._turns.take_offer_back()
        if reading.kind in ("undo", "spare"):
            return self._undo(reading, moment)
        understanding = reading.understanding
        if reading.kind == "rejected":
            mentions = self._ledger.focus.mentions
            self._turns.put_question(mentions[0].text if mentions else "", moment)
        elif reading.kind != "declined":
            self._turns.take_question_back()
        if understanding.kind in ("actions", "confirm"):
            if reading.sure or self.mode != "user":
                return self._asked(reading, moment)
            return (Tell("Sorry, I did not understand that.", "not_understood", f"{explained(reading)}; only named"),)
        decisions = self._listen_on(reading, moment)
        if understanding.kind == "answer" and understanding.asked:
            self._ledger.mention((), understanding.asked, reading.text)
        if reading.kind == "rejected" or not (self.mode == "user" or is_for_house(reading)):
            return decisions
        if understanding.reason in _ASKS or (understanding.reason == "not_understood" and self.mode == "user"):
            self._turns.put_question(reading.text, moment)
        reason = understanding.reason if understanding.reason != "ok" else "query"
        ends = understanding.ends_conversation
        told = Tell(understanding.reply, reason, explained(reading), understanding.asked, ends_conversation=ends)
        return (*decisions, told)

    def _asked(self, reading: Reading, moment: Moment) -> tuple[Decision, ...]:
        """A request: done, or open until the assistant has spoken; what is dangerous is asked for."""
        undone, deed = self._turns.reversal(reading, moment)
        permitted = self._decider.permit((*undone, *reading.actions), moment)
        why = explained(reading)
        if self.mode == "user":
            self._ledger.mention(reading.actions, ids_of(reading.actions), reading.text)
            if deed is not None:
                self._ledger.undone(deed)
            reply = "" if reading.understanding.pending else reading.understanding.reply
            return self._decider.decide(permitted, Source.REQUEST, moment, why, text=reading.text, reply=reply)
        understood = replace(with_actions(reading.understanding, permitted.free), pending=permitted.risky)
        asked = replace(reading, understanding=understood)
        focus = self._ledger.focus
        self._ledger.mention(reading.actions, ids_of(reading.actions), reading.text)
        if self.mode == "assistant":
            ready = self._agreement.hear_nothing(moment, self._ledger.said.area_id)
        else:
            at_s, turn = moment.at_s, self._ledger.turn
            lasting = bool(self._decider.lasting(permitted.free))
            request = Open(asked, self._ledger.said, at_s, turn, permitted.free, permitted.risky, deed, lasting)
            ready = self._agreement.open(request, focus, moment)
        refused = self._decider.reserve(replace(permitted, risky=()), moment, why, text=reading.text)
        return (*refused, *self._spoken(ready, moment))

    def _listen_on(self, reading: Reading, moment: Moment) -> tuple[Decision, ...]:
        """Let the assistant's words be held against a turn that opens no request."""
        if self.mode == "user":
            return ()
        if self.mode == "assistant":
            return self._alone(moment)
        ledger = self._ledger
        return self._spoken(self._agreement.hear(reading, ledger.said, ledger.turn, ledger.focus, moment), moment)

    def _undo(self, reading: Reading, moment: Moment) -> tuple[Decision, ...]:
        deed, undone, meant = self._turns.undone(reading, moment)
        if deed is None or undone is None:
            nothing = "There is nothing that I could undo." if deed is None else "I cannot undo that."
            why = "no deed to undo" if deed is None else f"no way back: {deed.key}"
            return (*self._listen_on(reading, moment), Tell(nothing, "cannot_undo", why))
        if reading.kind == "undo":
            self._ledger.undone(deed, only=meant)
        why = f"the state before {deed.key}"
        permitted = self._decider.permit(undone, moment)
        decisions = self._decider.decide(permitted, Source.UNDO, moment, why, text=reading.text)
        if not undone:
            decisions = (Tell("That had changed nothing.", "cannot_undo", why),)
        asked = replace(reading, understanding=with_actions(reading.understanding, permitted.free))
        return (*decisions, *self._listen_on(asked, moment))
