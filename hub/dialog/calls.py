"""From calls to whom they belong to: collected, decided, and given to the conversations."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from hub.dialog.sessions import Sessions
from hub.dialog.voices import Opening, Voices
from hub.events import Woke
from hub.rooms.arbiter import Decision
from hub.rooms.evidence import call_from
from hub.rooms.port import Line
from hub.rooms.reception import Reception
from hub.rooms.registry import Room
from protocol.messages import Floor, Wake
from protocol.records import Measurement

_LOG = logging.getLogger(__name__)
_REMEMBERED: Final = 50


class Decisions:
    """The newest decisions on rooms, calls and hand-overs, one line each, for people who ask why."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._newest: deque[tuple[float, dict[str, Any]]] = deque(maxlen=_REMEMBERED)

    def note(self, trace: str, area_id: str, why: str, losers: tuple[str, ...] = ()) -> None:
        """Remember one."""
        _LOG.info("%s", why)
        self._newest.append((self._now_ms(), {"trace": trace, "why": why, "area": area_id, "losers": losers}))

    def newest(self) -> list[dict[str, Any]]:
        """The oldest of them first, each with its age in seconds."""
        now_ms = self._now_ms()
        return [{**decision, "age_s": round((now_ms - at_ms) / 1000.0, 1)} for at_ms, decision in self._newest]


class Calls:
    """Those of one moment are decided together.

    Args:
        held: whether a line has its room's floor now.
        granted: told the line that is given the floor, before anything else happens.
    """

    def __init__(
        self,
        voices: Voices,
        reception: Reception,
        sessions: Sessions,
        decisions: Decisions,
        *,
        held: Callable[[Line], bool],
        granted: Callable[[Line], None],
    ) -> None:
        self._voices, self._reception, self._sessions, self._decisions = voices, reception, sessions, decisions
        self._held, self._granted = held, granted
        self._trace: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    def woke(self, room: Room, wake: Wake, measurements: tuple[Measurement, ...]) -> None:
        """A call: collected with the others of the same moment, then decided."""
        now_ms = self._voices.now_ms()
        call = call_from(room, wake, measurements, now_ms)
        if self._trace is None or not self._reception.callers:
            self._trace = self._voices.new_trace()
        self._voices.bus.publish(Woke(self._trace, room.area_id, wake.word, wake.score, round(call.snr_db, 1)))
        answer = self._reception.call(call, now_ms)
        if answer is None:
            self.decide()
            return
        if not isinstance(answer, Decision):
            self._decisions.note(self._trace, room.area_id, answer.why)
        if not self._held(room.line):  # its own conversation is not touched by what it overheard
            room.line.send(Floor(state="denied", reason=answer.why))

    def decide(self) -> None:
        """Decide what is ripe, and come back when the rest is."""
        self.close()
        now_ms = self._voices.now_ms()
        decision = self._reception.due(now_ms)
        if decision is not None:
            trace, self._trace = self._trace or self._voices.new_trace(), None
            self._serve(decision, trace)
        elif (deadline_ms := self._reception.deadline_ms) is not None:
            delay_s = max(0.0, deadline_ms - now_ms) / 1000.0
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.decide)

    def close(self) -> None:
        """Decide nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _serve(self, decision: Decision, trace: str) -> None:
        registry, now_ms = self._reception.registry, self._voices.now_ms()
        called = [room for call in (decision.winner, *decision.losers) if (room := registry.by_device(call.device_id))]
        served: list[Room] = []
        deaf: Room | None = None
        places = self._reception.places(decision, now_ms)
        for room in places:
            has_own = self._reception.session_in(room) is not None
            if has_own and len(places) > 1 and room.line.device_id != decision.winner.device_id:
                continue  # two people: this one is being served, and it was the other who called
            if room in called or has_own:
                served.append(room)
            else:
                deaf = room  # it heard the call best, but its own detector did not: no call can open it
        served = served or called[:1]
        losers = tuple(room.area_id for room in called if room not in served)
        for room in called:
            if room not in served and not self._held(room.line):
                room.line.send(Floor(state="denied", reason=decision.why))
        for room in served:
            self._decisions.note(trace, room.area_id, decision.why_in(room.area_id), losers)
            self._give(room, decision, trace, losers)
        if deaf is not None and served:
            self._sessions.go_on_to(served[0].line, deaf)

    def _give(self, room: Room, decision: Decision, trace: str, losers: tuple[str, ...]) -> None:
        winner = decision.winner
        opening = Opening(
            session=f"s-{uuid.uuid4().hex[:12]}",
            trace=trace,
            word=winner.word,
            why=decision.why,
            onset_ms=winner.onset_ms,
            wake_ms=winner.fired_ms,
            floor_ms=self._voices.now_ms(),
        )
        self._granted(room.line)
        has_own = self._reception.session_in(room) is not None
        brought = False
        for session, _ in self._reception.superseded(room, decision):
            # The same talker: his conversation comes here, one of them.
            if not has_own and not brought and self._sessions.bring(session, room.line, opening):
                brought = True
            else:
                self._sessions.end(session, "moved")
        if not brought:
            self._sessions.call(room.line, opening, losers)
