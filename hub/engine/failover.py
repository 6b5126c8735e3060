"""One conversation that outlives its voice: the dialog holds the same session while another voice goes on speaking."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.engine.dialogue import Dialogue
from hub.engine.port import (
    AudioOut,
    EngineError,
    EngineEvent,
    EngineSession,
    Lagging,
    SessionLost,
    SessionRequest,
    TextOut,
    UtteranceEnded,
)
from hub.engine.share import VoiceShare

_LOG = logging.getLogger(__name__)

NOTICE: Final = "One moment, I am going on with my other voice."

Open = Callable[[SessionRequest, Callable[[EngineEvent], None]], Awaitable[EngineSession]]


class FailoverSession:
    """Implements `EngineSession` by a voice of first choice and a stand-in.

    A sentence that the first voice could not finish is said again by the stand-in, from its start: what of it was
    understood nobody knows, and half a report of the house is worse than one and a half.

    Args:
        request: who talks, and where.
        on_event: the dialog.
        open_stand_in: opens a session of the voice that is always warm.
        on_lost: told the error when the first voice is lost.
        on_late: told each `Lagging` of the first voice.
        on_closed: told the session when it is over.
    """

    def __init__(
        self,
        request: SessionRequest,
        on_event: Callable[[EngineEvent], None],
        *,
        open_stand_in: Open,
        on_lost: Callable[[EngineError], None],
        on_late: Callable[[FailoverSession, Lagging], None],
        on_closed: Callable[[FailoverSession], None],
    ) -> None:
        self._request = request
        self._on_event = on_event
        self._open_stand_in = open_stand_in
        self._on_lost, self._on_late, self._on_closed = on_lost, on_late, on_closed
        self._first: VoiceShare | None = None
        self._stand_in: VoiceShare | None = None
        self._opening: asyncio.Task[None] | None = None
        self._joining: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._running: dict[int, str] = {}
        self._waiting: deque[int] = deque()
        self._listen_only = False
        self._dialogue = Dialogue(request.history)
        self._endings: set[asyncio.Task[None]] = set()
        self._closed = self._lost = False

    # --- how it comes about -------------------------------------------------------------------------------------------

    async def open_first(self, open_first: Open, *, limit_s: float) -> None:
        """Take a place at the voice of first choice; one that takes longer than the limit joins when it is there.

        Raises:
            EngineError: it cannot be had, or every place is taken.
        """
        joining = self._joining = asyncio.create_task(self._join(open_first), name=f"join-{self._request.session}")
        await asyncio.wait({joining}, timeout=limit_s)
        if not joining.done():
            try:
                await self.open_other()
            except EngineError as error:
                _LOG.warning("session %s waits for its voice: %s", self._request.session, error.code)
            else:
                joining.add_done_callback(self._joined_late)
                return
        await joining

    async def open_other(self) -> None:
        """Take a place at the stand-in.

        Raises:
            EngineError: it cannot be had, or every place is taken.
        """
        voice = VoiceShare(self._from_stand_in)
        request = replace(self._request, history=self._dialogue.exchanges)
        session = await self._open_stand_in(request, voice.on_event)
        if self._closed:
            await session.close()
            return
        self._stand_in = voice
        voice.begin(session)
        while self._waiting:
            self._say_by_stand_in(self._waiting.popleft())

    async def _join(self, open_first: Open) -> None:
        voice = VoiceShare(self._from_first)
        session = await open_first(self._request, voice.on_event)
        if self._closed:
            await session.close()
            return
        self._first = voice
        voice.begin(session)
        if self._first is voice and (self._listen_only or self._stand_in_speaks):
            session.listen_only(on=True)

    def _joined_late(self, joining: asyncio.Task[None]) -> None:
        if joining.cancelled() or (error := joining.exception()) is None:
            return
        if isinstance(error, EngineError):
            self._on_lost(error)
        else:
            _LOG.error("a voice could not join", exc_info=error)

    def _stand(self) -> None:
        self._opening = asyncio.create_task(self.open_other(), name=f"stand-in-{self._request.session}")
        self._opening.add_done_callback(self._stood)

    def _stood(self, opening: asyncio.Task[None]) -> None:
        self._opening = None
        if opening.cancelled() or (error := opening.exception()) is None:
            return
        if not isinstance(error, EngineError):
            _LOG.error("the stand-in broke", exc_info=error)
            error = EngineError("The other voice failed by a defect; the log says where.")
        self._give_up(error)

    # --- the port -----------------------------------------------------------------------------------------------------

    @property
    def autonomous(self) -> bool:
        """Whether the voice that is there now answers by itself."""
        return self._first is not None and self._first.session.autonomous

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:
        """Hear 20 ms of the user; a packet is for the voice that sends it on."""
        voice = self._first or self._stand_in
        if voice is not None:
            voice.session.feed(pcm, samples, packet)

    def say(self, text: str) -> int:
        """Speak this sentence, by whichever voice can.

        Raises:
            EngineError: the session is closed, or too much waits to be said.
        """
        if self._closed or self._lost:
            raise EngineError("The conversation is over.")
        utterance = next(self._ids)
        self._running[utterance] = text
        self._dialogue.answered(text)
        if self._first is not None:
            try:
                self._first.say(utterance, text)
            except EngineError as error:
                _LOG.debug("session %s: the other voice says it: %s", self._request.session, error.code)
                self._first.session.listen_only(on=True)
            else:
                return utterance
        try:
            self._say_by_stand_in(utterance)
        except EngineError:
            del self._running[utterance]
            raise
        return utterance

    def interrupt(self) -> None:
        """Fall silent now, whoever speaks."""
        waiting = list(self._waiting)
        self._waiting.clear()
        for voice in (self._first, self._stand_in):
            if voice is not None:
                voice.session.interrupt()
        for utterance in waiting:
            self._end(UtteranceEnded(utterance, interrupted=True))

    def listen_only(self, *, on: bool) -> None:
        """Whether it must not talk by itself."""
        self._listen_only = on
        if self._first is not None:
            self._first.session.listen_only(on=on or self._stand_in_speaks)

    def user_said(self, text: str) -> None:
        """The user's words of a turn."""
        self._dialogue.asked(text)
        for voice in (self._first, self._stand_in):
            if voice is not None:
                voice.session.user_said(text)

    async def close(self) -> None:
        """End it, whichever voices take part."""
        if self._closed:
            return
        self._closed = True
        self._running.clear()
        self._waiting.clear()
        tasks = [task for task in (self._joining, self._opening, *self._endings) if task is not None]
        for task in (self._joining, self._opening):
            if task is not None:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        voices, self._first, self._stand_in = (self._first, self._stand_in), None, None
        for voice in voices:
            if voice is not None:
                await _close(voice.session)
        self._on_closed(self)

    # --- what the voices tell -----------------------------------------------------------------------------------------

    @property
    def _stand_in_speaks(self) -> bool:
        return bool(self._waiting) or (self._stand_in is not None and bool(self._stand_in.utterances))

    def _say_by_stand_in(self, utterance: int) -> None:
        if self._stand_in is not None:
            self._stand_in.say(utterance, self._running[utterance])
            return
        self._waiting.append(utterance)
        if self._opening is None:
            self._stand()

    def _from_first(self, event: EngineEvent) -> None:
        if self._closed or self._first is None:
            return
        match event:
            case AudioOut():
                self._on_event(event)
            case TextOut():
                if event.utterance == 0:
                    self._dialogue.answered(event.piece)
                self._on_event(event)
            case UtteranceEnded(utterance=utterance, error=error) if error and utterance in self._running:
                self._say_again(utterance, error)
            case UtteranceEnded():
                self._end(event)
            case SessionLost(error=error):
                self._lose(error)
            case Lagging():
                self._on_late(self, event)

    def _from_stand_in(self, event: EngineEvent) -> None:
        if self._closed:
            return
        match event:
            case UtteranceEnded():
                self._end(event)
                if self._first is not None and not self._stand_in_speaks:
                    self._first.session.listen_only(on=self._listen_only)
            case SessionLost(error=error):
                self._stand_in = None
                self._give_up(error)
            case _:
                self._on_event(event)

    def _say_again(self, utterance: int, error: EngineError) -> None:
        if utterance and not self._stand_in_speaks:
            self._running[utterance] = f"{NOTICE} {self._running[utterance]}"
        try:
            self._say_by_stand_in(utterance)
        except EngineError:
            self._end(UtteranceEnded(utterance, error=error))

    def _lose(self, error: EngineError) -> None:
        """The first voice is gone: its sentences are said by the other, which says one of its own before them."""
        first, self._first = self._first, None
        if first is None:
            return
        ending = asyncio.create_task(_close(first.session))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        self._on_lost(error)
        unsaid = [utterance for utterance in self._running if utterance in first.utterances.values()]
        if not unsaid and not self._stand_in_speaks:
            self._running[0] = NOTICE
            self._say_again(0, error)
        for utterance in unsaid:
            self._say_again(utterance, error)

    def _give_up(self, error: EngineError) -> None:
        """No stand-in: what it was to say is not said, and without a first voice the conversation is over."""
        orphans = [utterance for utterance in self._running if self._first is None or utterance in self._waiting]
        self._waiting.clear()
        for utterance in orphans:
            self._end(UtteranceEnded(utterance, error=error))
        if self._first is None and (self._joining is None or self._joining.done()) and not self._lost:
            self._lost = True
            self._on_event(SessionLost(error))

    def _end(self, event: UtteranceEnded) -> None:
        self._running.pop(event.utterance, None)
        self._on_event(event)


async def _close(session: EngineSession) -> None:
    try:
        await session.close()
    except Exception:  # noqa: BLE001 (logged; a voice that cannot even end must not keep the conversation)
        _LOG.exception("a voice did not close its session")
