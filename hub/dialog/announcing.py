"""The house speaks by itself: one sentence in one area, in a running conversation or without one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from hub.dialog.conversation import Conversation
from hub.dialog.life import Life
from hub.dialog.mouth import Mouth
from hub.dialog.speaking import Speech
from hub.dialog.voices import Voices
from hub.engine.port import EngineBusyError, EngineError, SessionRequest
from hub.rooms.port import Line
from protocol.messages import Playback


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


class Announcements:
    """Those that run now, at most one a satellite."""

    def __init__(self, voices: Voices, *, generation: Callable[[Line], int]) -> None:
        self._voices = voices
        self._generation = generation
        self._running: dict[str, Mouth] = {}

    async def say(self, line: Line, conversation: Conversation | None, text: str) -> Announced:
        """Say it there, and wait until the loudspeaker has played it.

        Raises:
            EngineError: the voice failed or is busy.
        """
        if conversation is not None:
            if conversation.life is not Life.OPEN:
                raise EngineBusyError("A conversation is just beginning or ending there; please try again.")
            return Announced.of(await conversation.announce(text))
        if line.device_id in self._running:
            raise EngineBusyError("An announcement is already running in this area.")
        mouth = Mouth(line, next_generation=lambda: self._generation(line), now_ms=self._voices.now_ms)
        self._running[line.device_id] = mouth
        voices, area_id = self._voices, line.area_id
        request = SessionRequest(f"a-{uuid.uuid4().hex[:12]}", area_id, voices.new_trace(), voices.persona(area_id))
        try:
            if not await mouth.open(self._voices.engine, request):
                raise EngineError("The announcement was cut short before it began.")
            return Announced.of(await mouth.say(text))
        finally:
            del self._running[line.device_id]
            await mouth.close()

    def playback(self, line: Line, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        mouth = self._of(line)
        if mouth is not None:
            mouth.playback(playback, at_ms)

    async def cut(self, line: Line) -> None:
        """A person is in the way of it: silence."""
        mouth = self._of(line)
        if mouth is not None:
            await mouth.close()

    def lost(self, line: Line) -> None:
        """The satellite is gone."""
        mouth = self._of(line)
        if mouth is not None:
            mouth.end(lost=True)

    async def close(self) -> None:
        """Cut all of them short."""
        for mouth in tuple(self._running.values()):
            await mouth.close()

    def _of(self, line: Line) -> Mouth | None:
        mouth = self._running.get(line.device_id)
        return mouth if mouth is not None and mouth.line is line else None
