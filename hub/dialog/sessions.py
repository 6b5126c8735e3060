"""The conversations of the house: begun where somebody called, moved with him, and ended in one place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Final

from hub.dialog.conversation import Conversation
from hub.dialog.errands import Errands
from hub.dialog.handover import Handovers, Move
from hub.dialog.life import Life
from hub.dialog.voices import Opening, Voices
from hub.engine.port import EngineBusyError
from hub.events import FloorGranted, FloorMoved, FloorReleased, Trouble
from hub.rooms.floor import Floors
from hub.rooms.port import Line
from hub.rooms.reception import Handover, Reception
from hub.rooms.registry import Room
from protocol.errors import RoomtoneError
from protocol.messages import Floor

_LOG = logging.getLogger(__name__)

# At the end of the hub, conversations in the making get this long to give back what they took.
_LAST_TASKS_S: Final = 2.0


class Sessions:
    """At most one conversation an area, each in exactly one.

    Args:
        floors: shared with whoever else may have a room's floor.
        reception: told where each session is.
        generation: the next playback generation of a line.
        note: told each decision in one line, with its trace and area.
        busy: told the line of a caller whom the engine has no place for.
    """

    def __init__(
        self,
        voices: Voices,
        floors: Floors,
        reception: Reception,
        *,
        generation: Callable[[Line], int],
        note: Callable[[str, str, str], None],
        busy: Callable[[Line], None],
    ) -> None:
        self.closed = False
        self._voices, self._floors, self._reception = voices, floors, reception
        self._generation, self._note, self._busy = generation, note, busy
        self.handovers = Handovers(floors, done=self._moved, failed=self._stayed)
        self._conversations: dict[str, Conversation] = {}
        self._granted: set[str] = set()
        self._calling: list[Line] = []  # whose call waits for the area to become free
        self._next: dict[str, Room] = {}  # where the session that was called to a device goes on to
        self._errands = Errands()

    # --- which there are ----------------------------------------------------------------------------------------------

    def in_area(self, area_id: str) -> Conversation | None:
        """The conversation that has the area, one that is being closed included."""
        return self._conversations.get(self._floors.session_in(area_id) or "")

    def at(self, line: Line) -> Conversation | None:
        """The conversation of a line, unless it is being closed."""
        conversation = self.in_area(line.area_id)
        alive = conversation is not None and conversation.line is line and conversation.life is not Life.CLOSED
        return conversation if alive else None

    def __iter__(self) -> Iterator[Conversation]:
        return iter(tuple(self._conversations.values()))

    # --- begin --------------------------------------------------------------------------------------------------------

    def call(self, line: Line, opening: Opening, losers: tuple[str, ...]) -> None:
        """Somebody has called here: his conversation goes on, or comes here, or begins."""
        self._next.pop(line.device_id, None)  # what was said of an earlier call
        running = self.at(line)
        if running is not None:
            self._call_again(running, opening)
        else:
            self._calling.append(line)
            self._errands.begin(self._open(line, opening, losers))

    def bring(self, session: str, line: Line, opening: Opening) -> bool:
        """The talker of a session has called from here: it comes along with all that was said; False if it cannot."""
        self._next.pop(line.device_id, None)
        conversation = self._conversations.get(session)
        return conversation is not None and self.handovers.begin(conversation, line, opening.why, opening)

    def go_on_to(self, line: Line, room: Room) -> None:
        """Whoever has called at this line is nearer to another room, whose own detector did not hear him."""
        if room.follows:
            self._next[line.device_id] = room
            self._go_on(line)

    def _go_on(self, line: Line) -> None:
        conversation = self.at(line)
        if conversation is not None and conversation.life is Life.OPEN:
            room = self._next.pop(line.device_id, None)
            if room is not None:
                self.handovers.begin(conversation, room.line, f"{room.area_id}: heard the call best")

    def end(self, session: str, reason: str) -> None:
        """End a session."""
        conversation = self._conversations.get(session)
        if conversation is not None:
            conversation.close_soon(reason)

    def _call_again(self, conversation: Conversation, opening: Opening) -> None:
        conversation.called_again(opening)
        if conversation.life is Life.OPEN:
            # Said again, in case the satellite's answer window has closed: to one that talks it changes nothing.
            conversation.line.send(Floor(state="granted", session=conversation.session, reason=opening.why))

    async def _open(self, line: Line, opening: Opening, losers: tuple[str, ...]) -> None:
        try:
            free = await self._make_room(line, opening)
        finally:
            self._calling.remove(line)
        if free and not self.closed and self._reception.registry.room(line) is not None:
            await self._begin(line, opening, losers)

    async def _make_room(self, line: Line, opening: Opening) -> bool:
        """Wait until the area is free; False when the call has been answered otherwise."""
        while (older := self.in_area(line.area_id)) is not None:
            if older.life is not Life.CLOSED:
                if older.line is line:
                    self._call_again(older, opening)
                    return False
                if older.agent_speaking:
                    line.send(Floor(state="denied", reason="The assistant is speaking in this area."))
                    return False
                if self.bring(older.session, line, opening):  # to another satellite of the same area
                    return False
                older.close_soon("moved")
            await older.closed()
        return True

    async def _begin(self, line: Line, opening: Opening, losers: tuple[str, ...]) -> None:
        session, area_id = opening.session, line.area_id
        self._floors.want(session)
        if not self._floors.grant(session, area_id):  # a guest was quicker while the older one ended
            self._floors.release(session)
            line.send(Floor(state="denied", reason="Something else has just begun in this area."))
            return
        self.handovers.refused(line, "somebody called here")
        room = self._reception.registry.room(line)
        if room is not None:
            self._reception.opened(session, room, self._voices.now_ms())
        conversation = self._conversations[session] = Conversation(
            line,
            opening,
            self._voices,
            next_generation=self._generation,
            on_closed=self._ended,
            owns=lambda begun_ms, ended_ms: self._reception.owns(session, begun_ms, ended_ms, self._voices.now_ms()),
        )
        try:
            if not await conversation.open():
                return
        except RoomtoneError as error:
            self._voices.bus.publish(Trouble(error.code, error.sentence))
            await conversation.close(error.code)
            if isinstance(error, EngineBusyError):
                self._busy(line)
            else:
                _LOG.error("no conversation could be opened: %s", error)
            return
        except Exception:  # noqa: BLE001 (logged; a defect must not leave a floor that nobody can take back)
            _LOG.exception("no conversation could be opened")
            self._voices.bus.publish(Trouble("internal", "A conversation broke at its start; the log says where."))
            await conversation.close("internal")
            return
        self._granted.add(session)
        line.open_uplink()
        line.send(Floor(state="granted", session=session, reason=opening.why))
        self._voices.bus.publish(FloorGranted(opening.trace, session, area_id, opening.why, losers))
        self._go_on(line)

    # --- move ---------------------------------------------------------------------------------------------------------

    def follow(self, handover: Handover) -> None:
        """The talker of a session is heard in another room."""
        conversation = self._conversations.get(handover.session)
        if conversation is None or not self.handovers.begin(conversation, handover.room.line, handover.why):
            self._stays(handover.session)

    def _moved(self, move: Move, before: Line) -> None:
        conversation, line = move.conversation, move.line
        room = self._reception.registry.room(line)
        if room is not None:
            self._reception.placed(conversation.session, room)
        trace = self._voices.new_trace() if move.opening is None else move.opening.trace
        self._note(trace, line.area_id, move.why)
        self._voices.bus.publish(FloorMoved(trace, conversation.session, before.area_id, line.area_id, move.why))
        if move.opening is not None:
            self._go_on(line)

    def _stayed(self, move: Move, reason: str) -> None:
        conversation = move.conversation
        self._stays(conversation.session)
        area_id = conversation.line.area_id
        self._note(self._voices.new_trace(), area_id, f"{area_id}: stays here, {move.line.area_id} refused ({reason})")

    def _stays(self, session: str) -> None:
        conversation = self._conversations.get(session)
        room = None if conversation is None else self._reception.registry.room(conversation.line)
        if room is not None:
            self._reception.stays(session, room)

    # --- end ----------------------------------------------------------------------------------------------------------

    def _ended(self, conversation: Conversation, reason: str) -> None:
        line, session = conversation.line, conversation.session
        self.handovers.cancel(conversation, reason)
        self._conversations.pop(session, None)
        self._floors.release(session)
        self._reception.closed(session)
        line.close_uplink()
        granted = session in self._granted
        self._granted.discard(session)
        # “denied” would answer the call that was made here since; that one is answered by its own decision.
        called_since = line in self._calling or line.device_id in self._reception.callers
        if self._reception.registry.room(line) is not None and (granted or not called_since):
            line.send(Floor(state="released" if granted else "denied", session=session, reason=reason))
        if granted:
            self._voices.bus.publish(FloorReleased(session, line.area_id, reason))

    async def close(self) -> None:
        """End all of them, and let none begin."""
        self.closed = True
        self.handovers.close()
        await asyncio.gather(*(conversation.close("hub_stopping") for conversation in self), return_exceptions=True)
        await self._errands.close(_LAST_TASKS_S)
