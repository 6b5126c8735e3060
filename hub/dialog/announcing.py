"""The house speaks by itself, in one room or in many at the same time.

A sentence is made once and played by every room that is free. Where the assistant is answering somebody, the answer
is waited for: two voices out of one loudspeaker are understood by nobody. In a call between rooms the other room is
turned down under the words, since a call has no end that could be waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hub.dialog.chimes import announcement_chime
from hub.dialog.conversation import Conversation
from hub.dialog.guests import AreaBusyError
from hub.dialog.intercom import End
from hub.dialog.life import Life
from hub.dialog.live_sound import Overlay
from hub.dialog.rendering import Rendering
from hub.dialog.speaking import Speech
from hub.dialog.voices import Voices
from hub.engine.port import EngineBusyError, SessionRequest
from hub.rooms.port import Line
from protocol.errors import RoomtoneError
from protocol.messages import Playback

# So many announcements may wait for one loudspeaker.
_MOST_WAITING: Final = 4


@dataclass(frozen=True, slots=True)
class Announced:
    """What came of an announcement.

    Attributes:
        spoken: whether the loudspeaker has played it to its end.
        ids: the text ids that the voice spoke it by, if it has such.
    """

    spoken: bool
    ids: tuple[int, ...] = ()

    @classmethod
    def of(cls, speech: Speech) -> Announced:
        """What came of a speech that has ended."""
        return cls(speech.ended.result() == "finished", speech.ids)


class Place(Protocol):
    """A room that an announcement is played in."""

    async def play(self, rendering: Rendering) -> bool:
        """Play it there in its turn; whether it was played to its end.

        Raises:
            RoomtoneError: it cannot be played there now.
        """


@dataclass(frozen=True, slots=True)
class InConversation:
    """A room in which the assistant talks with somebody."""

    conversation: Conversation

    async def play(self, rendering: Rendering) -> bool:
        """After the answer that is being given."""
        if self.conversation.life is not Life.OPEN:
            raise AreaBusyError("A conversation is just beginning or ending there. Please try again.")
        return Announced.of(await self.conversation.play(rendering.play_on)).spoken


@dataclass(frozen=True, slots=True)
class InCall:
    """A room that is in a call with another one."""

    end: End

    async def play(self, rendering: Rendering) -> bool:
        """Over the other room, which is turned down for it."""
        overlay = Overlay()
        if not self.end.lay_over(overlay):
            raise AreaBusyError("A call between rooms is just beginning there. Please try again.")
        rendering.play_on(overlay)
        return await overlay.ended == "finished"


class _Queue:
    """The announcements of one idle loudspeaker, one after the other."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.speech: Speech | None = None
        self.line: Line | None = None


class Announcements:
    """Those that run now, one after the other at each satellite.

    Args:
        voices: who speaks.
        generation: the next playback generation of a loudspeaker.
        is_free: whether nobody has the floor of a satellite's room.
    """

    def __init__(self, voices: Voices, *, generation: Callable[[Line], int], is_free: Callable[[Line], bool]) -> None:
        self._voices = voices
        self._generation, self._is_free = generation, is_free
        self._queues: dict[str, _Queue] = {}
        self._closed = False

    async def say(self, line: Line, conversation: Conversation | None, text: str) -> Announced:
        """Say it there, without a chime, and wait until the loudspeaker has played it.

        Raises:
            EngineError: the voice failed or is busy.
            AreaBusyError: too much waits to be said there.
        """
        if conversation is not None:
            if conversation.life is not Life.OPEN:
                raise EngineBusyError("A conversation is just beginning or ending there; please try again.")
            return Announced.of(await conversation.announce(text))
        return await self.say_at(Idle(self, line), text)

    async def say_at(self, place: Place, text: str) -> Announced:
        """As `say`, in a room in which there is no conversation."""
        rendering = Rendering()
        (came,) = await self.announce(text, [place], rendering)
        if isinstance(came, RoomtoneError):
            raise came
        return Announced(came, rendering.ids)

    async def announce(
        self, text: str, places: Sequence[Place], rendering: Rendering | None = None
    ) -> list[bool | RoomtoneError]:
        """Say it in all these rooms at once, and wait until every loudspeaker is done with it.

        Args:
            text: what to say.
            places: where.
            rendering: what it is made as; by default with a chime before it.

        Returns:
            For each place whether it was played to its end, or why it was not played at all.
        """
        made = Rendering(announcement_chime()) if rendering is None else rendering
        async with self.rendering(made, text):
            played = await asyncio.gather(*(self._play(place, made) for place in places))
        return [made.fault if came is True and made.fault is not None else came for came in played]

    @contextlib.asynccontextmanager
    async def rendering(self, rendering: Rendering, text: str) -> AsyncIterator[None]:
        """Within this, the voice of the house says a text into a rendering; at its end nothing is left of that."""
        voices = self._voices
        request = SessionRequest(f"a-{uuid.uuid4().hex[:12]}", "", voices.new_trace(), voices.persona(""))
        task = asyncio.create_task(rendering.render(voices.engine, request, text), name="rendering")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _play(self, place: Place, rendering: Rendering) -> bool | RoomtoneError:
        try:
            return await place.play(rendering)
        except RoomtoneError as error:
            return error

    async def play_idle(self, line: Line, rendering: Rendering) -> bool:
        """Play it at a satellite that does nothing else, after what plays there already.

        Raises:
            AreaBusyError: too much waits there.
        """
        queue = self._queues.setdefault(line.device_id, _Queue())
        if queue.waiting >= _MOST_WAITING or self._closed:
            raise AreaBusyError("Too much waits to be said there. Please try again in a moment.")
        queue.waiting += 1
        try:
            async with queue.turn:
                if self._closed or not self._is_free(line):
                    raise AreaBusyError("Somebody has just begun to talk with the assistant there. Please try again.")
                speech = Speech(line, self._generation(line), now_ms=self._voices.now_ms, kind="announcement")
                queue.speech, queue.line = speech, line
                rendering.play_on(speech)
                try:
                    return await asyncio.shield(speech.ended) == "finished"
                finally:
                    speech.flush()  # does nothing to one that has ended
                    queue.speech = queue.line = None
        finally:
            queue.waiting -= 1
            if not queue.waiting and self._queues.get(line.device_id) is queue:
                del self._queues[line.device_id]

    def at(self, line: Line) -> bool:
        """Whether one is being played at this satellite."""
        return self._of(line) is not None

    def playback(self, line: Line, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        speech = self._of(line)
        if speech is not None and playback.generation == speech.generation:
            speech.acknowledge(playback, at_ms)

    def cut(self, line: Line) -> None:
        """A person is in the way of it: silence."""
        speech = self._of(line)
        if speech is not None:
            speech.flush()

    def lost(self, line: Line) -> None:
        """The satellite is gone."""
        speech = self._of(line)
        if speech is not None:
            speech.lost()

    def close(self) -> None:
        """Cut all of them short, and let none begin."""
        self._closed = True
        for queue in tuple(self._queues.values()):
            if queue.speech is not None:
                queue.speech.flush()

    def _of(self, line: Line) -> Speech | None:
        queue = self._queues.get(line.device_id)
        return queue.speech if queue is not None and queue.line is line else None


@dataclass(frozen=True, slots=True)
class Idle:
    """A room in which nothing goes on."""

    announcements: Announcements
    line: Line

    async def play(self, rendering: Rendering) -> bool:
        """At once, after announcements that came before."""
        return await self.announcements.play_idle(self.line, rendering)
