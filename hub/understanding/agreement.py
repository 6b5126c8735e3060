"""What the assistant says to the user's open request: it agrees, refuses, asks back, contradicts or says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.understanding.commitments import Commitments
from hub.understanding.decisions import Act, Moment, Said, Tell
from hub.understanding.echo import echoes, hesitates, other_numbers
from hub.understanding.focus import Focus
from hub.understanding.history import Deed
from hub.understanding.house import Action, House
from hub.understanding.judging import Request
from hub.understanding.late import Doubt
from hub.understanding.offers import Question
from hub.understanding.parser import Parser
from hub.understanding.permission import Atom, all_atoms
from hub.understanding.readiness import Ready
from hub.understanding.requests import Reading, request_for
from hub.understanding.support import Verdict

# An assistant that has said nothing for so long does not object.
SILENCE_S: Final = 1.5
# One that has not begun to speak by now will not: the house asks its own question.
ASK_S: Final = 1.2
_KEPT_CHARACTERS: Final = 400
_KEPT_DOUBTS: Final = 8


@dataclass(frozen=True, slots=True)
class Open:
    """A request that was not acted on yet.

    Attributes:
        actions: what the policy lets be done at once.
        risky: what it lets be done after a spoken yes.
        reverses: the deed of before that it takes back.
        lasting: some of it cannot be taken back, so nothing is hurried.
    """

    reading: Reading
    said: Said
    at_s: float
    turn: int
    actions: tuple[Action, ...]
    risky: tuple[Action, ...] = ()
    reverses: Deed | None = None
    lasting: bool = False


class Agreement:
    """Follows one request at a time through what the assistant says after it."""

    def __init__(self, parser: Parser) -> None:
        self._voice = Commitments(parser)
        self._open: Open | None = None
        self._asked = Question("", None, 0.0)
        self._served = False  # something of the open request was done
        self._words = ""
        self._voice_s = float("-inf")
        self._doubts: list[Doubt] = []
        self._offered: tuple[Action, ...] = ()
        self._partial_s = float("-inf")  # when the user was last heard to speak on
        self._closed = False  # the user's turn asks for nothing, so nothing is agreed to

    @property
    def waiting(self) -> bool:
        """Whether time alone may lead to something."""
        return self._open is not None or bool(self._doubts) or self._voice.waiting

    # --- the user -----------------------------------------------------------------------------------------------------

    def hear(
        self, reading: Reading, said: Said, turn: int, focus: Focus, moment: Moment, *, final: bool = True
    ) -> list[Ready]:
        """The user's words, for the assistant's to be held against them.

        Args:
            reading: what they come to; its actions are those that the policy lets be done or asked for.
            said: the words.
            turn: of the user.
            focus: what was spoken of before them.
            moment: now.
            final: whether the turn is over.
        """
        plain = reading.kind == "plain" or not reading.actions
        understood = reading.understanding if reading.sure else None
        words = said.text if plain else f"{reading.text}, {said.text}"
        request = Request(words, understood, said.area_id, turn, final, focus)
        self._partial_s = float("-inf") if final else moment.at_s
        if final:
            self._closed = reading.understanding.kind == "answer" or reading.kind in ("declined", "rejected")
            self._asked = Question(reading.text, said.area_id, moment.at_s)
            self._words, self._doubts, self._open = "", [], None
        return self._noted(self._voice.hear_request(request, moment))

    def open(self, request: Open, focus: Focus, moment: Moment) -> list[Ready]:
        """A request waits for the assistant's words from now on."""
        ready = self.hear(request.reading, request.said, request.turn, focus, moment)
        self._open = request if request.actions or request.risky else None
        self._served = False
        return ready

    def take_open(self) -> Open | None:
        """The open request to which the assistant has not said a word, no longer open."""
        request, self._open = self._open, None
        return request if request is not None and not self._spoke_since(request) else None

    def hear_nothing(self, moment: Moment, area_id: str | None) -> list[Ready]:
        """Nobody can hear the user from now on, who is in this area."""
        self._open, self._closed = None, False
        return self._noted(self._voice.hear_nothing(moment, area_id))

    # --- the assistant ------------------------------------------------------------------------------------------------

    def speak(self, piece: str, moment: Moment) -> list[Ready]:
        """A piece of what the assistant says; empty for a frame of padding."""
        if piece.strip(" \u2581"):
            self._voice_s = moment.at_s
            self._words = (self._words + piece.replace("\u2581", " "))[-_KEPT_CHARACTERS:]
        return self._noted(self._voice.speak(piece, moment))

    def tick(self, moment: Moment) -> list[Ready]:
        """Time has passed without a piece."""
        return self._noted(self._voice.tick(moment)) if self._voice.waiting else []

    def end(self, moment: Moment, *, interrupted: bool) -> list[Ready]:
        """The assistant's turn is over; what was interrupted asks for nothing any more."""
        ready = self._noted(self._voice.end(moment, interrupted=interrupted))
        if interrupted:
            self._open, self._doubts = None, []
        return ready

    def serve(self, act: Act) -> None:
        """A deed of the open request was decided; only what the assistant left unsaid altogether stays open."""
        if self._open is None:
            return
        self._served = True
        done = {atom[0] for atom in all_atoms(act.actions)} | {i for a in act.actions for i in a.entity_ids}
        left = tuple(
            action
            for action in self._open.actions
            if done.isdisjoint({atom[0] for atom in all_atoms((action,))} | set(action.entity_ids))
        )
        self._open = replace(self._open, actions=left) if left or self._open.risky else None

    def to_ask(self, moment: Moment, *, ended: bool) -> Open | None:
        """The open request whose danger is to be asked about now, once: the assistant did not refuse it."""
        request = self._open
        if request is None or not request.risky:
            return None
        spoke = self._spoke_since(request)
        quiet_s = moment.at_s - max(request.at_s, self._voice_s)
        if not ended and quiet_s < (SILENCE_S if spoke else ASK_S):
            return None
        self.asked()
        return None if spoke and (self._voice.consent.refused or self._voice.consent.asked_which) else request

    def asked(self) -> None:
        """The danger of the open request has been asked about."""
        if self._open is not None:
            self._open = replace(self._open, risky=()) if self._open.actions else None

    def unanswered(self, moment: Moment) -> Open | None:
        """The open request once the assistant has had its time to object and did not.

        It has that time again when it falls silent; while it talks on, only what it says beside the point lets the
        request be done.
        """
        request = self._open
        if request is None or moment.at_s - max(request.at_s, self._partial_s) < SILENCE_S:
            return None
        spoke = self._spoke_since(request)
        if moment.at_s - self._voice_s < SILENCE_S:
            beside = spoke and request.actions and request.reading.sure and not self._served and not self._doubts
            if not beside or request.lasting or self._says_otherwise(request) or not self._voice.talks_beside(moment):
                return None
        elif spoke and (self._voice.waiting or self._doubts):
            return None
        self._open = replace(request, actions=()) if request.risky else None
        if not request.actions:
            return None
        objected = spoke and (self._voice.consent.objected or self._says_otherwise(request))
        return None if objected or not request.reading.sure else request

    def echoed(self, house: House) -> Open | None:
        """The open request that the assistant, whose turn is over, has only repeated; no longer open."""
        request = self._open
        objected = self._doubts or self._voice.waiting or self._voice.consent.objected
        if request is None or not request.actions or self._served or objected:
            return None
        ids = (i for action in request.actions for i in action.entity_ids)
        devices = [house.entities[i] for i in ids if i in house.entities]
        names = [name for device in devices for name in (device.name, *device.aliases)]
        asked = f"{request.reading.text} , {request.said.text}"
        if not request.reading.sure or not echoes(self._words, asked, names):
            return None
        self._open = replace(request, actions=()) if request.risky else None
        return request

    def truths(self, moment: Moment, *, ended: bool, done: frozenset[Atom]) -> list[Tell]:
        """What must be said about the assistant's own words, once it is silent: a contradiction, an empty claim.

        Args:
            moment: now.
            ended: its turn is over.
            done: what was truly done of late.
        """
        if not self._doubts or not (ended or moment.at_s - self._voice_s >= SILENCE_S):
            return []
        request, doubts = self._open, self._doubts
        self._doubts = []
        if request is not None and request.actions and self._spoke_since(request):
            # It was to do one thing and says another: nothing is done until the user has chosen.
            self._open = None
            return [_which(request.actions, doubts[0], moment.house)]
        false = [d for d in doubts if d.verdict is Verdict.UNSUPPORTED and not all_atoms(d.actions) <= done]
        return [_not_done(false, moment.house)] if false else []

    def take_offer(self) -> tuple[Action, ...]:
        """What the assistant offered, once."""
        offered = self._voice.consent.offered
        if offered is self._offered:
            return ()
        self._offered = offered
        return offered

    def take_question(self) -> Question | None:
        """The user's words that the assistant asked back about, once."""
        if not self._voice.consent.asked_back or not self._words or not self._asked.text:
            return None
        asked, self._asked = self._asked, replace(self._asked, text="")
        return asked

    def _says_otherwise(self, request: Open) -> bool:
        """Whether the assistant's words are no consent: it only hesitates, or names another number."""
        return hesitates(self._words) or other_numbers(self._words, f"{request.reading.text} , {request.said.text}")

    def _spoke_since(self, request: Open) -> bool:
        return self._voice_s >= request.at_s and bool(self._words)

    def _noted(self, ready: list[Ready]) -> list[Ready]:
        self._doubts = [*self._doubts, *self._voice.take_doubts()][-_KEPT_DOUBTS:]
        return [] if self._closed else ready


def _which(asked: Sequence[Action], doubt: Doubt, house: House) -> Tell:
    sentence = f"Which did you want: {request_for(asked, house)}, or {request_for(doubt.actions, house)}?"
    return Tell(sentence, "contradiction", f"the assistant's words contradict the user's: {doubt.why}")


def _not_done(doubts: Sequence[Doubt], house: House) -> Tell:
    deeds = request_for([action for doubt in doubts for action in doubt.actions], house)
    return Tell(f"I did not {deeds}.", "unfounded", f"nobody asked for it: {doubts[0].why}")
