"""Joins rooms and conversations: what satellites send goes to whom it concerns."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.announcing import Announced, Announcements, InCall
from hub.dialog.calls import Calls, Decisions
from hub.dialog.conversation import Conversation
from hub.dialog.errands import Errands
from hub.dialog.guests import Guests
from hub.dialog.intercom import End
from hub.dialog.rendering import Rendering
from hub.dialog.sessions import Sessions
from hub.dialog.voices import Voices
from hub.engine.port import SessionRequest
from hub.events import RoomLevel, SatelliteDown, SatelliteUp, Trouble
from hub.rooms.arbiter import Arbiter
from hub.rooms.floor import Floors
from hub.rooms.port import Line, Presence
from hub.rooms.quarantine import QuarantinedError
from hub.rooms.reception import Reception
from hub.rooms.registry import Registry, Room
from protocol.errors import RoomtoneError
from protocol.messages import Floor, Playback, Wake
from protocol.records import LevelBatch, MeasureFlag, Measurement

_LOG = logging.getLogger(__name__)
_LEVEL_EVERY_MS: Final = 200.0
_BUSY: Final = "I am talking with somebody else right now. Please call me again in a moment."


class AreaSilentError(RoomtoneError):
    """No satellite is connected in this area."""

    code = "area_silent"
    retry = True


class Switchboard:
    """The hub's `RoomEvents`: from calls to decisions to conversations.

    Attributes:
        registry: the satellites that are there.
        floors: which session has which area.
        reception: who is attended to, by what the satellites report.
        decisions: the newest, for people.
        guests: who has a floor without being a conversation.
    """

    def __init__(
        self,
        voices: Voices,
        arbiter: Arbiter,
        *,
        area_name: Callable[[str], str],
        presence: Presence | None = None,
    ) -> None:
        self.registry = Registry()
        self.floors = Floors()
        self.reception = Reception(self.registry, arbiter, presence)
        self.decisions = Decisions(voices.now_ms)
        self.guests = Guests(self.floors)
        self.announcements = Announcements(
            voices,
            generation=self.generation,
            is_free=lambda line: self.floors.session_in(line.area_id) is None,
        )
        self._voices, self._area_name = voices, area_name
        self._sessions = Sessions(
            voices,
            self.floors,
            self.reception,
            generation=self.generation,
            note=self.decisions.note,
            busy=self._say_busy,
        )
        self._calls = Calls(
            voices, self.reception, self._sessions, self.decisions, held=self._is_heard, granted=self._make_way
        )
        self._generations: dict[str, int] = {}
        self._level_shown_ms: dict[str, float] = {}
        self._busy: Rendering | None = None
        self._errands = Errands()

    # --- satellites come and go -----------------------------------------------------------------------------------

    def satellite_up(self, line: Line) -> None:
        """A satellite is in; what an older connection of it left behind ends."""
        older = self.registry.by_device(line.device_id)
        if older is not None:
            self._left(older)
        self.registry.add(line)
        self._voices.bus.publish(SatelliteUp(line.device_id, line.area_id, self._area_name(line.area_id)))

    def satellite_down(self, line: Line, error: RoomtoneError) -> None:
        """It is gone, and with it its call, its floor and its voice."""
        room = self.registry.room(line)
        if room is not None:
            self._left(room)
        self._end(line, "satellite_lost")
        self.announcements.lost(line)
        self._voices.bus.publish(SatelliteDown(line.device_id, line.area_id, error.code))

    def _left(self, room: Room) -> None:
        line = room.line
        self.reception.withdraw(room)
        self.registry.remove(line)
        self._end(line, "satellite_lost")
        self.announcements.lost(line)

    def _end(self, line: Line, reason: str) -> None:
        """Nobody is heard at this satellite any more."""
        self._sessions.handovers.refused(line, reason)
        self.guests.end(line, reason)
        conversation = self._sessions.at(line)
        if conversation is not None:
            conversation.close_soon(reason)

    def muted(self, line: Line, *, muted: bool) -> None:
        """A muted room cannot call, and its conversation is over."""
        room = self.registry.room(line)
        if room is None:
            return
        room.muted = muted
        if muted:
            self.reception.withdraw(room)
            self._end(line, "muted")

    # --- what the rooms hear --------------------------------------------------------------------------------------

    def levels(self, line: Line, batch: LevelBatch, samples: int, time_us: int) -> None:  # noqa: ARG002 (the port gives both clocks)
        """Scalars of an idle room."""
        room = self.registry.room(line)
        if room is not None:
            self._doubt(room, self.registry.hear(room, batch, line.to_hub_ms(time_us), self._voices.now_ms()))
            self._attend(room)

    def _doubt(self, room: Room, error: QuarantinedError | None) -> None:
        """Nobody listens to a satellite that cannot be believed."""
        if error is not None:
            self._voices.bus.publish(Trouble(error.code, error.sentence))
            self.reception.withdraw(room)
            self._end(room.line, error.code)

    def audio(
        self,
        line: Line,
        pcm: NDArray[np.int16],
        measurement: Measurement,
        samples: int,
        time_us: int,
        *,
        packet: bytes | None = None,
        preroll: bool = False,
    ) -> None:
        """20 ms of a room that has the floor, or is just being given it."""
        self._sessions.handovers.heard(line)
        conversation, guest = self._sessions.at(line), self.guests.at(line)
        if conversation is None and guest is None:
            return
        at_ms = line.to_hub_ms(time_us)
        room = self.registry.room(line)
        if room is not None:
            room.take_measurement(measurement, at_ms, preroll=preroll)
            self._attend(room)
        speech = MeasureFlag.SPEECH in measurement.flags
        if conversation is not None:
            ducked = MeasureFlag.DUCKED in measurement.flags
            conversation.audio(pcm, samples, at_ms, speech=speech, ducked=ducked, packet=packet)
        elif guest is not None:
            guest.audio(pcm, samples, speech=speech)

    def playback(self, line: Line, playback: Playback) -> None:
        """What a loudspeaker has played."""
        at_ms = line.to_hub_ms(playback.time_us)
        self.registry.played(line, playback, at_ms)
        for conversation in self._sessions:  # one that has just left this room may still be heard here
            conversation.playback(line, playback, at_ms)
        guest = self.guests.at(line)
        if guest is not None:
            guest.playback(playback, at_ms)
        self.announcements.playback(line, playback, at_ms)

    def stop_asked(self, line: Line) -> None:
        """A hand on the satellite ends speech, conversation, and a call that is not decided yet."""
        room = self.registry.room(line)
        if room is not None:
            self.reception.withdraw(room)
        self._end(line, "stopped")
        self.announcements.cut(line)

    def floor_refused(self, line: Line) -> None:
        """The satellite knows of no reason for the floor that it was given."""
        if not self._sessions.handovers.refused(line, "not_woken"):
            self._end(line, "not_woken")

    def _attend(self, room: Room) -> None:
        now_ms = self._voices.now_ms()
        for handover in self.reception.step(now_ms):
            self._sessions.follow(handover)
        if now_ms - self._level_shown_ms.get(room.line.device_id, 0.0) >= _LEVEL_EVERY_MS:
            self._level_shown_ms[room.line.device_id] = now_ms
            self._voices.bus.publish(
                RoomLevel(room.area_id, round(room.level_db, 1), round(room.snr_db, 1), room.speech)
            )

    # --- calls ----------------------------------------------------------------------------------------------------

    def woke(self, line: Line, wake: Wake, measurements: tuple[Measurement, ...]) -> None:
        """Somebody called."""
        room = self.registry.room(line)
        if room is None or room.muted or self._sessions.closed:
            return
        if wake.trigger == "button" and (guest := self.guests.at(line)) is not None:
            guest.close_soon("stopped")
            line.send(Floor(state="denied", reason="The button has ended what was going on."))
            return
        now_ms = self._voices.now_ms()
        self._doubt(room, self.registry.called(room, now_ms))
        if (offence := self.registry.held(room, now_ms)) is not None:
            own = self._sessions.in_area(line.area_id)
            if own is None or own.line is not line:  # the end of its own conversation is told by itself
                reason = f"Nobody listens to this satellite for a while: {offence.code}."
                line.send(Floor(state="denied", reason=reason))
            return
        self._calls.woke(room, wake, measurements)

    def _make_way(self, line: Line) -> None:
        """Who calls is served, whatever else goes on there."""
        self.announcements.cut(line)
        guest = self.guests.in_area(line.area_id)
        if guest is not None:
            guest.close_soon("called")

    def in_session(self, device_id: str) -> bool:
        """Whether this very satellite has the floor of its area."""
        room = self.registry.by_device(device_id)
        return room is not None and self._is_heard(room.line)

    def doubted(self, device_id: str) -> str | None:
        """The code for which nobody listens to a satellite now, if it is so."""
        offence = self.registry.quarantine.held(device_id, self._voices.now_ms())
        return None if offence is None else offence.code

    def conversation_in(self, area_id: str) -> Conversation | None:
        """The conversation that has the area, one that is being closed included."""
        return self._sessions.in_area(area_id)

    def _is_heard(self, line: Line) -> bool:
        return self._sessions.at(line) is not None or self.guests.at(line) is not None

    def generation(self, line: Line) -> int:
        """The next playback generation of a loudspeaker."""
        # 0 means "none" on the wire, so the counter of a loudspeaker runs from 1 to 65535 and begins again.
        self._generations[line.device_id] = self._generations.get(line.device_id, 0) % 0xFFFF + 1
        return self._generations[line.device_id]

    # --- the house speaks -----------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Learn to say that every place is taken, while one is free to say it."""
        voices, sentence = self._voices, Rendering()
        request = SessionRequest("busy", "", voices.new_trace(), voices.persona(""))
        await sentence.render(voices.engine, request, _BUSY)
        if sentence.fault is None:
            self._busy = sentence

    def _say_busy(self, line: Line) -> None:
        if self._busy is not None and not self._sessions.closed:
            self._errands.begin(self._play_busy(line, self._busy))

    async def _play_busy(self, line: Line, sentence: Rendering) -> None:
        try:
            await self.announcements.play_idle(line, sentence)
        except RoomtoneError as error:
            _LOG.info("a caller was not told that the house is busy: %s", error.code)

    async def announce(self, area_id: str, text: str) -> Announced:
        """Say a sentence in an area, and wait until the loudspeaker has played it.

        Raises:
            AreaSilentError: no satellite there.
            EngineError: the voice failed or is busy.
        """
        conversation, guest = self.conversation_in(area_id), self.guests.in_area(area_id)
        room = self.registry.in_area(area_id)
        if isinstance(guest, End):
            return await self.announcements.say_at(InCall(guest), text)
        if conversation is not None:
            return await self.announcements.say(conversation.line, conversation, text)
        if room is None or self._sessions.closed:
            raise AreaSilentError(f"No satellite is connected in {self._area_name(area_id)}.")
        return await self.announcements.say(room.line, None, text)

    async def close(self) -> None:
        """End every conversation, and let none begin."""
        self._sessions.closed = True
        self._calls.close()
        self.announcements.close()
        self.guests.close()
        await self._sessions.close()
        await self._errands.close()
