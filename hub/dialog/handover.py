"""A conversation goes to another satellite, and nothing of it is lost on the way.

The new room is asked first: only its satellite knows whether it may be heard. Until its sound is there the old room
goes on hearing and speaking, so a refusal costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hub.dialog.conversation import Conversation
from hub.dialog.life import Life
from hub.dialog.voices import Opening
from hub.rooms.floor import Floors
from hub.rooms.port import Line
from protocol.messages import Because, Floor

_LOG = logging.getLogger(__name__)

# Its first frame comes within a round trip; a satellite that has not sent one by then sends none.
_ANSWER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Move:
    """A conversation that is on its way to a line.

    Attributes:
        opening: the call that made it go there; None where its talker was just heard there.
    """

    conversation: Conversation
    line: Line
    why: str
    opening: Opening | None
    late: asyncio.TimerHandle


class Handovers:
    """Those in the making: at most one for a conversation, and one for a line.

    Args:
        floors: which session has which area.
        done: told the line that was left.
        failed: told what became of it instead.
    """

    def __init__(
        self, floors: Floors, *, done: Callable[[Move, Line], None], failed: Callable[[Move, str], None]
    ) -> None:
        self._floors, self._done, self._failed = floors, done, failed
        self._moves: dict[str, Move] = {}  # by session

    def begin(self, conversation: Conversation, line: Line, why: str, opening: Opening | None = None) -> bool:
        """Ask the new room; False when that cannot be now."""
        taken = self._floors.session_in(line.area_id) not in (None, conversation.session)
        if conversation.life is not Life.OPEN or conversation.line is line or taken:
            return False
        if self.to(line) is not None:
            if opening is None:
                return False
            self.refused(line, "somebody called here")
        self.cancel(conversation, "another room")
        late = asyncio.get_running_loop().call_later(_ANSWER_S, self.refused, line, "no sound came")
        self._moves[conversation.session] = Move(conversation, line, why, opening, late)
        because: Because = "moved" if opening is None else "called"
        line.open_uplink()
        line.send(
            Floor(state="granted", because=because, session=conversation.session, reason=why, chime=opening is not None)
        )
        return True

    def to(self, line: Line) -> Move | None:
        """What is on its way to a line."""
        return next((move for move in self._moves.values() if move.line is line), None)

    def heard(self, line: Line) -> None:
        """Sound of a line is there: whoever was on his way to it has arrived."""
        move = self.to(line)
        if move is None:
            return
        conversation, before = move.conversation, move.conversation.line
        if conversation.life is not Life.OPEN or not self._floors.move(conversation.session, line.area_id):
            self.refused(line, "the area is taken")
            return
        self._forget(move)
        conversation.move(line)
        before.close_uplink()
        before.send(Floor(state="released", session=conversation.session, reason="moved"))
        if move.opening is not None:
            conversation.called_again(move.opening)
        self._done(move, before)

    def refused(self, line: Line, reason: str) -> bool:
        """Nobody comes to this line; whether anybody was on his way."""
        move = self.to(line)
        if move is None:
            return False
        self._forget(move)
        line.close_uplink()
        # To a satellite that has refused it says nothing new; one that is merely late must fall silent.
        line.send(Floor(state="released", session=move.conversation.session, reason=reason))
        _LOG.info("session %s stays: %s", move.conversation.session, reason)
        self._failed(move, reason)
        return True

    def cancel(self, conversation: Conversation, reason: str) -> None:
        """This conversation goes nowhere."""
        move = self._moves.get(conversation.session)
        if move is not None:
            self.refused(move.line, reason)

    def close(self) -> None:
        """None of them arrives."""
        for move in tuple(self._moves.values()):
            self.refused(move.line, "hub_stopping")

    def _forget(self, move: Move) -> None:
        move.late.cancel()
        del self._moves[move.conversation.session]
