"""The voice that never goes missing: one of first choice, watched and mended, and one on the CPU, always warm."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.engine.breaker import Breaker, Circuit
from hub.engine.failover import FailoverSession
from hub.engine.port import (
    EngineBusyError,
    EngineError,
    EngineEvent,
    EngineInfo,
    EngineSession,
    Lagging,
    SessionRequest,
    VoiceEngine,
)
from hub.events import EngineBack, EngineLagging, EngineLost, Event, Trouble

_LOG = logging.getLogger(__name__)

# A hub waits so long for its first voice before it is ready without it; the voice goes on loading.
START_WAIT_S: Final = 120.0
# A conversation waits so long; then the stand-in begins it and the first voice joins when it is there.
JOIN_WAIT_S: Final = 1.0
CHECK_EVERY_S: Final = 5.0
# An answer to “is all well” that takes longer is none.
CHECK_LIMIT_S: Final = 5.0
WATCH_EVERY_S: Final = 1.0
LASTING_S: Final = 30.0
LATE_MS: Final = 240.0
LATE_KNOWN_S: Final = 5.0


class SupervisedEngine:
    """Implements `VoiceEngine` by two others.

    A conversation is opened at the first voice while that is well, else, or when its places are taken, at the other.
    One that loses its voice goes on with the other until it ends; the next one has the first again once it is mended.

    Args:
        first: the voice of first choice; its `start` is called again to see whether it is well and to mend it.
        other: the stand-in.
        publish: the hub's bus.
        now_s: a monotonic clock.
    """

    def __init__(
        self,
        first: VoiceEngine,
        other: VoiceEngine,
        *,
        publish: Callable[[Event], None],
        now_s: Callable[[], float],
    ) -> None:
        self.first, self.other = first, other
        self.breaker = Breaker(first.info.name, now_s=now_s)
        self.trouble: EngineError | None = None
        """Why the first voice is not there."""
        self._publish = publish
        self._now_s = now_s
        self._sessions: set[FailoverSession] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._opened = asyncio.Event()
        self._lost_s: float | None = None
        self._ever_well = False
        self._late: dict[FailoverSession, tuple[float, Lagging]] = {}
        self._late_s: float | None = None
        self._told_lost = self._told_late = False
        self._other_trouble: EngineError | None = None

    @property
    def info(self) -> EngineInfo:
        """The voice that a conversation would get now, with the places of both."""
        well = self.breaker.state is Circuit.CLOSED
        now = self.first.info if well else self.other.info
        places = self.other.info.capacity + (self.first.info.capacity if well else 0)
        return EngineInfo(now.name, autonomous=now.autonomous, chats=now.chats, capacity=places)

    def state(self) -> Mapping[str, Any]:
        """How it does, for status and health."""
        lost, lagging = self.breaker.state is not Circuit.CLOSED, self._late_s is not None
        late_ms = max((lag.late_ms for _at_s, lag in self._late.values()), default=0.0)
        return {
            "state": "lost" if lost else "lagging" if lagging else "ready",
            "first": self.first.info.name,
            "other": self.other.info.name,
            "late_ms": round(late_ms, 1),
            "trouble": None if self.trouble is None else {"code": self.trouble.code, "message": self.trouble.sentence},
        }

    async def start(self) -> None:
        """Warm both. A first voice that is not there in time, or at all, is waited for no longer.

        Raises:
            EngineError: neither can be had now. The first one is still looked after.
        """
        if self._tasks:
            return
        try:
            await self.other.start()
        except EngineError as error:
            _LOG.error("the stand-in cannot be had: %s", error.sentence)
            self._other_trouble = error
            self._publish(Trouble(error.code, error.sentence))
        tried = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._mend(tried), name="engine-mend"),
            asyncio.create_task(self._watch(), name="engine-watch"),
        ]
        with contextlib.suppress(TimeoutError):  # the stand-in speaks until it is there
            async with asyncio.timeout(START_WAIT_S):
                await tried.wait()
        if not tried.is_set():
            self._ill(EngineError(f"The voice was not ready within {START_WAIT_S:.0f} seconds; it goes on loading."))
        if self.trouble is not None and self._other_trouble is not None:
            raise self.trouble

    async def open(self, request: SessionRequest, on_event: Callable[[EngineEvent], None]) -> EngineSession:
        """Begin a conversation.

        Raises:
            EngineBusyError: every place of both is taken.
            EngineError: neither can be had.
        """
        session = FailoverSession(
            request,
            on_event,
            open_stand_in=self.other.open,
            on_lost=self._refused,
            on_late=self._note_late,
            on_closed=self._forget,
        )
        self._sessions.add(session)
        try:
            await self._find_voice(session)
        except BaseException:
            await session.close()
            raise
        return session

    async def _find_voice(self, session: FailoverSession) -> None:
        if self.breaker.state is Circuit.CLOSED:
            try:
                await session.open_first(self.first.open, limit_s=JOIN_WAIT_S)
            except EngineError as error:
                self._refused(error)
            except Exception:  # noqa: BLE001 (logged; a defect of the first voice must not cost the conversation)
                _LOG.exception("opening a voice broke")
                self._ill(EngineError("The voice failed by a defect; the log says where."))
            else:
                return
        await session.open_other()

    async def close(self) -> None:
        """End every conversation, both voices and what looks after them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for session in tuple(self._sessions):
            await session.close()
        ends = await asyncio.gather(self.first.close(), self.other.close(), return_exceptions=True)
        for fault in ends:
            if isinstance(fault, BaseException):
                _LOG.error("a voice did not close", exc_info=fault)

    # --- well or not --------------------------------------------------------------------------------------------------

    def _refused(self, error: EngineError) -> None:
        """A conversation did not get the first voice, or lost it. A wish it cannot fulfil is no sign of illness."""
        if isinstance(error, EngineBusyError):
            return
        if error.retry:
            self._ill(error)
        else:
            self._publish(Trouble(error.code, error.sentence))

    def _ill(self, error: EngineError) -> None:
        if not self.breaker.fail():
            return
        self.trouble = error
        self._opened.set()
        if self._lost_s is None:
            self._lost_s = self._now_s()
            self._tell_lost(error, lasting=False)

    def _well(self) -> None:
        self._ever_well = True
        if self.breaker.state is Circuit.OPEN:
            self.breaker.probe()
        if not self.breaker.recover():
            return
        lost_s, self._lost_s = self._lost_s, None
        self.trouble, self._told_lost = None, False
        self._publish(EngineBack(self.first.info.name, 0.0 if lost_s is None else round(self._now_s() - lost_s, 1)))

    def _tell_lost(self, error: EngineError, *, lasting: bool) -> None:
        self._told_lost = lasting
        if not lasting:
            _LOG.error("%s speaks instead of %s: %s", self.other.info.name, self.first.info.name, error.sentence)
        self._publish(EngineLost(self.first.info.name, self.other.info.name, error.code, error.sentence, lasting))

    async def _mend(self, tried: asyncio.Event) -> None:
        """Ask the first voice now and then how it does, and bring it back when it is lost."""
        while True:
            await self._try()
            tried.set()
            if self.breaker.state is Circuit.CLOSED:
                with contextlib.suppress(TimeoutError):  # nothing was lost: the next look is due
                    async with asyncio.timeout(CHECK_EVERY_S):
                        await self._opened.wait()
            self._opened.clear()
            if self.breaker.state is Circuit.OPEN:
                await asyncio.sleep(self.breaker.retry_in_s)
                self.breaker.probe()

    async def _try(self) -> None:
        starting = asyncio.create_task(self.first.start(), name="engine-start")
        try:
            if self._ever_well and self.breaker.state is Circuit.CLOSED:
                await asyncio.wait({starting}, timeout=CHECK_LIMIT_S)
                if not starting.done():
                    self._ill(EngineError(f"The voice has not answered for {CHECK_LIMIT_S:.0f} seconds."))
            await starting
        except EngineError as error:
            self._ill(error)
        except Exception:  # noqa: BLE001 (logged; a defect of the first voice must not take the hub's other voice along)
            _LOG.exception("starting a voice broke")
            self._ill(EngineError("The voice failed by a defect; the log says where."))
        else:
            self._well()
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)

    def _note_late(self, session: FailoverSession, lag: Lagging) -> None:
        if lag.late_ms >= LATE_MS:
            self._late[session] = (self._now_s(), lag)
            self._watch_lag()
        else:
            self._late.pop(session, None)

    def _forget(self, session: FailoverSession) -> None:
        self._sessions.discard(session)
        self._late.pop(session, None)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            if self._lost_s is not None and not self._told_lost and self._now_s() - self._lost_s >= LASTING_S:
                self._tell_lost(self.trouble or EngineError("The voice is lost."), lasting=True)
            self._watch_lag()

    def _watch_lag(self) -> None:
        now_s = self._now_s()
        # A voice that says nothing of its lag any more has caught up, or has gone.
        self._late = {session: late for session, late in self._late.items() if now_s - late[0] < LATE_KNOWN_S}
        if not self._late:
            if self._late_s is not None and self._lost_s is None:
                self._publish(EngineBack(self.first.info.name, round(now_s - self._late_s, 1)))
            self._late_s, self._told_late = None, False
            return
        begun = self._late_s is None
        self._late_s = now_s if self._late_s is None else self._late_s
        lasting = now_s - self._late_s >= LASTING_S
        if begun or (lasting and not self._told_late):
            self._told_late = lasting
            worst = max((lag for _at_s, lag in self._late.values()), key=lambda lag: lag.late_ms)
            self._publish(EngineLagging(self.first.info.name, worst.late_ms, worst.dropped_frames, lasting))
