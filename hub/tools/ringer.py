"""What happens when a time has come: a satellite rings, the hub says what it is, and deeds put off are done.

A satellite that knows of a timer rings it by itself, whether or not the hub is there; the hub only speaks. Where no
such satellite answers, the hub speaks instead, and where nobody can hear it, it says so as soon as somebody can.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from hub.tools.agenda import Agenda
from hub.tools.agenda_store import Pending
from hub.tools.deeds import action_of
from hub.tools.words import duration_words
from hub.understanding.house import Action, ActionResult
from protocol.errors import RoomtoneError
from protocol.messages import MAX_TIMERS, TIMERS_FEATURE, Message, Rang, Timer, Timers

_LOG = logging.getLogger(__name__)

GRACE_S: Final = 3.0
"""How long a satellite that knows of a timer has to say that it rings."""
LONGEST_RING_S: Final = 150.0
TOO_LATE_S: Final = 300.0
"""A deed that is later than this is not done any more: the house has moved on."""
RETRY_S: Final = 5.0
FORGET_S: Final = 86_400.0
_LOOK_S: Final = 20.0
_LATE_S: Final = 60.0


class Line(Protocol):
    """A connected satellite, as the satellites' server has it."""

    features: frozenset[str]

    def send(self, message: Message) -> None:
        """Send a control message."""


class Ringer:
    """Watches the agenda, for as long as `run` runs.

    Args:
        agenda: what is pending.
        line: the connection to a satellite by its device id; None when it is not there.
        announce: says a sentence in an area, and raises a `RoomtoneError` where that is not possible now.
        act: carries out an action of the house.
        now_s: the agenda's counting clock.
    """

    def __init__(
        self,
        agenda: Agenda,
        *,
        line: Callable[[str], Line | None],
        announce: Callable[[str, str], Awaitable[Any]],
        act: Callable[[Action, str], Awaitable[ActionResult]],
        now_s: Callable[[], float],
    ) -> None:
        self._agenda = agenda
        self._line, self._announce, self._act, self._now_s = line, announce, act, now_s
        self._changed = asyncio.Event()
        self._up_s: dict[str, float] = {}
        self._rings_s: dict[str, float] = {}
        self._told: dict[str, dict[str, float]] = {}
        self._retry_s: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        agenda.on_change(self._changed.set)

    def satellite_up(self, device_id: str) -> None:
        """It is connected: it is told what is to ring there."""
        self._up_s[device_id] = self._now_s()
        self._told.pop(device_id, None)
        self._changed.set()

    def rang(self, device_id: str, message: Rang) -> None:
        """A satellite says what it does."""
        one = self._agenda.get(message.id)
        if one is None or one.device_id != device_id:
            self._told.pop(device_id, None)  # it keeps something that is over: it is told anew what there is
            self._changed.set()
            return
        if message.state == "stopped":
            self._agenda.remove(one)
            return
        if one.id not in self._rings_s:
            self._rings_s[one.id] = self._now_s()
            self._start(self._say(one, _what(one)), one.id)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._changed.clear()
                self._agenda.check_clock()
                self._tell_satellites()
                for one in self._agenda.due():
                    self._due(one)
                next_s = self._agenda.next_s()
                waits = [_LOOK_S] + ([next_s] if next_s is not None else []) + ([1.0] if self._agenda.due() else [])
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, min(waits))):
                        await self._changed.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell_satellites(self) -> None:
        """Each one its own timers, where they have changed since it was told."""
        for device_id in tuple(self._up_s):
            line = self._line(device_id)
            if line is None:
                del self._up_s[device_id]
                continue
            if TIMERS_FEATURE not in line.features:
                continue
            wanted = {
                one.id: self._now_s() + self._agenda.remaining_s(one)
                for one in list(self._agenda)[:MAX_TIMERS]
                if one.device_id == device_id and one.kind != "deed" and one.paused_s is None and self._may_ring(one)
            }
            told = self._told.get(device_id)
            if (
                told is not None
                and told.keys() == wanted.keys()
                and all(abs(told[one_id] - at_s) < 0.5 for one_id, at_s in wanted.items())
            ):
                continue
            self._told[device_id] = wanted
            for one_id, at_s in wanted.items():
                one = self._agenda.get(one_id)
                kind = "reminder" if one is not None and one.kind == "reminder" else "timer"
                left_ms = max(0, round((at_s - self._now_s()) * 1000))
                line.send(Timer(id=one_id, kind=kind, remaining_ms=left_ms))
            line.send(Timers(ids=tuple(wanted)))

    def _may_ring(self, one: Pending) -> bool:
        """What is long over is told in words and not rung any more, unless it rings already."""
        return self._agenda.remaining_s(one) > -_LATE_S or one.id in self._rings_s

    def _due(self, one: Pending) -> None:
        if one.id in self._busy:
            return
        late_s = -self._agenda.remaining_s(one)
        if one.kind == "deed":
            self._start(self._do(one, late_s), one.id)
            return
        rings_s = self._rings_s.get(one.id)
        if rings_s is not None:
            if self._now_s() - rings_s > LONGEST_RING_S:
                self._agenda.remove(one)
            return
        line = self._line(one.device_id)
        knows = line is not None and TIMERS_FEATURE in line.features
        since_up_s = self._now_s() - self._up_s.get(one.device_id, 0.0)
        if knows and (late_s < GRACE_S or since_up_s < GRACE_S):
            return  # it rings by itself, and will say so
        if late_s > FORGET_S:
            self._agenda.remove(one)
        elif self._now_s() >= self._retry_s.get(one.id, 0.0):
            late = f" It was due {duration_words(late_s)} ago." if late_s > _LATE_S else ""
            self._start(self._say_instead(one, f"{_what(one)}{late}"), one.id)

    def _start(self, work: Any, one_id: str) -> None:
        self._busy.add(one_id)
        task = asyncio.create_task(work, name="ringer")
        self._tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            self._busy.discard(one_id)
            self._changed.set()
            if not done.cancelled() and done.exception() is not None:
                _LOG.error("something that was due could not be done", exc_info=done.exception())

        task.add_done_callback(ended)

    async def _say(self, one: Pending, sentence: str) -> bool:
        try:
            await self._announce(one.area_id, sentence)
        except RoomtoneError as error:
            _LOG.info("what is due could not be said: %s", error.code)
            return False
        return True

    async def _say_instead(self, one: Pending, sentence: str) -> None:
        """In place of a satellite that does not ring; kept until somebody could hear it."""
        if await self._say(one, sentence):
            self._agenda.remove(one)
        else:
            self._retry_s[one.id] = self._now_s() + RETRY_S

    async def _do(self, one: Pending, late_s: float) -> None:
        """Carry out a deed at most once: it is noted on disk before, and a crash in between is told."""
        action = action_of(one)
        said = f": {one.text}" if one.text else ""
        if one.begun:
            self._agenda.remove(one)
            await self._say(one, f"I was interrupted and do not know whether this was done{said}.")
            return
        if action is None or late_s > TOO_LATE_S:
            self._agenda.remove(one)
            await self._say(one, f"I was not there in time, so this was not done{said}.")
            return
        self._agenda.begin(one)
        result = await self._act(action, f"later {one.id}")
        self._agenda.remove(one)
        if result.error is not None:
            await self._say(one, f"What I was to do later did not work. {result.sentence}")


def _what(one: Pending) -> str:
    if one.kind == "reminder":
        return f"I was to remind you: {one.text}."
    name = f"{one.text.removesuffix(' timer')} timer" if one.text else "timer"
    return f"The {name} is done."
