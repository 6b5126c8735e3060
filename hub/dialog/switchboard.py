"""Joins rooms and conversations: who called, who gets the floor, and whose words go where."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hub.dialog.conversation import Conversation, Opening, Voices
from hub.dialog.speaking import Speech
from hub.engine.port import (
    AudioOut,
    EngineBusyError,
    EngineError,
    EngineEvent,
    SessionRequest,
    UtteranceEnded,
)
from hub.events import FloorGranted, FloorReleased, RoomLevel, SatelliteDown, SatelliteUp, Trouble, Woke
from hub.rooms.arbiter import Arbiter, Decision
from hub.rooms.evidence import call_from
from hub.rooms.floor import Floors
from hub.rooms.port import Line
from hub.rooms.registry import Registry, Room
from protocol.errors import RoomtoneError
from protocol.messages import Floor, Playback, Wake
from protocol.records import LevelBatch, Measurement

_LOG = logging.getLogger(__name__)
_REMEMBERED_DECISIONS: Final = 20
_LEVEL_EVERY_MS: Final = 200.0


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
        self._conversations: dict[str, Conversation] = {}
        self._announcing: dict[str, Speech] = {}
        self._generations: dict[str, int] = {}
        self._calls: dict[str, str] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._level_shown_ms: dict[str, float] = {}

    # --- satellites come and go -----------------------------------------------------------------------------------

    def satellite_up(self, line: Line) -> None:
        """A satellite is in; what an older connection of it left behind ends."""
        self.registry.add(line)
        self._voices.bus.publish(SatelliteUp(line.device_id, line.area_id, self._area_name(line.area_id)))

    def satellite_down(self, line: Line, error: RoomtoneError) -> None:
        """It is gone, and with it its call, its floor and its voice."""
        if self.registry.room(line) is not None:
            self._arbiter.withdraw(line.device_id)
        self.registry.remove(line)
        conversation = self._conversation(line)
        if conversation is not None:
            conversation.close_soon("satellite_lost")
        announcing = self._announcing.get(line.device_id)
        if announcing is not None:
            announcing.lost()
        self._voices.bus.publish(SatelliteDown(line.device_id, line.area_id, error.code))

    def muted(self, line: Line, *, muted: bool) -> None:
        """A muted room cannot call, and its conversation is over."""
        room = self.registry.room(line)
        if room is None:
            return
        room.muted = muted
        if muted:
            self._arbiter.withdraw(line.device_id)
            conversation = self._conversation(line)
            if conversation is not None:
                conversation.close_soon("muted")

    # --- what the rooms hear --------------------------------------------------------------------------------------

    def levels(self, line: Line, batch: LevelBatch, samples: int, time_us: int) -> None:  # noqa: ARG002 (the port gives both clocks)
        """Scalars of an idle room."""
        room = self.registry.room(line)
        if room is not None:
            room.take(batch, line.to_hub_ms(time_us))
            self._show_level(room)

    def audio(self, line: Line, pcm: NDArray[np.int16], measurement: Measurement, samples: int, time_us: int) -> None:
        """20 ms of a room that has the floor."""
        conversation = self._conversation(line)
        if conversation is None:
            return
        at_ms = line.to_hub_ms(time_us)
        room = self.registry.room(line)
        if room is not None:
            room.take_measurement(measurement, at_ms)
            self._show_level(room)
        conversation.audio(pcm, samples, at_ms)

    def playback(self, line: Line, playback: Playback) -> None:
        """What a loudspeaker has played."""
        at_ms = line.to_hub_ms(playback.time_us)
        conversation = self._conversation(line)
        if conversation is not None:
            conversation.playback(playback, at_ms)
        announcing = self._announcing.get(line.device_id)
        if announcing is not None and announcing.generation == playback.generation:
            announcing.acknowledge(playback, at_ms)

    def stop_asked(self, line: Line) -> None:
        """A hand on the satellite ends speech and conversation."""
        conversation = self._conversation(line)
        if conversation is not None:
            conversation.close_soon("stopped")
        announcing = self._announcing.get(line.device_id)
        if announcing is not None:
            announcing.flush()

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
        if room is None or room.muted:
            return
        now_ms = self._voices.now_ms()
        call = call_from(room, wake, measurements)
        trace = self._calls.setdefault("trace", self._voices.new_trace())
        self._voices.bus.publish(Woke(trace, line.area_id, wake.word, wake.score, round(call.snr_db, 1)))
        others = self.registry.others_hearing({line.device_id, *self._arbiter.callers}, now_ms)
        standing = self._arbiter.call(call, now_ms=now_ms, others_hearing=others)
        if standing is not None:
            self._calls.clear()
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
            trace = self._calls.pop("trace", None) or self._voices.new_trace()
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
            running = self._conversation(loser.line)
            if running is None:
                loser.line.send(Floor(state="denied", reason=decision.why))
            elif not running.agent_speaking:
                running.close_soon("moved")  # the person called from another room
        room = self.registry.by_device(winner.device_id)
        if room is None:
            return
        running = self._conversation(room.line)
        if running is not None:
            running.called_again(winner.word)
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
        self._run(self._open(room.line, opening, losers))

    async def _open(self, line: Line, opening: Opening, losers: tuple[str, ...]) -> None:
        self.floors.want(opening.session)
        if not self.floors.grant(opening.session, line.area_id):
            self.floors.release(opening.session)
            line.send(Floor(state="denied", reason="Another conversation is running in this area."))
            return
        conversation = Conversation(
            line,
            opening,
            self._voices,
            next_generation=lambda: self._generation(line),
            on_closed=self._closed,
        )
        self._conversations[opening.session] = conversation
        try:
            await conversation.open()
        except RoomtoneError as error:
            await conversation.close(error.code)
            self._voices.bus.publish(Trouble(error.code, error.sentence))
            if not isinstance(error, EngineBusyError):
                _LOG.error("no conversation could be opened: %s", error)
            return
        if self.registry.room(line) is None:
            await conversation.close("satellite_lost")
            return
        line.open_uplink()
        line.send(Floor(state="granted", session=opening.session, reason=opening.why))
        bus = self._voices.bus
        bus.publish(FloorGranted(opening.trace, opening.session, line.area_id, opening.why, losers))

    def _closed(self, conversation: Conversation, reason: str) -> None:
        line = conversation.line
        self._conversations.pop(conversation.session, None)
        self.floors.release(conversation.session)
        line.close_uplink()
        if self.registry.room(line) is not None:
            line.send(Floor(state="released", session=conversation.session, reason=reason))
        self._voices.bus.publish(FloorReleased(conversation.session, line.area_id, reason))

    def _conversation(self, line: Line) -> Conversation | None:
        session = self.floors.session_in(line.area_id)
        conversation = self._conversations.get(session) if session is not None else None
        return conversation if conversation is not None and conversation.line is line else None

    def _generation(self, line: Line) -> int:
        # 0 means "none" on the wire, so the counter of a loudspeaker runs from 1 to 65535 and begins again.
        self._generations[line.device_id] = self._generations.get(line.device_id, 0) % 0xFFFF + 1
        return self._generations[line.device_id]

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the house speaks -----------------------------------------------------------------------------------------

    async def announce(self, area_id: str, text: str) -> bool:
        """Say a sentence in an area. True when the loudspeaker has played it to its end.

        Raises:
            AreaSilentError: no satellite there.
            EngineError: the voice failed or is busy.
        """
        room = self.registry.in_area(area_id)
        if room is None:
            raise AreaSilentError(f"No satellite is connected in {self._area_name(area_id)}.")
        line = room.line
        if line.device_id in self._announcing:
            raise EngineBusyError("An announcement is already running in this area.")
        speech = Speech(line, self._generation(line), now_ms=self._voices.now_ms)
        self._announcing[line.device_id] = speech

        def on_event(event: EngineEvent) -> None:
            match event:
                case AudioOut(pcm=pcm):
                    speech.push(pcm)
                case UtteranceEnded(error=None):
                    speech.complete()
                case UtteranceEnded():
                    speech.flush()

        try:
            session = await self._voices.engine.open(
                SessionRequest(f"a-{uuid.uuid4().hex[:12]}", area_id, self._voices.new_trace()), on_event
            )
            try:
                session.say(text)
                return await speech.ended == "finished"
            finally:
                await session.close()
        except EngineError:
            speech.flush()
            raise
        finally:
            del self._announcing[line.device_id]

    async def close(self) -> None:
        """End every conversation."""
        if self._timer is not None:
            self._timer.cancel()
        for speech in tuple(self._announcing.values()):
            speech.flush()
        await asyncio.gather(
            *(conversation.close("hub_stopping") for conversation in tuple(self._conversations.values()))
        )
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
