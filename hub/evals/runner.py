"""Runs one case through the listener of the hub, with nothing of its own between the words and the decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.evals.cases import (
    AssistantCase,
    AssistantTurn,
    BadCaseError,
    Case,
    DialogueCase,
    Pieces,
    RoutingCase,
    UserCase,
    UserTurn,
    action_json,
    query_json,
)
from hub.evals.homes import WrittenHome
from hub.evals.household import Household
from hub.understanding.decisions import Act, Confirm, Decision, Mode, Moment, Said, Tell
from hub.understanding.listener import Listener
from hub.understanding.parser import Parser
from hub.understanding.routing import route

FRAME_S: Final = 0.08
# Any working afternoon: the cases name no day.
_BEGIN: Final = datetime(2026, 6, 1, 14, 5, tzinfo=UTC)
# How long a request may stay open after the last word: longer than any wait of the listener.
_SETTLING_FRAMES: Final = 25
_WORD_FRAMES: Final = 4
_SENTENCE_ENDS: Final = (".", "!", "?", "…")
Answer = dict[str, Any]


class Evaluator:
    """Runs cases in one home.

    Args:
        home: where they happen; every case finds it as it was written.
        evidence: whose words make an action; None takes what each task is about: of `user` the user's, else both.
    """

    def __init__(self, home: WrittenHome, *, evidence: Mode | None = None) -> None:
        self._home = home
        self._evidence = evidence
        self._parser = Parser(policy=home.policy)
        self._parser.prepare(home.house)
        self._areas = {area.id for area in home.house.areas}

    def run(self, case: Case) -> Answer:
        """What the hub would do.

        Raises:
            BadCaseError: the case is set in a room that this home does not have.
        """
        if isinstance(case, RoutingCase):
            return {"id": case.id, "route": self._route(case.text)}
        if isinstance(case, UserCase):
            return {"id": case.id, "actions": [*self._user(case)]}
        if isinstance(case, AssistantCase):
            return {"id": case.id, "actions": [*self._assistant(case)]}
        return {"id": case.id, "turns": self._dialogue(case)}

    def _route(self, text: str) -> str:
        moment = Moment(self._home.house, _BEGIN, 0.0)
        ours = self._listener("both").foretell(Said(text, None), moment)
        return route(text, understood=ours != "other").kind

    def _user(self, case: UserCase) -> Iterator[Answer]:
        talk = _Talk(self._home, self._listener("user"))
        decisions = talk.hear(Said(case.text, self._room(case.room, case.id)))
        yield from _answers((*decisions, *talk.settle()))

    def _assistant(self, case: AssistantCase) -> Iterator[Answer]:
        room = self._room(case.room, case.id)
        talk = _Talk(self._home, self._listener("both"))
        for turn in case.history:
            if turn.role == "user":
                talk.hear(Said(turn.text, room))
            else:
                talk.say(_in_words(turn.text))
                talk.fall_silent(interrupted=not _ends(turn.text))
        talk.begin()
        decisions = [*(talk.hear_nothing(room) if case.user is None else talk.hear(Said(case.user, room)))]
        decisions += talk.say(case.pieces, until=case.end_frame)
        decisions += talk.fall_silent(interrupted=not _ends("".join(piece for _frame, piece in case.pieces)))
        yield from (answer for answer in _answers(decisions, framed=True) if answer["domain"] != "query")

    def _dialogue(self, case: DialogueCase) -> list[list[Answer]]:
        talk = _Talk(self._home, self._listener("both"))
        talk.begin()
        made: list[list[Answer]] = []
        for n, turn in enumerate(case.turns):
            following = case.turns[n + 1] if n + 1 < len(case.turns) else None
            decisions: list[Decision] = []
            if isinstance(turn, UserTurn):
                decisions += talk.say([], until=turn.end_frame)
                decisions += talk.hear(Said(turn.text, self._room(turn.room, case.id)))
                if not isinstance(following, AssistantTurn):
                    decisions += talk.settle()
            else:
                decisions += talk.say(turn.pieces, until=_quiet_until(turn, following))
                decisions += talk.fall_silent(interrupted=not _ends("".join(piece for _frame, piece in turn.pieces)))
            made.append([*_answers(decisions)])
        if made:
            made[-1] += _answers(talk.settle())
        return made

    def _listener(self, task: Mode) -> Listener:
        return Listener(self._parser, policy=self._home.policy, mode=self._evidence or task)

    def _room(self, room: str | None, case_id: str | int) -> str | None:
        if room is not None and room not in self._areas:
            raise BadCaseError(f"This home has no room “{room[:40]}”.", case_id)
        return room


class _Talk:
    """One conversation with a listener, in a house that follows, on a clock of frames."""

    def __init__(self, home: WrittenHome, listener: Listener) -> None:
        self._household = Household(home.house)
        self._listener = listener
        self._passed = 0  # frames since the very beginning
        self._frame = -1  # of the case; -1 before it
        self._counting = False

    def begin(self) -> None:
        """From here on the frames of the case count."""
        self._counting = True

    def hear(self, said: Said) -> tuple[Decision, ...]:
        return self._carried_out(self._listener.hear(said, self._moment()))

    def hear_nothing(self, room: str | None) -> tuple[Decision, ...]:
        return self._carried_out(self._listener.hear_nothing(self._moment(), room))

    def say(self, pieces: Iterable[tuple[int, str]], *, until: int | None = None) -> list[Decision]:
        """Speak pieces at their frames, with padding between them and up to `until`."""
        at: Mapping[int, str] = dict(pieces)
        first = self._frame + 1 if self._counting else 0
        last = max([*at, until if until is not None else -1], default=-1)
        decisions: list[Decision] = []
        for frame in range(first, last + 1):
            self._passed += 1
            if self._counting:
                self._frame = frame
            decisions += self._carried_out(self._listener.speak(at.get(frame, ""), self._moment()))
        return decisions

    def fall_silent(self, *, interrupted: bool) -> tuple[Decision, ...]:
        return self._carried_out(self._listener.fall_silent(self._moment(), interrupted=interrupted))

    def settle(self) -> list[Decision]:
        """Let time pass until nothing is open, two seconds at most."""
        decisions: list[Decision] = []
        for _ in range(_SETTLING_FRAMES):
            if not self._listener.waiting:
                break
            self._passed += 1
            self._frame += 1 if self._counting else 0
            decisions += self._carried_out(self._listener.tick(self._moment()))
        return decisions

    def _moment(self) -> Moment:
        at_s = self._passed * FRAME_S
        return Moment(self._household.house, _BEGIN + timedelta(seconds=at_s), at_s, self._frame)

    def _carried_out(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        for decision in decisions:
            if isinstance(decision, Act):
                results = [self._household.act(action) for action in decision.actions]
                self._listener.done(decision, results, self._moment())
        return decisions


def _answers(decisions: Iterable[Decision], *, framed: bool = False) -> Iterator[Answer]:
    for decision in decisions:
        if isinstance(decision, Tell):
            if decision.asked:
                yield query_json(decision.asked)
            continue
        frame = decision.frame if framed else None
        for action in decision.actions:
            yield action_json(action, confirm=isinstance(decision, Confirm), frame=frame)


def _in_words(text: str) -> Pieces:
    return [(n * _WORD_FRAMES, f"▁{word}") for n, word in enumerate(text.split())]


def _ends(text: str) -> bool:
    """Whether a turn was spoken to its end: one that stops within a sentence was cut off."""
    return text.rstrip("▁ ”\"'").endswith(_SENTENCE_ENDS)


def _quiet_until(turn: AssistantTurn, following: UserTurn | AssistantTurn | None) -> int:
    """The frame before the next turn begins, or a breath after the last word."""
    last = max((frame for frame, _piece in turn.pieces), default=-1)
    if isinstance(following, UserTurn):
        return max(last, following.start_frame - 1)
    return last + _SETTLING_FRAMES // 2
