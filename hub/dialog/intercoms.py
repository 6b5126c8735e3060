"""The calls between rooms: made for people and programs, at most one a room, and ended by them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Final

from hub.dialog.askable import askable_line
from hub.dialog.chimes import announcement_chime
from hub.dialog.errands import Errands
from hub.dialog.guests import AreaBusyError
from hub.dialog.intercom import CallState, Intercom
from hub.dialog.music import Music
from hub.dialog.quiet import QuietHours
from hub.dialog.rendering import Rendering
from hub.dialog.switchboard import Switchboard
from hub.dialog.voices import Voices
from hub.events import Event, FloorReleased, Trouble, TurnEnded
from hub.machine import StepCounts
from hub.rooms.port import Line
from protocol.errors import RoomtoneError

_LOG = logging.getLogger(__name__)

# Whoever says “hang up” has ended the call by the wake word before; for so long that is what was meant.
_JUST_ENDED_MS: Final = 30_000.0


class SameAreaError(RoomtoneError):
    """A call needs two rooms."""

    code = "same_area"


class NoCallError(RoomtoneError):
    """There is no call that could be ended."""

    code = "no_call"


class CallEndedError(RoomtoneError):
    """The call was over before it began."""

    code = "call_ended"
    retry = True


class Intercoms:
    """All calls of the house.

    Args:
        board: rooms, floors and conversations.
        voices: who tells the rooms of a call.
        quiet: which rooms are not to be disturbed.
        music: the house's own players, which are turned down meanwhile.
        area_name: what people call an area.

    Attributes:
        steps: of all calls' state machines.
    """

    def __init__(
        self, board: Switchboard, voices: Voices, quiet: QuietHours, music: Music, *, area_name: Callable[[str], str]
    ) -> None:
        self.steps = StepCounts[CallState]()
        self._board, self._voices, self._quiet, self._name = board, voices, quiet, area_name
        self._music = music
        self._calls: dict[str, Intercom] = {}
        self._ended_ms: dict[str, float] = {}
        self._errands = Errands()

    async def call(self, from_id: str, to_id: str, *, asked_there: bool = False) -> Intercom:
        """Connect two rooms; returns when they hear each other, and the call goes on by itself.

        Args:
            from_id: the calling area.
            to_id: the called area.
            asked_there: whether somebody in the calling area has asked for it, who then does not mind being disturbed
                and whose conversation ends with it.

        Raises:
            QuietHoursError: a room is not to be disturbed.
            AreaSilentError, AreaBusyError, MicrophoneOffError, NotCapableError: what else is in the way.
            SameAreaError: there is only one room in it.
            CallEndedError: it was over before it began.
            EngineError: the rooms could not be told of it.
        """
        names = self._name(from_id), self._name(to_id)
        lines = self.check(from_id, to_id, asked_there=asked_there)
        conversation = self._board.conversation_in(from_id) if asked_there else None
        if conversation is not None:
            await conversation.close("intercom")
        call = Intercom(
            f"i-{uuid.uuid4().hex[:12]}",
            lines,
            self._board.guests,
            generation=self._board.generation,
            now_ms=self._voices.now_ms,
            bus=self._voices.bus,
            counts=self.steps,
        )
        call.enter(names)
        self._calls[call.call] = call
        restore_music = self._music.lower((from_id, to_id))
        call.ended.add_done_callback(lambda _ended: self._forget(call, restore_music))
        here = Rendering(announcement_chime())
        there = Rendering(announcement_chime())
        try:
            rendering = self._board.announcements.rendering
            # Who has just asked for it has been told already, and hears the chime alone.
            to = "" if asked_there else f"Intercom to {names[1]}."
            async with rendering(here, to), rendering(there, f"Intercom from {names[0]}."):
                opened = await call.ring((here, there))
        except BaseException:
            call.close("failed")
            raise
        if not opened:
            why = call.ended.result()
            raise here.fault or there.fault or CallEndedError(f"The call to {names[1]} did not come about ({why}).")
        return call

    def check(self, from_id: str, to_id: str, *, asked_there: bool) -> tuple[Line, Line]:
        """The satellites of a call that could be made now.

        Raises:
            RoomtoneError: what is in the way; see `call`.
        """
        if from_id == to_id:
            raise SameAreaError(f"{self._name(to_id)} cannot call itself.")
        disturbed = (to_id,) if asked_there else (from_id, to_id)
        for area_id in disturbed:
            self._quiet.refuse_if_quiet(area_id, self._name(area_id))
        for area_id in disturbed:
            if self._board.floors.session_in(area_id) is not None:
                raise AreaBusyError(f"Somebody is talking in {self._name(area_id)}. Please try again in a moment.")
        first, second = (askable_line(self._board, area_id, self._name(area_id)) for area_id in (from_id, to_id))
        return first, second

    def call_after_turn(self, from_id: str, to_id: str) -> None:
        """Connect two rooms as soon as the turn is over in which somebody in the first has asked for it.

        Who has walked on meanwhile is called from where he is.

        Raises:
            RoomtoneError: what is in the way; see `call`.
        """
        self.check(from_id, to_id, asked_there=True)
        session = self._board.floors.session_in(from_id)
        if session is None:
            self._errands.begin(self._call_asked(from_id, to_id), "intercom")
            return

        def on_event(event: Event) -> None:
            if isinstance(event, TurnEnded | FloorReleased) and event.session == session:
                unsubscribe()
                here = self._board.floors.area_of(session) or from_id
                self._errands.begin(self._call_asked(here, to_id), "intercom")

        unsubscribe = self._voices.bus.subscribe(on_event)

    async def _call_asked(self, from_id: str, to_id: str) -> None:
        try:
            await self.call(from_id, to_id, asked_there=True)
        except RoomtoneError as error:
            _LOG.info("a call that was asked for did not come about: %s", error.code)
            self._voices.bus.publish(Trouble(error.code, error.sentence))
            try:
                await self._board.announce(from_id, error.sentence)
            except RoomtoneError as silent:
                _LOG.info("and nobody could be told of it: %s", silent.code)

    def hang_up(self, area_id: str | None = None, *, may_be_over: bool = False) -> list[tuple[str, str]]:
        """End the call of an area, or all calls.

        Args:
            area_id: None: all of them.
            may_be_over: whether a call that has just ended there will do.

        Returns:
            The areas of each call that was ended.

        Raises:
            NoCallError: there is none.
        """
        ended = [call for call in self._living() if area_id is None or area_id in call.areas]
        since_ms = self._voices.now_ms() - _JUST_ENDED_MS
        if not ended and not (may_be_over and self._ended_ms.get(area_id or "", -1.0) >= since_ms):
            raise NoCallError("There is no call between rooms that could be ended.")
        for call in ended:
            call.close("hung_up")
        return [call.areas for call in ended]

    def all(self) -> list[tuple[str, str]]:
        """The areas of each call."""
        return [call.areas for call in self._living()]

    def _living(self) -> list[Intercom]:
        return [call for call in self._calls.values() if call.state is not CallState.CLOSED]

    def other(self, area_id: str) -> str | None:
        """The area that this one is in a call with."""
        for areas in self.all():
            if area_id in areas:
                return areas[1] if areas[0] == area_id else areas[0]
        return None

    async def close(self) -> None:
        """Make no call any more; those that there are end with their rooms."""
        await self._errands.close()

    def _forget(self, call: Intercom, restore_music: Callable[[], None]) -> None:
        restore_music()
        self._calls.pop(call.call, None)
        self._ended_ms |= dict.fromkeys(call.areas, self._voices.now_ms())
