"""Joins rooms and conversations: who called, who gets the floor, and whose words go where."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.announcing import Announced, Announcements
from hub.dialog.conversation import Conversation
from hub.dialog.life import Life
from hub.dialog.voices import Opening, Voices
from hub.engine.port import EngineBusyError
from hub.events import FloorGranted, FloorReleased, RoomLevel, SatelliteDown, SatelliteUp, Trouble, Woke
from hub.rooms.arbiter import Arbiter, Decision
from hub.rooms.evidence import call_from
from hub.rooms.floor import Floors
from hub.rooms.port import Line
from hub.rooms.registry import Registry, Room
from protocol.errors import RoomtoneError
from protocol.messages import Floor, Playback, Wake
from protocol.records import LevelBatch, MeasureFlag, Measurement

_LOG = logging.getLogger(__name__)
_REMEMBERED_DECISIONS: Final = 20
_LEVEL_EVERY_MS: Final = 200.0
# At the end of the hub, conversations in the making get this long to give back what they took.
_LAST_TASKS_S: Final = 2.0


class AreaSilentError(RoomtoneError):
    """No satellite is connected in this area."""

    code = "area_silent"
    retry = True


class Switchboard:
    """The hub's `RoomEvents`: from calls to decisions to conversations."""

    def __init__(self, voices: Voices, arbiter: Arbiter, *, area_name: Callable[[str], str]) -> None:
        self.registry = Registry()
        self.floors = Floors()
        self.decisions: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED_DECISIONS)
        self._voices = voices
        self._arbiter = arbiter
        self._area_name = area_name
        self._announcements = Announcements(voices, generation=self._generation)
        self._conversations: dict[str, Conversation] = {}
        self._granted: set[str] = set()
        self._succeeded: set[str] = set()
        self._generations: dict[str, int] = {}
        self._trace: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._level_shown_ms: dict[str, float] = {}
        self._closed = False

    # --- satellites come and go -----------------------------------------------------------------------------------

    def satellite_up(self, line: Line) -> None:
        """A satellite is in; what an older connection of it left behind ends."""
        older = self.registry.by_device(line.device_id)
        if older is not None:
            self._left(older.line)
        self.registry.add(line)
        self._voices.bus.publish(SatelliteUp(line.device_id, line.area_id, self._area_name(line.area_id)))

    def satellite_down(self, line: Line, error: RoomtoneError) -> None:
        """It is gone, and with it its call, its floor and its voice."""
        self._left(line)
        self._voices.bus.publish(SatelliteDown(line.device_id, line.area_id, error.code))

    def _left(self, line: Line) -> None:
        if self.registry.room(line) is not None:
            self._arbiter.withdraw(line.device_id)
            self.registry.remove(line)
        conversation = self._running(line)
        if conversation is not None:
            conversation.close_soon("satellite_lost")
        self._announcements.lost(line)

    def muted(self, line: Line, *, muted: bool) -> None:
        """A muted room cannot call, and its conversation is over."""
        room = self.registry.room(line)
        if room is None:
            return
        room.muted = muted
        if muted:
            self._arbiter.withdraw(line.device_id)
            conversation = self._running(line)
            if conversation is not None:
                conversation.close_soon("muted")

    # --- what the rooms hear --------------------------------------------------------------------------------------

    def levels(self, line: Line, batch: LevelBatch, samples: int, time_us: int) -> None:  # noqa: ARG002 (the port gives both clocks)
        """Scalars of an idle room."""
        room = self.registry.room(line)
        if room is not None:
            room.take(batch, line.to_hub_ms(time_us))
            self.registry.attention.step(self._voices.now_ms())
            self._show_level(room)

    def audio(
        self,
        line: Line,
        pcm: NDArray[np.int16],
        measurement: Measurement,
        samples: int,
        time_us: int,
        *,
        packet: bytes | None = None,
    ) -> None:
        """20 ms of a room that has the floor."""
        conversation = self._running(line)
        if conversation is None:
            return
        at_ms = line.to_hub_ms(time_us)
        room = self.registry.room(line)
        if room is not None:
            room.take_measurement(measurement, at_ms)
            self.registry.attention.step(self._voices.now_ms())
            self._show_level(room)
        conversation.audio(pcm, samples, at_ms, speech=MeasureFlag.SPEECH in measurement.flags, packet=packet)

    def playback(self, line: Line, playback: Playback) -> None:
        """What a loudspeaker has played."""
        at_ms = line.to_hub_ms(playback.time_us)
        self.registry.played(line, playback, at_ms)
        conversation = self._running(line)
        if conversation is not None:
            conversation.playback(playback, at_ms)
        self._announcements.playback(line, playback, at_ms)

    def stop_asked(self, line: Line) -> None:
        """A hand on the satellite ends speech, conversation, and a call that is not decided yet."""
        self._arbiter.withdraw(line.device_id)
        conversation = self._running(line)
        if conversation is not None:
            conversation.close_soon("stopped")
        self._run(self._announcements.cut(line))

    def _show_level(self, room: Room) -> None:
        now_ms = self._voices.now_ms()
        if now_ms - self._level_shown_ms.get(room.line.device_id, 0.0) >= _LEVEL_EVERY_MS:
            self._level_shown_ms[room.line.device_id] = now_ms
            self._voices.bus.publish(
                RoomLevel(room.area_id, round(room.level_db, 1), round(room.snr_db, 1), room.speech)
            )

    # --- the floor ------------------------------------------------------------------------------------------------

    def woke(self, line: Line, wake: Wake, measurements: tuple[Measurement, ...]) -> None:
        """A call: collected with the others of the same moment, then decided."""
        room = self.registry.room(line)
        if room is None or room.muted or self._closed:
            return
        now_ms = self._voices.now_ms()
        call = call_from(room, wake, measurements)
        collecting = self._arbiter.callers
        if self._trace is None or not collecting:
            self._trace = self._voices.new_trace()
        self._voices.bus.publish(Woke(self._trace, line.area_id, wake.word, wake.score, round(call.snr_db, 1)))
        others = self.registry.others_hearing({line.device_id, *collecting}, now_ms)
        standing = self._arbiter.call(call, now_ms=now_ms, others_hearing=others)
        if standing is not None:
            if self._running(line) is None:  # its own conversation is not touched by what it overheard
                line.send(Floor(state="denied", reason=standing.why))
            return
        self._decide()

    def _decide(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now_ms = self._voices.now_ms()
        decision = self._arbiter.due(now_ms)
        if decision is not None:
            trace, self._trace = self._trace or self._voices.new_trace(), None
            self._grant(decision, trace)
        elif (deadline_ms := self._arbiter.deadline_ms) is not None:
            delay_s = max(0.0, deadline_ms - now_ms) / 1000.0
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._decide)

    def _grant(self, decision: Decision, trace: str) -> None:
        winner, losers = decision.winner, tuple(call.area_id for call in decision.losers)
        _LOG.info("%s", decision.why)
        self.decisions.append({"trace": trace, "why": decision.why, "area": winner.area_id, "losers": losers})
        for call in decision.losers:
            loser = self.registry.by_device(call.device_id)
            if loser is None:
                continue
            running = self._running(loser.line)
            if running is None:
                loser.line.send(Floor(state="denied", reason=decision.why))
            elif not running.agent_speaking:
                running.close_soon("moved")  # the person called from another room
        room = self.registry.by_device(winner.device_id)
        if room is None:
            return
        opening = Opening(
            session=f"s-{uuid.uuid4().hex[:12]}",
            trace=trace,
            word=winner.word,
            why=decision.why,
            onset_ms=winner.onset_ms,
            wake_ms=winner.fired_ms,
            floor_ms=self._voices.now_ms(),
        )
        self._run(self._announcements.cut(room.line))
        running = self._running(room.line)
        if running is not None:
            self._call_again(running, opening)
        else:
            self._succeed(room.line)
            self._run(self._open(room.line, opening, losers))

    def _call_again(self, conversation: Conversation, opening: Opening) -> None:
        conversation.called_again(opening)
        if conversation.life is Life.OPEN:
            # Said again, in case the satellite's answer window has closed: to one that talks it changes nothing.
            conversation.line.send(Floor(state="granted", session=conversation.session, reason=opening.why))

    async def _open(self, line: Line, opening: Opening, losers: tuple[str, ...]) -> None:
        if await self._make_room(line, opening) and not self._closed and self.registry.room(line) is not None:
            await self._begin(line, opening, losers)

    async def _make_room(self, line: Line, opening: Opening) -> bool:
        """Wait until the area is free; False when the call has been answered otherwise."""
        while (older := self._in_area(line.area_id)) is not None:
            if older.life is not Life.CLOSED:
                if older.line is line:
                    self._call_again(older, opening)
                    return False
                if older.agent_speaking:
                    line.send(Floor(state="denied", reason="The assistant is speaking in this area."))
                    return False
                older.close_soon("moved")  # to another satellite of the same area
            self._succeed(line)
            await older.closed()
        return True

    def _succeed(self, line: Line) -> None:
        """A conversation that is ending here has a successor: no “released” may cross the call that was made since."""
        older = self._in_area(line.area_id)
        if older is not None and older.line is line:
            self._succeeded.add(older.session)

    async def _begin(self, line: Line, opening: Opening, losers: tuple[str, ...]) -> None:
        session, area_id = opening.session, line.area_id
        self.floors.want(session)
        self.floors.grant(session, area_id)
        self.registry.hold(session, line)
        conversation = self._conversations[session] = Conversation(
            line,
            opening,
            self._voices,
            next_generation=lambda: self._generation(line),
            on_closed=self._ended,
        )
        try:
            if not await conversation.open():
                return
        except RoomtoneError as error:
            self._voices.bus.publish(Trouble(error.code, error.sentence))
            if not isinstance(error, EngineBusyError):
                _LOG.error("no conversation could be opened: %s", error)
            await conversation.close(error.code)
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

    def _ended(self, conversation: Conversation, reason: str) -> None:
        line, session = conversation.line, conversation.session
        self._conversations.pop(session, None)
        self.floors.release(session)
        self.registry.attention.release(session)
        line.close_uplink()
        granted = session in self._granted
        self._granted.discard(session)
        # A call that is being decided is answered by its own decision.
        succeeded = session in self._succeeded or line.device_id in self._arbiter.callers
        if self.registry.room(line) is not None and not succeeded:
            line.send(Floor(state="released" if granted else "denied", session=session, reason=reason))
        self._succeeded.discard(session)
        if granted:
            self._voices.bus.publish(FloorReleased(session, line.area_id, reason))

    def in_session(self, device_id: str) -> bool:
        """Whether this very satellite has the floor of its area."""
        room = self.registry.by_device(device_id)
        return room is not None and self._running(room.line) is not None

    def _in_area(self, area_id: str) -> Conversation | None:
        """The conversation that has the area, one that is being closed included."""
        session = self.floors.session_in(area_id)
        return None if session is None else self._conversations.get(session)

    def _running(self, line: Line) -> Conversation | None:
        """The conversation of a line, unless it is being closed."""
        conversation = self._in_area(line.area_id)
        alive = conversation is not None and conversation.line is line and conversation.life is not Life.CLOSED
        return conversation if alive else None

    def _generation(self, line: Line) -> int:
        # 0 means "none" on the wire, so the counter of a loudspeaker runs from 1 to 65535 and begins again.
        self._generations[line.device_id] = self._generations.get(line.device_id, 0) % 0xFFFF + 1
        return self._generations[line.device_id]

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the house speaks -----------------------------------------------------------------------------------------

    async def announce(self, area_id: str, text: str) -> Announced:
        """Say a sentence in an area, and wait until the loudspeaker has played it.

        Raises:
            AreaSilentError: no satellite there.
            EngineError: the voice failed or is busy.
        """
        conversation = self._in_area(area_id)
        room = self.registry.in_area(area_id)
        if conversation is not None:
            return await self._announcements.say(conversation.line, conversation, text)
        if room is None or self._closed:
            raise AreaSilentError(f"No satellite is connected in {self._area_name(area_id)}.")
        return await self._announcements.say(room.line, None, text)

    async def close(self) -> None:
        """End every conversation, and let none begin."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await self._announcements.close()
        ends = [conversation.close("hub_stopping") for conversation in tuple(self._conversations.values())]
        await asyncio.gather(*ends, return_exceptions=True)
        if self._tasks:
            _, running = await asyncio.wait(tuple(self._tasks), timeout=_LAST_TASKS_S)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
